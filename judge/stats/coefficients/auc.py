"""Area under the ROC curve of judge scores against human pass marks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine import limits
from judge.stats.engine.checks import between
from judge.stats.engine.columns import as_column, as_marks, check_lengths
from judge.stats.engine.estimate import (
    CORRELATION,
    NO_COMPLETE_PAIRS,
    NO_VARIATION,
    SHARE,
    TOO_FEW_CLUSTERS,
    TOO_FEW_ITEMS,
    ZERO_DENOMINATOR,
    Estimate,
)
from judge.stats.engine.resampling import Statistic, difference, estimate, quotient
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Floats
from judge.stats.engine.weights import cluster_codes

__all__ = ["auc", "auc_difference"]


def auc(
    human: ArrayLike,
    judge_scores: ArrayLike,
    *,
    design: SamplingDesign | None = None,
    clusters: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> Estimate:
    """Area under the ROC curve: how well the judge's scores separate passes from fails at all cut-offs.

    P(score of a random pass > score of a random fail) + P(equal) / 2.

    Do not use it for a judge that is used with one cut-off: `pass_fail` says what that cut-off achieves. A
    high area does not mean that scores agree with people's.

    Parameters
    ----------
    human : array_like, shape (n_items,)
        Pass marks, NaN or None where missing.
    judge_scores : array_like of float, shape (n_items,)
        Higher is better; NaN or None where missing.
    design : SamplingDesign, optional
        How the items were drawn: pairs of a pass and a fail are weighted, and the standard error is that of
        the design.
    clusters : array_like, shape (n_items,), optional
        Group of each item.
    confidence_level : float
        Confidence level. The standard error is DeLong's, with clusters Obuchowski's; the interval is
        Student's on the scale log(1 - area), and cannot exceed 1; its degrees of freedom are those of the
        class with fewer items or clusters, because with few passes among many fails the area is uncertain.

    Returns
    -------
    Estimate
        0.5 is chance, 1 perfect separation. NaN, `zero_denominator`, without a pass or without a fail.

    Raises
    ------
    ValueError
        If lengths differ or a mark is neither pass, fail nor missing.

    References
    ----------
    .. [1] E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the Areas under Two or More
       Correlated Receiver Operating Characteristic Curves", Biometrics 44, 1988.
    .. [2] N. A. Obuchowski, "Nonparametric Analysis of Clustered ROC Curve Data", Biometrics 53, 1997.

    Examples
    --------
    >>> round(auc([1, 1, 0, 1, 0], [5, 4, 3, 3, 1]).value, 3)
    0.917
    """
    return _areas(human, [judge_scores], design, clusters, confidence_level)


def auc_difference(
    human: ArrayLike,
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    *,
    design: SamplingDesign | None = None,
    clusters: ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> Estimate:
    """Difference a - b of the areas under the ROC curve of two judges on the same items, paired.

    Do not use it for judges that were scored on different items; their intervals are then independent.

    Parameters
    ----------
    human : array_like, shape (n_items,)
        Pass marks, NaN or None where missing.
    scores_a, scores_b : array_like of float, shape (n_items,)
        Scores of the two judges, each on its own scale; items with both and a mark count.
    design : SamplingDesign, optional
        How the items were drawn; see `auc`.
    clusters : array_like, shape (n_items,), optional
        Group of each item.
    confidence_level : float
        Confidence level.

    Returns
    -------
    Estimate
        Between -1 and 1; undefined as in `auc`.

    Examples
    --------
    >>> round(auc_difference([1, 1, 0, 1, 0], [5, 4, 3, 3, 1], [2, 5, 4, 3, 1]).value, 3)
    0.25
    """
    return _areas(human, [scores_a, scores_b], design, clusters, confidence_level)


def _areas(
    human: ArrayLike,
    judges: list[ArrayLike],
    design: SamplingDesign | None,
    clusters: ArrayLike | None,
    confidence_level: float,
) -> Estimate:
    between("confidence_level", confidence_level, 0, 1)
    h = as_marks(human, "human")
    scores = [as_column(judge, "judge_scores") for judge in judges]
    check_lengths(human=h, **{f"judge_scores {i + 1}": s for i, s in enumerate(scores)})
    codes = cluster_codes(clusters, h.size)
    used = ~np.isnan(sum(scores, h))
    codes, marks = codes[used], h[used]
    n_clusters = np.unique(codes).size
    found = Estimate(
        math.nan,
        confidence_level=confidence_level,
        n_items=marks.size,
        n_ratings=marks.size * (1 + len(judges)),
        n_clusters=n_clusters,
        n_dropped=sum(int(np.sum(~np.isnan(column) & ~used)) for column in (h, *scores)),
        possible=SHARE if len(judges) == 1 else CORRELATION,
    )
    if not 0 < marks.sum() < marks.size:
        return replace(found, reason=ZERO_DENOMINATOR if marks.size else NO_COMPLETE_PAIRS)
    if design is not None:
        parts = [_area_statistic(np.where(used, h, np.nan), column) for column in scores]
        whole = parts[0] if len(parts) == 1 else difference(*parts)
        weighted = estimate(whole, clusters=clusters, confidence_level=confidence_level, design=design)
        sizes = {name: getattr(found, name) for name in ("n_items", "n_ratings", "n_dropped", "possible")}
        return replace(weighted, **sizes)
    areas, influences = zip(*(_area(marks, s[used]) for s in scores), strict=True)
    found = replace(found, value=float(areas[0] - sum(areas[1:])))
    if n_clusters < 2:
        return replace(found, reason=TOO_FEW_CLUSTERS)
    if min(marks.sum(), marks.size - marks.sum()) < 2:
        return replace(found, reason=TOO_FEW_ITEMS)
    by_cluster = np.bincount(codes, influences[0] - sum(influences[1:]))
    # Without clusters the influences already have DeLong's denominators.
    inflation = n_clusters / (n_clusters - 1) if n_clusters < marks.size else 1.0
    se = math.sqrt(inflation * float(by_cluster @ by_cluster))
    if se <= 1e-12:
        return replace(found, se=0.0, reason=NO_VARIATION)
    limits_of = limits.coefficient_limits if len(judges) == 1 else limits.symmetric_limits
    # With all items counted, nominal 95 % intervals covered 88 % with five passes among 100 fails.
    n_of_class = [np.unique(codes[marks == mark]).size for mark in (0, 1)]
    low, high = limits_of(found.value, se, confidence_level, max(min(n_of_class) - 1, 1))
    return replace(found, low=low, high=high, se=se, method="delong")


def _area_statistic(marks: Floats, scores: Floats) -> Statistic:
    """Return the area as a function of the counts of passes and fails at each score."""
    present = ~np.isnan(marks)
    points, position = np.unique(scores[present], return_inverse=True)
    n_points = points.size
    codes = np.zeros(marks.size, dtype=np.int64)
    codes[present] = 1 + position + n_points * (marks[present] == 1)
    width = 1 + 2 * n_points  # the highest score may have no pass, and its code no column

    def area(totals: Floats) -> Floats:
        counts = np.pad(totals, ((0, 0), (0, width - totals.shape[1])))
        fails, passes = counts[:, 1 : 1 + n_points], counts[:, 1 + n_points :]
        below = np.cumsum(fails, axis=1) - fails / 2
        return quotient((passes * below).sum(axis=1), passes.sum(axis=1) * fails.sum(axis=1))

    return Statistic(
        codes, area, "coefficient", n_items=int(present.sum()), undefined=ZERO_DENOMINATOR, minimum=0.0
    )


def _area(marks: Floats, scores: Floats) -> tuple[float, Floats]:
    """Return the area, and what each item adds to its deviation from the true one."""
    passes, fails = np.sort(scores[marks == 1]), np.sort(scores[marks == 0])
    above = _share_below(fails, scores)
    below = 1 - _share_below(passes, scores)
    area = float(above[marks == 1].mean())
    m, n = passes.size, fails.size
    # m (m - 1) under the root: then the sum of squares is DeLong's variance.
    of_pass = (above - area) / math.sqrt(m * max(m - 1, 1))
    of_fail = (below - area) / math.sqrt(n * max(n - 1, 1))
    return area, np.where(marks == 1, of_pass, of_fail)


def _share_below(ordered: Floats, scores: Floats) -> Floats:
    """Return the share of `ordered` below each score, ties counted half."""
    left, right = np.searchsorted(ordered, scores), np.searchsorted(ordered, scores, "right")
    share: Floats = (left + right) / (2 * ordered.size)
    return share
