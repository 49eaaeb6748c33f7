"""The tables of `judge agree`: one function a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.human_human import TITLES, HumanAgreement
from judge.analysis.ratings import PASSES
from judge.reporting.document import CellKind, Column, Row, Table
from judge.reporting.render.numbers import number_text
from judge.reporting.tables.run_tables import spoken
from judge.stats.judge_human.alt_test import AltTest, AltTestRater

UNITS: dict[str, CellKind] = {"share": "share", "coefficient": "score", "points": "score"}
CHANGES: dict[str, CellKind] = {"share": "points", "coefficient": "change", "points": "change"}
_N = Column("n", "n", "count")


def part_name(name: str) -> str:
    """Name of a dimension for people.

    >>> part_name("technical_accuracy"), part_name("passes")
    ('technical accuracy', 'answer passes')
    """
    return "answer passes" if name == PASSES else spoken(name)


class Labels:
    """The first cells of a row about one judge on one dimension: what there is one of is not named."""

    def __init__(self, dimensions: Sequence[str], judges: Sequence[str]) -> None:
        self._judge = len(judges) > 1
        self._dimension = len(dimensions) > 1 or not self._judge

    @property
    def columns(self) -> tuple[Column, ...]:
        """Of the table."""
        shown = (Column("label", ""),)
        return (*shown, Column("dimension", "dimension", detail=True), Column("judge", "judge", detail=True))

    def name(self, dimension: str, judge: str) -> str:
        """What the row is about."""
        named = [part_name(dimension)] if self._dimension else []
        return ": ".join([*named, *([judge] if self._judge else [])])

    def cells(self, dimension: str, judge: str) -> tuple[str, str, str]:
        """Of a row."""
        return (self.name(dimension, judge), dimension, judge)


def beside(found: Agreement, labels: Labels) -> Iterator[Table]:
    """People and judge side by side, beyond chance and raw."""
    for key, title, raw in (
        ("agreement", "Agreement beyond chance", False),
        ("raw", "Raw agreement", True),
    ):
        rows, names, units = [], [], []
        for one in found.judge_agreements:
            c = one.raw if raw else one.main
            rows.append(
                (*labels.cells(one.ratings.dimension, one.judge), one.n_both, c.human, c.judge, c.difference)
            )
            names.append(c.title)
            units.append(c.unit)
        if not rows:
            continue
        kinds = _kinds(units)
        columns = (
            *labels.columns,
            _N,
            Column("people", "people", kinds[0]),
            Column("judge_level", "judge", kinds[0]),
            Column("difference", "judge minus people", kinds[1]),
        )
        yield Table(
            key, f"{title}: {' or '.join(dict.fromkeys(names))}", columns, tuple(rows), _how(found, raw)
        )


def _kinds(units: Sequence[str]) -> tuple[CellKind, CellKind]:
    unit = units[0] if len(set(units)) == 1 else "coefficient"
    return UNITS[unit], CHANGES[unit]


def _how(found: Agreement, raw: bool) -> tuple[str, ...]:
    ways = dict.fromkeys((one.raw if raw else one.main).how for one in found.judge_agreements)
    return tuple(f"People and judge: {way}, on the same items." for way in ways)


def verdicts(found: Agreement, labels: Labels) -> Table | None:
    """Non-inferiority at the margins that were set."""
    rows: list[Row] = []
    for one in found.judge_agreements:
        v = one.verdict
        if v is not None:
            rows.append(
                (*labels.cells(one.ratings.dimension, one.judge), one.main.title, v.margin, v.difference,
                 v.p_value, v.verdict or f"none ({spoken(v.reason or '')})", one.random_raters)
            )  # fmt: skip
    if not rows:
        return None
    columns = (
        *labels.columns,
        Column("statistic", "statistic", detail=True),
        Column("margin", "margin", "number"),
        Column("difference", "judge minus people, 90 %", "change"),
        Column("p", "p", "p"),
        Column("verdict", "verdict"),
        Column("random_people", "for people like these", "change", detail=True),
    )
    note = (
        f"Margins {found.criteria.set_by}. Non-inferior: the 90 % interval lies above minus the margin. "
        "About these people, on items like these."
    )
    return Table("verdicts", "Verdicts", columns, tuple(rows), (note,))


def levels(found: Agreement, labels: Labels) -> Table:
    """Where the judge's scores lie, beside people's."""
    columns = (
        *labels.columns,
        Column("missing", "no score", "count"),
        Column("people", "people's mean", "score"),
        Column("judge_mean", "judge's mean", "score"),
        Column("bias", "bias", "change"),
        Column("sd_ratio", "spread", "score"),
        Column("slope", "slope", "score", detail=True),
        Column("middle", "mid-scale, judge minus people", "points", detail=True),
        Column("ends", "ends, judge minus people", "points", detail=True),
        Column("statuses", "statuses", detail=True),
    )
    rows: list[Row] = []
    for one in found.judge_agreements:
        use = one.scale_use
        statuses = one.ratings.statuses[one.judge]
        of_use: Row = (None, None, None, None)
        if use is not None:
            of_use = (use.sd_ratio, use.slope, use.middle.difference, use.ends.difference)
        rows.append(
            (
                *labels.cells(one.ratings.dimension, one.judge),
                sum(count for status, count in statuses.items() if status != "ok"),
                one.human_mean,
                one.judge_mean,
                one.bias,
                *of_use,
                ", ".join(f"{count:,} {status}" for status, count in statuses.items()),
            )
        )
    notes = (
        "Bias: judge minus people, above 0 the judge is lenient. Spread: SD of the judge over that of one "
        "person; below 1 it uses less of the scale.",
    )
    return Table("levels", "Where the scores lie", columns, tuple(rows), notes)


def passing(found: Agreement, labels: Labels) -> Table | None:
    """Pass and fail at the bar."""
    columns = (
        *labels.columns,
        Column("bar", "bar", "number", detail=True),
        _N,
        Column("people_rate", "people pass", "share"),
        Column("judge_rate", "judge passes", "share"),
        Column("tpr", "passes found", "share"),
        Column("tnr", "fails found", "share"),
        Column("agreement", "same verdict", "share", detail=True),
        Column("kappa", "kappa", "score"),
        Column("ac1", "AC1", "score"),
        Column("positive", "agreement on passes", "score", detail=True),
        Column("negative", "agreement on fails", "score", detail=True),
        Column("precision", "precision", "share", detail=True),
        Column("npv", "NPV", "share", detail=True),
        Column("balanced", "balanced accuracy", "score", detail=True),
        Column("mcc", "MCC", "score", detail=True),
        Column("counts", "both pass / judge alone / people alone / both fail", detail=True),
    )
    rows: list[Row] = []
    for one in found.judge_agreements:
        m = one.pass_fail
        if m is None:
            continue
        cells = (m.true_pass, m.false_pass, m.false_fail, m.true_fail)
        rows.append(
            (
                *labels.cells(one.ratings.dimension, one.judge), one.ratings.pass_mark, sum(cells),
                m.human_pass_rate, m.judge_pass_rate, m.tpr, m.tnr, m.agreement, m.kappa, m.ac1, m.f1,
                m.negative_agreement, m.precision, m.npv, m.balanced_accuracy, m.mcc,
                " / ".join(map(str, cells)),
            )
        )  # fmt: skip
    if not rows:
        return None
    notes = (
        "People: the majority of their own verdicts; ties are left out. Passes (fails) found: TPR (TNR), the "
        "share of people's passes (fails) that the judge passes (fails).",
    )
    return Table("passing", "Pass or fail", columns, tuple(rows), notes)


def corrected(found: Agreement, labels: Labels) -> Table | None:
    """The judge's pass rate, corrected, and what people alone would give."""
    columns = (
        *labels.columns,
        Column("pool", "answers", "count"),
        Column("labelled", "rated", "count"),
        Column("judge_rate", "judge says", "share"),
        Column("corrected", "corrected", "share"),
        Column("people_rate", "people alone", "share"),
    )
    rows: list[Row] = [
        (
            *labels.cells(one.ratings.dimension, one.judge),
            one.n_pool,
            one.n_labelled,
            one.corrected.uncorrected,
            one.corrected.corrected,
            one.corrected.humans_only,
        )
        for one in found.judge_agreements
        if one.corrected is not None
    ]
    if not rows:
        return None
    notes = (
        "Corrected: what people would pass of all answers, if the rated ones are a random part of them, or "
        "random within the judge's passes and within its fails. Not valid for answers rated elsewhere or "
        "picked by hand.",
    )
    return Table("corrected", "Pass rate of all answers", columns, tuple(rows), notes)


