"""Several runs over the very same answers: their judges side by side, which are no competing systems."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from judge.analysis.compare import Change, pass_change
from judge.analysis.pass_rate import PassRate, mean_score, pass_rate
from judge.analysis.score_table import ScoreTable
from judge.stats.coefficients.percent_agreement import percent_agreement, unanimous
from judge.stats.engine.estimate import Estimate


@dataclass(frozen=True)
class Member:
    """One run of a panel.

    Attributes
    ----------
    name, judge : str
        Run, and the judge that scored it.
    passing : PassRate
        Share of the answers that pass.
    means : mapping
        Dimension -> mean score.
    """

    name: str
    judge: str
    passing: PassRate
    means: Mapping[str, Estimate]


@dataclass(frozen=True)
class Pair:
    """Two runs of a panel: how often their verdicts are the same, and what one passes more."""

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
    members : tuple of Member
        In the order given: a judge that passes more is milder, not better.
    unanimous : Estimate
        Share of answers with one verdict, among those with a verdict of every run.
    pairs : tuple of Pair
        Every two runs.
    """

    n_answers: int
    members: tuple[Member, ...]
    unanimous: Estimate
    pairs: tuple[Pair, ...]


def panel(tables: Sequence[ScoreTable], cluster: str | None = None) -> JudgePanel:
    """Set runs over the same answers side by side (see `judge.analysis.comparable.same_answers`)."""
    place = [{item.id: row for row, item in enumerate(table.items)} for table in tables]
    ids = [item.id for item in tables[0].items]
    aligned = [table.take([rows[key] for key in ids]) for table, rows in zip(tables, place, strict=True)]
    clusters = aligned[0].clusters(cluster)
    marks = np.column_stack([table.passed for table in aligned])
    members = tuple(
        Member(
            table.name,
            table.rater,
            pass_rate(table.passed, clusters),
            {name: mean_score(v, clusters, table.rubric.scale) for name, v in table.values.items()},
        )
        for table in aligned
    )
    pairs = tuple(
        Pair(
            aligned[i].name,
            aligned[j].name,
            percent_agreement(marks[:, [i, j]], clusters=clusters),
            pass_change("pass", marks[:, i], marks[:, j], clusters),
        )
        for i, j in itertools.combinations(range(len(aligned)), 2)
    )
    return JudgePanel(len(ids), members, unanimous(marks, clusters=clusters), pairs)
