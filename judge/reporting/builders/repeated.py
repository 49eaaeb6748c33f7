"""Test-retest -> Report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from judge.analysis.agreement.repeated import RepeatedJudgments
from judge.reporting.document import Column, Report, Row, Section, Table
from judge.reporting.findings.run_findings import with_interval
from judge.reporting.tables.agreement_tables import Labels
from judge.reporting.tables.run_tables import counted, spoken
from judge.stats.engine.estimate import Estimate


def build_repeats(found: Sequence[RepeatedJudgments]) -> Report:
    """What `judge agree --retest` found."""
    runs = list(dict.fromkeys(one.run for one in found))
    labels = Labels(list(dict.fromkeys(one.dimension for one in found)), runs)
    tables = [_agreement(found, labels), _curve(found, labels)]
    if any(one.with_humans for one in found):
        tables.append(_with_people(found, labels))
    most = max(one.n_samples for one in found)
    return Report(
        "agree",
        f"{', '.join(runs)}: {counted(most, 'sample')} of each judgment",
        tuple(_words(found, labels)),
        (),
        (Section("retest", "Does the judge repeat itself", tables=tuple(tables)),),
        _figures(found, len(runs) > 1),
        {},
        (
            "Same score, within 1: share of pairs of samples of an item. Reliability: ICC(1,1) over samples "
            "of complete items; of a mean of m samples by Spearman and Brown. Intervals are 95 %: "
            "Wilson's for shares, the jackknife over items for the rest.",
            "Averaging samples removes the judge's own noise only. What it gets wrong every time stays.",
        ),
    )


def _words(found: Sequence[RepeatedJudgments], labels: Labels) -> Iterator[str]:
    steady = [labels.name(one.dimension, one.run) for one in found if one.retest.deterministic]
    if steady:
        yield (
            f"Every sample of every item is the same on {', '.join(steady)}: the judge is deterministic "
            "there, which says nothing about whether it is right."
        )
    for one in found:
        name = labels.name(one.dimension, one.run)
        flips = one.retest.flip_rate
        if one.retest.deterministic:
            continue
        said = f"On {name} two samples are the same in {with_interval(one.retest.exact, 'share')}"
        if flips is not None and flips.defined:
            said += f"; the verdict flips in {with_interval(flips, 'share')}"
        rho = dict(one.retest.curve)
        if one.retest.reliability.defined:
            said += f"; reliability is {rho[1]:.2f} of one sample, {rho[3]:.2f} of the mean of three"
        yield f"{said}."


def _agreement(found: Sequence[RepeatedJudgments], labels: Labels) -> Table:
    columns = (
        *labels.columns,
        Column("n", "n", "count"),
        Column("samples", "samples", "count"),
        Column("exact", "same score", "share"),
        Column("within_one", "within 1", "share", detail=True),
        Column("flips", "verdict flips", "share"),
        Column("alpha", "alpha", "score", detail=True),
        Column("reliability", "reliability", "score"),
        Column("sd", "SD within", "score", detail=True),
        Column("worthwhile", "samples for .99", "count", detail=True),
    )
    rows: list[Row] = [
        (
            *labels.cells(one.dimension, one.run), one.n_items, one.n_samples, one.retest.exact,
            one.retest.within_one, one.retest.flip_rate, one.retest.alpha, one.retest.reliability,
            one.retest.sd_within, one.worthwhile,
        )
        for one in found
    ]  # fmt: skip
    return Table("retest", "Samples of the same judgment", columns, tuple(rows))


def _curve(found: Sequence[RepeatedJudgments], labels: Labels) -> Table:
    sizes = [m for m, _ in found[0].retest.curve]
    columns = (*labels.columns, *(Column(str(m), str(m), "score") for m in sizes))
    rows: list[Row] = [
        (*labels.cells(one.dimension, one.run), *(rho for _, rho in one.retest.curve)) for one in found
    ]
    return Table("curve", "Reliability of the mean of m samples", columns, tuple(rows))


def _with_people(found: Sequence[RepeatedJudgments], labels: Labels) -> Table:
    sizes = [row.n_samples for row in next(one.with_humans for one in found if one.with_humans)]
    columns = (*labels.columns, *(Column(str(m), str(m), "score") for m in sizes))
    rows: list[Row] = [
        (*labels.cells(one.dimension, one.run), *(row.agreement for row in one.with_humans))
        for one in found
        if one.with_humans
    ]
    title = "Quadratic kappa of the mean of m samples with people's mean"
    return Table("with_people", title, columns, tuple(rows))


def _figures(found: Sequence[RepeatedJudgments], several: bool) -> dict[str, Estimate]:
    named: dict[str, Estimate] = {}
    for one in found:
        of = spoken(one.dimension).replace(" ", "_") + (f"@{one.run}" if several else "")
        named |= {
            f"exact.{of}": one.retest.exact,
            f"alpha.{of}": one.retest.alpha,
            f"reliability.{of}": one.retest.reliability,
        }
        if one.retest.flip_rate is not None:
            named[f"flips.{of}"] = one.retest.flip_rate
    return named
