"""Repeated judgments (test-retest) -> Report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from judge.analysis.agreement.repeated import RepeatedJudgments
from judge.reporting.document import Column, Row, Section, Table
from judge.reporting.report import Report
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.wording import counted, display_name, with_interval
from judge.stats.engine.estimate import Estimate


def build_retest(found: Sequence[RepeatedJudgments]) -> Report:
    """Build the report of `judge agree --retest`."""
    runs = list(dict.fromkeys(one.run for one in found))
    labels = Labels(list(dict.fromkeys(one.dimension for one in found)), runs)
    tables = [_agreement(found, labels)]
    if with_curve := [one for one in found if one.retest.curve]:  # unordered labels have none
        tables.append(_curve(with_curve, labels))
    if any(one.with_humans for one in found):
        tables.append(_with_humans(found, labels))
    most = max(one.n_samples for one in found)
    return Report(
        "agree",
        f"Test-retest reliability of {', '.join(runs)}: {counted(most, 'sample')} of each judgment",
        tuple(_words(found, labels)),
        (),
        (Section("retest", "Test-retest reliability", tables=tuple(tables)),),
        _named_estimates(found, len(runs) > 1),
        {f"judge {one.run}": one.about for one in found},
        (
            "Same score, within 1: share of pairs of samples of an item. Reliability: ICC(1,1) over the "
            "samples of complete items; for the mean of m samples by the Spearman-Brown formula. "
            "Intervals are 95 %: Wilson for proportions, jackknife over items for the rest.",
            "Averaging samples reduces the random error of the judge, not its systematic error.",
        ),
    )


def _words(found: Sequence[RepeatedJudgments], labels: Labels) -> Iterator[str]:
    steady = [labels.name(one.dimension, one.run) for one in found if one.retest.deterministic]
    if steady:
        yield (
            f"All samples of every item are equal on {', '.join(steady)}: the judge is deterministic there, "
            "which does not show that it is correct."
        )
    for one in found:
        name = labels.name(one.dimension, one.run)
        flips = one.retest.flip_rate
        if one.retest.deterministic:
            continue
        sentence = (
            f"On {name} two samples of an item have the same score in "
            f"{with_interval(one.retest.exact, 'share')}"
        )
        if flips is not None and flips.defined:
            sentence += f"; the verdict differs in {with_interval(flips, 'share')}"
        rho = dict(one.retest.curve)
        if one.retest.reliability.defined:
            sentence += f"; reliability is {rho[1]:.2f} for one sample and {rho[3]:.2f} for the mean of three"
        yield f"{sentence}."


def _agreement(found: Sequence[RepeatedJudgments], labels: Labels) -> Table:
    columns = (
        *labels.columns,
        Column("n", "n", "count"),
        Column("samples", "samples", "count"),
        Column("exact", "same score", "share"),
        Column("within_one", "within 1", "share", detail=True),
        Column("flips", "verdict differs", "share"),
        Column("alpha", "alpha", "score", detail=True),
        Column("reliability", "reliability", "score"),
        Column("sd", "within-item SD", "score", detail=True),
        Column("worthwhile", "samples to within .01 of full reliability", "count", detail=True),
    )
    rows: list[Row] = [
        (
            *labels.cells(one.dimension, one.run), one.n_items, one.n_samples, one.retest.exact,
            one.retest.within_one, one.retest.flip_rate, one.retest.alpha, one.retest.reliability,
            one.retest.sd_within, one.worthwhile,
        )
        for one in found
    ]  # fmt: skip
    return Table("retest", "Agreement between samples of the same judgment", columns, tuple(rows))


def _curve(found: Sequence[RepeatedJudgments], labels: Labels) -> Table:
    sizes = [m for m, _ in found[0].retest.curve]
    columns = (*labels.columns, *(Column(str(m), str(m), "score") for m in sizes))
    rows: list[Row] = [
        (*labels.cells(one.dimension, one.run), *(rho for _, rho in one.retest.curve)) for one in found
    ]
    return Table("curve", "Reliability of the mean of m samples", columns, tuple(rows))


def _with_humans(found: Sequence[RepeatedJudgments], labels: Labels) -> Table:
    sizes = [row.n_samples for row in next(one.with_humans for one in found if one.with_humans)]
    columns = (*labels.columns, *(Column(str(m), str(m), "score") for m in sizes))
    rows: list[Row] = [
        (*labels.cells(one.dimension, one.run), *(row.agreement for row in one.with_humans))
        for one in found
        if one.with_humans
    ]
    title = "Quadratic kappa between the mean of m samples and the mean human score"
    return Table("with_people", title, columns, tuple(rows))


def _named_estimates(found: Sequence[RepeatedJudgments], several: bool) -> dict[str, Estimate]:
    named: dict[str, Estimate] = {}
    for one in found:
        of = display_name(one.dimension).replace(" ", "_") + (f"@{one.run}" if several else "")
        named |= {
            f"exact.{of}": one.retest.exact,
            f"alpha.{of}": one.retest.alpha,
            f"reliability.{of}": one.retest.reliability,
        }
        if one.retest.flip_rate is not None:
            named[f"flips.{of}"] = one.retest.flip_rate
    return named
