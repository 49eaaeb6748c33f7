"""Error rates and agreement of a judge's verdicts with a person's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from judge.stats.engine.checks import between
from judge.stats.engine.columns import as_groups, as_marks, check_lengths, select
from judge.stats.engine.estimate import (
    NO_COMPLETE_PAIRS,
    TOO_FEW_ITEMS,
    ZERO_DENOMINATOR,
    Estimate,
    Reason,
)
from judge.stats.engine.intervals import Interval
from judge.stats.engine.resampling import Sampling, Statistic, quotient, replicate, resample
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import StatisticKind
from judge.stats.engine.table_draws import drawn_intervals, widened_limits
from judge.stats.engine.weights import seed_of
from judge.stats.pass_fail.proportion import proportion
from judge.stats.pass_fail.verdict_draws import VerdictSample

__all__ = ["PassFail", "pass_fail", "pass_fail_statistics"]


@dataclass(frozen=True, slots=True)
class PassFail:
    """The confusion table of a judge's verdicts and everything read from it; see `pass_fail`.

    Attributes
    ----------
    true_pass, false_pass, false_fail, true_fail : int
        Items by judge and person; "false pass": the judge passes what the person fails.
    agreement : Estimate
        Share of items with one verdict.
    tpr, tnr : Estimate
        Share of the person's passes that the judge passes, and of the person's fails that it fails.
    precision, npv : Estimate
        Share of the judge's passes that the person passes, and of the judge's fails that the person fails.
    balanced_accuracy, youden_j : Estimate
        Mean of tpr and tnr; their sum minus 1.
    f1, negative_agreement : Estimate
        Agreement on passes 2TP / (2TP + FP + FN), and on fails 2TN / (2TN + FP + FN).
    mcc : Estimate
        Matthews correlation coefficient.
    kappa, ac1 : Estimate
        Agreement beyond chance: Cohen's, with both margins, and Gwet's.
    human_pass_rate, judge_pass_rate, pass_rate_gap : Estimate
        Pass rates on the items that both judged; the gap is judge minus human.
    """

    true_pass: int
    false_pass: int
    false_fail: int
    true_fail: int
    agreement: Estimate
    tpr: Estimate
    tnr: Estimate
    precision: Estimate
    npv: Estimate
    balanced_accuracy: Estimate
    youden_j: Estimate
    f1: Estimate
    negative_agreement: Estimate
    mcc: Estimate
    kappa: Estimate
    ac1: Estimate
    human_pass_rate: Estimate
    judge_pass_rate: Estimate
    pass_rate_gap: Estimate

    @property
    def positive_agreement(self) -> Estimate:
        """Agreement on passes: another name for F1."""
        return self.f1

    def estimates(self) -> dict[str, Estimate]:
        """Return all estimates by name, in the order above."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Estimate)}


