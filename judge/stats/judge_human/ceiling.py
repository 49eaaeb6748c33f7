"""Human ceiling: how well people agree with each other, and the judge against the same references.

People are the ceiling: a judge need not agree with people better than they do with each other. Judge and
person are always compared with the same reference on the same items; comparing the judge with all people
and each person with the rest would favour the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import combinations
from typing import Any, TypeAlias, Unpack

import numpy as np
from numpy.typing import ArrayLike

from judge.stats.engine.estimate import NO_PAIRABLE_ITEMS, NO_RATINGS, TOO_FEW_RATERS, Estimate
from judge.stats.engine.frames import Tabular
from judge.stats.engine.resampling import Replicates, Sampling, replicate
from judge.stats.engine.scale import Bools, Floats
from judge.stats.engine.statistic import Statistic
from judge.stats.engine.table import ScaleLike
from judge.stats.judge_human.all_pairs import (
    StackedContrasts,
    are_many,
    stacked_pairs,
    stacked_people,
)
from judge.stats.judge_human.consensus import Consensus, consensus, humans_and_judge
from judge.stats.judge_human.packed import is_exchangeable, packed
from judge.stats.judge_human.rater_variance import jackknife_of_raters
from judge.stats.judge_human.shared_basis import (
    Contrasts,
    ContrastsOf,
    SharedBasis,
    defined_contrasts,
    method_for,
    sizes_of,
    split_options,
)

__all__ = ["Ceiling", "HumanLevel", "leave_one_out", "pairwise_ceiling", "swap"]

NOT_ABOVE_CHANCE = "people_not_above_chance"
Agreement: TypeAlias = Callable[[Floats, Floats], Statistic]
Coefficient: TypeAlias = Callable[[Floats], Statistic]
Stack: TypeAlias = Callable[[ArrayLike | None], StackedContrasts]
LevelsOf: TypeAlias = Callable[[int | None, int, int], Replicates]
Sizes: TypeAlias = Callable[[Sequence[int]], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class HumanLevel:
    """One person and the judge against the same reference.

    Attributes
    ----------
    human : int
        Column in `humans`.
    agreement, judge, difference : Estimate
        Agreement of this person, of the judge, and judge minus person.
    """

    human: int
    agreement: Estimate
    judge: Estimate
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Ceiling(Tabular):
    """Human and judge level of one agreement statistic.

    Attributes
    ----------
    human : Estimate
        Mean level of people: the ceiling. Undefined (`too_few_raters`) with one person.
    judge : Estimate
        Mean level of the judge against the same references; with one person, against that person.
    difference : Estimate
        Judge minus human, paired over the same resampled items. Its interval is about items like these,
        rated by these people; see `non_inferiority` for people like these. The note
        ``people_not_above_chance`` on all three says that a chance-corrected or correlation ceiling may be 0.
    undefined_humans : tuple of int
        People without a defined level; they are left out of the means.
    """

    human: Estimate
    judge: Estimate
    difference: Estimate
    levels_of_humans: Callable[[], tuple[HumanLevel, ...]] = field(default=tuple, repr=False, compare=False)
    undefined_humans: tuple[int, ...] = ()
    replicates: Replicates | None = field(default=None, repr=False, compare=False)
    jackknife_of_raters: Callable[[], tuple[float, int]] = field(
        default=lambda: (0.0, 0), repr=False, compare=False
    )

    @property
    def per_human(self) -> tuple[HumanLevel, ...]:
        """One row per person with a defined level (for pairs: per person, over that person's pairs)."""
        return self.levels_of_humans()

    def _rows(self) -> Iterable[Any]:
        return self.per_human

    def difference_at(self, confidence_level: float) -> Estimate:
        """Return the difference with its interval at another level, from the same resamples."""
        if self.replicates is None:
            return replace(self.difference, confidence_level=confidence_level)
        return self.replicates.estimate("difference", confidence_level)


def leave_one_out(
    humans: ArrayLike,
    judge: ArrayLike,
    agreement: Agreement,
    *,
    reference: Consensus = "mean",
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> Ceiling:
    """Human ceiling by leaving one person out, and the judge against the same references.

    For person h let c_h(i) be the consensus of the other people on item i. On the items with h, the judge and
    at least one other person, A_h = A(c_h, x_h) is that person's level and J_h = A(c_h, judge) the judge's.
    Reported are the means over people and mean(J_h - A_h).

    Do not compare the judge with the consensus of all people instead: that consensus is less noisy than
    the one a single person is measured against, which favours the judge.

    Parameters
    ----------
    humans : array_like of float, shape (n_items, n_humans)
        People's ratings, NaN where missing.
    judge : array_like of float, shape (n_items,)
        The judge's ratings, NaN where missing.
    agreement : callable (human, judge) -> Statistic
        A builder such as `agreement_statistic`, or a `functools.partial` of one; larger must be
        better, see `negated`. It must accept the values of the consensus.
    reference : {'mean', 'median', 'majority', 'majority_low', 'majority_high'}
        Consensus of the other people, see `consensus`. Labels need a majority.
    scale : Scale or sequence, optional
        The declared scale; labels need it.
    **sampling
        See `Sampling`. The default method is the jackknife, for kappas of up to 500 items and twelve people
        with two items added ('adjusted'); neither is random.

    Returns
    -------
    Ceiling

    Examples
    --------
    >>> from judge.stats.judge_human.ceiling import leave_one_out
    >>> from judge.stats.coefficients.correlation import pearson_statistic
    >>> humans = [[1, 2, 1], [3, 3, 4], [5, 4, 5], [2, 2, 1], [4, 5, 4], [3, 2, 3]]
    >>> ceiling = leave_one_out(humans, [1, 3, 5, 2, 5, 3], pearson_statistic)
    >>> round(ceiling.human.value, 2), round(ceiling.judge.value, 2), round(ceiling.difference.value, 2)
    (0.87, 0.96, 0.09)
    """
    of_humans, of_judge = humans_and_judge(humans, judge, scale)
    if of_humans.shape[1] < 2:
        return _without_ceiling(of_humans, of_judge, agreement, sampling)

    def contrasts(people: Sequence[int]) -> Contrasts:
        found: Contrasts = {}
        for h in people:
            others = consensus(of_humans[:, [g for g in people if g != h]], reference)
            person, model, others = _on_shared_items(of_humans[:, h], of_judge, others)
            found[h] = [(agreement(others, person), agreement(others, model))]
        return found

    stack = partial(stacked_people, of_humans, of_judge, agreement, reference)
    return _compare(contrasts, of_humans, of_judge, sampling, stack)


def pairwise_ceiling(
    humans: ArrayLike,
    judge: ArrayLike,
    agreement: Agreement,
    *,
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> Ceiling:
    """Human ceiling as the mean over pairs of people, and the judge's mean over pairs with a person.

    No consensus is formed, so it works for two people and for labels. Person h's level is the mean of
    A(x_g, x_h) over the others g, the judge's that of A(x_g, judge) over the same g, on the items with all
    three. The overall levels weight all defined pairs equally.

    Parameters
    ----------
    humans, judge, agreement, scale, **sampling
        As in `leave_one_out`.

    Returns
    -------
    Ceiling

    Examples
    --------
    >>> from judge.stats.coefficients.correlation import pearson_statistic
    >>> humans = [[1, 2], [3, 3], [5, 4], [2, 2], [4, 5], [3, 2]]
    >>> ceiling = pairwise_ceiling(humans, [1, 3, 5, 2, 5, 3], pearson_statistic)
    >>> round(ceiling.human.value, 2), round(ceiling.judge.value, 2)
    (0.78, 0.93)
    """
    of_humans, of_judge = humans_and_judge(humans, judge, scale)
    if of_humans.shape[1] < 2:
        return _without_ceiling(of_humans, of_judge, agreement, sampling)
    with_judge: dict[tuple[int, bytes], Statistic] = {}

    def judged(person: int, ratings: Floats, model: Floats) -> Statistic:
        shared = np.isnan(model).tobytes()  # without missing ratings, the same for all pairs
        if (person, shared) not in with_judge:
            with_judge[person, shared] = agreement(ratings, model)
        return with_judge[person, shared]

    @cache
    def pair(h: int, g: int) -> tuple[Statistic, Statistic, Statistic]:
        first, second, model = _on_shared_items(of_humans[:, h], of_humans[:, g], of_judge)
        return agreement(first, second), judged(g, second, model), judged(h, first, model)

    def contrasts(people: Sequence[int]) -> Contrasts:
        found: Contrasts = {h: [] for h in people}
        for h, g in combinations(people, 2):
            of_pair, with_second, with_first = pair(h, g)
            found[h].append((of_pair, with_second))
            found[g].append((of_pair, with_first))
        return found

    stack = partial(stacked_pairs, of_humans, of_judge, agreement)
    return _compare(contrasts, of_humans, of_judge, sampling, stack, of_pairs=True)


def swap(
    humans: ArrayLike,
    judge: ArrayLike,
    coefficient: Coefficient,
    *,
    scale: ScaleLike = None,
    **sampling: Unpack[Sampling],
) -> Ceiling:
    """Agreement of the group when the judge takes one person's place, minus that of the people.

    For alpha: alpha of the people with person h replaced by the judge, minus alpha of the people, averaged
    over h. The judge rates only the items that h rated, and both alphas use the items where h, if
    it rated the item, and the judge are both present.

    Do not use it for a coefficient of two raters (`pairwise_ceiling`).

    Parameters
    ----------
    humans, judge, scale, **sampling
        As in `leave_one_out`.
    coefficient : callable (ratings) -> Statistic
        A builder for many raters such as `alpha_statistic`; larger must be better.

    Returns
    -------
    Ceiling
        ``per_human`` holds the level of the people and with the judge in h's place.

    Examples
    --------
    >>> from judge.stats.coefficients.icc import icc_statistic
    >>> humans = [[1, 2, 1], [3, 3, 4], [5, 4, 5], [2, 2, 1], [4, 5, 4], [3, 2, 3]]
    >>> round(swap(humans, [1, 3, 5, 2, 5, 3], icc_statistic).difference.value, 2)
    0.05
    """
    of_humans, of_judge = humans_and_judge(humans, judge, scale)
    if of_humans.shape[1] < 2:
        undefined = Estimate.undefined(TOO_FEW_RATERS)
        return Ceiling(undefined, undefined, undefined)

    def contrasts(people: Sequence[int]) -> Contrasts:
        found: Contrasts = {}
        ratings, place = of_humans[:, list(people)], np.tile(np.arange(len(people)), (len(of_humans), 1))
        if is_exchangeable(coefficient):
            ratings, place = packed(ratings)
        of_kept = cache(lambda unjudged: coefficient(_without(ratings, np.frombuffer(unjudged, dtype=bool))))
        for column, h in enumerate(people):
            rated = ~np.isnan(of_humans[:, h])
            unjudged = rated & np.isnan(of_judge)
            replaced = _without(ratings, unjudged)
            rated &= ~unjudged
            replaced[rated, place[rated, column]] = of_judge[rated]
            found[h] = [(of_kept(unjudged.tobytes()), coefficient(replaced))]
        return found

    return _compare(contrasts, of_humans, of_judge, sampling)


def _without(ratings: Floats, items: Bools) -> Floats:
    return np.where(items[:, None], np.nan, ratings)


def _on_shared_items(*columns: Floats) -> tuple[Floats, ...]:
    """Set all columns to NaN where one of them is missing; the items stay in the frame."""
    missing = np.isnan(np.stack(columns)).any(axis=0)
    return tuple(np.where(missing, np.nan, column) for column in columns)


def _without_ceiling(humans: Floats, judge: Floats, agreement: Agreement, sampling: Sampling) -> Ceiling:
    undefined = Estimate.undefined(TOO_FEW_RATERS)
    if humans.shape[1] == 0:
        return Ceiling(undefined, undefined, undefined)
    options, confidence_level = split_options(sampling)
    statistic = agreement(humans[:, 0], judge)
    options["method"] = method_for(statistic.kind, options["method"])  # a share keeps within 0 and 1
    replicates = replicate({"judge": statistic}, **options)
    return Ceiling(undefined, replicates.estimate("judge", confidence_level), undefined)


def _compare(
    contrasts_of: ContrastsOf,
    humans: Floats,
    judge: Floats,
    sampling: Sampling,
    stack: Stack | None = None,
    of_pairs: bool = False,
) -> Ceiling:
    """Evaluate all levels on one set of weights and average them.

    Those of many raters come from a `stack` of rows. Contrasts `of_pairs` are those of fewer people too: of
    two people to show why no level is defined, and of some people for the jackknife over raters.
    """
    options, confidence_level = split_options(sampling)
    everyone = range(humans.shape[1])
    sizes = sizes_of(humans, judge)
    basis: SharedBasis | None = None
    many = stack if are_many(len(everyone), options) else None
    if many is not None:
        stacked = many(options["clusters"])
        people, levels = stacked.people, stacked.levels
    else:
        defined = defined_contrasts(contrasts_of(everyone))
        people = list(defined)
        if people:
            basis = SharedBasis.of(defined, options, sizes(people)[0])
            levels = partial(basis.levels_of, defined)
    if not people:
        return _all_undefined(contrasts_of(everyone[:2] if of_pairs else everyone), humans, judge, everyone)
    each = partial(_of_each, people=people, sizes=sizes, confidence_level=confidence_level)
    of_each: Callable[[], tuple[HumanLevel, ...]]
    if many is not None:  # few tables show single people, and the rows of all pairs would fill memory
        of_each = cache(lambda: each(many(options["clusters"]).levels))
    else:
        of_each = cache(partial(each, levels)) if of_pairs else partial(tuple, each(levels))
    # Others are not asked for again; added items are no noise between raters.
    reusable = basis if basis and of_pairs and not basis.is_adjusted else None
    overall = _with_note(levels(None, *sizes(people)), confidence_level)
    return Ceiling(
        *_estimates(overall, confidence_level),
        of_each,
        tuple(h for h in everyone if h not in set(people)),
        overall,
        # Computed only where raters are random: it may cost as much as the ceiling several times over.
        cache(lambda: jackknife_of_raters(contrasts_of, people, reusable, options)),
    )


def _of_each(
    levels: LevelsOf, people: Sequence[int], sizes: Sizes, confidence_level: float
) -> tuple[HumanLevel, ...]:
    """Return the levels of each person."""
    each = [(h, levels(h, *sizes([h]))) for h in people]
    return tuple(HumanLevel(h, *_estimates(own, confidence_level)) for h, own in each)


def _estimates(of: Replicates, confidence_level: float) -> tuple[Estimate, Estimate, Estimate]:
    human, judge, difference = (of.estimate(n, confidence_level) for n in ("human", "judge", "difference"))
    return human, judge, difference


def _with_note(overall: Replicates, confidence_level: float) -> Replicates:
    """Add a note if people do not agree better than by chance: such a ceiling may be 0."""
    human = overall.estimate("human", confidence_level)
    if overall.statistics["human"].kind != "coefficient" or is_above_chance(human):
        return overall
    noted = {n: replace(s, notes=(*s.notes, NOT_ABOVE_CHANCE)) for n, s in overall.statistics.items()}
    return replace(overall, statistics=noted)


def is_above_chance(human: Estimate) -> bool:
    """Whether a coefficient is above 0: by its interval, or because people agree perfectly, without one."""
    return human.low > 0 or human.value >= 1 - 1e-12


def _all_undefined(contrasts: Contrasts, humans: Floats, judge: Floats, everyone: Sequence[int]) -> Ceiling:
    first = next(iter(contrasts.values()))[0]  # no contrast is defined, so that the first one has a reason
    reason = next(s.reason or s.undefined for s in first if not s.is_defined)
    if reason == NO_RATINGS and not (np.isnan(judge).all() or np.isnan(humans).all()):
        reason = NO_PAIRABLE_ITEMS  # there are ratings, but no item is shared
    none = Estimate.undefined(reason)
    return Ceiling(none, none, none, undefined_humans=tuple(everyone))
