"""A pilot study that is resampled to plan a larger one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.stats.design.simulated_precision import Draw, pilot_draws
from judge.stats.engine.scale import Floats, Ints, Level


@dataclass(frozen=True)
class Pilot:
    """Ratings of a pilot study, which are resampled.

    Attributes
    ----------
    ratings : ndarray, shape (n_rows, n_raters)
        One row for each item, or for each criterion of an item; NaN where missing. For ``difference`` the
        first column is the judge.
    clusters : ndarray or None, shape (n_rows,)
        Cluster of each row; None if rows are independent.
    level : str
        Level of measurement of the ratings.
    items : ndarray of int or None, shape (n_rows,)
        Item of each row where the rows are criteria; they are drawn together.
    """

    ratings: Floats
    clusters: NDArray[Any] | None = None
    level: Level = "ordinal"
    items: Ints | None = None

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.ratings) if self.items is None else len(np.unique(self.items))

    @property
    def per_item(self) -> float:
        """Mean number of rows of an item."""
        return len(self.ratings) / self.n_items

    def draws(self) -> Draw:
        """Studies of n items, each with all its rows, resampled from the pilot by cluster."""
        if self.items is None:
            return pilot_draws(self.ratings, self.clusters)
        _, first, item_of = np.unique(self.items, return_index=True, return_inverse=True)
        rows_of = [np.flatnonzero(item_of == item) for item in range(len(first))]
        clusters = None if self.clusters is None else self.clusters[first]
        draw_items = pilot_draws(np.arange(len(first), dtype=float)[:, None], clusters)

        def draw(n_items: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
            drawn, clusters = draw_items(n_items, rng)
            rows = [rows_of[int(item)] for item in drawn[:, 0]]
            return self.ratings[np.concatenate(rows)], np.repeat(clusters, [len(one) for one in rows])

        return draw
