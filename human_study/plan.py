"""A whole study before it starts: which items, who rates what in which order, training and checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Self

from pydantic import Field, model_validator

from human_study.assignment import Slot, arrange, assign
from human_study.gold_items import GoldItem, instructed_checks, worked_examples
from human_study.sampling import draw
from judge.errors import InputError
from judge.records import Item, Record
from judge.rubric import Rubric


class Design(Record):
    """What decides who sees what."""

    raters: int = Field(default=5, ge=1, le=500)
    per_item: int = Field(default=3, ge=1)
    """How many raters rate each item."""
    items: int | None = Field(default=None, ge=1)
    """How many items are drawn; None takes all."""
    repeats: float = Field(default=0.05, ge=0, le=0.5)
    """Share of a rater's items that come a second time (self-consistency)."""
    checks: float = Field(default=0.03, ge=0, le=0.5)
    """Attention checks, as a share of a rater's items; at least one unless 0."""
    show_reference: bool = True
    seed: int = 0

    @model_validator(mode="after")
    def _has_enough_raters(self) -> Self:
        if self.per_item > self.raters:
            raise ValueError(f"{self.per_item} raters for each item, but there are only {self.raters}")
        return self


@dataclass(frozen=True, slots=True)
class DrawnItem:
    """An item of the study, and how it came into it."""

    item: Item
    stratum: str = ""
    probability: float = 1.0
    """How likely it was to be drawn; estimates for all items weight with 1 / probability."""


@dataclass(frozen=True)
class StudyPlan:
    """All that a study needs to start."""

    name: str
    rubric: Rubric
    design: Design
    chosen: Sequence[DrawnItem]
    checks: Sequence[GoldItem]
    training: Sequence[GoldItem]
    slots: Sequence[Sequence[Slot]]
    """For each rater, the list of what is rated, in order."""
    introduction: str = ""
    """What raters read before anything else: who asks, what for, pay, what happens with the data."""


def plan_study(
    name: str,
    rubric: Rubric,
    design: Design,
    chosen: Sequence[DrawnItem],
    *,
    checks: Sequence[GoldItem] = (),
    training: Sequence[GoldItem] = (),
    introduction: str = "",
) -> StudyPlan:
    """Deal the chosen items out to the raters, with checks, repeats and a training round.

    Where no `checks` or `training` items are given, checks are made from the items themselves and training
    from the rubric's worked examples.

    Raises
    ------
    InputError
        Nothing was chosen, or one id stands for two items.
    """
    items = _distinct([one.item for one in chosen])
    rng = Random(design.seed)
    groups = [f"{one.item.system or ''}\0{one.stratum}" for one in chosen]
    blocks = assign(groups, design.raters, design.per_item, rng)
    lists = [[i for i, block in enumerate(blocks) if rater in block] for rater in range(design.raters)]
    n_checks = _count(design.checks, max(map(len, lists)), least=1)
    gold = list(checks) or instructed_checks(rubric, items, n_checks, rng)
    slots = [
        arrange(mine, min(n_checks, len(gold)), _count(design.repeats, len(mine), least=0), rng)
        for mine in lists
    ]
    return StudyPlan(
        name,
        rubric,
        design,
        chosen,
        gold if n_checks else [],
        list(training) or worked_examples(rubric, items),
        slots,
        introduction,
    )


def choose(items: Sequence[Item], design: Design, strata: Mapping[str, str] | None = None) -> list[DrawnItem]:
    """Draw the study's items, from each stratum as equally many as it holds.

    `strata` gives the stratum of each item id; without it all items are one stratum.

    Raises
    ------
    InputError
        There are more strata than items are drawn: no weight makes up for a stratum that has no chance.
    """
    of = [(strata or {}).get(item.id, "") for item in items]
    wanted = len(items) if design.items is None else design.items
    if wanted < (n_strata := len(set(of))):
        raise InputError(
            f"{wanted} items out of {n_strata} strata: some would have no chance of being drawn; "
            f"draw {n_strata} or more, or stratify by a field with fewer values"
        )
    drawn = draw(of, wanted, Random(f"{design.seed} draw"))
    return [DrawnItem(items[i], of[i], probability) for i, probability in drawn.items()]


def pick(items: Sequence[Item], probabilities: Mapping[str, float | None]) -> list[DrawnItem]:
    """Take the items with the listed ids, with the probability with which each was drawn (1 if unknown).

    Raises
    ------
    InputError
        A listed id is not among the items.
    """
    found = {item.id: item for item in items}
    if missing := [name for name in probabilities if name not in found]:
        raise InputError(
            f"{len(missing)} of {len(probabilities)} listed ids are not among the {len(items)} items; "
            f"the first is {missing[0]!r}"
        )
    return [DrawnItem(found[name], "listed", p or 1.0) for name, p in probabilities.items()]


def _count(share: float, of: int, *, least: int) -> int:
    return max(least, round(share * of)) if share else 0


def _distinct(items: list[Item]) -> list[Item]:
    if not items:
        raise InputError("no items to rate; a study needs at least one")
    seen: dict[str, Item] = {}
    for item in items:
        if seen.setdefault(item.id, item) is not item:
            raise InputError(f"two items with the id {item.id!r}; an id must name one item")
    return items
