"""The complete plan of a study: its items, the list of each rater, training and checks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import not_
from random import Random
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from human_study.approval_form import forms_of
from human_study.assignment import Slot, arrange, assign
from human_study.gold_approvals import contested_checks, with_verdict
from human_study.gold_items import GoldItem, instructed_checks, worked_examples
from human_study.sampling import draw
from judge.errors import InputError
from judge.records import Item, Record
from judge.rubric import Rubric


class StudyOptionError(InputError):
    """An option of a study is out of its range, or contradicts another."""


class Design(Record):
    """Parameters of the design of a study."""

    raters: int = Field(default=5, ge=1, le=500)
    per_item: int = Field(default=3, ge=1)
    """Number of raters per item."""
    items: int | None = Field(default=None, ge=1)
    """Number of items to draw; None uses all items."""
    repeats: float = Field(default=0.05, ge=0, le=0.5)
    """Share of the items of a rater that are shown twice, to measure consistency."""
    checks: float = Field(default=0.03, ge=0, le=0.5)
    """Attention checks as a share of the items of a rater; at least one unless 0."""
    show_reference: bool = True
    show_verdict: bool = Field(default=False, exclude_if=not_)
    """Whether raters see the verdict of the judge, and approve or contest it."""
    seed: int = 0

    @model_validator(mode="after")
    def _has_enough_raters(self) -> Self:
        if self.per_item > self.raters:
            raise ValueError(f"{self.per_item} raters per item, but there are only {self.raters} raters")
        return self


@dataclass(frozen=True, slots=True)
class DrawnItem:
    """An item of the study, with its stratum and inclusion probability."""

    item: Item
    stratum: str = ""
    probability: float | None = 1.0
    """Inclusion probability; its inverse is the design weight. None if it is unknown."""


class Listed(NamedTuple):
    """An item that was drawn elsewhere: its id, inclusion probability (None if unknown) and stratum."""

    id: str
    probability: float | None = None
    stratum: str = ""


@dataclass(frozen=True)
class StudyPlan:
    """Everything that is needed to create a study."""

    name: str
    rubric: Rubric
    design: Design
    chosen: Sequence[DrawnItem]
    checks: Sequence[GoldItem]
    training: Sequence[GoldItem]
    slots: Sequence[Sequence[Slot]]
    """The list of each rater, in order."""
    introduction: str = ""
    """Text that raters read first: the organiser, the purpose, the payment, the use of the data."""
    n_unscored: int = 0
    """Number of items of the run that were left out because the judge gave no score to show."""


def plan_study(
    name: str,
    rubric: Rubric,
    design: Design,
    chosen: Sequence[DrawnItem],
    *,
    checks: Sequence[GoldItem] = (),
    training: Sequence[GoldItem] = (),
    introduction: str = "",
    n_unscored: int = 0,
) -> StudyPlan:
    """Assign the chosen items to raters, with checks, repeats and a training round.

    By default the checks are made from the items, and the training round from the worked examples of the
    rubric.

    Raises
    ------
    InputError
        There are no items, two items have the same id, no question applies to an item, or its criteria
        cannot be read.
    """
    items = _distinct([one.item for one in chosen])
    _check_questions(rubric, items, show_verdict=design.show_verdict)
    rng = Random(design.seed)
    groups = [f"{one.item.system or ''}\0{one.stratum}" for one in chosen]
    blocks = assign(groups, design.raters, design.per_item, rng)
    lists = [[i for i, block in enumerate(blocks) if rater in block] for rater in range(design.raters)]
    n_checks = _count(design.checks, max(map(len, lists)), least=1)
    training = list(training) or worked_examples(rubric, items)
    if design.show_verdict:
        training, checks = with_verdict(training, rubric), with_verdict(checks, rubric)
        gold = list(checks) or contested_checks(rubric, items, n_checks, rng)
    else:
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
        training,
        slots,
        introduction,
        n_unscored,
    )


def choose(items: Sequence[Item], design: Design, strata: Mapping[str, str] | None = None) -> list[DrawnItem]:
    """Draw the items of the study, with equal sample sizes for all strata that are large enough.

    `strata` maps item ids to strata; without it all items are one stratum.

    Raises
    ------
    InputError
        There are more strata than items to draw; some strata would have an inclusion probability of 0.
    """
    of = [(strata or {}).get(item.id, "") for item in items]
    wanted = len(items) if design.items is None else design.items
    if wanted < (n_strata := len(set(of))):
        raise InputError(
            f"{wanted} items are too few for {n_strata} strata; draw {n_strata} or more, or stratify by a "
            "field with fewer values"
        )
    drawn = draw(of, wanted, Random(f"{design.seed} draw"))
    return [DrawnItem(items[i], of[i], probability) for i, probability in drawn.items()]


def pick(items: Sequence[Item], listed: Iterable[Listed]) -> list[DrawnItem]:
    """Select the listed items, with their inclusion probabilities and strata.

    Raises
    ------
    InputError
        A listed id is not among the items.
    """
    found = {item.id: item for item in items}
    wanted = {one.id: one for one in listed}
    if missing := [name for name in wanted if name not in found]:
        raise InputError(
            f"{len(missing)} of {len(wanted)} listed ids are not among the {len(items)} items; "
            f"the first is {missing[0]!r}"
        )
    return [DrawnItem(found[one.id], one.stratum, one.probability) for one in wanted.values()]


def _check_questions(rubric: Rubric, items: Sequence[Item], *, show_verdict: bool) -> None:
    forms = forms_of(rubric, show_verdict=show_verdict)
    if empty := [item.id for item in items if not forms.of(item).scored]:
        raise InputError(
            f"no question of the rubric applies to {len(empty)} of {len(items)} items; the first is "
            f"{empty[0]!r}. Leave them out: list the other items with --ids"
        )


def _count(share: float, of: int, *, least: int) -> int:
    return max(least, round(share * of)) if share else 0


def _distinct(items: list[Item]) -> list[Item]:
    if not items:
        raise InputError("no items to rate; a study needs at least one")
    seen: dict[str, Item] = {}
    for item in items:
        if seen.setdefault(item.id, item) is not item:
            raise InputError(f"two items with the id {item.id!r}; ids must be unique")
    return items
