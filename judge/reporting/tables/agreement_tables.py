"""Tables of an agreement report: one function for each table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.human_human import TITLES, HumanAgreement
from judge.analysis.agreement.judge_human import JudgeAgreement
from judge.analysis.ratings import Ratings
from judge.reporting.document import CellKind, Column, Row, Table
from judge.reporting.render.numbers import number_text
from judge.reporting.wording import dimension_name, display_name
from judge.stats.engine.scale import Floats
from judge.stats.judge_human.alt_test import AltTest, AltTestRater

UNITS: dict[str, CellKind] = {"share": "share", "coefficient": "score", "points": "score"}
CHANGES: dict[str, CellKind] = {"share": "points", "coefficient": "change", "points": "change"}
_N = Column("n", "n", "count")


class Labels:
    """First cells of a row about one judge on one dimension; the only judge or dimension is not named."""

    def __init__(self, dimensions: Sequence[str], judges: Sequence[str]) -> None:
        self._judge = len(judges) > 1
        self._dimension = len(dimensions) > 1 or not self._judge

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of the table."""
        shown = (Column("label", ""),)
        return (*shown, Column("dimension", "dimension", detail=True), Column("judge", "judge", detail=True))

    def name(self, dimension: str, judge: str) -> str:
        """Judge and dimension of a row."""
        named = [dimension_name(dimension)] if self._dimension else []
        return ": ".join([*named, *([judge] if self._judge else [])])

    def cells(self, dimension: str, judge: str) -> tuple[str, str, str]:
        """Cells of a row."""
        return (self.name(dimension, judge), dimension, judge)


