"""Generalizability theory: variance components of scores and the reliability of their means.

Scores are item x judge x sample, samples nested in item and judge. More samples remove sampling noise only;
differences between judges about an item remain, however many samples each gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.checks import at_least
from judge.stats.engine.estimate import (
    NO_VARIATION,
    NOT_APPLICABLE,
    TOO_FEW_ITEMS,
    TOO_FEW_RATERS,
    Estimate,
    Reason,
)
from judge.stats.engine.resampling import Sampling, Statistic
from judge.stats.engine.scale import Floats, as_floats
from judge.stats.engine.statistic import quotient
from judge.stats.judge_human.contrast import evaluate

__all__ = ["DStudyRow", "GStudy", "d_study", "g_study"]

NEGATIVE = "negative_component"


@dataclass(frozen=True, slots=True)
class GStudy:
    """Variance components, in squared scale units.

    Attributes
    ----------
    item : Estimate
        Differences between items: what the scores are for.
    judge : Estimate
        Severity; `not_applicable` with one judge.
    item_judge : Estimate
        What judges see differently in an item; `not_applicable` with one judge or one sample, where it is
        part of `item` or of `sample`.
    sample : Estimate
        Noise between samples; with one sample per judge the residual, which contains `item_judge`.
    """

    item: Estimate
    judge: Estimate
    item_judge: Estimate
    sample: Estimate


@dataclass(frozen=True, slots=True)
class DStudyRow:
    """Coefficients of the mean of k judges with m samples each.

    ``relative`` is for ranking items (severity cancels), ``absolute`` for the scores themselves.
    """

    n_judges: int
    n_samples: float
    relative: Estimate
    absolute: Estimate


def g_study(scores: ArrayLike, **sampling: Unpack[Sampling]) -> GStudy:
    """Variance components by analysis of variance.

    With n items, k judges and m samples: sample = MS_e; item_judge = (MS_ij - MS_e)/m;
    judge = (MS_j - MS_ij)/(n m); item = (MS_i - MS_ij)/(k m). Negative estimates are kept.

    Parameters
    ----------
    scores : array_like of float, shape (n_items, n_judges, n_samples)
        NaN where missing; items with a missing score are left out (`n_dropped`).
    **sampling
        `clusters`, `confidence_level`, `method`, `n_resamples`, `rng`, see `Sampling`.

    Returns
    -------
    GStudy

    References
    ----------
    .. [1] R. L. Brennan, *Generalizability Theory*, 2001.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> item, judge = 2 * rng.normal(size=(300, 1, 1)), rng.normal(size=(1, 4, 1))
    >>> study = g_study(item + judge + rng.normal(size=(300, 4, 3)), method="jackknife")
    >>> round(study.item.value, 1), round(abs(study.item_judge.value), 1), round(study.sample.value, 1)
    (4.0, 0.0, 1.0)
    """
    sums = _Sums.of(scores)
    names = ("item", "judge", "item_judge", "sample")
    found = evaluate({name: sums.statistic(partial(_component, name)) for name in names}, sampling)
    hidden = {"judge": sums.k < 2, "item_judge": sums.k < 2 or sums.m < 2}
    shown = {n: Estimate.undefined(NOT_APPLICABLE) if hidden.get(n) else found[n] for n in names}
    negative = {n: e.with_notes(NEGATIVE) if e.value < 0 else e for n, e in shown.items()}
    return GStudy(negative["item"], negative["judge"], negative["item_judge"], negative["sample"])


def d_study(
    scores: ArrayLike,
    n_judges: Iterable[int] = (1, 2, 3),
    n_samples: Iterable[float] = (1, 2, 3, 5, 10, math.inf),
    **sampling: Unpack[Sampling],
) -> list[DStudyRow]:
    """Reliability of the mean of k judges with m samples each.

    relative = v_i / (v_i + v_ij/k + v_s/(k m)); absolute adds v_j/k to the denominator. As the number of
    samples m grows they tend to v_i / (v_i + v_ij/k) and v_i / (v_i + (v_j + v_ij)/k). Negative components
    count as 0.

    Do not use it to extrapolate from a single judge: `absolute` then lacks the variance between judges.

    Parameters
    ----------
    scores : array_like of float, shape (n_items, n_judges, n_samples)
        As in `g_study`.
    n_judges : iterable of int
        Values of k to show.
    n_samples : iterable of float
        Values of m to show; `math.inf` gives the limit.
    **sampling
        As in `g_study`.

    Returns
    -------
    list of DStudyRow
        For every k and m. With one judge in the data `absolute` is `not_applicable`: severity is unknown.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noisy = rng.normal(size=(500, 1, 1)) + rng.normal(size=(500, 3, 2))
    >>> [round(row.relative.value, 2) for row in d_study(noisy, [1], [1, 2])]
    [0.5, 0.67]
    """
    sums = _Sums.of(scores)
    grid = [(k, m) for k in n_judges for m in n_samples]
    for k, m in grid:
        at_least("n_judges", k, 1)
        at_least("n_samples", m, 1)
    statistics = {}
    for k, m in grid:
        for kind in ("relative", "absolute"):
            statistics[f"{kind} {k} {m}"] = sums.statistic(partial(_dependability, kind, k, m), "coefficient")
    found = evaluate(statistics, sampling)
    absolute = sums.k >= 2
    return [
        DStudyRow(
            k,
            m,
            found[f"relative {k} {m}"],
            found[f"absolute {k} {m}"] if absolute else Estimate.undefined(NOT_APPLICABLE),
        )
        for k, m in grid
    ]


class _Components(NamedTuple):
    item: Floats
    judge: Floats
    item_judge: Floats
    sample: Floats


@dataclass(frozen=True)
class _Sums:
    """Per complete item: 1, the k judge means, the squared item mean, their squares' sum, SS within."""

    table: Floats
    k: int
    m: int
    n_dropped: int

    @classmethod
    def of(cls, scores: ArrayLike) -> _Sums:
        x = as_floats(scores)
        if x.ndim != 3 or 0 in x.shape[1:]:
            raise ValueError(f"scores must have shape (n_items, n_judges, n_samples), got {x.shape}.")
        complete = np.asarray(~np.isnan(x).any(axis=(1, 2)))
        centred = x - (x[complete].mean() if complete.any() else 0.0)
        centred = np.where(complete[:, None, None], centred, 0.0)
        cells = centred.mean(axis=2)
        within = ((centred - cells[:, :, None]) ** 2).sum(axis=(1, 2))
        table = np.column_stack([complete, cells, cells.mean(axis=1) ** 2, (cells**2).sum(axis=1), within])
        dropped = int((~np.isnan(x[~complete])).sum())
        return cls(table.astype(float), x.shape[1], x.shape[2], dropped)

    def statistic(self, function: Callable[[_Components], Floats], kind: str = "plain") -> Statistic:
        n = int(self.table[:, 0].sum())
        reason: Reason | None = TOO_FEW_ITEMS if n < 2 else None
        if reason is None and self.k < 2 and self.m < 2:
            reason = TOO_FEW_RATERS
        return Statistic(
            self.table,
            lambda totals: function(self._components(totals)),
            "coefficient" if kind == "coefficient" else "plain",
            minimum=0.0,  # of a variance and of a reliability; an estimated variance may lie below
            n_items=n,
            n_ratings=n * self.k * self.m,
            n_dropped=self.n_dropped,
            reason=reason,
            undefined=NO_VARIATION,
            weighted=False,
        )

    def _components(self, totals: Floats) -> _Components:
        """Return the components of each row of totals from the mean squares."""
        k, m = self.k, self.m
        n, judge_sums, squared_items, squared_cells, within = (
            totals[:, 0],
            totals[:, 1 : k + 1],
            totals[:, k + 1],
            totals[:, k + 2],
            totals[:, k + 3],
        )
        correction = quotient(judge_sums.sum(axis=1) ** 2, n * k)  # of cell means: N * grand mean^2
        ss_item = k * squared_items - correction
        ss_judge = quotient((judge_sums**2).sum(axis=1), n) - correction
        ss_cell = squared_cells - k * squared_items - ss_judge
        ms_item = quotient(m * ss_item, n - 1)
        nothing = np.zeros(len(totals))
        ms_sample = quotient(within, n * k * (m - 1)) if m > 1 else None
        ms_cell = quotient(m * ss_cell, (n - 1) * (k - 1)) if k > 1 else None
        if ms_cell is None:
            error = nothing if ms_sample is None else ms_sample
            return _Components((ms_item - error) / m, nothing, nothing, error)
        judge = quotient(m * ss_judge / (k - 1) - ms_cell, n * m)
        item = (ms_item - ms_cell) / (k * m)
        if ms_sample is None:
            return _Components(item, judge, nothing, ms_cell)
        return _Components(item, judge, (ms_cell - ms_sample) / m, ms_sample)


def _component(name: str, components: _Components) -> Floats:
    value: Floats = getattr(components, name)
    return value


def _dependability(kind: str, k: int, m: float, components: _Components) -> Floats:
    item, judge, item_judge, sample = (np.maximum(c, 0) for c in components)
    error = item_judge / k + (0.0 if math.isinf(m) else sample / (k * m))
    if kind == "absolute":
        error = error + judge / k
    return quotient(item, item + error)
