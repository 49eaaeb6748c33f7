"""People's ratings of the items of a run, and the verdicts that follow from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from judge.errors import InputError, JudgeError
from judge.records import OVERALL, Item, Score
from judge.rubric import ItemRubric, ItemRubrics, Rubric
from judge.rubric.dimension_names import rubric_dimension
from judge.view.viewed_run import ViewedRun, numeric

_ITEMS_AT_ONCE = 500


class People:
    """Ratings of the items of a run.

    Attributes
    ----------
    ratings : dict of str to list of Score
        Id of an item of the run -> the ratings of people: of dimensions, flags and criteria of the item.
    rows : ndarray of int
        Row of each of these items (position - 1).
    verdicts : dict of str to bool or None
        Id -> whether the answer passes by the majority of the people with a verdict; None in a tie, and
        without any. Overall scores that were not rated follow from the other ratings, as the rubric says.
    """

    def __init__(self, run: ViewedRun, scores: Iterable[Score], where: str) -> None:
        rubric, rated = run.rubric, dict[str, list[Score]]()
        for score in scores:
            if score.rater_kind == "human" and (score.criterion is None or rubric.criteria):
                name = rubric_dimension(score.dimension, rubric) or score.dimension
                known = score if name == score.dimension else score.model_copy(update={"dimension": name})
                rated.setdefault(score.item_id, []).append(known)
        positions = {item_id: run.position_of(item_id) for item_id in rated}
        self.ratings = {item_id: given for item_id, given in rated.items() if positions[item_id]}
        if not self.ratings:
            raise InputError(
                f"{where}: none of its {len(rated):,} items is in {run.path}; the ids of both must be the "
                f"same, as in {next(iter(rated), '')!r:.80} and {run.id_at(1) if run.n_items else ''!r:.80}"
            )
        self._rubric = rubric
        self.rows = np.array([positions[item_id] - 1 for item_id in self.ratings])
        self.verdicts = self._verdicts(run)

    def _verdicts(self, run: ViewedRun) -> dict[str, bool | None]:
        has_points = self._rubric.criteria is not None and self._rubric.overall.how == "points"
        rubrics = ItemRubrics(
            self._rubric if has_points else self._rubric.model_copy(update={"criteria": None})
        )
        if rubrics.uniform is not None:
            uniform = rubrics.uniform
            return {i: _verdict(given, self._rubric, uniform) for i, given in self.ratings.items()}
        return {
            item.id: _verdict(self.ratings[item.id], self._rubric, _rubric_of(item, rubrics))
            for first in range(0, len(self.rows), _ITEMS_AT_ONCE)
            for item in run.items_at((self.rows[first : first + _ITEMS_AT_ONCE] + 1).tolist())
        }

    def verdict_of(self, item_id: str) -> str:
        """Return the verdict of people in words; empty if they have not rated the item."""
        if item_id not in self.ratings:
            return ""
        return {True: "pass", False: "fail", None: "no verdict"}[self.verdicts[item_id]]

    @property
    def has_verdicts(self) -> bool:
        """Whether any item has a verdict of people."""
        return any(verdict is not None for verdict in self.verdicts.values())

    def unrated(self) -> list[str]:
        """Return the scores of the pass rule without human ratings, if no item has a verdict of people."""
        named = {score.dimension for given in self.ratings.values() for score in given}
        return [] if self.has_verdicts else [name for name in self._rubric.pass_rule if name not in named]

    @cached_property
    def means(self) -> dict[str, NDArray[np.float64]]:
        """Dimension with numbers -> people's mean for each rated item, NaN where there is none."""
        rubric, named = self._rubric, {score.dimension for given in self.ratings.values() for score in given}
        return {
            name: np.array([_mean(given, name, rubric) for given in self.ratings.values()])
            for name in rubric.scored
            if name in named and not _has_labels(rubric, name)
        }

    @cached_property
    def criteria(self) -> dict[str, dict[str, bool]]:
        """Id of an item -> which of its criteria are met by the majority of people; ties are left out."""
        found: dict[str, dict[str, bool]] = {}
        for item_id, given in self.ratings.items():
            values: dict[str, list[float]] = {}
            for score in given:
                if score.criterion is not None and isinstance(score.value, float):
                    values.setdefault(score.criterion, []).append(score.value)
            shares = {criterion: sum(met) / len(met) for criterion, met in values.items()}
            if met := {criterion: share > 0.5 for criterion, share in shares.items() if share != 0.5}:
                found[item_id] = met
        return found


def _rubric_of(item: Item, rubrics: ItemRubrics) -> ItemRubric | None:
    try:
        return rubrics.of(item)
    except JudgeError:  # its criteria cannot be read any more
        return None


def _verdict(given: Sequence[Score], rubric: Rubric, own: ItemRubric | None) -> bool | None:
    """Verdict of the majority, each by the rubric as it applies to the item."""
    by_rater: dict[str, _Rated] = {}
    for score in given:
        rated = by_rater.setdefault(score.rater, _Rated())
        value = numeric(rubric, score.dimension, score.value)
        if score.status == "not_applicable":
            rated.not_applicable.add(score.criterion or score.dimension)
        elif value is not None:
            (rated.scores if score.criterion is None else rated.met)[score.criterion or score.dimension] = (
                value
            )
    verdicts = [rated.verdict(rubric, own) for rated in by_rater.values()]
    passes, fails = verdicts.count(True), verdicts.count(False)
    return None if passes == fails else passes > fails


@dataclass
class _Rated:
    """What one person gave an item."""

    scores: dict[str, float] = field(default_factory=dict)
    met: dict[str, float] = field(default_factory=dict)
    not_applicable: set[str] = field(default_factory=set)

    def verdict(self, rubric: Rubric, own: ItemRubric | None) -> bool | None:
        if not (self.scores or self.met):
            return None
        scores = dict(self.scores)
        if own is not None and OVERALL not in scores:
            overall = own.overall_score(scores, self.met)
            scores |= {} if overall is None else {OVERALL: overall}
        return rubric.passes(scores, {*self.not_applicable, *(own.not_applicable if own else ())})


def _mean(given: Sequence[Score], name: str, rubric: Rubric) -> float:
    values = [numeric(rubric, name, score.value) for score in given if score.dimension == name]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else float("nan")


def _has_labels(rubric: Rubric, name: str) -> bool:
    return name in rubric.dimensions and rubric.dimensions[name].type == "category"
