"""How the rated items were drawn from all answers: inclusion probabilities, strata and population sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.columns import as_column
from judge.stats.engine.scale import Bools, Floats, Ints, as_objects, is_missing

__all__ = ["SamplingDesign"]

DesignName = Literal["stratified", "poisson"]
Target = Literal["these answers", "answers like these", "given mix"]

# Notes of estimates.
TARGET = "target"
KISH = "effective_sample_size"
COLLAPSED_STRATA = "collapsed_strata"
INCOMPLETE_STRATA = "incomplete_strata"
NO_STRATA = "no_strata"

_ROUNDING = 1e-6  # probabilities read from a file are often rounded


class UnequalProbabilitiesError(ValueError):
    """Items of one stratum have different probabilities although a fixed number was drawn."""

    def __init__(self, problem: str) -> None:
        advice = "give finer strata, or name='poisson' if each item was drawn on its own."
        super().__init__(f"{problem}; {advice}")
        self.problem = problem


@dataclass(frozen=True, eq=False)
class SamplingDesign:
    """The design by which items were drawn for rating; pass it to a statistic as ``design=``.

    Estimates then weight every item by 1 / probability, normalised to the number of items (Hájek). The
    standard error is a jackknife within strata (Rust & Rao); for the target "answers like these" it also
    contains the error of the answers themselves as a sample (two-phase sampling, Särndal et al., ch. 9). An
    item whose probability is missing is not in the sample; if it has ratings that a statistic uses, that
    statistic is undefined (`unknown_probability`): its weight would be a guess.

    Do not use it for items that somebody picked by hand. They have no inclusion probability.

    Parameters
    ----------
    probabilities : array_like of float, shape (n_items,)
        Inclusion probability of each item, above 0 and at most 1; None or NaN where it is unknown or the item
        was not drawn.
    strata : array_like, shape (n_items,), optional
        Stratum within which the item was drawn at random, such as the judge's verdict. Strata with fewer
        than two items are collapsed with the next in sorted order (note ``collapsed_strata``). Without strata
        the items count as drawn independently of each other (note ``no_strata``): the standard error is then
        too large where the strata differ.
    population_sizes : mapping of stratum to int, optional
        Number of answers in each stratum. Where fewer items have been rated than were drawn, it keeps the
        weight of the stratum (note ``incomplete_strata``). Default: items / probability.
    name : {'stratified', 'poisson'}
        'poisson': each item was drawn independently with its own probability; probabilities may differ.
    target : {'answers like these', 'these answers', 'given mix'}
        What the interval refers to: the process that gave these answers; exactly these answers (with
        finite-population correction); or answers with the given shares of strata, see `to_mix`.

    Raises
    ------
    ValueError
        If a length differs, a probability is not in (0, 1], probabilities differ within a stratum that is
        not Poisson, a stratum is missing or has more items than its population.

    References
    ----------
    .. [1] J. Hájek, comment on "An essay on the logical foundations of survey sampling", 1971.
    .. [2] C.-E. Särndal, B. Swensson, J. Wretman, "Model Assisted Survey Sampling", 1992, chapter 9.
    .. [3] K. F. Rust, J. N. K. Rao, "Variance estimation for complex surveys using replication techniques",
       Statistical Methods in Medical Research 5, 1996.
    .. [4] L. Kish, "Survey Sampling", 1965.

    Examples
    --------
    Of 90 passes and 10 fails of a judge two each were rated.

    >>> design = SamplingDesign([2 / 90, 2 / 90, 0.2, 0.2], ["pass", "pass", "fail", "fail"])
    >>> design.weights.round(2).tolist(), round(design.n_effective, 2)
    ([1.8, 1.8, 0.2, 0.2], 2.44)
    >>> from judge.stats import percent_agreement
    >>> round(percent_agreement([1, 1, 1, 0], [1, 1, 0, 0], design=design).value, 3)
    0.95
    """

    probabilities: ArrayLike
    strata: ArrayLike | None = None
    population_sizes: Mapping[Any, float] | None = None
    name: DesignName = "stratified"
    target: Target = "answers like these"

    def __post_init__(self) -> None:
        _one_of("name", self.name, get_args(DesignName))
        _one_of("target", self.target, get_args(Target))
        p = as_column(self.probabilities, "probabilities")
        off = ~np.isnan(p) & ~((p > 0) & (p <= 1))
        if off.any():
            first = int(np.argmax(off))
            raise ValueError(f"probabilities[{first}] must lie in (0, 1], got {p[first]:g}.")
        if self.population_sizes is not None and (self.strata is None or self.name == "poisson"):
            raise ValueError("population_sizes are those of strata within which items were drawn at random.")
        object.__setattr__(self, "probabilities", p)
        _ = self.weights  # an impossible design is refused here, not by the first statistic that uses it

    @classmethod
    def to_mix(cls, strata: ArrayLike, shares: Mapping[Any, float]) -> SamplingDesign:
        """Return the design that weights strata to given shares (post-stratification).

        Use it for another mix of items than the rated one, such as that of production. Within a stratum the
        rated items must be like those of the target.

        Parameters
        ----------
        strata : array_like, shape (n_items,)
            Stratum of each item; None or NaN for an item that is not in the sample.
        shares : mapping of stratum to float
            Share of each stratum, above 0; they add up to 1.

        Raises
        ------
        ValueError
            If shares do not add up to 1, or strata and shares do not name the same strata.

        Examples
        --------
        >>> design = SamplingDesign.to_mix(["easy", "easy", "easy", "hard"], {"easy": 0.5, "hard": 0.5})
        >>> design.weights.round(3)
        array([0.667, 0.667, 0.667, 2.   ])
        """
        labels = as_objects(strata)
        present = labels[~is_missing(labels)].tolist()
        if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values(), default=0.0) <= 0:
            raise ValueError(f"shares must be above 0 and add up to 1, got {dict(shares)}.")
        apart = set(present) ^ set(shares)
        if apart:
            raise ValueError(
                "strata and shares must name the same strata; only one of them has "
                f"{', '.join(sorted(map(repr, apart)))}."
            )
        ratio = {label: present.count(label) / share for label, share in shares.items()}
        most = max(ratio.values())  # of any population with this mix only the relative probabilities matter
        p = [
            math.nan if gone else ratio[label] / most
            for label, gone in zip(labels, is_missing(labels), strict=True)
        ]
        return cls(p, strata, target="given mix")

    def __len__(self) -> int:
        return len(self._p)

    def take(self, mask: ArrayLike) -> SamplingDesign | None:
        """Return the design of some of the items, a domain of the sample; None if none of them was drawn."""
        kept = np.asarray(mask, dtype=bool)
        if np.isnan(self._p[kept]).all():
            return None
        strata = None if self.strata is None else as_objects(self.strata)[kept]
        return replace(self, probabilities=self._p[kept], strata=strata, population_sizes=None)

    @property
    def _p(self) -> Floats:
        return np.asarray(self.probabilities, dtype=float)

    @cached_property
    def sampled(self) -> Bools:
        """Which items are in the sample: those with a known probability."""
        known: Bools = ~np.isnan(self._p)
        return known

    @cached_property
    def n_sampled(self) -> int:
        """Number of items in the sample."""
        return int(self.sampled.sum())

    @cached_property
    def _drawn(self) -> tuple[list[Any], Ints, Floats]:
        """Return labels of the strata as drawn, the stratum of each sampled item, and population sizes."""
        p = self._p[self.sampled]
        if self.strata is None:
            return [""], np.zeros(p.size, dtype=np.int64), np.array([(1 / p).sum()])
        labels = as_objects(self.strata)
        if labels.shape != self._p.shape:
            raise ValueError(f"strata must hold one label per item, {self._p.shape}; got {labels.shape}.")
        missing = self.sampled & is_missing(labels)
        if missing.any():
            raise ValueError(f"strata[{int(np.argmax(missing))}] is missing, but the item has a probability.")
        of_item = labels[self.sampled].tolist()
        names = sorted(set(of_item), key=lambda label: (isinstance(label, str), label))
        position = {label: h for h, label in enumerate(names)}
        codes = np.array([position[label] for label in of_item], dtype=np.int64)
        return names, codes, self._sizes(names, codes)

    def _sizes(self, names: list[Any], codes: Ints) -> Floats:
        p = self._p[self.sampled]
        sizes = np.bincount(codes, weights=1 / p, minlength=len(names)).astype(float)
        for h, label in enumerate(names):
            within = p[codes == h]
            if self.name == "stratified" and np.ptp(within) > _ROUNDING * within.max():
                raise UnequalProbabilitiesError(
                    f"probabilities differ within stratum {label!r} ({within.min():g} to {within.max():g})"
                )
            if self.population_sizes is not None:
                sizes[h] = self.population_sizes.get(label, math.nan)
                if not sizes[h] >= within.size:
                    raise ValueError(
                        f"population_sizes must hold at least {within.size} for stratum {label!r}, the items "
                        f"in the sample; got {sizes[h]:g}."
                    )
                drawn = sizes[h] * within.mean()
                if within.size > drawn * (1 + _ROUNDING) + 0.5:
                    raise ValueError(
                        f"stratum {label!r} has {within.size} items in the sample, but a probability of "
                        f"{within.mean():g} of {sizes[h]:g} answers means that {drawn:g} were drawn."
                    )
        return sizes

    @cached_property
    def weights(self) -> Floats:
        """Weight of each item: 1 / probability, with mean 1 over the sample; 0 outside it."""
        _, codes, sizes = self._drawn
        inverse = 1 / self._p[self.sampled]
        if self.population_sizes is not None:
            inverse *= (sizes / np.bincount(codes, weights=inverse, minlength=sizes.size))[codes]
        weights = np.zeros(len(self))
        weights[self.sampled] = inverse / inverse.mean() if inverse.size else inverse
        return weights

    @property
    def population(self) -> float:
        """Number of answers that the sample was drawn from (estimated, if it is not given)."""
        return float(self._drawn[2].sum())

    @property
    def census(self) -> bool:
        """Whether the target is exactly these answers and all of them have been rated."""
        return self.target == "these answers" and bool((self.sampled_fraction >= 1).all())

    @property
    def n_effective(self) -> float:
        """Kish's effective sample size, (sum of weights)^2 / sum of squared weights."""
        squares = float(self.weights @ self.weights)
        return float(self.weights.sum() ** 2 / squares) if squares > 0 else 0.0

    @cached_property
    def variance_strata(self) -> tuple[Ints, Floats]:
        """Return the stratum of each sampled item after collapsing, and the population size of each."""
        _, codes, sizes = self._drawn
        if self.name == "poisson":
            return np.zeros_like(codes), np.array([sizes.sum()])
        group = collapse(np.bincount(codes, minlength=sizes.size))
        return group[codes], np.bincount(group, weights=sizes).astype(float)

    @property
    def sampled_fraction(self) -> Floats:
        """Share of the population that each sampled item's draw covers: its probability, as rated."""
        weights = self.weights[self.sampled]
        fraction: Floats = np.minimum(weights.sum() / (weights * self.population), 1.0)
        return fraction

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Notes that every weighted estimate carries."""
        names, codes, sizes = self._drawn
        found = [f"{TARGET}: {self.target}", f"{KISH}: {self.n_effective:.1f}"]
        if self.strata is None or self.name == "poisson":
            return (*found, NO_STRATA)
        group = collapse(np.bincount(codes, minlength=sizes.size))
        together = [[str(names[h]) for h in np.flatnonzero(group == g)] for g in np.unique(group)]
        collapsed = ", ".join(" + ".join(labels) for labels in together if len(labels) > 1)
        drawn = sizes * np.bincount(codes, weights=self._p[self.sampled]) / np.bincount(codes)
        rated = np.bincount(codes)
        incomplete = ", ".join(str(n) for n, d, r in zip(names, drawn, rated, strict=True) if r < d - 0.5)
        found += [f"{COLLAPSED_STRATA}: {collapsed}"] * bool(collapsed)
        found += [f"{INCOMPLETE_STRATA}: {incomplete}"] * bool(incomplete)
        return tuple(found)


def collapse(counts: Ints, least: int = 2) -> Ints:
    """Return a group for each stratum; one with fewer than `least` items joins the next, or previous.

    >>> collapse(np.array([5, 1, 7, 2, 1]))
    array([0, 1, 1, 2, 2])
    """
    group, code, gathered = np.zeros(len(counts), dtype=np.int64), 0, 0
    for stratum, n in enumerate(counts):
        group[stratum] = code
        gathered += n
        if gathered >= least and counts[stratum + 1 :].sum() >= least:
            code, gathered = code + 1, 0
    return group


def refuse_design(function: str, sampling: Mapping[str, Any]) -> None:
    """Refuse a design for a function whose result cannot be weighted, by the name of the function."""
    if sampling.get("design") is not None:
        raise ValueError(
            f"{function} has no weighted form: call it without design=; its result is then unweighted."
        )


def _one_of(parameter: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{parameter} must be {' or '.join(map(repr, allowed))}; got {value!r}.")
