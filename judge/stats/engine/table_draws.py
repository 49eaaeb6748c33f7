"""Intervals of statistics of a table of counts, from draws of the table.

The table of all items is unknown. Given the counts of the sample, with an item or two added to the cells,
it has a Dirichlet distribution; quantiles of the statistic over draws of it are the limits. A bootstrap
never draws what the sample does not contain (a first error, a first fail), so that its intervals are far too
short where a category is rare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from judge.stats.engine import degrees_of_freedom, limits
from judge.stats.engine.estimate import UNDEFINED_RESAMPLES, Estimate
from judge.stats.engine.intervals import ResampledValues
from judge.stats.engine.resampling import Sampling, replicate
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Function, Statistic
from judge.stats.engine.weights import seed_of

__all__: list[str] = []


def drawn_intervals(
    found: Mapping[str, Estimate],
    statistics: Mapping[str, Statistic],
    functions: Mapping[str, Function],
    counts: Floats,
    sampling: Sampling,
) -> dict[str, Estimate]:
    """Return the estimates with intervals from draws; undefined ones, and those of one cluster, as they are.

    Parameters
    ----------
    found, statistics : mapping
        Estimates by the jackknife, and what they were made from.
    functions : mapping
        The statistics as functions of tables: (R, cells) counts -> (R,) values.
    counts : ndarray, shape (cells,)
        The counts, with what is added to each cell.
    sampling : Sampling
        Its options. Clusters widen the interval by their effect on the standard error, and Student's quantile
        replaces the normal one.

    References
    ----------
    .. [1] A. Agresti, B. A. Coull, "Approximate is better than 'exact' for interval estimation of binomial
       proportions", The American Statistician 52, 1998 (why to add items).
    .. [2] A. Gelman et al., Bayesian Data Analysis, 3rd ed., 2013, section 3.4 (Dirichlet distribution).
    """
    drawable = [name for name, one in found.items() if one.defined and one.n_clusters > 1]
    if not drawable:
        return dict(found)
    n_draws, (seed, generator) = sampling.get("n_resamples", 10_000), seed_of(sampling.get("rng"))
    widening = _widening({name: statistics[name] for name in drawable}, sampling)
    tables = generator.standard_gamma(counts, size=(n_draws, counts.size))
    drawn = dict(found)
    for name in drawable:
        one = found[name]
        low, high = widened_limits(functions[name](tables), one.value, widening[name], one.confidence_level)
        notes = tuple(note for note in one.notes if not note.startswith(UNDEFINED_RESAMPLES))
        one = replace(one, low=low, high=high, method="dirichlet-draws", reason=None, notes=notes)
        drawn[name] = replace(one, n_resamples=n_draws, seed=seed)
    return drawn


def widened_limits(draws: Floats, value: float, widening: float, confidence_level: float) -> limits.Limits:
    """Return the quantiles of the draws, moved away from the value; they never exclude it."""
    low, high = limits.percentile_limits(draws[np.isfinite(draws)], confidence_level)
    return value - widening * max(0.0, value - low), value + widening * max(0.0, high - value)


def _widening(statistics: Mapping[str, Statistic], sampling: Sampling) -> dict[str, float]:
    """Return by how much intervals of independent items have to be widened."""
    groups, p = sampling.get("clusters"), (1 + sampling.get("confidence_level", 0.95)) / 2
    df = {name: max(statistic.n_usable - 1.0, 1.0) for name, statistic in statistics.items()}
    effect = dict.fromkeys(statistics, 1.0)
    if groups is not None:
        alone = replicate(statistics, method="jackknife").samples
        for name, sample in replicate(statistics, clusters=groups, method="jackknife").samples.items():
            if sample.sizes is not None:
                df[name] = degrees_of_freedom.from_sizes(sample.sizes, sample.counts)
                effect[name] = _cluster_effect(sample, alone[name].se)
    z = limits.normal_quantile(p)
    return {name: effect[name] * limits.t_quantile(p, df[name]) / z for name in statistics}


def _cluster_effect(sample: ResampledValues, of_items: float) -> float:
    """Return the ratio of the standard errors; where one of them is 0, each cluster counts as one item."""
    comparable = sample.se > 0 and of_items > 0
    return max(1.0, sample.se / of_items) if comparable else sample.items_per_cluster
