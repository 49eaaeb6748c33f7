"""Which items of a run fail, and which have the lowest scores."""

import numpy as np

from judge.analysis.group_difference import Bools
from judge.analysis.ratings import pass_or_fail
from judge.analysis.score_table import ScoreTable
from judge.records import OVERALL


def selected_ids(
    table: ScoreTable, dimension: str | None = None, *, failing: bool, n_lowest: int | None = None
) -> list[str]:
    """Ids of items that fail, of those with the lowest scores, or of those with both.

    Parameters
    ----------
    table : ScoreTable
        Scores of a run.
    dimension : str, optional
        Dimension whose scores and threshold are used; default: the overall score (the sum of scores where
        there is none) and the pass rule.
    failing : bool
        Whether only items that fail are taken.
    n_lowest : int, optional
        Number of items with the lowest scores, lowest first. Default: all, in the order of the input.
    """
    chosen = _fails(table, dimension) if failing else np.ones(len(table), bool)
    if n_lowest is None:
        rows = np.flatnonzero(chosen)
    else:
        columns = [table.values[dimension or OVERALL]] if dimension or OVERALL in table.values else []
        values = np.sum(columns or list(table.values.values()), axis=0)
        chosen &= ~np.isnan(values)
        order = np.argsort(np.where(chosen, values, np.inf), kind="stable")
        rows = order[: min(n_lowest, int(chosen.sum()))]
    return [str(table.columns.ids[row]) for row in rows.tolist()]


def _fails(table: ScoreTable, dimension: str | None) -> Bools:
    """Items that fail, or whose score on a dimension is below its threshold."""
    if dimension is None:
        return np.asarray(table.verdicts == 0)
    mark = table.pass_mark(dimension)
    if mark is None and dimension in table.rubric.dimensions:
        mark = 1.0 if table.rubric.dimensions[dimension].type == "binary" else None
    if mark is None:
        return np.zeros(len(table), bool)
    return np.asarray(pass_or_fail(table.values[dimension], mark) == 0)