def pass_fail(human: ArrayLike, judge: ArrayLike, **sampling: Unpack[Sampling]) -> PassFail:
    """Compare a judge's verdicts with a person's on the same items.

    Rates have Wilson intervals (see `proportion`). Those of balanced accuracy and J add the squared margins
    of TPR and TNR (Newcombe's square-and-add): a resampled interval sees no uncertainty in a class of five
    items without an error; with clusters the wider limits of the two hold. The others are quantiles of draws
    of the table, given the counts (Dirichlet distribution, half an item added to each cell): a resampled
    interval is far too short where fails are rare. Clusters widen them by their effect on the standard error.

    A zero denominator gives NaN, `zero_denominator`, never 0; balanced accuracy and J need both classes;
    MCC, kappa and AC1 need two items (`too_few_items`).

    With a sampling design (``design=``) all estimates are weighted and their intervals are quantiles of draws
    of the table of all answers: Beta distributions for the share of human passes within each stratum and
    verdict of the judge, widened by the effect of `clusters` on the standard error.

    Do not compare its rates between sets of items with different shares of passes, except TPR and TNR:
    all others depend on that share.

    Parameters
    ----------
    human, judge : array_like, shape (n_items,)
        1 or True for a pass, 0 or False for a fail, NaN or None where missing. Items with both count.
    **sampling
        See `Sampling`.

    Returns
    -------
    PassFail
        The table and its statistics.

    Raises
    ------
    ValueError
        If lengths differ or a mark is neither pass, fail nor missing.

    References
    ----------
    .. [1] D. V. Cicchetti, A. R. Feinstein, "High Agreement but Low Kappa", Journal of Clinical
       Epidemiology 43, 1990, doi:10.1016/0895-4356(90)90158-L.
    .. [2] R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison
       of eleven methods", Statistics in Medicine 17, 1998.
    .. [3] K. L. Gwet, "Computing Inter-Rater Reliability and Its Variance in the Presence of High
       Agreement", 2008, doi:10.1348/000711006X126600.

    Examples
    --------
    >>> table = pass_fail([1, 1, 1, 0, 0, None], [1, 1, 0, 0, 1, 1], rng=0)
    >>> table.true_pass, table.false_pass, table.false_fail, table.true_fail
    (2, 1, 1, 1)
    >>> print(table.tpr)
    0.667 [0.208, 0.939]
    """
    h, j, both, cells = _table(human, judge)
    groups = as_groups(sampling.get("clusters"))
    check_lengths(human=h, judge=j, clusters=groups)

    def rate(marks: Floats, among: Floats) -> Estimate:
        chosen = both & (among == 1)
        # Only items that can count: clusters without one say nothing about the precision of a rate.
        options: Sampling = {**sampling, "clusters": select(groups, chosen), "method": "wilson"}
        found = proportion(marks[chosen], **options)
        return (
            found
            if found.defined
            else Estimate.undefined(_reason(both), confidence_level=found.confidence_level)
        )

    tp, fp, fn, tn = (int(count) for count in cells.sum(axis=0))
    design = sampling.get("design")
    if design is not None:
        statistics = pass_fail_statistics(human, judge)
        return PassFail(tp, fp, fn, tn, **weighted_rates(statistics, cells, design, sampling))
    everything = np.ones(h.size)
    rates = {
        "agreement": rate((h == j).astype(float), everything),
        "tpr": rate(j, h),
        "tnr": rate(1 - j, 1 - h),
        "precision": rate(h, j),
        "npv": rate(1 - h, 1 - j),
        "human_pass_rate": rate(h, everything),
        "judge_pass_rate": rate(j, everything),
    }
    statistics = {n: s for n, s in pass_fail_statistics(human, judge).items() if n not in rates}
    others = resample(statistics, **sampling)
    if sampling.get("method", "auto") == "auto":
        drawn = {name: others[name] for name in _FROM_DRAWS}
        others |= drawn_intervals(drawn, statistics, _TABLE_FUNCTIONS, cells.sum(axis=0) + 0.5, sampling)
        others["youden_j"] = _square_and_add(others["youden_j"], rates["tpr"], rates["tnr"])
        others["balanced_accuracy"] = _square_and_add(
            others["balanced_accuracy"], rates["tpr"], rates["tnr"], 0.5
        )
    return PassFail(tp, fp, fn, tn, **{**rates, **others})


def drawn_human_pass_rate(
    human: ArrayLike, judge: ArrayLike, design: SamplingDesign, sampling: Sampling
) -> Estimate:
    """Return people's weighted pass rate alone, with the interval that it has in `pass_fail`."""
    name = "human_pass_rate"
    statistic = {name: pass_fail_statistics(human, judge)[name]}
    return weighted_rates(statistic, _table(human, judge)[3], design, sampling)[name]


