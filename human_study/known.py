"""Items whose right replies are known: worked examples for training, and attention checks."""

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
    """An item with the replies that count as right."""

    item: Item
    expected: dict[str, tuple[int, ...]] = Field(min_length=1)
    """Dimension -> the scores that are right; a dimension that is not named is not looked at."""
    reasons: dict[str, str] = Field(default_factory=dict)
    """Dimension -> why; shown after the rater has replied, in training."""

    def missed(self, values: dict[str, int | str]) -> list[str]:
        """Names of the dimensions on which `values` differ from what is right."""
        return [name for name, right in self.expected.items() if values.get(name) not in right]


def worked_examples(rubric: Rubric, items: Sequence[Item]) -> list[GoldItem]:
    """Turn the rubric's examples into training items; only examples that go with one of `items`."""
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
    """Make attention checks: the start of a real answer, which then says what to choose.

    Who reads to the end sees it; who only skims rates it like any other. (Instructed-response items:
    Oppenheimer, Meyvis & Davidenko, Journal of Experimental Social Psychology, 2009.)
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
    """Read own training items or checks: items with a field `expected_scores`, and optionally `reasons`.

    `expected_scores` is a mapping of dimension to the right score, or to a list of right scores.

    Raises
    ------
    InputError
        An item has no such field, or it names a dimension or score that the rubric does not have.
    """
    return [_known(item, rubric, f"{where}: item {item.id!r}") for item in items]


def _known(item: Item, rubric: Rubric, where: str) -> GoldItem:
    found = item.metadata.get(_EXPECTED)
    if not isinstance(found, dict):
        example = f'{{"{next(iter(rubric.dimensions))}": {rubric.scale.max}}}'
        raise InputError(
            f"{where}: found no mapping {_EXPECTED!r}; it says which scores are right: {example}"
        )
    asked = rubric.judged
    for name, scores in found.items():
        if name not in asked:
            raise InputError(f"{where}: {_EXPECTED} names {name!r}; allowed: {', '.join(asked)}")
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
    asked = f"This answer checks that answers are read to the end: please choose {score} on every scale."
    return f"{opening}\n\n{asked}" if opening else asked