def omega(found: Agreement, labels: Labels) -> Table | None:
    """Winning rate of the annotator test by epsilon."""
    with_curve = [one for one in found.judge_agreements if one.omega]
    if not with_curve:
        return None
    epsilons = [epsilon for epsilon, _ in with_curve[0].omega]
    columns = (*labels.columns, *(Column(f"{e:g}", f"{e:g}", "score") for e in epsilons))
    rows: list[Row] = [
        (*labels.cells(one.ratings.dimension, one.judge), *(rate for _, rate in one.omega))
        for one in with_curve
    ]
    notes = [
        "Share of people against whom the judge is preferred as stand-in, by the handicap epsilon that is "
        "granted to it (Benjamini-Yekutieli over people, q .05). A pass at .2 does not mean as good as a "
        "person."
    ]
    if all(np.isnan(rate) for one in with_curve for _, rate in one.omega):
        return None
    return Table("omega", "Annotator test: winning rate by epsilon", columns, tuple(rows), tuple(notes))


def alt_tests(found: Agreement, labels: Labels) -> Table | None:
    """The annotator test at the epsilon that was set, person by person."""
    rows: list[Row] = []
    for (judge, dimension), test in found.alt_tests.items():
        people = found.aligned.ratings[dimension].humans
        rows += [(*labels.cells(dimension, judge), people[r.rater], *_against_one(r)) for r in test.raters]
    if not rows:
        return None
    columns = (
        *labels.columns,
        Column("person", "person"),
        _N,
        Column("judge_wins", "judge as close", "share"),
        Column("human_wins", "person as close", "share"),
        Column("p", "p", "p"),
        Column("p_adjusted", "p (BY)", "p"),
        Column("preferred", "judge preferred"),
    )
    few = len(found.aligned.ratings) * len(found.aligned.humans) <= 6
    title = f"Annotator test at epsilon {found.criteria.epsilon:g}"
    note = f"Epsilon {found.criteria.set_by}. Adjusted over all people and dimensions of a judge."
    return Table("alt_test", title, columns, tuple(rows), (note,), detail=not few)


