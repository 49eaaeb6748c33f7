"""Whether the rated answers have the judge's verdicts in the proportion of all answers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from judge.analysis.ratings import Ratings
from judge.stats.design.mix import mix_test
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Bools, Floats
from judge.stats.pass_fail.proportion import proportion

SIGNIFICANT = 0.01
"""Below this p-value the rated answers count as no random sample."""

_ROUNDING = 0.02  # of a weighted share: probabilities are rounded, and a few drawn answers have no rating


@dataclass(frozen=True)
class LabelMix:
    """Pass rates of a judge on the rated answers and on all.

    Attributes
    ----------
    rated, everything : float
        Share of passes among the verdicts on the rated answers (weighted, if they have inclusion
        probabilities), and on all answers of the run.
    p : float
        p-value of the exact test that the rated ones are a random sample, NaN with one verdict alone. With
        inclusion probabilities: that of a z test that the two shares differ by more than rounding does.
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

    With inclusion probabilities the weighted share of the rated answers estimates that of all. If the two
    differ, the probabilities are not those of this run, or ratings of many of the drawn answers are missing.

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
    everything = float(marks[known].mean())
    if ratings.design is None:
        return LabelMix(float(marks[rated].mean()), everything, mix_test(marks, rated).p_value)
    if ratings.design.target == "given mix":
        return None
    return _weighted_mix(marks, rated, ratings.design, everything)


def _weighted_mix(marks: Floats, rated: Bools, design: SamplingDesign, everything: float) -> LabelMix:
    of_sample = proportion(
        np.where(rated & design.sampled, marks, np.nan), design=replace(design, target="these answers")
    )
    spread, expected = of_sample.value * (1 - of_sample.value), everything * (1 - everything)
    if spread > 0:  # the standard error if the share were that of all answers, as in a score test
        se = float(np.nan_to_num(of_sample.se)) * math.sqrt(max(1.0, expected / spread))
    else:  # equal verdicts have no spread, and do not show that there is none
        se = math.sqrt(expected / design.n_effective)
    beyond = max(0.0, abs(of_sample.value - everything) - _ROUNDING)
    p = math.erfc(beyond / se / math.sqrt(2)) if se > 0 else float(beyond == 0)
    return LabelMix(of_sample.value, everything, p)
