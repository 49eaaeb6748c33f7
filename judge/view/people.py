"""People's ratings beside the judge's scores: which items they rated, and where they disagree."""

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from judge.errors import InputError
from judge.records import OVERALL, Score
from judge.rubric import Rubric
from judge.rubric.dimension_names import rubric_dimension
from judge.view.columns import FAIL, PASS, Columns, Facet
from judge.view.viewed_run import ViewedRun, numeric

_VERDICTS = ("", "same verdict", "judge passes, people fail", "judge fails, people pass", "no common verdict")
_APART = ("", "under 1 point", "1 to 2 points", "2 points and more")


class People:
    """Ratings of the items of a run.

    Attributes
    ----------
    ratings : dict of str to list of Score
        Id of an item of the run -> the ratings of people.
    verdicts : dict of str to bool or None
        Id -> whether the answer passes by the majority of the people with a verdict; None in a tie, and
        without any. Overall scores that were not rated follow from the other ratings, as the rubric says.
    """

    def __init__(self, run: ViewedRun, scores: Iterable[Score], where: str) -> None:
        rubric, rated = run.rubric, dict[str, list[Score]]()
        for score in scores:
            if score.criterion is None and score.rater_kind == "human":
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
        self._rows = np.array([positions[item_id] - 1 for item_id in self.ratings])
        self.verdicts = {i: _verdict(given, self._rubric) for i, given in self.ratings.items()}

    def verdict_of(self, item_id: str) -> str:
        """Return the verdict of people in words; empty if they have not rated the item."""
        if item_id not in self.ratings:
            return ""
        return {True: "pass", False: "fail", None: "no verdict"}[self.verdicts[item_id]]

    @cached_property
    def _means(self) -> dict[str, NDArray[np.float64]]:
        """Dimension with numbers -> people's mean for each rated item, NaN where there is none."""
        rubric, named = self._rubric, {score.dimension for given in self.ratings.values() for score in given}
        return {
            name: np.array([_mean(given, name, rubric) for given in self.ratings.values()])
            for name in rubric.scored
            if name in named and not _has_labels(rubric, name)
        }

    def apart(self, columns: Columns) -> NDArray[np.float32]:
        """Largest difference between the judge's score and people's mean on any dimension; NaN if unknown."""
        apart = np.full(columns.n, np.nan, np.float32)
        for name, means in self._means.items():
            if name in columns.values:
                difference = np.abs(columns.values[name][self._rows] - means)
                apart[self._rows] = np.fmax(apart[self._rows], difference)
        return apart

    def facets(self, columns: Columns, apart: NDArray[np.float32]) -> list[Facet]:
        """List filters by disagreement with people."""
        codes = np.zeros(columns.n, np.uint8)
        people = np.array([0 if v is None else PASS if v else FAIL for v in self.verdicts.values()])
        judge = columns.verdicts[self._rows]
        both = np.isin(judge, (PASS, FAIL)) & (people > 0)
        codes[self._rows] = np.where(~both, 4, np.where(judge == people, 1, np.where(judge == PASS, 2, 3)))
        distances, known = np.zeros(columns.n, np.uint8), apart[self._rows]
        distances[self._rows] = np.where(np.isnan(known), 0, np.digitize(known, [0.0, 1.0, 2.0]))
        return [
            Facet("people", "People's verdict", codes, _VERDICTS),
            Facet("apart", "Distance from people", distances, _APART),
        ]


def _verdict(given: Sequence[Score], rubric: Rubric) -> bool | None:
    by_rater: dict[str, dict[str, float]] = {}
    beside: dict[str, set[str]] = {}
    for score in given:
        value = numeric(rubric, score.dimension, score.value)
        if value is not None:
            by_rater.setdefault(score.rater, {})[score.dimension] = value
        elif score.status == "not_applicable":
            beside.setdefault(score.rater, set()).add(score.dimension)
    verdicts = []
    for rater, scores in by_rater.items():
        overall = rubric.overall_score(scores) if OVERALL not in scores else None
        complete = scores if overall is None else {**scores, OVERALL: overall}
        verdicts.append(rubric.passes(complete, beside.get(rater, ())))
    passes, fails = verdicts.count(True), verdicts.count(False)
    return None if passes == fails else passes > fails


def _mean(given: Sequence[Score], name: str, rubric: Rubric) -> float:
    values = [numeric(rubric, name, score.value) for score in given if score.dimension == name]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else float("nan")


def _has_labels(rubric: Rubric, name: str) -> bool:
    return name in rubric.dimensions and rubric.dimensions[name].type == "category"
