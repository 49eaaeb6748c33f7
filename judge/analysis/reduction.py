"""Repeated judgments of one item, combined."""

from typing import Literal

import numpy as np

from judge.stats.engine.scale import Floats

Reduction = Literal["first", "mean", "median", "majority"]


def reduce_samples(samples: Floats, reduction: Reduction) -> Floats:
    """Combine repeated judgments along the last axis; NaN where all are missing.

    >>> reduce_samples(np.array([[3.0, 4.0, 4.0], [1.0, 2.0, np.nan]]), "majority")
    array([ 4., nan])
    """
    if reduction == "first":
        return samples[..., 0]
    if reduction == "majority":
        return np.apply_along_axis(_majority, -1, samples)
    reduced = np.full(samples.shape[:-1], np.nan)
    some = ~np.isnan(samples).all(axis=-1)
    average = np.nanmean if reduction == "mean" else np.nanmedian
    reduced[some] = average(samples[some], axis=-1)
    return reduced


def _majority(values: Floats) -> float:
    labels, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    winners = labels[counts == counts.max(initial=0)]
    return float(winners[0]) if len(winners) == 1 else np.nan
