"""Scores as an array of items by raters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import compress, repeat

import numpy as np

from judge.analysis.ratings import Ratings
from judge.analysis.reduction import Reduction, reduce_samples
from judge.counting import counted
from judge.errors import InputError
from judge.records import RaterKind, Score
from judge.stats.engine.scale import Floats, Ints, Scale

_MOST_CELLS = 50_000_000
"""Scores of one dimension that are arranged at once, missing ones too: 400 MB."""


def ratings_matrix(
    scores: Iterable[Score],
    dimension: str,
    scale: Scale,
    *,
    items: Sequence[str] | None = None,
    raters: Mapping[str, RaterKind] | None = None,
    reduction: Reduction = "first",
    clusters: Mapping[str, Hashable] | None = None,
) -> Ratings:
    """Arrange the scores of one dimension as items x raters.

    Parameters
    ----------
    scores : iterable of Score
        Scores of any raters and dimensions; those of other dimensions are ignored.
    dimension : str
        Name of a dimension, or ``overall``.
    scale : Scale
        Declared scale; values are not checked against it.
    items : sequence of str, optional
        Rows, in order; scores of other items are left out. Default: every item that has a score row, in order
        of appearance.
    raters : mapping, optional
        Columns: rater -> ``human`` or ``judge``. Default: every rater that has a score row, in order of
        appearance.
    reduction : {'first', 'mean', 'median', 'majority'}
        How to combine repeated judgments of one item: the first, or the mean, median or majority of those
        that are not missing. A tied majority is missing.
    clusters : mapping, optional
        Item -> cluster of items that are not independent (image, source, conversation).

    Raises
    ------
    InputError
        No rater scored `dimension`, a rater scored an item twice, or a human and a judge share a name.

    Examples
    --------
    >>> def score(item, rater, value):
    ...     return Score(item_id=item, rater=rater, rater_kind="human", dimension="clarity", value=value)
    >>> scores = [score("a", "Ann", 4), score("a", "Ben", 5), score("b", "Ben", 2)]
    >>> ratings_matrix(scores, "clarity", Scale.integers(1, 5)).values
    array([[ 4.,  5.],
           [nan,  2.]])
    """
    rows, found = _rows_of(scores, dimension)
    if not rows:
        raise InputError(
            f"no scores for dimension {dimension!r} (found: {', '.join(found) or 'none at all'})"
        )
    kinds = rater_kinds(rows) if raters is None else raters
    names = tuple(dict.fromkeys(score.item_id for score in rows)) if items is None else tuple(items)
    samples, statuses = _cube(rows, names, tuple(kinds))
    return Ratings(
        dimension=dimension,
        scale=scale,
        items=names,
        raters=tuple(kinds),
        is_judge=np.array([kind == "judge" for kind in kinds.values()]),
        values=reduce_samples(samples, reduction),
        samples=samples,
        statuses=statuses,
        clusters=None if clusters is None else np.array([str(clusters[name]) for name in names]),
    )


def rater_kinds(scores: Iterable[Score]) -> dict[str, RaterKind]:
    """Rater -> ``human`` or ``judge``, in order of appearance.

    Raises
    ------
    InputError
        One name is that of a human and of a judge.
    """
    kinds: dict[str, RaterKind] = {}
    for score in scores:
        if kinds.setdefault(score.rater, score.rater_kind) != score.rater_kind:
            raise InputError(
                f"rater {score.rater!r} is a person in one row and a judge in another; rename one of the two"
            )
    return kinds


def _rows_of(scores: Iterable[Score], dimension: str) -> tuple[list[Score], list[str]]:
    """Scores of `dimension`, and the names of all dimensions that occur."""
    rows: list[Score] = []
    found: dict[str, None] = {}
    for score in scores:
        found[score.dimension] = None
        if score.dimension == dimension:
            rows.append(score)
    return rows, list(found)


def _cube(
    rows: list[Score], items: tuple[str, ...], raters: tuple[str, ...]
) -> tuple[Floats, dict[str, dict[str, int]]]:
    """Values by item, rater and sample; and rater -> status -> number of items."""
    row_of = {name: i for i, name in enumerate(items)}
    column_of = {name: i for i, name in enumerate(raters)}
    ids, names = [score.item_id for score in rows], [score.rater for score in rows]
    samples = [score.sample for score in rows]
    cube = no_samples(len(items), len(raters), max(samples) + 1)
    statuses: dict[str, dict[str, int]] = {}
    if len(set(zip(ids, names, samples, strict=True))) < len(rows):
        _check_once(rows)
    row, column = _codes(ids, row_of), _codes(names, column_of)
    is_known = (row >= 0) & (column >= 0)
    known = list(compress(rows, is_known.tolist()))
    cube[row[is_known], column[is_known], np.array(samples)[is_known]] = [number_of(one) for one in known]
    counts = Counter((score.rater, score.status) for score in known if score.sample == 0)
    for (rater, status), n in counts.items():
        statuses.setdefault(rater, {})[status] = n
    return cube, statuses


def _codes(names: Sequence[str], code_of: Mapping[str, int]) -> Ints:
    """Code of each name, -1 where it has none."""
    return np.fromiter(map(code_of.get, names, repeat(-1)), dtype=np.int64, count=len(names))


def _check_once(rows: Sequence[Score]) -> None:
    """Refuse a second score of one rater for the same item and sample."""
    seen: set[tuple[str, str, int]] = set()
    for score in rows:
        check_first(score, seen)


def no_samples(n_items: int, n_raters: int, n_samples: int) -> Floats:
    """Cube of items x raters x samples in which all is missing.

    Raises
    ------
    InputError
        It would fill the memory, as where one score alone has a sample of a high number.
    """
    if n_items * n_raters * n_samples > _MOST_CELLS:
        raise InputError(
            f"{counted(n_items, 'item')} x {counted(n_raters, 'rater')} x {counted(n_samples, 'sample')} are "
            f"too many to compare; allowed are {_MOST_CELLS:,} scores of one dimension. Number the "
            "samples of each item 0, 1, 2, …"
        )
    return np.full((n_items, n_raters, n_samples), np.nan)


def check_first(score: Score, seen: set[tuple[str, str, int]]) -> None:
    """Refuse a second score of one rater for the same item and sample; `seen` holds the earlier ones."""
    key = (score.item_id, score.rater, score.sample)
    if key in seen:
        raise InputError(
            f"second score for item {score.item_id!r}, rater {score.rater!r}, dimension {score.dimension!r}, "
            f"sample {score.sample}; keep one of the two"
        )
    seen.add(key)


def number_of(score: Score) -> float:
    """Value of a score as a number; NaN if it is missing."""
    if isinstance(score.value, str):
        raise InputError(
            f"item {score.item_id!r}, rater {score.rater!r}: {score.dimension} is {score.value!r}; "
            "only numbers can be compared"
        )
    return np.nan if score.value is None else float(score.value)
