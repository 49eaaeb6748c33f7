"""Leaderboard: systems or runs ranked by pass rate, with rank intervals and pairwise tests."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.analysis.comparable import refuse_other_rubrics, refuse_same_names
from judge.analysis.group_difference import GroupDifference, rate_difference
from judge.analysis.item_columns import SYSTEM
from judge.analysis.matched_items import WITHIN
from judge.analysis.measures import MeasureKind, measures
from judge.analysis.pass_rate import PassRate, verdict_rate
from judge.analysis.score_table import PAIR_ID, QUESTION, ScoreTable
from judge.analysis.slices import members
from judge.errors import InputError
from judge.rubric import NoVerdict
from judge.stats.engine.estimate import Estimate
from judge.stats.systems.multiplicity import holm
from judge.stats.systems.rank_sets import rank_limits
from judge.stats.systems.ranking import resample_ranks

SEED = 0
"""Random seed of the ranks, fixed so that one run gives one report."""


@dataclass(frozen=True)
class Standing:
    """One system on the leaderboard.

    Attributes
    ----------
    name : str
        System, or run.
    rank, rank_low, rank_high : int
        1 is best; systems with equal rates share a rank. Best and worst rank are the limits of 95 %
        confidence sets that hold for all systems together (simultaneous).
    first : float
        Share of bootstrap resamples in which no other system is better.
    letters : str
        Systems that share a letter were not shown to differ at the .05 level (paired tests, Holm).
    passing : PassRate
        Pass rate, by which systems are ranked.
    means : dict
        Dimension -> mean score, or share of the answers that meet a criterion; categories are left out.
    """

    name: str
    rank: int
    rank_low: int
    rank_high: int
    first: float
    letters: str
    passing: PassRate
    means: dict[str, Estimate]


@dataclass(frozen=True)
class Leaderboard:
    """Systems from best to worst.

    Attributes
    ----------
    standings : tuple of Standing
        Best first.
    contrasts : dict
        Two names, the better first -> difference of their pass rates, with p-values adjusted (Holm).
    matched_by : str
        What pairs the answers of systems: ``id``, ``pair_id``, ``pair_id and condition`` (or ``shots``),
        ``question``, or ``nothing``.
    n_common : int
        Number of questions that every system answered.
    n_answered : tuple of int
        Smallest and largest number of questions that a system answered.
    n_groups : int
        Clusters of answers that are resampled together; with a single one no comparison is possible.
    n_resamples, seed : int
        Number of bootstrap resamples for the share of first ranks and of draws for the sets of ranks, and the
        seed of both.
    kinds : dict
        Dimension -> whether `Standing.means` are mean scores or shares.
    no_verdict : {'bounds', 'drop', 'fail'}
        How answers without a verdict are counted.
    """

    standings: tuple[Standing, ...]
    contrasts: dict[tuple[str, str], GroupDifference]
    matched_by: str
    n_common: int
    n_answered: tuple[int, int]
    n_groups: int
    n_resamples: int
    kinds: dict[str, MeasureKind]
    no_verdict: NoVerdict = "bounds"
    seed: int = SEED


def by_system(table: ScoreTable, field: str) -> list[ScoreTable]:
    """One table for each value of a field, for `leaderboard`."""
    return [table.take(mask, label) for label, mask in members(table, field)]


def leaderboard(
    tables: Sequence[ScoreTable], *, cluster: str | None = None, n_resamples: int = 10_000
) -> Leaderboard:
    """Rank tables of scores by pass rate.

    Answers to one question are resampled together, so that comparisons are paired. Answers share a question
    if they share the item's id, its `pair_id`, or its text, images and reference.

    Parameters
    ----------
    tables : sequence of ScoreTable
        One table per system, with distinct names.
    cluster : str, optional
        Field whose equal values are resampled together instead.
    n_resamples : int
        Number of bootstrap resamples for the share of first ranks, and of draws for the sets of ranks.

    Raises
    ------
    InputError
        There are fewer than two tables, two share a name, one has no verdict, or their rubrics differ.
    """
    refuse_other_rubrics(tables)
    _check_rankable(tables)
    averaged = [measures(table, table.clusters(cluster)) for table in tables]
    tables = [table.applying() for table in tables]
    keys, matched_by = _questions(tables)
    clusters = _clusters(tables, keys, cluster)
    passed = np.concatenate([table.passed for table in tables])
    owner = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    rates = [verdict_rate(t, t.clusters(cluster)) for t in tables]
    order = sorted(range(len(tables)), key=lambda i: (-rates[i].estimate.value, tables[i].name))
    by_owner = np.full((len(passed), len(tables)), np.nan)
    by_owner[np.arange(len(passed)), owner] = passed
    resampled = resample_ranks(by_owner, clusters, n_resamples, np.random.default_rng(SEED))
    low, high = rank_limits(by_owner, clusters, 0.95, n_resamples, np.random.default_rng(SEED))
    pairs = list(itertools.combinations(order, 2))
    contrasts = _adjusted([rate_difference(passed, owner == i, owner == j, clusters) for i, j in pairs])
    different = {pair for pair, c in zip(pairs, contrasts, strict=True) if c.p_adjusted <= 0.05}
    letters = compact_letters(order, different)
    standings = [
        Standing(
            tables[i].name,
            int(resampled.ranks[i]),
            int(low[i]),
            int(high[i]),
            float(np.mean(resampled.draws[:, i] == 1)) if len(resampled.draws) else np.nan,
            letters[i],
            rates[i],
            {of.name: of.estimate() for of in averaged[i]},
        )
        for i in order
    ]
    named = {(tables[i].name, tables[j].name): c for (i, j), c in zip(pairs, contrasts, strict=True)}
    n_common = len(set.intersection(*map(set, keys))) if matched_by != "nothing" else 0
    answered = [len(set(column)) for column in keys]
    n_groups = len(np.unique(clusters))
    return Leaderboard(
        tuple(standings),
        named,
        matched_by,
        n_common,
        (min(answered), max(answered)),
        n_groups,
        n_resamples,
        {of.name: of.kind for of in averaged[0]},
        tables[0].no_verdict,
    )


def compact_letters(order: Sequence[int], different: set[tuple[int, int]]) -> dict[int, str]:
    """Compact letter display: two systems share a letter exactly if they were not shown to differ.

    The algorithm is insert and absorb.

    Parameters
    ----------
    order : sequence of int
        Systems from best to worst; the best gets the first letter.
    different : set of pairs
        Pairs of systems that differ, each in the order of `order`.

    References
    ----------
    .. [1] H.-P. Piepho, "An Algorithm for a Letter-Based Representation of All-Pairwise Comparisons",
       Journal of Computational and Graphical Statistics 13, 2004.

    Examples
    --------
    >>> compact_letters([0, 1, 2], {(0, 2)})
    {0: 'a', 1: 'ab', 2: 'b'}
    """
    groups = [frozenset(order)]
    for i, j in sorted(different, key=lambda pair: (order.index(pair[0]), order.index(pair[1]))):
        split = [part for g in groups for part in ([g - {i}, g - {j}] if {i, j} <= g else [g])]
        distinct = list(dict.fromkeys(split))
        groups = [g for g in distinct if not any(g < other for other in distinct)]
    groups.sort(key=lambda group: sorted(order.index(i) for i in group))
    return {i: "".join(_letter(k) for k, group in enumerate(groups) if i in group) for i in order}


def _letter(index: int) -> str:
    """Letter of a group: a to z, then a1 to z1, and so on."""
    lap, place = divmod(index, 26)
    return chr(ord("a") + place) + (str(lap) if lap else "")


def _check_rankable(tables: Sequence[ScoreTable]) -> None:
    names = [table.name for table in tables]
    if len(names) < 2:
        raise InputError(
            f"a leaderboard needs two systems or more, found {', '.join(names) or 'none'}; "
            "name several runs, or the field that holds the system: --system FIELD"
        )
    refuse_same_names(tables)
    for table in tables:
        if np.isnan(table.passed).all():
            raise InputError(f"{table.name}: no answer has a verdict, so it has no rank; leave it out")


def _questions(tables: Sequence[ScoreTable]) -> tuple[list[list[str]], str]:
    """Key of the question of each answer, and the field that it comes from."""
    within = [name for name in WITHIN if name != SYSTEM and any(t.given(name).any() for t in tables)]
    candidates = {
        "id": [table.columns.ids.tolist() for table in tables],
        "pair_id": [_pair_keys(table) for table in tables],
        " and ".join([PAIR_ID, *within]): [_pair_keys(table, within) for table in tables],
        "question": [table.questions.tolist() for table in tables],
    }
    for name, keys in candidates.items():
        unique = all(len(set(column)) == len(column) for column in keys)
        # A system may answer a question several times, but an id or pair_id must name one answer of a system.
        if (unique or name == QUESTION) and len(set().union(*keys)) < sum(
            len(set(column)) for column in keys
        ):
            return keys, name
    return candidates["id"], "nothing"


def _pair_keys(table: ScoreTable, within: Sequence[str] = ()) -> list[str]:
    fields = (table.texts(name) for name in (PAIR_ID, *within))
    pairs = zip(table.columns.ids.tolist(), zip(*fields, strict=True), strict=True)
    return [
        f"item {key}" if found[0] is None else f"pair {'/'.join(map(str, found))}" for key, found in pairs
    ]


def _clusters(tables: Sequence[ScoreTable], keys: list[list[str]], cluster: str | None) -> NDArray[np.str_]:
    """Cluster of each answer: the given field, else pair_id, else the answers to one question."""
    fields = {table.cluster_field(None) for table in tables}
    by = cluster or (QUESTION if QUESTION in fields else PAIR_ID if fields == {PAIR_ID} else None)
    if by is None:
        return np.array([key for column in keys for key in column])
    return np.concatenate([table.groups(by) for table in tables])


def _adjusted(contrasts: list[GroupDifference]) -> list[GroupDifference]:
    adjusted = holm([c.p for c in contrasts])
    return [GroupDifference(c.difference, c.p, float(p)) for c, p in zip(contrasts, adjusted, strict=True)]
