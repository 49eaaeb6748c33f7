"""People's ratings beside the judge's scores: where they disagree."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from judge.view.columns import FAIL, PASS, Columns, Facet
from judge.view.item_filter import sort_order
from judge.view.people import People

_VERDICTS = ("", "same verdict", "judge passes, people fail", "judge fails, people pass", "no common verdict")
_APART = ("", "under 1 point", "1 to 2 points", "2 points and more")
_CRITERIA = ("", "all as people", "one differs", "several differ")


class PeopleComparison:
    """The columns of a run and people's ratings, matched by item.

    Parameters
    ----------
    people : People
        The ratings.
    columns : Columns
        The judge's scores.
    criteria : mapping
        Id of an item -> id of a criterion -> whether the judge finds it met.
    """

    def __init__(self, people: People, columns: Columns, criteria: Mapping[str, Mapping[str, bool]]) -> None:
        self.people = people
        self.columns = columns
        self.criteria = criteria

    @cached_property
    def apart(self) -> NDArray[np.float32]:
        """Largest difference between the judge's score and people's mean on any dimension; NaN if unknown."""
        rows, columns = self.people.rows, self.columns
        apart = np.full(columns.n, np.nan, np.float32)
        for name, means in self.people.means.items():
            if name in columns.values:
                apart[rows] = np.fmax(apart[rows], np.abs(columns.values[name][rows] - means))
        return apart

    @cached_property
    def order(self) -> NDArray[np.int32]:
        """Rows in the order of that difference, the largest first."""
        return sort_order(self.apart, descending=True)

    @cached_property
    def facets(self) -> list[Facet]:
        """List filters by disagreement with people."""
        people, apart = self.people, self.apart[self.people.rows]
        given = np.array([0 if v is None else PASS if v else FAIL for v in people.verdicts.values()])
        judge = self.columns.verdicts[people.rows]
        both = np.isin(judge, (PASS, FAIL)) & (given > 0)
        verdicts = np.where(~both, 4, np.where(judge == given, 1, np.where(judge == PASS, 2, 3)))
        distances = np.where(np.isnan(apart), 0, np.digitize(apart, [0.0, 1.0, 2.0]))
        found = [Facet("apart", "Distance from people", self._codes(distances), _APART)]
        if people.has_verdicts:
            found.insert(0, Facet("people", "People's verdict", self._codes(verdicts), _VERDICTS))
        if people.criteria:
            differing = np.array([self._differing(item_id) for item_id in people.ratings])
            found.append(
                Facet("people.criteria", "Criteria, judge and people", self._codes(differing), _CRITERIA)
            )
        return found

    def _codes(self, values: NDArray[np.int64]) -> NDArray[np.uint8]:
        codes = np.zeros(self.columns.n, np.uint8)
        codes[self.people.rows] = values
        return codes

    def _differing(self, item_id: str) -> int:
        """Position in `_CRITERIA` of the number of criteria on which judge and people differ."""
        people, judge = self.people.criteria.get(item_id, {}), self.criteria.get(item_id, {})
        differs = [judge[name] != is_met for name, is_met in people.items() if name in judge]
        return min(1 + sum(differs), 3) if differs else 0
