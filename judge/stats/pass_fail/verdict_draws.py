"""Draws of the table of verdicts of all answers, given the verdicts on a sample of them.

For each verdict of the judge, the share of human passes is drawn from a Beta distribution. It never
degenerates: where all items agree, the draws still contain the disagreement that they may have missed. Strata
are kept apart where each has 30 labels; smaller ones are put together, their labels weighted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from judge.stats.engine.sampling_design import SamplingDesign, Target, collapse
from judge.stats.engine.scale import Bools, Floats, Ints

__all__: list[str] = []

OWN_RATE_FROM = 30  # labels; with fewer, one rate for several strata covers better


@dataclass(frozen=True)
class VerdictGroups:
    """Answers with one verdict of the judge, in one or several strata.

    Attributes
    ----------
    verdict : ndarray of int, shape (G,)
        1 where the judge passes the answers of the group, else 0.
    size : ndarray, shape (G,)
        Answers in the population.
    labels, passes : ndarray, shape (G,)
        Labelled answers, and human passes among them; effective numbers where weights are unequal.
    """

    verdict: Ints
    size: Floats
    labels: Floats
    passes: Floats

    @classmethod
    def of(cls, verdict: Ints, size: Floats, of_label: Ints, weights: Floats, human: Floats) -> VerdictGroups:
        """Count labels; `of_label` holds the group of each label, `weights` and `human` its values."""
        n = verdict.size
        total, squares, passes = (
            np.bincount(of_label, column, minlength=n).astype(float)
            for column in (weights, weights**2, weights * human)
        )
        labels = np.divide(total**2, squares, out=np.zeros(n), where=total > 0)
        rate = np.divide(passes, total, out=np.zeros(n), where=total > 0)
        return cls(verdict, size, labels, labels * rate)

    def with_both_verdicts(self) -> VerdictGroups:
        """Add an empty group of the verdict that no answer of the sample has, if there is one."""
        if np.unique(self.verdict).size > 1:
            return self
        empty = (np.append(column, 0.0) for column in (self.size, self.labels, self.passes))
        return VerdictGroups(np.append(self.verdict, 1 - self.verdict[0]), *empty)

    def pass_rates(self, n_draws: int, rng: np.random.Generator, *, finite: bool) -> Floats:
        """Return draws of the share of human passes in each group, shape (n_draws, G).

        With `finite` it is the share among exactly these answers, of which the labelled ones are known.
        """
        fails = self.labels - self.passes
        rates: Floats = rng.beta(self.passes + 0.5, fails + 0.5, (n_draws, self.size.size))
        if not finite:
            return rates
        unseen = np.maximum(np.round(self.size - self.labels), 0).astype(np.int64)
        known = self.labels + unseen
        passes = self.passes + rng.binomial(unseen, rates)
        return np.divide(passes, known, out=rates, where=np.broadcast_to(known > 0, rates.shape))


def verdict_groups(judge: Floats, strata: Ints, labelled: Bools) -> tuple[Ints, Ints]:
    """Return the group of each item by verdict and stratum, -1 without a verdict, and the verdicts of groups.

    >>> verdict_groups(np.array([1.0, 1, 0, np.nan]), np.zeros(4, int), np.ones(4, bool))
    (array([ 1,  1,  0, -1]), array([0, 1]))
    """
    codes, verdicts = np.full(judge.size, -1), list[int]()
    for verdict in (0, 1):
        mine = judge == verdict
        present, of_item = np.unique(strata[mine], return_inverse=True)
        group = collapse(np.bincount(of_item[labelled[mine]], minlength=present.size), OWN_RATE_FROM)
        codes[mine] = (group[of_item] + len(verdicts)) if present.size else -1
        verdicts += [verdict] * np.unique(group).size
    return codes, np.array(verdicts, dtype=np.int64)


@dataclass(frozen=True)
class VerdictSample:
    """A sample of verdicts of both, of an unknown table of all answers.

    Attributes
    ----------
    groups : VerdictGroups
        By verdict of the judge.
    n_effective, without : float
        Effective number of items, and share of the answers that lack a verdict.
    mixed : bool
        Whether some stratum has several verdicts, or the sample only one: their shares are then estimated,
        too.
    target : str
        That of the design.
    """

    groups: VerdictGroups
    n_effective: float
    without: float
    mixed: bool
    target: Target

    @classmethod
    def of(cls, cells: Floats, design: SamplingDesign) -> VerdictSample:
        """Read a sample; `cells` holds TP, FP, FN, TN of each item, all 0 where a verdict is missing."""
        strata, population = design.variance_strata
        weights, mine = design.weights[design.sampled], cells[design.sampled]
        seen = np.asarray(mine.any(axis=1))
        judge = np.where(seen, mine[:, 0] + mine[:, 1], np.nan)
        codes, verdicts = verdict_groups(judge, strata, seen)
        answers = weights * population.sum() / weights.sum()
        size = np.bincount(codes[seen], answers[seen], minlength=verdicts.size).astype(float)
        human = (mine[:, 0] + mine[:, 2])[seen]
        kinds = np.unique(np.column_stack([strata, np.nan_to_num(judge, nan=-1.0)]), axis=0)
        groups = VerdictGroups.of(verdicts, size, codes[seen], weights[seen], human).with_both_verdicts()
        return cls(
            groups,
            design.n_effective,
            float(weights[~seen].sum() / weights.sum()),
            len(kinds) > population.size or groups.size.min() == 0,
            design.target,
        )

    def draw(self, n_draws: int, rng: np.random.Generator) -> Floats:
        """Return draws of the numbers of TP, FP, FN and TN among all answers, shape (n_draws, 4)."""
        rates = self.groups.pass_rates(n_draws, rng, finite=self.target == "these answers")
        size = self._sizes(n_draws, rng)
        passed = self.groups.verdict == 1
        passes, fails = size * rates, size * (1 - rates)
        columns = [passes[:, passed], fails[:, passed], passes[:, ~passed], fails[:, ~passed]]
        return np.stack([column.sum(axis=1) for column in columns], axis=1)

    def _sizes(self, n_draws: int, rng: np.random.Generator) -> Floats:
        """Return draws of the number of answers in each group."""
        size, population = self.groups.size, self.groups.size.sum() / (1 - self.without)
        if not self.mixed:
            fixed = np.broadcast_to(size, (n_draws, size.size))
            return rng.gamma(size, size=fixed.shape) if self.target == "answers like these" else fixed
        shares = np.append(size / population, max(self.without, 1e-12))
        unseen = np.append(np.where(size > 0, 0.0, 0.5), 0.0)  # half an answer: a sample may miss a verdict
        drawn = rng.gamma(self.n_effective * shares + unseen + 1e-12, size=(n_draws, shares.size))
        drawn /= drawn.sum(axis=1, keepdims=True)
        if self.target == "these answers":  # the sampled ones are known
            known = min(self.n_effective / population, 1.0)
            drawn = known * shares + (1 - known) * drawn
        found: Floats = population * drawn[:, :-1]
        return found
