"""Which items of a run fail, and which have the lowest scores."""

from collections.abc import Sequence

import numpy as np

from judge.analysis.group_difference import Bools
from judge.analysis.ratings import pass_or_fail
from judge.analysis.score_table import ScoreTable
from judge.records import OVERALL


def selected_ids(
    table: ScoreTable, dimensions: Sequence[str] = (), *, failing: bool, n_lowest: int | None = None
) -> list[str]:
    """Ids of items that fail, of those with the lowest scores, or of those with both.

    Parameters
    ----------
    table : ScoreTable
        Scores of a run.
    dimensions : sequence of str
        Dimensions whose thresholds and scores are used: an item fails below any threshold, and scores are
        added. Default: the pass rule, and the overall score (all scores where there is none).
    failing : bool
        Whether only items that fail are taken.
    n_lowest : int, optional
        Number of items with the lowest scores, lowest first. Default: all, in the order of the input.
    """
    chosen = np.ones(len(table), bool)
    if failing and dimensions:
        chosen = np.logical_or.reduce([_is_below(table, name) for name in dimensions])
    elif failing:
        chosen = np.asarray(table.passed == 0)
    rows = np.flatnonzero(chosen)
    if n_lowest is not None:
        names = dimensions or ((OVERALL,) if OVERALL in table.values else tuple(table.values))
        values = np.sum([table.values[name] for name in names], axis=0)[rows]
        order = np.argsort(values, kind="stable")  # missing ones come last
        rows = rows[order[: min(n_lowest, int((~np.isnan(values)).sum()))]]
    return [str(table.columns.ids[row]) for row in rows.tolist()]


def _is_below(table: ScoreTable, dimension: str) -> Bools:
    """Items whose score on a dimension is below its threshold, or that do not meet the criterion."""
    mark = table.pass_mark(dimension)
    if mark is None and dimension in table.rubric.dimensions:
        mark = 1.0 if table.rubric.dimensions[dimension].type == "binary" else None
    if mark is None:
        return np.zeros(len(table), bool)
    return np.asarray(pass_or_fail(table.values[dimension], mark) == 0)
