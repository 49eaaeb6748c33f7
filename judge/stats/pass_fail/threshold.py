"""Choice of a cut-off for judge scores, with cross-validated error rates."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from judge.stats.engine.checks import between
from judge.stats.engine.columns import as_column, as_groups, as_marks, check_lengths
from judge.stats.engine.frames import Tabular
from judge.stats.engine.resampling import Sampling
from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.weights import cluster_codes, seed_of
from judge.stats.pass_fail.error_rates import PassFail, pass_fail

__all__ = ["ThresholdSweep", "threshold_sweep"]

_MAX_TABLES = 50
Rule = Literal["youden_j", "equal_pass_rates", "tnr"]


@dataclass(frozen=True, slots=True)
class ThresholdSweep(Tabular):
    """Every cut-off of a judge's scores against a person's verdicts; see `threshold_sweep`.

    Attributes
    ----------
    thresholds : tuple of float
        Cut-offs, ascending; a score at or above the cut-off passes. All distinct scores, or 50 of them
        and the chosen one; the choice itself tries all.
    tables : tuple of PassFail
        One per cut-off. They are optimistic for a cut-off that was chosen on them.
    rule : str
        How the cut-off was chosen.
    chosen : float
        The cut-off chosen on all items; NaN if none satisfies the rule.
    cross_validated : PassFail
        What to expect of it: each fold's verdicts use the cut-off chosen on the other folds.
    fold_thresholds : tuple of float
        The cut-offs chosen without each fold; their spread shows how stable the choice is.
    """

    thresholds: tuple[float, ...]
    tables: tuple[PassFail, ...]
    rule: Rule
    chosen: float
    cross_validated: PassFail
    fold_thresholds: tuple[float, ...]

    def _rows(self) -> Iterable[Any]:
        return (
            {"threshold": t} | {f.name: getattr(table, f.name) for f in fields(table)}
            for t, table in zip(self.thresholds, self.tables, strict=True)
        )


def threshold_sweep(
    human: ArrayLike,
    judge_scores: ArrayLike,
    *,
    rule: Rule = "youden_j",
    target: float = 0.9,
    n_folds: int = 5,
    **sampling: Unpack[Sampling],
) -> ThresholdSweep:
    """Try every cut-off of the judge's scores, choose one by a rule, and report the choice cross-validated.

    The human verdict is fixed by policy; only the cut-off of the judge varies. A cut-off chosen
    and assessed on the same items looks better than it is, therefore it is chosen on all folds but one
    and assessed on that one. Folds keep clusters together.

    Do not report the rates in `tables` at the chosen cut-off; report `cross_validated`.

    Parameters
    ----------
    human : array_like, shape (n_items,)
        Pass marks, NaN or None where missing.
    judge_scores : array_like of float, shape (n_items,)
        Higher is better; NaN or None where missing.
    rule : {'youden_j', 'equal_pass_rates', 'tnr'}
        Largest TPR + TNR - 1; judge pass rate closest to the human one; or the lowest cut-off whose TNR
        reaches `target`. Of equally good cut-offs the lowest is taken.
    target : float
        Wanted TNR, used by the rule 'tnr' only.
    n_folds : int
        Number of folds, at least 2; fewer if there are fewer clusters.
    **sampling
        See `Sampling`; ``rng`` also draws the folds.

    Returns
    -------
    ThresholdSweep
        If a fold has no cut-off that satisfies the rule its items count as dropped in `cross_validated`.

    Raises
    ------
    ValueError
        If lengths differ, a mark is neither pass, fail nor missing, or an option is out of bounds.

    References
    ----------
    .. [1] W. J. Youden, "Index for rating diagnostic tests", Cancer 3, 1950.

    Examples
    --------
    >>> human = [1, 1, 1, 1, 0, 0, 0, 0]
    >>> sweep = threshold_sweep(human, [5, 4, 4, 3, 3, 2, 2, 1], n_folds=4, rng=0)
    >>> sweep.thresholds, sweep.chosen
    ((1.0, 2.0, 3.0, 4.0, 5.0), 3.0)
    >>> sweep.tables[2].agreement.value, sweep.cross_validated.agreement.value
    (0.875, 0.75)
    """
    h, scores = as_marks(human, "human"), as_column(judge_scores, "judge_scores")
    check_lengths(human=h, judge_scores=scores, clusters=as_groups(sampling.get("clusters")))
    _check_options(rule, target, n_folds)
    both = ~np.isnan(h) & ~np.isnan(scores)
    seed, generator = seed_of(sampling.get("rng"))
    options: Sampling = {**sampling, "rng": generator if seed is None else seed}
    folds = _folds(cluster_codes(sampling.get("clusters"), h.size), n_folds, generator)
    design = sampling.get("design")
    weights = np.ones(h.size) if design is None else design.weights
    check_lengths(human=h, design=weights)
    fold_thresholds = [
        _choose(h, scores, weights, both & (folds != k), rule, target)
        for k in range(folds.max(initial=-1) + 1)
    ]
    held_out = np.array(fold_thresholds)[folds] if fold_thresholds else np.empty(0)
    chosen = _choose(h, scores, weights, both, rule, target)
    thresholds = _shown(np.unique(scores[both]), chosen)
    return ThresholdSweep(
        tuple(thresholds.tolist()),
        tuple(pass_fail(h, _verdicts(scores, t), **options) for t in thresholds),
        rule,
        chosen,
        pass_fail(h, _verdicts(scores, held_out), **options),
        tuple(fold_thresholds),
    )


def _shown(distinct: Floats, chosen: float) -> Floats:
    """Return the cut-offs that get a table: of continuous scores evenly many, and the chosen one."""
    if distinct.size <= _MAX_TABLES:
        return distinct
    positions = np.linspace(0, distinct.size - 1, _MAX_TABLES).round().astype(int)
    return np.unique(np.append(distinct[positions], [chosen] if np.isfinite(chosen) else []))


def _check_options(rule: str, target: float, n_folds: int) -> None:
    if rule not in get_args(Rule):
        raise ValueError(f"rule must be one of {', '.join(get_args(Rule))}; got {rule!r}.")
    between("target", target, 0, 1, closed=True)
    if n_folds < 2:
        raise ValueError(f"n_folds must be at least 2, got {n_folds}.")


def _folds(codes: Ints, n_folds: int, rng: np.random.Generator) -> Ints:
    """Return the fold of each item; clusters are assigned at random, in equal numbers."""
    n_clusters = int(codes.max(initial=-1)) + 1
    return (rng.permutation(n_clusters) % max(1, min(n_folds, n_clusters)))[codes]


def _verdicts(scores: Floats, threshold: float | Floats) -> Floats:
    """Return pass marks, NaN where there is no score or no cut-off."""
    missing = np.isnan(scores) | np.isnan(threshold)
    return np.where(missing, np.nan, scores >= threshold)


def _choose(
    human: Floats, scores: Floats, weights: Floats, chosen: NDArray[np.bool_], rule: Rule, target: float
) -> float:
    h, s, w = human[chosen], scores[chosen], weights[chosen]
    thresholds, position = np.unique(s, return_inverse=True)
    passes, fails = (np.bincount(position, w * (h == mark), minlength=thresholds.size) for mark in (1, 0))
    if not passes.sum() > 0 or not fails.sum() > 0:
        return math.nan
    # Of each cut-off: what lies at or above it, and what below.
    false_fails, true_fails = (np.cumsum(weight) - weight for weight in (passes, fails))
    tpr, tnr = 1 - false_fails / passes.sum(), true_fails / fails.sum()
    if rule == "tnr":
        reached = np.flatnonzero(tnr >= target - 1e-12)
        return float(thresholds[reached[0]]) if reached.size else math.nan
    gap = abs((fails.sum() - true_fails) - false_fails)
    loss = gap if rule == "equal_pass_rates" else -(tpr + tnr)
    return float(thresholds[np.flatnonzero(loss <= loss.min() + 1e-12)[0]])