def _against_one(r: AltTestRater) -> Row:
    preferred = "yes" if r.judge_preferred else "no" if r.reason is None else spoken(r.reason)
    return (r.n_items, r.judge_wins, r.human_wins, r.p_value, r.p_adjusted, preferred)


def alt_verdict(test: AltTest) -> str:
    """The test in a word."""
    if test.passes is None:
        return "not testable"
    return f"{'passes' if test.passes else 'fails'} (omega {number_text(test.winning_rate, 'score')})"


def people_alone(found: Agreement) -> Table:
    """How far people agree among themselves."""
    names = [n for n in TITLES if any(n in p.estimates for p in found.human_agreements.values())]
    shown = {"agreement", "alpha"}
    if all(part.nominal for part in found.aligned.ratings.values()):
        shown |= {"ac1"}
    columns = (
        Column("dimension", ""),
        Column("items", "items", "count"),
        Column("people", "slots" if found.aligned.slots else "people", "count"),
        Column("ratings", "ratings", "count"),
        Column("mean", "mean", "score", detail=True),
        *(
            Column(n, TITLES[n], "share" if n in ("agreement", "unanimous") else "score", n not in shown)
            for n in names
        ),
    )
    rows = tuple(_people_row(name, of, names) for name, of in found.human_agreements.items())
    kinds = dict.fromkeys(
        part.scale.kind if part.human_scale is not None else "interval"
        for part in found.aligned.ratings.values()
    )
    notes = [f"Alpha: Krippendorff's, {' or '.join(kinds)}."]
    if found.aligned.slots:
        notes.append(
            "Raters are slots, not persons: only statistics that do not depend on the order of an item's "
            "ratings are given. Kappas, two-way ICC, bias and tests of single people would pair strangers."
        )
    return Table("people", "People among themselves", columns, rows, tuple(notes))


def _people_row(name: str, of: HumanAgreement, names: Sequence[str]) -> Row:
    estimates = (of.estimates.get(n) for n in names)
    return (part_name(name), of.n_items, of.n_people, of.n_ratings, of.mean, *estimates)