def weighted_rates(
    statistics: Mapping[str, Statistic], cells: Floats, design: SamplingDesign, sampling: Sampling
) -> dict[str, Estimate]:
    """Return weighted estimates of statistics of `PassFail`, their intervals from draws of the table."""
    confidence_level, n_draws = sampling.get("confidence_level", 0.95), sampling.get("n_resamples", 10_000)
    replicates = replicate(statistics, clusters=sampling.get("clusters"), design=design)
    between("confidence_level", confidence_level, 0, 1)
    one_cluster = sampling.get("clusters") is not None and replicates.n_clusters < 2
    if one_cluster or sampling.get("method", "auto") not in ("auto", "wilson"):
        return {name: replicates.estimate(name, confidence_level) for name in statistics}
    seed, generator = seed_of(sampling.get("rng"))
    found, tables = {}, np.empty((0, 4))
    if not all(math.isnan(sample.value) for sample in replicates.samples.values()):
        tables = VerdictSample.of(cells, design).draw(n_draws, generator)
    for name, sample in replicates.samples.items():
        interval = Interval()
        if not math.isnan(sample.value):
            widening = sample.weighted.cluster_factor if sample.weighted else 1.0
            low, high = widened_limits(
                _TABLE_FUNCTIONS[name](tables), sample.value, widening, confidence_level
            )
            interval = Interval(low, high, sample.se, "beta-draws")
        estimate = replicates.with_interval(name, interval, confidence_level)
        drawn = n_draws if estimate.defined else 0
        found[name] = replace(estimate, n_resamples=drawn, seed=seed if drawn else None)
    return found


def pass_fail_statistics(human: ArrayLike, judge: ArrayLike) -> dict[str, Statistic]:
    """Return every statistic of `PassFail` for the resampling engine, e.g. for paired differences of judges.

    Examples
    --------
    >>> from judge.stats.engine.resampling import difference, estimate
    >>> human, first, second = [1, 1, 0, 0, 1, 0], [1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 1]
    >>> a, b = (pass_fail_statistics(human, judge)["f1"] for judge in (first, second))
    >>> round(estimate(difference(a, b), method="jackknife").value, 3)
    0.229
    """
    h, j, both, cells = _table(human, judge)
    n = int(both.sum())
    n_usable = _usable_items(cells)
    n_dropped = int(np.sum(~np.isnan(h)) + np.sum(~np.isnan(j))) - 2 * n
    kinds: dict[str, StatisticKind] = {"pass_rate_gap": "plain"}
    return {
        name: Statistic(
            cells,
            function,
            kinds.get(name, "coefficient"),
            n_usable.get(name, n),
            2 * n_usable.get(name, n),
            n_dropped,
            reason=TOO_FEW_ITEMS if n == 1 and name in _BEYOND_CHANCE else None,
            undefined=_reason(both),
            minimum=-1.0 if name in _BELOW_ZERO else 0.0,
            maximum=1.0,
        )
        for name, function in _TABLE_FUNCTIONS.items()
    }


def _table(human: ArrayLike, judge: ArrayLike) -> tuple[Floats, Floats, NDArray[np.bool_], Floats]:
    """Return marks, where both are present, and the cell of each item as TP, FP, FN, TN."""
    h, j = as_marks(human, "human"), as_marks(judge, "judge")
    check_lengths(human=h, judge=j)
    both = ~np.isnan(h) & ~np.isnan(j)
    cells = np.stack([h * j, (1 - h) * j, h * (1 - j), (1 - h) * (1 - j)], axis=1)
    return h, j, both, np.where(both[:, None], cells, 0.0)


def _usable_items(cells: Floats) -> dict[str, int]:
    """Return how many items a statistic rests on where it is not all: those of its (smaller) class."""
    tp, fp, fn, tn = (int(count) for count in cells.sum(axis=0))
    smaller = min(tp + fn, fp + tn)
    return {
        "tpr": tp + fn,
        "tnr": fp + tn,
        "precision": tp + fp,
        "npv": fn + tn,
        "youden_j": smaller,
        "balanced_accuracy": smaller,
    }


