"""People's ratings beside the judge's scores: which items they rated, and where they disagree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from judge.errors import InputError
from judge.records import Score
from judge.view.columns import FAIL, PASS, Columns, Facet
from judge.view.viewed_run import ViewedRun, numeric

_VERDICTS = ("", "same verdict", "judge passes, people fail", "judge fails, people pass", "no common verdict")
_APART = ("", "under 1 point", "1 to 2 points", "2 points and more")


@dataclass(frozen=True)
class People:
    """Ratings of the items of a run.

    Attributes
    ----------
    ratings : mapping of str to tuple of Score
        Id of an item -> the ratings of people.
    positions : mapping of str to int
        Id of a rated item -> its position.
    """

    ratings: Mapping[str, tuple[Score, ...]]
    positions: Mapping[str, int]

    @classmethod
    def of(cls, run: ViewedRun, scores: Iterable[Score], where: str) -> "People":
        """Match ratings with the items of a run by their ids.

        Raises
        ------
        InputError
            No rated item is in the run.
        """
        ratings: dict[str, list[Score]] = {}
        for score in scores:
            if score.criterion is None:
                ratings.setdefault(score.item_id, []).append(score)
        positions = {item_id: run.position_of(item_id) for item_id in ratings}
        known = {item_id: position for item_id, position in positions.items() if position}
        if not known:
            raise InputError(
                f"{where}: none of its {len(ratings):,} items is in {run.path}; the ids of both must be the "
                f"same, as in {next(iter(ratings), '')!r:.80} and {run.id_at(1) if run.n_items else ''!r:.80}"
            )
        return cls({item_id: tuple(ratings[item_id]) for item_id in known}, known)

    def mean(self, item_id: str, dimension: str, columns: Columns) -> float | None:
        """Mean of people's ratings of an item on a dimension; None if there are none."""
        given = [
            numeric(columns.rubric, dimension, score.value)
            for score in self.ratings.get(item_id, ())
            if score.dimension == dimension
        ]
        known = [value for value in given if value is not None]
        return fmean(known) if known else None

    def apart(self, columns: Columns) -> NDArray[np.float32]:
        """Largest difference between the judge's score and people's mean on any dimension; NaN if unknown."""
        apart = np.full(columns.n, np.nan, np.float32)
        for item_id, position in self.positions.items():
            differences = [
                abs(float(columns.values[name][position - 1]) - mean)
                for name in columns.values
                if not columns.has_labels(name) and (mean := self.mean(item_id, name, columns)) is not None
            ]
            apart[position - 1] = np.nanmax(differences, initial=np.nan) if differences else np.nan
        return apart

    def facets(self, columns: Columns, apart: NDArray[np.float32]) -> list[Facet]:
        """List filters by disagreement with people."""
        codes = np.zeros(columns.n, np.uint8)
        for item_id, position in self.positions.items():
            people = self.verdict(item_id, columns)
            judge = {PASS: True, FAIL: False}.get(int(columns.verdicts[position - 1]))
            is_open = judge is None or people is None
            codes[position - 1] = 4 if is_open else 1 if judge == people else 2 if judge else 3
        distance = np.where(np.isnan(apart), 0, np.digitize(np.nan_to_num(apart), [0.0, 1.0, 2.0]))
        return [
            Facet("people", "People's verdict", codes, _VERDICTS),
            Facet("apart", "Distance from people", distance.astype(np.uint8), _APART),
        ]

    def verdict(self, item_id: str, columns: Columns) -> bool | None:
        """Verdict of the majority of the people with one; None in a tie, and without any."""
        by_rater: dict[str, dict[str, float]] = {}
        beside: dict[str, set[str]] = {}
        for score in self.ratings[item_id]:
            value = numeric(columns.rubric, score.dimension, score.value)
            if value is not None:
                by_rater.setdefault(score.rater, {})[score.dimension] = value
            elif score.status == "not_applicable":
                beside.setdefault(score.rater, set()).add(score.dimension)
        verdicts = [
            columns.rubric.passes(scores, beside.get(rater, ())) for rater, scores in by_rater.items()
        ]
        passes, fails = verdicts.count(True), verdicts.count(False)
        return None if passes == fails else passes > fails
