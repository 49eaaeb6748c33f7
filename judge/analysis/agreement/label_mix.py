"""Whether the rated answers have the judge's verdicts in the proportion of all answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judge.analysis.ratings import Ratings
from judge.stats.design.mix import mix_test

SIGNIFICANT = 0.01
"""Below this p-value the rated answers count as no random sample."""


@dataclass(frozen=True)
class LabelMix:
    """Pass rates of a judge on the rated answers and on all.

    Attributes
    ----------
    rated, everything : float
        Share of passes among the verdicts on the rated answers, and on all answers of the run.
    p : float
        p-value of the exact test that the rated ones are a random sample; NaN with one verdict alone.
    """

    rated: float
    everything: float
    p: float

    @property
    def differs(self) -> bool:
        """Whether chance does not explain the difference."""
        return self.p < SIGNIFICANT


def label_mix(ratings: Ratings, judge: str) -> LabelMix | None:
    """Compare the verdicts on rated answers with those on all; None where none, or all, are rated.

    Examples
    --------
    >>> from judge.stats.engine.scale import Scale
    >>> people, robot = np.array([1.0] * 20 + [np.nan] * 80), np.array([0.0] * 20 + [1.0] * 80)
    >>> values = np.column_stack([people, robot])
    >>> names = tuple(map(str, range(100)))
    >>> both = Ratings(dimension="passes", scale=Scale([0, 1]), items=names, raters=("ann", "robot"),
    ...     is_judge=np.array([False, True]), values=values, samples=values[..., None], pass_mark=1)
    >>> label_mix(both, "robot").differs
    True
    """
    marks = ratings.passed(ratings.column(judge))
    if marks is None:
        return None
    known = ~np.isnan(marks)
    rated = known & ratings.rated
    if not 0 < rated.sum() < known.sum():
        return None
    return LabelMix(float(marks[rated].mean()), float(marks[known].mean()), mix_test(marks, rated).p_value)
