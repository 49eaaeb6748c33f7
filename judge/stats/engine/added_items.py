"""Items added to few items, so that a jackknife interval allows for what a small sample does not contain.

To the items of each pair of raters two are added: one of agreement, spread over the categories, and one of
independent ratings, spread over all pairs of categories (Agresti & Coull 1998 add two passes and two fails).
The limits lie around the statistic of all these. Its jackknife leaves out each item, and each of the two
that were added; it also counts an item on which one side alone differs by one category. A plain jackknife
sees no such item where it is not in the sample: it covered as little as .77 where a category is rare, and
gives no interval where all ratings agree (benchmarks/coverage_kappas.md).

Kinds of added items: agreement, independence, one category apart on the first side, and on the second one. A
difference has two sides; any other statistic has the first alone.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Function, Statistic, WithAdded
from judge.stats.engine.weights import totals_of

__all__: list[str] = []

MOST_ITEMS = 500
"""With more items the two that are added hardly move a limit, and the plain jackknife is used."""
MOST_CATEGORIES = 10
_ADDED = np.array([1.0, 1.0, 0.0, 0.0])


def cells_of_added_items(n_categories: int) -> Floats:
    """Return the kinds of added items as shares of the cells of a cross table, shape (4, K * K).

    >>> cells_of_added_items(2)[:3].tolist()
    [[0.5, 0.0, 0.0, 0.5], [0.25, 0.25, 0.25, 0.25], [0.0, 0.5, 0.5, 0.0]]
    """
    diagonal, beside = np.eye(n_categories), np.eye(n_categories, k=1) + np.eye(n_categories, k=-1)
    kinds = diagonal, np.ones_like(diagonal), beside, np.zeros_like(diagonal)
    return np.stack([(kind / max(kind.sum(), 1)).ravel() for kind in kinds])


def are_spread_over(n_categories: int) -> bool:
    """Return whether the scale has the categories that added items are spread over."""
    return 2 <= n_categories <= MOST_CATEGORIES


def pairs_of_ratings(points: Floats, n_raters: int) -> Floats:
    """Return an item for each cell of the cross table, rated by two of the raters, (K * K, n_raters).

    >>> pairs_of_ratings(np.array([1.0, 2.0]), 2).tolist()
    [[1.0, 1.0], [1.0, 2.0], [2.0, 1.0], [2.0, 2.0]]
    """
    items = np.full((points.size**2, n_raters), np.nan)
    items[:, 0], items[:, 1] = np.repeat(points, points.size), np.tile(points, points.size)
    return items


def with_rows(function: Function, rows: Floats) -> WithAdded:
    """Return a statistic with added items, from what an item of each kind adds to the totals (4, s)."""
    return lambda totals, masses: function(totals + masses @ rows)


def in_share(statistic: Statistic, n_items: int) -> Statistic:
    """Scale what is added to a pair of raters to its share of all items.

    Otherwise many pairs of few items would have more that is added than what was rated.
    """
    added, share = statistic.added, min(statistic.n_usable / n_items, 1.0)
    if added is None:
        return statistic
    return replace(statistic, added=lambda totals, masses: added(totals, masses * share))


def is_adjusted(statistic: Statistic) -> bool:
    """Return whether items are added by default: the sizes decide alone."""
    return statistic.added is not None and len(statistic.sums) <= MOST_ITEMS


def adjusted(statistic: Statistic) -> Statistic:
    """Return the statistic with the added items."""
    added = _with(statistic)
    return replace(statistic, function=lambda totals: added(totals, _ADDED), added=None)


def values_without_added(statistic: Statistic) -> Floats:
    """Return the values that the jackknife has for the added items, shape (4,)."""
    added, totals = _with(statistic), totals_of(np.ones((1, len(statistic.sums))), statistic.sums)
    centre = float(added(totals, _ADDED)[0])
    left_out = [float(added(totals, _ADDED - kind)[0]) for kind in np.eye(4)[:2]]
    counted = [2 * centre - float(added(totals, _ADDED + kind)[0]) for kind in np.eye(4)[2:]]
    return np.array([*left_out, *counted])


def _with(statistic: Statistic) -> WithAdded:
    if statistic.added is None:
        raise ValueError("method 'adjusted' is for kappas of declared categories; use 'auto'.")
    return statistic.added
