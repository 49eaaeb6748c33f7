"""Several judges on the same answers: pass rates side by side and agreement of their verdicts."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from judge.analysis.compare import Change, pass_change
from judge.analysis.group_difference import Groups
from judge.analysis.measures import MeasureKind, measures
from judge.analysis.pass_rate import PassRate, verdict_rate
from judge.analysis.score_table import ScoreTable
from judge.stats.coefficients.percent_agreement import percent_agreement, unanimous
from judge.stats.engine.estimate import Estimate


@dataclass(frozen=True)
class PanelMember:
    """One run of a panel.

    Attributes
    ----------
    name, judge : str
        Name of the run, and its judge.
    passing : PassRate
        Share of the answers that pass.
    means : mapping
        Dimension -> mean score, or share of the answers that meet a criterion; categories are left out.
    kinds : mapping
        Dimension -> whether `means` are mean scores or shares.
    """

    name: str
    judge: str
    passing: PassRate
    means: Mapping[str, Estimate]
    kinds: Mapping[str, MeasureKind]


@dataclass(frozen=True)
class JudgePair:
    """Two runs of a panel: share of equal verdicts, and difference of their pass rates."""

    first: str
    second: str
    same_verdict: Estimate
    change: Change


@dataclass(frozen=True)
class JudgePanel:
    """Runs over the same answers.

    Attributes
    ----------
    n_answers : int
        Answers that each run holds.
    members : tuple of PanelMember
        In the given order, not ranked: a judge with a higher pass rate is more lenient, not better.
    unanimous : Estimate
        Share of answers on which all verdicts are equal, among answers with a verdict in every run.
    pairs : tuple of JudgePair
        Every two runs.
    """

    n_answers: int
    members: tuple[PanelMember, ...]
    unanimous: Estimate
    pairs: tuple[JudgePair, ...]


def panel(tables: Sequence[ScoreTable], cluster: str | None = None) -> JudgePanel:
    """Compare runs over the same answers (see `judge.analysis.comparable.same_answers`)."""
    place = [{key: row for row, key in enumerate(table.columns.ids)} for table in tables]
    ids = tables[0].columns.ids
    aligned = [table.take([rows[key] for key in ids]) for table, rows in zip(tables, place, strict=True)]
    clusters = aligned[0].clusters(cluster)
    members = tuple(_member(table, clusters) for table in aligned)
    everywhere = np.logical_and.reduce([table.applies for table in aligned])
    marks = np.column_stack([table.passed for table in aligned])[everywhere]
    clusters = None if clusters is None else clusters[everywhere]
    pairs = tuple(
        JudgePair(
            aligned[i].name,
            aligned[j].name,
            percent_agreement(marks[:, [i, j]], clusters=clusters),
            pass_change("pass", marks[:, i], marks[:, j], clusters),
        )
        for i, j in itertools.combinations(range(len(aligned)), 2)
    )
    return JudgePanel(len(ids), members, unanimous(marks, clusters=clusters), pairs)


def _member(table: ScoreTable, clusters: Groups) -> PanelMember:
    averaged = measures(table, clusters)
    return PanelMember(
        table.name,
        table.rater,
        verdict_rate(table, clusters),
        {of.name: of.estimate() for of in averaged},
        {of.name: of.kind for of in averaged},
    )
