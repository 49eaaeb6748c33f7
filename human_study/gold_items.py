"""Gold items, whose correct scores are known: worked examples for training, and attention checks."""

import json
import re
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from pydantic import Field, ValidationError

from human_study.form import Form, Forms
from human_study.questions import FormQuestion
from judge.errors import InputError
from judge.records import Item, Record
from judge.rubric import Example, Rubric

_EXPECTED = "expected_scores"
_REASONS = "reasons"


class GoldItem(Record):
    """An item with its correct scores."""

    item: Item
    expected: dict[str, tuple[int | str, ...]] = Field(min_length=1)
    """Correct scores (labels of a category) by dimension or ``criteria/ID``; others are not checked."""
    reasons: dict[str, str] = Field(default_factory=dict)
    """Reasons by dimension, shown as feedback in training."""

    def missed(self, values: dict[str, int | str]) -> list[str]:
        """Names of the dimensions on which `values` are not correct."""
        return [name for name, right in self.expected.items() if values.get(name) not in right]


def worked_examples(rubric: Rubric, items: Sequence[Item]) -> list[GoldItem]:
    """Convert the examples of the rubric that match one of `items` into training items.

    There are none where each item has its own criteria: an example has no criteria to practise on.
    """
    if rubric.criteria is not None:
        return []
    fitting = [e for e in rubric.examples if any(e.matches(item) for item in items)]
    return [
        GoldItem(
            item=Item(
                id=f"example {number}",
                question=e.question,
                answer=e.answer,
                reference=e.reference,
                metadata=_conditions(e, rubric),
            ),
            expected={name: (score,) for name, score in e.verdict.scores.items()},
            reasons=e.verdict.reasons,
        )
        for number, e in enumerate(fitting, start=1)
    ]


def _conditions(example: Example, rubric: Rubric) -> dict[str, Any]:
    """Fields that an item needs so that the dimensions of an example apply to it."""
    needed: dict[str, Any] = {}
    if not rubric.is_uniform:
        scored = (
            rubric.dimensions[name].when for name in example.verdict.scores if name in rubric.dimensions
        )
        for when in (*scored, example.when):
            needed |= {
                name: wanted[0] if isinstance(wanted, list) else wanted for name, wanted in when.items()
            }
    return needed


def instructed_checks(rubric: Rubric, items: Sequence[Item], n: int, rng: Random) -> list[GoldItem]:
    """Make attention checks: the first sentence of a real answer, followed by an instruction what to choose.

    A rater who does not read to the end rates it like any other answer. Such items are called
    instructed-response items (Oppenheimer, Meyvis & Davidenko, Journal of Experimental Social Psychology,
    2009).
    """
    borrowed = [items[i % len(items)] for i in rng.sample(range(max(n, len(items))), n)]
    if not rubric.is_uniform:
        forms = Forms(rubric)
        return [
            _instructed_by_place(number, item, forms.of(item), rng)
            for number, item in enumerate(borrowed, start=1)
        ]
    return [
        GoldItem(
            item=item.model_copy(
                update={
                    "id": f"check {number}",
                    "answer": instruction(item.answer, f"choose {score} on every scale"),
                }
            ),
            expected=dict.fromkeys(rubric.judged, (score,)),
        )
        for number, item in enumerate(borrowed, start=1)
        for score in [rng.choice(rubric.scale.labels)]
    ]


def _instructed_by_place(number: int, item: Item, form: Form, rng: Random) -> GoldItem:
    """A check of questions of several types, which have no score in common but have at least two options."""
    place, word = rng.choice(((0, "first"), (1, "second")))
    answer = instruction(item.answer, f"choose the {word} option of every question")
    asked = [question for question in form.questions if not question.is_text and question.type != "flag"]
    return GoldItem(
        item=item.model_copy(update={"id": f"check {number}", "answer": answer}),
        expected={question.name: (question.options[place].value,) for question in asked},
    )


def from_items(items: Iterable[Item], rubric: Rubric, where: str) -> list[GoldItem]:
    """Read training items or checks of the organiser: items with `expected_scores` and optional `reasons`.

    `expected_scores` maps a dimension to its correct score, or to a list of correct scores: the label of a
    category; 1 or 0 of a criterion, which is named ``criteria/ID``.

    Raises
    ------
    InputError
        An item has no such field, or a dimension or score in it is not in the rubric.
    """
    forms = Forms(rubric)
    return [_gold_item(item, forms.of(item), f"{where}: item {item.id!r}") for item in items]


def _gold_item(item: Item, form: Form, where: str) -> GoldItem:
    found = item.metadata.get(_EXPECTED)
    if not isinstance(found, dict):
        first = form.questions[0]
        example = json.dumps({first.name: first.values[-1]})
        raise InputError(
            f"{where}: no mapping {_EXPECTED!r} with the correct scores; give one, as in {example}"
        )
    asked = {q.name: q for q in form.questions if not q.is_text and q.type != "flag"}
    for name, scores in found.items():
        if name not in asked:
            raise InputError(f"{where}: {_EXPECTED} names {name!r}; allowed: {', '.join(asked)}")
        if bad := [s for s in _listed(scores) if not _is_on_offer(s, asked[name])]:
            raise InputError(
                f"{where}: {_EXPECTED}.{name}: found {bad[0]!r}; allowed: {_allowed(asked[name])}"
            )
    rest = {k: v for k, v in item.metadata.items() if k not in (_EXPECTED, _REASONS)}
    try:
        return GoldItem(
            item=item.model_copy(update={"metadata": rest}),
            expected={name: tuple(_listed(scores)) for name, scores in found.items()},
            reasons=item.metadata.get(_REASONS) or {},
        )
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in detail["loc"])
        raise InputError(f"{where}: {key}: found {detail['input']!r:.80}; {detail['msg']}") from None


def _is_on_offer(score: Any, question: FormQuestion) -> bool:
    if isinstance(score, bool) and question.type != "binary":
        return False
    return isinstance(score, int | str) and score in question.values


def _allowed(question: FormQuestion) -> str:
    values = question.values
    if question.type == "score":
        return f"whole numbers {values[0]} to {values[-1]}"
    return ", ".join(map(str, values))


def _listed(scores: Any) -> list[Any]:
    return scores if isinstance(scores, list) else [scores]


def instruction(answer: str, wanted: str) -> str:
    """Return the first sentence of an answer, and the request that an attention check makes."""
    opening = re.split(r"(?<=[.!?])\s", answer.strip(), maxsplit=1)[0]
    request = f"This answer checks that answers are read to the end: please {wanted}."
    return f"{opening}\n\n{request}" if opening else request
