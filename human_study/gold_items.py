"""Gold items, whose correct scores are known: worked examples for training, and attention checks."""

import re
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from pydantic import Field, ValidationError

from judge.errors import InputError
from judge.records import Item, Record
from judge.rubric import Rubric

_EXPECTED = "expected_scores"
_REASONS = "reasons"


class GoldItem(Record):
    """An item with its correct scores."""

    item: Item
    expected: dict[str, tuple[int, ...]] = Field(min_length=1)
    """Correct scores by dimension; other dimensions are not checked."""
    reasons: dict[str, str] = Field(default_factory=dict)
    """Reasons by dimension, shown as feedback in training."""

    def missed(self, values: dict[str, int | str]) -> list[str]:
        """Names of the dimensions on which `values` are not correct."""
        return [name for name, right in self.expected.items() if values.get(name) not in right]


def worked_examples(rubric: Rubric, items: Sequence[Item]) -> list[GoldItem]:
    """Convert the examples of the rubric that match one of `items` into training items."""
    fitting = [e for e in rubric.examples if any(e.matches(item) for item in items)]
    return [
        GoldItem(
            item=Item(id=f"example {number}", question=e.question, answer=e.answer, reference=e.reference),
            expected={name: (score,) for name, score in e.verdict.scores.items()},
            reasons=e.verdict.reasons,
        )
        for number, e in enumerate(fitting, start=1)
    ]


def instructed_checks(rubric: Rubric, items: Sequence[Item], n: int, rng: Random) -> list[GoldItem]:
    """Make attention checks: the first sentence of a real answer, followed by an instruction what to choose.

    A rater who does not read to the end rates it like any other answer. Such items are called
    instructed-response items (Oppenheimer, Meyvis & Davidenko, Journal of Experimental Social Psychology,
    2009).
    """
    names = rubric.judged
    borrowed = [items[i % len(items)] for i in rng.sample(range(max(n, len(items))), n)]
    return [
        GoldItem(
            item=item.model_copy(
                update={"id": f"check {number}", "answer": _instruction(item.answer, score)}
            ),
            expected=dict.fromkeys(names, (score,)),
        )
        for number, item in enumerate(borrowed, start=1)
        for score in [rng.choice(rubric.scale.labels)]
    ]


def from_items(items: Iterable[Item], rubric: Rubric, where: str) -> list[GoldItem]:
    """Read training items or checks of the organiser: items with `expected_scores` and optional `reasons`.

    `expected_scores` maps a dimension to its correct score, or to a list of correct scores.

    Raises
    ------
    InputError
        An item has no such field, or a dimension or score in it is not in the rubric.
    """
    return [_gold_item(item, rubric, f"{where}: item {item.id!r}") for item in items]


def _gold_item(item: Item, rubric: Rubric, where: str) -> GoldItem:
    found = item.metadata.get(_EXPECTED)
    if not isinstance(found, dict):
        example = f'{{"{next(iter(rubric.dimensions))}": {rubric.scale.max}}}'
        raise InputError(
            f"{where}: no mapping {_EXPECTED!r} with the correct scores; give one, as in {example}"
        )
    allowed = rubric.judged
    for name, scores in found.items():
        if name not in allowed:
            raise InputError(f"{where}: {_EXPECTED} names {name!r}; allowed: {', '.join(allowed)}")
        if bad := [s for s in _listed(scores) if type(s) is not int or s not in rubric.scale.labels]:
            ends = f"{rubric.scale.min} to {rubric.scale.max}"
            raise InputError(f"{where}: {_EXPECTED}.{name}: found {bad[0]!r}; allowed: whole numbers {ends}")
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


def _listed(scores: Any) -> list[Any]:
    return scores if isinstance(scores, list) else [scores]


def _instruction(answer: str, score: int) -> str:
    opening = re.split(r"(?<=[.!?])\s", answer.strip(), maxsplit=1)[0]
    request = f"This answer checks that answers are read to the end: please choose {score} on every scale."
    return f"{opening}\n\n{request}" if opening else request