def beside(found: Agreement, labels: Labels) -> Iterator[Table]:
    """Human-human and judge-human agreement, chance-corrected and raw."""
    for key, title, raw in (
        ("agreement", "Chance-corrected agreement", False),
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
        kinds = kinds_of(units)
        columns = (
            *labels.columns,
            _N,
            Column("people", "human-human", kinds[0]),
            Column("judge_level", "judge-human", kinds[0]),
            Column("difference", "difference", kinds[1]),
        )
        yield Table(
            key, f"{title}: {' or '.join(dict.fromkeys(names))}", columns, tuple(rows), _how(found, raw)
        )


def kinds_of(units: Sequence[str]) -> tuple[CellKind, CellKind]:
    """Formats of agreement and of differences: those of the unit, or of coefficients for mixed units."""
    unit = units[0] if len(set(units)) == 1 else "coefficient"
    return UNITS[unit], CHANGES[unit]


def _how(found: Agreement, raw: bool) -> tuple[str, ...]:
    ways = dict.fromkeys((one.raw if raw else one.main).how for one in found.judge_agreements)
    return tuple(f"{way[0].upper()}{way[1:]}; same items." for way in ways)


def verdicts(found: Agreement, labels: Labels) -> Table | None:
    """Non-inferiority tests at the given margins."""
    rows: list[Row] = []
    for one in found.judge_agreements:
        v = one.verdict
        if v is not None:
            rows.append(
                (*labels.cells(one.ratings.dimension, one.judge), one.main.title, v.margin, v.difference,
                 v.p_value, v.verdict or f"none ({display_name(v.reason or '')})", one.random_raters)
            )  # fmt: skip
    if not rows:
        return None
    columns = (
        *labels.columns,
        Column("statistic", "statistic", detail=True),
        Column("margin", "margin", "number"),
        Column("difference", "difference (90 % interval)", "change"),
        Column("p", "p", "p"),
        Column("verdict", "verdict"),
        Column("random_people", "difference (raters random)", "change", detail=True),
    )
    note = (
        f"Margins {found.criteria.set_by}. Difference: judge-human minus human-human agreement. "
        "Non-inferior: its 90 % interval lies above minus the margin. Raters are fixed, items are random."
    )
    return Table("verdicts", "Non-inferiority verdicts", columns, tuple(rows), (note,))


def levels(found: Agreement, labels: Labels) -> Table:
    """Mean and spread of the judge's scores, compared with human scores."""
    columns = (
        *labels.columns,
        Column("missing", "no score", "count"),
        Column("people", "human mean", "score"),
        Column("judge_mean", "judge mean", "score"),
        Column("bias", "bias", "change"),
        Column("sd_ratio", "SD ratio", "score"),
        Column("slope", "slope", "score", detail=True),
        Column("middle", "mid-scale scores, judge minus human", "points", detail=True),
        Column("ends", "extreme scores, judge minus human", "points", detail=True),
        Column("statuses", "statuses", detail=True),
    )
    if not any(one.ratings.has_means for one in found.judge_agreements):  # labels have no mean and no spread
        columns = tuple(c for c in columns if c.key in ("label", "dimension", "judge", "missing", "statuses"))
        counts = tuple(
            (*labels.cells(one.ratings.dimension, one.judge), *_statuses(one))
            for one in found.judge_agreements
        )
        return Table("levels", "Missing scores", columns, counts)
    has_spread = any(one.scale_use is not None for one in found.judge_agreements)
    columns = tuple(replace(c, detail=c.detail or (c.key == "sd_ratio" and not has_spread)) for c in columns)
    rows: list[Row] = []
    for one in found.judge_agreements:
        use = one.scale_use
        missing, statuses = _statuses(one)
        of_use: Row = (None, None, None, None)
        if use is not None:
            of_use = (use.sd_ratio, use.slope, use.middle.difference, use.ends.difference)
        rows.append(
            (
                *labels.cells(one.ratings.dimension, one.judge),
                missing,
                one.human_mean,
                one.judge_mean,
                one.bias,
                *of_use,
                statuses,
            )
        )
    adjusted = "" if found.aligned.slots else ", adjusted for which items each person rated"
    notes = [f"Bias: judge minus human{adjusted}; a positive bias means a lenient judge."]
    if has_spread:
        notes.append(
            "SD ratio: SD of the judge divided by the SD of one human rater; below 1 the judge uses less of "
            "the scale."
        )
    if any(one.ratings.nominal and one.ratings.has_means for one in found.judge_agreements):
        notes.append("The mean of a criterion is the share of answers that meet it.")
    return Table("levels", "Score level and spread", columns, tuple(rows), tuple(notes))


def medians(found: Agreement, labels: Labels) -> Table | None:
    """Median label of humans and of the judge, on the items with both, for categories with an order."""
    rows: list[Row] = []
    for one in found.judge_agreements:
        ratings, scores = one.ratings, one.ratings.column(one.judge)
        people = ratings.human_values[~np.isnan(scores)]
        of_people, of_judge = _median(ratings, people), _median(ratings, scores)
        if of_people and of_judge:
            rows.append((*labels.cells(ratings.dimension, one.judge), one.n_both, of_people, of_judge))
    if not rows:
        return None
    columns = (*labels.columns, _N, Column("people", "human median"), Column("judge_median", "judge median"))
    return Table(
        "medians",
        "Median of ordered categories",
        columns,
        tuple(rows),
        ("Human median: of all ratings of these items.",),
    )


def _median(ratings: Ratings, values: Floats) -> str | None:
    """Median of ordered labels, or the two that it lies between; None for other scales."""
    known = np.sort(values[~np.isnan(values)])
    if ratings.nominal or ratings.has_means or not len(known):
        return None
    middle = known[[(len(known) - 1) // 2, len(known) // 2]]
    return " or ".join(dict.fromkeys(map(ratings.name_of, middle.tolist())))


def _statuses(one: JudgeAgreement) -> tuple[int, str]:
    """Number of missing scores, and the number of scores of each status as text."""
    statuses = one.ratings.statuses[one.judge]
    missing = sum(count for status, count in statuses.items() if status != "ok")
    return missing, ", ".join(f"{count:,} {status}" for status, count in statuses.items())


def omega(found: Agreement, labels: Labels) -> Table | None:
    """Winning rate of the alternative annotator test by epsilon."""
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
        "Share of human raters over whom the judge is preferred as an annotator, by the tolerance epsilon "
        "granted to it (Benjamini-Yekutieli over raters, q = .05). Passing at epsilon .2 does not mean that "
        "the judge is as good as a human rater."
    ]
    untested = [all(np.isnan(rate) for _, rate in one.omega) for one in with_curve]
    if all(untested):
        return None
    if any(untested):
        notes.append("A row without figures is not testable: no rater shares 30 items with the judge.")
    return Table(
        "omega", "Alternative annotator test: winning rate by epsilon", columns, tuple(rows), tuple(notes)
    )


def alt_tests(found: Agreement, labels: Labels) -> Table | None:
    """The alternative annotator test at the given epsilon, rater by rater."""
    rows: list[Row] = []
    for (judge, dimension), test in found.alt_tests.items():
        people = found.aligned.ratings[dimension].humans
        rows += [(*labels.cells(dimension, judge), people[r.rater], *_against_one(r)) for r in test.raters]
    if not rows:
        return None
    columns = (
        *labels.columns,
        Column("person", "human rater"),
        _N,
        Column("judge_wins", "judge at least as close", "share"),
        Column("human_wins", "human at least as close", "share"),
        Column("p", "p", "p"),
        Column("p_adjusted", "p (BY)", "p"),
        Column("preferred", "judge preferred"),
    )
    few = len(found.aligned.ratings) * len(found.aligned.humans) <= 6
    title = f"Alternative annotator test at epsilon {found.criteria.epsilon:g}"
    note = (
        f"Epsilon {found.criteria.set_by}. p-values are adjusted over all raters and dimensions of a "
        "judge (Benjamini-Yekutieli)."
    )
    return Table("alt_test", title, columns, tuple(rows), (note,), detail=not few)


def _against_one(r: AltTestRater) -> Row:
    preferred = "yes" if r.judge_preferred else "no" if r.reason is None else display_name(r.reason)
    return (r.n_items, r.judge_wins, r.human_wins, r.p_value, r.p_adjusted, preferred)


def alt_verdict(test: AltTest) -> str:
    """Outcome of the test."""
    if test.passes is None:
        return "not testable"
    return f"{'passes' if test.passes else 'fails'} (omega {number_text(test.winning_rate, 'score')})"


def people_alone(found: Agreement) -> Table:
    """Agreement between human raters."""
    names = [n for n in TITLES if any(n in p.estimates for p in found.human_agreements.values())]
    shown = {"agreement", "alpha"}
    if all(ratings.nominal for ratings in found.aligned.ratings.values()):
        shown |= {"ac1"}
    columns = (
        Column("dimension", ""),
        Column("items", "items", "count"),
        *([Column("criteria", "criteria", "count")] if _has_criteria(found) else []),
        Column("people", "slots" if found.aligned.slots else "raters", "count"),
        Column("ratings", "ratings", "count"),
        Column("mean", "mean", "score", detail=True),
        *(
            Column(n, TITLES[n], "share" if n in ("agreement", "unanimous") else "score", n not in shown)
            for n in names
        ),
    )
    has_criteria = _has_criteria(found)
    rows = tuple(_people_row(name, of, names, has_criteria) for name, of in found.human_agreements.items())
    kinds = dict.fromkeys(
        ratings.scale.level if ratings.human_scale is not None else "interval"
        for ratings in found.aligned.ratings.values()
    )
    notes = [f"Alpha: Krippendorff's, {' or '.join(kinds)}."]
    if _has_criteria(found):
        notes.append(
            "Criteria: agreement over all criteria of all items together; intervals resample items with all "
            "their criteria."
        )
    if found.aligned.slots:
        notes.append(
            "Raters are slots, not persons: only statistics that do not depend on the order of an item's "
            "ratings are given. Pairwise kappa, two-way ICC, bias and tests of single raters need the "
            "same person in every row."
        )
    return Table("people", "Human-human agreement", columns, rows, tuple(notes))


def _has_criteria(found: Agreement) -> bool:
    return any(of.n_criteria for of in found.human_agreements.values())


def _people_row(name: str, of: HumanAgreement, names: Sequence[str], has_criteria: bool) -> Row:
    estimates = (of.estimates.get(n) for n in names)
    criteria = (of.n_criteria or None,) if has_criteria else ()
    return (dimension_name(name), of.n_items, *criteria, of.n_people, of.n_ratings, of.mean, *estimates)