def _square_and_add(resampled: Estimate, tpr: Estimate, tnr: Estimate, factor: float = 1.0) -> Estimate:
    """Return the interval of factor * (TPR + TNR) + constant, not inside the resampled one with clusters."""
    if not resampled.defined:
        return resampled
    n_items = tpr.n_items + tnr.n_items
    found = replace(resampled, n_items=n_items, n_ratings=2 * n_items, n_resamples=0, seed=None)
    margins = [math.hypot(tpr.value - tpr.low, tnr.value - tnr.low)]
    margins.append(math.hypot(tpr.high - tpr.value, tnr.high - tnr.value))
    low, high = found.value - factor * margins[0], found.value + factor * margins[1]
    if math.isnan(low):
        reason = tpr.reason or tnr.reason
        return replace(found, low=math.nan, high=math.nan, method="", reason=reason)
    if resampled.n_clusters < n_items and not math.isnan(resampled.low):
        low, high = min(low, resampled.low), max(high, resampled.high)
    return replace(found, low=low, high=high, method="square-and-add", reason=None)


def _reason(both: NDArray[np.bool_]) -> Reason:
    return ZERO_DENOMINATOR if both.any() else NO_COMPLETE_PAIRS


def _youden_j(cells: Floats) -> Floats:
    tp, fp, fn, tn = cells.T
    return quotient(tp, tp + fn) + quotient(tn, tn + fp) - 1


def _f1(cells: Floats) -> Floats:
    tp, fp, fn, _ = cells.T
    return quotient(2 * tp, 2 * tp + fp + fn)


def _mcc(cells: Floats) -> Floats:
    tp, fp, fn, tn = cells.T
    return quotient(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))


def _kappa(cells: Floats) -> Floats:
    tp, fp, fn, tn = cells.T
    chance_disagreement = (tp + fn) * (fn + tn) + (tp + fp) * (fp + tn)
    return 1 - quotient((fp + fn) * cells.sum(axis=1), chance_disagreement)


def _ac1(cells: Floats) -> Floats:
    tp, fp, fn, _ = cells.T
    n = cells.sum(axis=1)
    passing = quotient(2 * tp + fp + fn, 2 * n)
    chance = 2 * passing * (1 - passing)
    return quotient(quotient(n - fp - fn, n) - chance, 1 - chance)


_BEYOND_CHANCE = ("mcc", "kappa", "ac1")  # one item says nothing about chance
_FROM_DRAWS = ("f1", "negative_agreement", *_BEYOND_CHANCE, "pass_rate_gap")
_BELOW_ZERO = (*_BEYOND_CHANCE, "youden_j", "pass_rate_gap")
_TABLE_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "agreement": lambda cells: quotient(cells[:, 0] + cells[:, 3], cells.sum(axis=1)),
    "tpr": lambda cells: quotient(cells[:, 0], cells[:, 0] + cells[:, 2]),
    "tnr": lambda cells: quotient(cells[:, 3], cells[:, 3] + cells[:, 1]),
    "precision": lambda cells: quotient(cells[:, 0], cells[:, 0] + cells[:, 1]),
    "npv": lambda cells: quotient(cells[:, 3], cells[:, 3] + cells[:, 2]),
    "balanced_accuracy": lambda cells: (_youden_j(cells) + 1) / 2,
    "youden_j": _youden_j,
    "f1": _f1,
    "negative_agreement": lambda cells: _f1(cells[:, ::-1]),
    "mcc": _mcc,
    "kappa": _kappa,
    "ac1": _ac1,
    "human_pass_rate": lambda cells: quotient(cells[:, 0] + cells[:, 2], cells.sum(axis=1)),
    "judge_pass_rate": lambda cells: quotient(cells[:, 0] + cells[:, 1], cells.sum(axis=1)),
    "pass_rate_gap": lambda cells: quotient(cells[:, 1] - cells[:, 2], cells.sum(axis=1)),
}
