"""Variance of the difference to the human ceiling that is due to the sample of raters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from judge.stats.engine import limits
from judge.stats.engine.resampling import ResampleOptions
from judge.stats.judge_human.shared_basis import Contrasts, ContrastsOf, SharedBasis, defined_contrasts

__all__: list[str] = []

MOST_RATERS = 12  # left out one by one; every one of them costs a ceiling of its own


def jackknife_of_raters(
    contrasts_of: ContrastsOf, people: Sequence[int], basis: SharedBasis | None, options: ResampleOptions
) -> tuple[float, int]:
    """Return the jackknife variance over raters, without the noise of the items, and its number of raters.

    With Delta_(-h) the difference to the ceiling without rater h, and s_h^2 the variance over items of
    Delta_(-h) - mean, the variance is (k - 1)/k sum [(Delta_(-h) - mean)^2 - s_h^2], at least 0. The part
    s_h^2 is in the standard error over items already (two-way clustering, [1]_). Of many raters twelve are
    left out in turn, among themselves, and the variance is scaled to the number of raters.

    Parameters
    ----------
    contrasts_of : callable
        Contrasts of some of the people.
    people : sequence of int
        Those with a defined level.
    basis : SharedBasis or None
        Levels of all people; used again where it has all those of fewer people (for pairs).
    options : ResampleOptions
        Clusters. With a sampling design there is no jackknife.

    Returns
    -------
    tuple of float and int
        0 raters where there are fewer than three, or where some of them without one have no agreement.

    References
    ----------
    .. [1] A. C. Cameron, J. B. Gelbach, D. L. Miller, "Robust Inference With Multiway Clustering", Journal of
       Business & Economic Statistics 29, 2011, doi:10.1198/jbes.2010.07136.
    """
    chosen = np.unique(np.linspace(0, len(people) - 1, min(len(people), MOST_RATERS)).round().astype(int))
    k = chosen.size
    if k < 3 or options["design"] is not None:
        return 0.0, 0
    without: Contrasts = {}
    for h in range(k):
        of = defined_contrasts(contrasts_of([people[i] for i in np.delete(chosen, h)]))
        without[h] = [pair for pairs in of.values() for pair in pairs]
    if not all(without.values()):
        return 0.0, 0
    if basis is None or not basis.holds(without):
        basis = SharedBasis.of(without, {"clusters": options["clusters"], "method": "jackknife"})
    found = [basis.levels(pairs, 1, 1).samples["difference"] for pairs in without.values()]
    values, by_item = np.array([f.value for f in found]), np.stack([f.jackknife for f in found])
    noise = [limits.jackknife_se(row, found[0].counts) for row in by_item - by_item.mean(axis=0)]
    excess = float(np.sum((values - values.mean()) ** 2) - np.sum(np.square(noise)))
    return max(excess, 0.0) * (k - 1) / len(people), k
