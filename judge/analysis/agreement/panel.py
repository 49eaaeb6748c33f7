"""Several judges: what they say together, and which of them to ask, chosen without flattery."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.coefficients import KAPPA, KAPPA_QUADRATIC, headline
from judge.analysis.agreement.parts import Part
from judge.stats.coefficients.correlation import concordance_statistic
from judge.stats.coefficients.kappa import cohen_statistic
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.resampling import Statistic, estimate
from judge.stats.engine.scale import Floats, Ints
from judge.stats.engine.weights import cluster_codes
from judge.stats.judge_human.consensus import Consensus, consensus

MOST_JUDGES = 6
N_FOLDS = 5


@dataclass(frozen=True)
class Choice:
    """Which judges agree best with people on one dimension.

    Attributes
    ----------
    dimension : str
        Which.
    statistic : str
        Name of the agreement with what people say together.
    best : tuple of str
        Judges whose consensus agrees best on all items.
    in_sample : Estimate
        Its agreement on the items that it was chosen on: too good.
    cross_validated : Estimate
        Agreement of choosing like this: each item is judged by the panel that was best on the other folds.
    everyone : Estimate
        Agreement of all judges together, without any choice.
    """

    dimension: str
    statistic: str
    best: tuple[str, ...]
    in_sample: Estimate
    cross_validated: Estimate
    everyone: Estimate


@dataclass(frozen=True)
class PanelAgreement:
    """Choices on every dimension; empty where no choice can be made."""

    choices: tuple[Choice, ...]


def with_consensus(joined: AlignedRatings) -> AlignedRatings:
    """Add what two or more judges say together as more judges: means of scores, majorities of labels."""
    n = len(joined.judges)
    if n < 2:
        return joined
    parts = {name: _wider(part, _hows(part, n)) for name, part in joined.parts.items()}
    names = dict.fromkeys(judge for part in parts.values() for judge in part.judges)
    parts = {name: _with_all(part, list(names)) for name, part in parts.items()}
    return replace(joined, parts=parts, judges=tuple(names))


def _hows(part: Part, n_judges: int) -> tuple[Consensus, ...]:
    """Two judges have a mean; a median takes three, and a majority three with scores that can coincide."""
    numeric: tuple[Consensus, ...] = ("mean", "median") if n_judges > 2 else ("mean",)
    majority: tuple[Consensus, ...] = ("majority",) if n_judges > 2 and part.on_scale else ()
    return (*(() if part.nominal else numeric), *majority)


def _wider(part: Part, hows: Sequence[Consensus]) -> Part:
    wider = part
    for how in hows:
        wider = wider.with_judge(f"panel ({how})", consensus(part.scores, how))
    return wider


def _with_all(part: Part, names: Sequence[str]) -> Part:
    """Every part has every judge, if without a score."""
    for name in names:
        if name not in part.judges:
            part = part.with_judge(name, np.full(len(part.items), np.nan))
    order = [part.judges.index(name) for name in names]
    return replace(part, judges=tuple(names), scores=part.scores[:, order], samples=part.samples[:, order])


def panel_of(joined: AlignedRatings, judges: Sequence[str], seed: int) -> PanelAgreement:
    """Choose the best panel of `judges` on each dimension, in sample and nested."""
    found = [_choose(part, judges, seed) for part in joined.parts.values()]
    return PanelAgreement(tuple(choice for choice in found if choice is not None))


def _choose(pool: Part, judges: Sequence[str], seed: int) -> Choice | None:
    part = pool.take(pool.rated)
    people = part.consensus()
    columns = {names: _together(part, names) for names in _panels(judges)}
    usable = ~np.isnan(people) & ~np.isnan(np.stack(list(columns.values()))).any(axis=0)
    if usable.sum() < 2 * N_FOLDS:
        return None
    kept = part.take(usable)
    people, columns = people[usable], {names: c[usable] for names, c in columns.items()}
    best = _best(kept, people, columns, np.ones(len(people), dtype=bool))
    cross_validated = np.full(len(people), np.nan)
    folds = _folds(kept, seed)
    for fold in np.unique(folds):
        chosen = _best(kept, people, columns, folds != fold)
        cross_validated[folds == fold] = columns[chosen][folds == fold]
    statistics = {"best": columns[best], "cross_validated": cross_validated, "all": columns[tuple(judges)]}
    found = {
        name: estimate(_agreement(kept, scores, people), clusters=kept.clusters, method="jackknife")
        for name, scores in statistics.items()
    }
    return Choice(part.name, headline(part), best, found["best"], found["cross_validated"], found["all"])


def _panels(judges: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """Every panel of a few judges; of many, each alone, all, and all but one."""
    n = len(judges)
    sizes = range(1, n + 1) if n <= MOST_JUDGES else (1, n - 1, n)
    return (names for size in sizes for names in combinations(judges, size))


def _together(part: Part, names: Sequence[str]) -> Floats:
    scores = part.scores[:, [part.judges.index(name) for name in names]]
    return consensus(scores, "majority_low" if part.nominal else "mean")


def _agreement(part: Part, scores: Floats, people: Floats) -> Statistic:
    if headline(part) == KAPPA:
        return cohen_statistic(scores, people)
    return concordance_statistic(scores, people)


def _best(
    part: Part, people: Floats, columns: dict[tuple[str, ...], Floats], rows: Floats
) -> tuple[str, ...]:
    """Panel with the highest agreement on `rows`; of equals the smallest."""
    levels = {
        names: np.nan_to_num(
            _agreement(part, c[rows.astype(bool)], people[rows.astype(bool)]).value(), nan=-2
        )
        for names, c in columns.items()
    }
    return max(levels, key=lambda names: (round(float(levels[names]), 12), -len(names)))


def _folds(part: Part, seed: int) -> Ints:
    """Fold of each item; clusters stay together."""
    codes = cluster_codes(part.clusters, len(part.items))
    n = int(codes.max()) + 1
    order = np.random.default_rng(seed).permutation(n)
    folds: Ints = (order % min(N_FOLDS, n))[codes]
    return folds


STATISTICS = {KAPPA: "kappa with people's majority", KAPPA_QUADRATIC: "quadratic kappa with people's mean"}
