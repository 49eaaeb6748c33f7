"""Test-retest reliability of a judge, and the number of samples to average."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.coefficients.alpha import alpha_statistic
from judge.stats.coefficients.icc import icc_statistic
from judge.stats.coefficients.percent_agreement import agreement_statistic
from judge.stats.engine.checks import at_least, between
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import Sampling
from judge.stats.engine.scale import Floats, as_floats, as_objects, as_scale
from judge.stats.engine.statistic import Statistic, average, combine, quotient
from judge.stats.engine.table import ScaleLike, read_table
from judge.stats.judge_human.consensus import Consensus, consensus
from judge.stats.judge_human.contrast import evaluate

__all__ = [
    "AgreementBySamples",
    "Retest",
    "agreement_by_samples",
    "retest",
    "samples_for_reliability",
    "spearman_brown",
    "worthwhile_samples",
]

Agreement: TypeAlias = Callable[[Floats, Floats], Statistic]


def spearman_brown(reliability: float, n_samples: float) -> float:
    """Reliability of the mean of m samples (or raters): m rho / (1 + (m - 1) rho).

    Parameters
    ----------
    reliability : float in [-1, 1]
        Reliability of one sample, rho.
    n_samples : float
        m, above 0; infinity is allowed.

    Returns
    -------
    float
        NaN where the formula has no positive denominator (strongly negative rho).

    Examples
    --------
    >>> [round(spearman_brown(0.6, m), 3) for m in (1, 2, 5)]
    [0.6, 0.75, 0.882]
    """
    between("reliability", reliability, -1, 1, closed=True)
    if math.isinf(n_samples):
        return 1.0 if reliability > 0 else reliability if reliability == 0 else math.nan
    denominator = 1 + (n_samples - 1) * reliability
    return n_samples * reliability / denominator if denominator > 0 else math.nan


def _averaged(estimated: float, n_samples: int) -> float:
    """Return `spearman_brown` of an estimate, which may be NaN and by rounding lie beyond 1."""
    if math.isnan(estimated):
        return math.nan
    return spearman_brown(min(max(estimated, -1.0), 1.0), n_samples)


def samples_for_reliability(reliability: float, target: float) -> int:
    """Samples to average for a target reliability: rho* (1 - rho) / (rho (1 - rho*)), rounded up.

    Parameters
    ----------
    reliability : float in (0, 1]
        Reliability of one sample, rho.
    target : float in (0, 1)
        Wanted reliability, rho*.

    Returns
    -------
    int

    Examples
    --------
    >>> samples_for_reliability(0.6, 0.9)
    6
    """
    between("reliability", reliability, 0, 1 + 1e-12)
    between("target", target, 0, 1)
    return max(1, math.ceil(target * (1 - reliability) / (reliability * (1 - target)) - 1e-9))


def worthwhile_samples(reliability: float, *, within: float = 0.01) -> int:
    """Fewest samples whose mean has a reliability within `within` of 1, the limit of many samples.

    Parameters
    ----------
    reliability : float in (0, 1]
        Reliability of one sample.
    within : float in (0, 1)
        What may be lost.

    Returns
    -------
    int
        Averaging removes the judge's own noise only; `d_study` shows what it leaves.

    Examples
    --------
    >>> worthwhile_samples(0.95)
    6
    """
    return samples_for_reliability(reliability, 1 - within)


@dataclass(frozen=True, slots=True)
class Retest:
    """Agreement of repeated scores by one judge; see `retest`.

    Attributes
    ----------
    exact, within_one : Estimate
        Share of sample pairs that are equal, or differ by at most 1 in scale units.
    alpha : Estimate
        Krippendorff's alpha over samples.
    reliability : Estimate
        ICC(1,1) over samples of complete items: the rho of `spearman_brown`.
    sd_within : Estimate
        Root mean variance between samples of an item, in scale units.
    flip_rate : Estimate or None
        Share of sample pairs on different sides of the pass mark; None without one.
    deterministic : bool
        All samples of every item are equal (temperature 0, often); says nothing about validity.
    curve : tuple of (int, float)
        Reliability of the mean of m = 1..10 samples.
    """

    exact: Estimate
    within_one: Estimate
    alpha: Estimate
    reliability: Estimate
    sd_within: Estimate
    flip_rate: Estimate | None
    deterministic: bool
    curve: tuple[tuple[int, float], ...]


def retest(
    samples: ArrayLike,
    *,
    scale: ScaleLike = None,
    pass_mark: float | None = None,
    **sampling: Unpack[Sampling],
) -> Retest:
    """Test-retest agreement of repeated judgments.

    Parameters
    ----------
    samples : array_like, shape (n_items, n_samples)
        Repeated scores of one judge, NaN where missing.
    scale : Scale or sequence, optional
        The declared scale; labels need it and count by their positions 0, 1 ... Its level is that of alpha,
        'interval' without one.
    pass_mark : float, optional
        A score of at least this passes.
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`, see `Sampling`.

    Returns
    -------
    Retest
        Undefined entries carry `too_few_raters` for a single sample, `no_variation` ...

    Examples
    --------
    >>> result = retest([[4, 4, 5], [2, 2, 2], [5, 5, 5], [1, 2, 1]], pass_mark=4)
    >>> round(result.exact.value, 2), round(result.reliability.value, 2), result.flip_rate.value
    (0.67, 0.95, 0.0)
    """
    raw, declared = as_objects(samples), as_scale(scale)
    if raw.ndim != 2:
        raise ValueError(f"samples must have shape (n_items, n_samples), got {raw.shape}.")
    table = read_table((raw,), declared).values
    statistics = {
        "exact": agreement_statistic(table),
        "within_one": agreement_statistic(table, tolerance=1),
        "alpha": alpha_statistic(table, level=declared.level if declared else "interval"),
        "reliability": icc_statistic(table, form="ICC(1,1)"),
        "sd_within": _sd_within(table),
    }
    if pass_mark is not None:
        passed = np.where(np.isnan(table), np.nan, table >= pass_mark)
        statistics["flip_rate"] = combine(lambda same: 1 - same, agreement_statistic(passed), kind="share")
    found = evaluate(statistics, sampling)
    rho = found["reliability"].value
    curve = tuple((m, _averaged(rho, m)) for m in range(1, 11))
    return Retest(
        found["exact"],
        found["within_one"],
        found["alpha"],
        found["reliability"],
        found["sd_within"],
        found.get("flip_rate"),
        found["exact"].value == 1,
        curve,
    )


def _sd_within(table: Floats) -> Statistic:
    """Return the pooled standard deviation within items: root of the sum of squares over its df."""
    rated = ~np.isnan(table)
    m = rated.sum(axis=1)
    deviations = np.where(rated, table - consensus(table)[:, None], 0.0)
    used = m >= 2
    sums = np.column_stack([np.where(used, (deviations**2).sum(axis=1), 0.0), np.where(used, m - 1, 0)])
    return Statistic(
        sums.astype(float),
        lambda totals: np.sqrt(quotient(totals[:, 0], totals[:, 1])),
        n_items=int(used.sum()),
        n_ratings=int(m[used].sum()),
        n_dropped=int(m[~used].sum()),
        undefined="no_pairable_items" if table.shape[1] >= 2 else "too_few_raters",
        minimum=0.0,
    )


@dataclass(frozen=True, slots=True)
class AgreementBySamples:
    """Agreement with people when m samples are averaged.

    ``expected`` is r_1 sqrt(rho_m / rho_1), what the attenuation formula predicts for a correlation.
    """

    n_samples: int
    agreement: Estimate
    expected: float


def agreement_by_samples(
    human: ArrayLike,
    samples: ArrayLike,
    agreement: Agreement,
    *,
    reduce: Consensus = "mean",
    **sampling: Unpack[Sampling],
) -> list[AgreementBySamples]:
    """Agreement of a judge with people as a function of how many of its samples are averaged.

    For each m the statistic is averaged over S blocks of m consecutive samples (in a circle), so that every
    sample counts equally; nothing is extrapolated beyond the S samples.

    Parameters
    ----------
    human : array_like of float, shape (n_items,)
        Scores of a person or a consensus.
    samples : array_like of float, shape (n_items, n_samples)
        Repeated scores of one judge.
    agreement : callable (human, judge) -> Statistic
        A builder such as `pearson_statistic`; it must accept the values of the reduced samples.
    reduce : {'mean', 'median', 'majority', 'majority_low', 'majority_high'}
        How m samples become one score, see `consensus`.
    **sampling
        See `Sampling`; the default method is the jackknife.

    Returns
    -------
    list of AgreementBySamples
        For m = 1..S.

    Examples
    --------
    >>> from judge.stats.coefficients.correlation import pearson_statistic
    >>> rng = np.random.default_rng(0)
    >>> human = rng.normal(size=200)
    >>> samples = human[:, None] + rng.normal(size=(200, 3))
    >>> [round(row.agreement.value, 2) for row in agreement_by_samples(human, samples, pearson_statistic)]
    [0.72, 0.82, 0.87]
    """
    table, reference = as_floats(samples), as_floats(human)
    if table.ndim != 2 or reference.shape != table.shape[:1]:
        raise ValueError(
            f"human must have shape (n_items,) and samples (n_items, n_samples), got {reference.shape} and "
            f"{table.shape}."
        )
    at_least("number of samples", table.shape[1], 1)
    n_samples = table.shape[1]
    statistics = {
        str(m): _block_mean(table, reference, m, agreement, reduce) for m in range(1, n_samples + 1)
    }
    found = evaluate(statistics, sampling)
    first = found["1"].value
    rho = icc_statistic(table, form="ICC(1,1)").value()
    return [AgreementBySamples(m, found[str(m)], _expected(first, rho, m)) for m in range(1, n_samples + 1)]


def _block_mean(table: Floats, human: Floats, m: int, agreement: Agreement, reduce: Consensus) -> Statistic:
    n_samples = table.shape[1]
    starts = range(n_samples if m < n_samples else 1)
    blocks = [table[:, [(start + j) % n_samples for j in range(m)]] for start in starts]
    parts = [agreement(human, consensus(block, reduce)) for block in blocks]
    return average(*parts)


def _expected(first: float, rho: float, m: int) -> float:
    if math.isnan(first) or not rho > 0:
        return first if m == 1 else math.nan
    return first * math.sqrt(_averaged(rho, m) / rho)
