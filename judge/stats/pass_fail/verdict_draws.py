"""Draws of the table of verdicts of all answers, given the verdicts on a sample of them.

Within each stratum and verdict of the judge the share of human passes is drawn from a Beta distribution. It
never degenerates: where all items of a stratum agree, the draws still contain the disagreement that they may
have missed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Floats, Ints

__all__: list[str] = []


@dataclass(frozen=True)
class VerdictGroups:
    """Answers with one verdict of the judge in one stratum.

    Attributes
    ----------
    verdict : ndarray of bool, shape (G,)
        Whether the judge passes the answers of the group.
    size : ndarray, shape (G,)
        Answers in the population.
    labels, passes : ndarray, shape (G,)
        Labelled answers, and human passes among them; effective numbers where weights are unequal.
    """

    verdict: Ints
    size: Floats
    labels: Floats
    passes: Floats

    def pass_rates(self, n_draws: int, rng: np.random.Generator, *, finite: bool) -> Floats:
        """Return draws of the share of human passes in each group, shape (n_draws, G).

        With `finite` it is the share among exactly these answers, of which the labelled ones are known.
        """
        prior = np.full(self.size.size, 0.5)
        for verdict in np.unique(self.verdict):
            same = self.verdict == verdict
            if (
                same.sum() > 1
            ):  # one item's worth of the other groups, lest a prior per group outweighs the labels
                prior[same] = (self.passes[same].sum() + 0.5) / (self.labels[same].sum() + 1)
        rates = rng.beta(self.passes + prior, self.labels - self.passes + 1 - prior, (n_draws, prior.size))
        if finite:
            unseen = np.maximum(np.round(self.size - self.labels), 0).astype(np.int64)
            rates = (self.passes + rng.binomial(unseen, rates)) / (self.labels + unseen)
        return np.asarray(rates)


@dataclass(frozen=True)
class VerdictSample:
    """A sample of verdicts by group.

    Attributes
    ----------
    groups : VerdictGroups
        Groups of judge verdict and stratum that occur in the sample.
    stratum : ndarray, shape (G,)
        Stratum of each group.
    n_items, n_without : ndarray
        Items of the sample in each group, and items of each stratum that lack a verdict.
    population : ndarray, shape (H,)
        Answers in each stratum.
    """

    groups: VerdictGroups
    stratum: Ints
    n_items: Floats
    n_without: Floats
    population: Floats
    finite: bool

    @classmethod
    def of(cls, cells: Floats, design: SamplingDesign) -> VerdictSample:
        """Group a sample; `cells` holds TP, FP, FN, TN of each item, all 0 where a verdict is missing."""
        strata, population = design.variance_strata
        weights, mine = design.weights[design.sampled], cells[design.sampled]
        seen = mine.any(axis=1)
        group, member = np.unique((2 * strata + mine[:, :2].any(axis=1))[seen], return_inverse=True)

        def total(values: Floats) -> Floats:
            return np.bincount(member, values[seen], minlength=group.size).astype(float)

        weight = total(weights)
        effective = weight**2 / total(weights**2)
        passes = effective * total(weights * (mine[:, 0] + mine[:, 2])) / weight
        of_stratum = np.bincount(strata, weights, minlength=population.size)
        size = population[group // 2] * weight / of_stratum[group // 2]
        return cls(
            VerdictGroups(group % 2, size, effective, passes),
            group // 2,
            total(np.ones(weights.size)),
            np.bincount(strata, ~seen, minlength=population.size).astype(float),
            population,
            design.target == "these answers",
        )

    def draw(self, n_draws: int, rng: np.random.Generator) -> Floats:
        """Return draws of the numbers of TP, FP, FN and TN among all answers, shape (n_draws, 4)."""
        rates = self.groups.pass_rates(n_draws, rng, finite=self.finite)
        size = self._sizes(n_draws, rng)
        passed = self.groups.verdict == 1
        passes, fails = size * rates, size * (1 - rates)
        columns = [passes[:, passed], fails[:, passed], passes[:, ~passed], fails[:, ~passed]]
        return np.stack([column.sum(axis=1) for column in columns], axis=1)

    def _sizes(self, n_draws: int, rng: np.random.Generator) -> Floats:
        """Return draws of the number of answers in each group."""
        if self.finite:
            population = np.broadcast_to(self.population, (n_draws, self.population.size))
        else:
            population = rng.gamma(self.population, size=(n_draws, self.population.size))
        mixed = (np.bincount(self.stratum, minlength=self.population.size) > 1) | (self.n_without > 0)
        if not mixed.any():  # the strata are (finer than) the verdicts of the judge
            return population[:, self.stratum]
        with_verdict = rng.gamma(self.n_items + 0.5, size=(n_draws, self.n_items.size))
        without = np.zeros((n_draws, self.population.size))
        some = self.n_without > 0
        without[:, some] = rng.gamma(self.n_without[some], size=(n_draws, int(some.sum())))
        of_stratum = np.stack(
            [with_verdict[:, self.stratum == h].sum(axis=1) for h in range(self.population.size)], axis=1
        )
        share = with_verdict / (of_stratum + without)[:, self.stratum]
        if self.finite:
            n_in = self.n_without + np.bincount(self.stratum, self.n_items, minlength=self.population.size)
            unseen = (self.population - n_in)[self.stratum]
            return self.n_items + np.maximum(unseen, 0) * share
        return population[:, self.stratum] * share
