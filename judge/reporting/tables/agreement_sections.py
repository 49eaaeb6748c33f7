"""Tables of an agreement report about systems, raters and ranks, for readers who ask for them."""

from __future__ import annotations

from collections.abc import Iterator

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.rater_study import N_RATERS, RaterStudy
from judge.analysis.agreement.system_ranking import FEWEST_SYSTEMS, SystemRanking
from judge.reporting.document import Cell, Column, Row, Table
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.wording import dimension_name

MOST_MEANS = 2
"""With more pairs of judge and dimension, the means of the systems are details (not in the terminal)."""


def ranking(found: Agreement, labels: Labels) -> Iterator[Table]:
    """Agreement of two rankings of systems, and the means behind them."""
    if not found.rankings:
        return
    columns = (
        *labels.columns,
        Column("systems", "systems", "count"),
        Column("questions", "questions", "count"),
        Column("tau", "tau-b", "score"),
        Column("pairwise", "pairs of systems in the same order", "share"),
        Column("told_apart", "pairs that people and judge tell apart", "count"),
        Column("opposite", "of these, in opposite order", "count"),
        Column("soft", "soft pairwise accuracy", "share"),
        Column("answers", "pairs of answers in the same order", "share"),
        Column("tied", "the same with ties calibrated", "share"),
        Column("limit", "limit for ties", "number", detail=True),
    )
    rows: tuple[Row, ...] = tuple(
        (*labels.cells(one.dimension, one.judge), *_ranking_cells(one)) for one in found.rankings
    )
    notes = [
        "Systems are ranked by mean score. Intervals are bounds: pairs of systems that both people and the "
        "judge tell apart (simultaneous tests) keep their order, all others may have either. Pairs of "
        "answers: two systems on one question; a tie is right where both give one. Calibrated: the judge's "
        "scores count as tied up to the limit that was best on the other half of the questions."
    ]
    if not any(one.has_ranking for one in found.rankings):
        notes.append(f"With fewer than {FEWEST_SYSTEMS} systems only pairs of answers are compared.")
    yield Table("ranking", "Ranking of systems by judge and people", columns, rows, tuple(notes))
    hidden = len(found.rankings) > MOST_MEANS and any(one.has_ranking for one in found.rankings)
    yield _means(found, labels, hidden)


def _ranking_cells(one: SystemRanking) -> tuple[Cell, ...]:
    means = one.means
    ties = one.ties
    return (
        len(one.systems),
        one.n_questions,
        means.kendall_tau if one.has_ranking else None,
        means.pairwise_accuracy if one.has_ranking else None,
        means.same_order + means.opposite_order if one.has_ranking else None,
        means.opposite_order if one.has_ranking else None,
        one.soft_accuracy,
        ties.uncalibrated if ties else None,
        ties.cross_validated if ties else None,
        ties.epsilon if ties else None,
    )


def _means(found: Agreement, labels: Labels, hidden: bool) -> Table:
    columns = (
        Column("system", ""),
        *labels.columns,
        Column("people", "human mean", "score"),
        Column("judge_mean", "judge mean", "score"),
    )
    rows: list[Row] = [
        (system, *labels.cells(one.dimension, one.judge), human, judged)
        for one in found.rankings
        for system, human, judged in zip(
            one.systems, one.means.human_means, one.means.judge_means, strict=True
        )
    ]
    return Table("system_means", "Mean score of each system", columns, tuple(rows), detail=hidden)


def raters(found: Agreement) -> Iterator[Table]:
    """Severity of each rater, and how reliable one rater and the mean of several are."""
    if not found.rater_studies:
        return
    columns = (
        Column("dimension", ""),
        Column("items", "items", "count", detail=True),
        Column("ratings", "ratings", "count"),
        Column("item", "items", "share"),
        Column("rater", "raters", "share"),
        Column("rest", "rest", "share"),
        Column("icc", "ICC(2,1)", "score"),
        *(Column(f"mean_of_{n}", f"mean of {n}", "score") for n in N_RATERS[1:]),
    )
    notes = (
        "Shares of the variance of one rating: differences between items, in severity between raters, and "
        "the rest (restricted maximum likelihood). ICC(2,1): reliability of one rater; mean of k: ICC(2,k), "
        "that of the mean of k raters, from the same components.",
    )
    rows = tuple(_study_row(one) for one in found.rater_studies)
    yield Table("rater_variance", "Variance and reliability of human ratings", columns, rows, notes)
    severity_columns = (
        Column("person", ""),
        Column("dimension", "dimension"),
        Column("severity", "severity", "change"),
    )
    severities: tuple[Row, ...] = tuple(
        (person, dimension_name(one.dimension), effect)
        for one in found.rater_studies
        for person, effect in zip(one.humans, one.severities, strict=True)
    )
    note = (
        "In points, adjusted for which items each person rated; above 0 is lenient. Effects of all people "
        "add up to 0.",
    )
    yield Table("severity", "Severity of each human rater", severity_columns, severities, note)


def _study_row(one: RaterStudy) -> Row:
    reliabilities = (one.reliability(n) for n in N_RATERS[1:])
    return (dimension_name(one.dimension), one.n_items, one.n_ratings, *one.shares, one.icc, *reliabilities)


def ranks(found: Agreement, labels: Labels) -> Table | None:
    """Agreement on the order of the items, whatever the level and spread of the scores."""
    if not found.ranks:
        return None
    columns = (
        *labels.columns,
        Column("spearman", "Spearman", "score"),
        Column("tau_b", "tau-b", "score"),
        Column("w", "W of people", "score"),
        Column("auc", "AUC", "score"),
        Column("pearson", "Pearson", "score"),
        Column("highest", "highest possible", "score"),
        Column("disattenuated", "dis-attenuated", "score"),
    )
    rows: list[Row] = []
    for one in found.ranks:
        limits = one.attenuation
        rows.append(
            (
                *labels.cells(one.dimension, one.judge),
                one.spearman,
                one.tau_b,
                one.w,
                one.auc,
                limits.correlation if limits else None,
                limits.max_correlation if limits else None,
                limits.disattenuated if limits else None,
            )
        )
    notes = (
        "Judge and the mean of people. They say nothing about level: a judge always a point too high "
        "has a rank correlation of 1. AUC: how well the judge's scores separate what people pass from what "
        "they fail. Highest possible: correlation that the reliability of people's mean allows; "
        "dis-attenuated: the correlation divided by it.",
    )
    return Table("ranks", "Scores as ranks", columns, tuple(rows), notes)
