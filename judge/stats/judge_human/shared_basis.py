"""Levels of several raters from one set of resamples, so that their means and differences are paired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from judge.stats.engine.added_items import in_share, is_adjusted
from judge.stats.engine.design_variance import linear
from judge.stats.engine.intervals import Method
from judge.stats.engine.resampling import Replicates, ResampledValues, ResampleOptions, Sampling, replicate
from judge.stats.engine.scale import Floats
from judge.stats.engine.statistic import Statistic, second_side

__all__: list[str] = []

Contrasts: TypeAlias = dict[int, list[tuple[Statistic, Statistic]]]  # per person: (person, judge) levels
ContrastsOf: TypeAlias = Callable[[Sequence[int]], Contrasts]
"""Columns of people -> their contrasts, each with references from these people alone."""


def defined_contrasts(contrasts: Contrasts) -> Contrasts:
    """Return the contrasts of which both levels are defined, for the people who have any."""
    defined = {h: [(a, b) for a, b in p if a.is_defined and b.is_defined] for h, p in contrasts.items()}
    return {h: pairs for h, pairs in defined.items() if pairs}


@dataclass(frozen=True)
class SharedBasis:
    """Replicates of every single level; means and differences are formed replicate by replicate."""

    replicates: Replicates
    key: Mapping[int, str]

    @classmethod
    def of(cls, contrasts: Contrasts, options: ResampleOptions, n_items: int | None = None) -> SharedBasis:
        """Evaluate all levels; a pair that shares some of `n_items` has its share of the added items."""
        every = [contrast for pairs in contrasts.values() for contrast in pairs]
        distinct = {id(s): s for contrast in every for s in contrast}
        judges = {id(model): second_side(model) for _, model in every}
        key = {of: str(i) for i, of in enumerate(distinct)}
        if not all(is_adjusted(s) for s in distinct.values()):
            judges = {of: replace(s, added=None) for of, s in distinct.items()}  # all levels by one method
        # A share would be given no draws, and the difference needs them.
        plain = {
            key[of]: replace(in_share(judges.get(of, s), n_items or s.n_usable), kind="plain", analytic=None)
            for of, s in distinct.items()
        }
        return cls(replicate(plain, **options), key)

    @property
    def is_adjusted(self) -> bool:
        """Whether the jackknife has added items."""
        return "adjusted" in self.replicates.methods.values()

    def holds(self, contrasts: Contrasts) -> bool:
        """Whether every level of the contrasts is among the replicates."""
        return all(id(s) in self.key for pairs in contrasts.values() for pair in pairs for s in pair)

    def levels_of(self, defined: Contrasts, person: int | None, n_items: int, n_ratings: int) -> Replicates:
        """Return the levels of one person, or of all (None); see `levels`."""
        every = [pair for pairs in defined.values() for pair in pairs]
        return self.levels(every if person is None else defined[person], n_items, n_ratings)

    def levels(
        self, contrasts: Sequence[tuple[Statistic, Statistic]], n_items: int, n_ratings: int
    ) -> Replicates:
        """Return the human level, the judge's, and their difference, each a mean over `contrasts`."""
        samples = self.replicates.samples
        human = _mean([samples[self.key[id(person)]] for person, _ in contrasts])
        judge = _mean([samples[self.key[id(model)]] for _, model in contrasts])
        lowest = min(s.minimum for pair in contrasts for s in pair)
        statistics = level_statistics(replace(contrasts[0][0], minimum=lowest), n_items, n_ratings)
        method = next(iter(self.replicates.methods.values()))
        methods: dict[str, Method] = {name: method_for(s.kind, method) for name, s in statistics.items()}
        found = {"human": human, "judge": judge, "difference": _minus(judge, human)}
        return replace(self.replicates, statistics=statistics, samples=found, methods=methods)


def level_statistics(first: Statistic, n_items: int, n_ratings: int) -> dict[str, Statistic]:
    """Return the statistics of the human level, the judge's, and their difference, like the `first` level."""
    one = replace(first, n_items=n_items, n_ratings=n_ratings, analytic=None)
    width = one.possible[1] - one.possible[0]
    gap = replace(one, kind="plain", minimum=-width, maximum=width)
    return {"human": one, "judge": one, "difference": gap}


def sizes_of(humans: Floats, judge: Floats) -> Callable[[Sequence[int]], tuple[int, int]]:
    """Return a function of people: items with the judge, one of them and another person; ratings on them."""
    rated = ~np.isnan(humans)
    per_item = rated.sum(axis=1)
    pairable = ~np.isnan(judge) & (per_item >= 2)

    def of(people: Sequence[int]) -> tuple[int, int]:
        used = pairable & rated[:, people].any(axis=1)
        return int(used.sum()), int(used.sum() + per_item[used].sum())

    return of


def method_for(kind: str, method: Method) -> Method:
    """Return the method of one level: a share always keeps Wilson's interval."""
    return "wilson" if kind == "share" else method


def _mean(samples: Sequence[ResampledValues]) -> ResampledValues:
    weighted = [s.weighted for s in samples if s.weighted]
    sizes = [s.sizes for s in samples if s.sizes is not None]
    centres = [s.centre for s in samples if s.centre is not None]
    return ResampledValues(
        float(np.mean([s.value for s in samples])),
        np.mean([s.jackknife for s in samples], axis=0),
        samples[0].counts,
        np.mean([s.draws for s in samples], axis=0),
        linear([1 / len(weighted)] * len(weighted), weighted) if weighted else None,
        np.mean(sizes, axis=0) if sizes else None,
        float(np.mean(centres)) if centres else None,
    )


def _minus(a: ResampledValues, b: ResampledValues) -> ResampledValues:
    weighted = linear([1, -1], [a.weighted, b.weighted]) if a.weighted and b.weighted else None
    centre = None if a.centre is None or b.centre is None else a.centre - b.centre
    return ResampledValues(
        a.value - b.value, a.jackknife - b.jackknife, a.counts, a.draws - b.draws, weighted, a.sizes, centre
    )


def split_options(sampling: Sampling) -> tuple[ResampleOptions, float]:
    """Return the options of `replicate`, and the level."""
    confidence_level = sampling.get("confidence_level", 0.95)
    if sampling.get("method") == "analytic":
        raise ValueError("method 'analytic' is not available for a ceiling; use 'jackknife' or 'bca'.")
    options: ResampleOptions = {
        "clusters": sampling.get("clusters"),
        "method": sampling.get("method", "auto"),
        "n_resamples": sampling.get("n_resamples", 10_000),
        "rng": sampling.get("rng"),
        "design": sampling.get("design"),
    }
    return options, confidence_level
