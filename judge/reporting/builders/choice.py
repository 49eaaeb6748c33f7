"""Multiple-choice answers -> Report: accuracy, anomaly detection, position bias, gap to open answers."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from judge.analysis.group_difference import Groups
from judge.analysis.item_columns import SYSTEM
from judge.analysis.multiple_choice.choice import Answers, ChoiceSlices, Gap, accuracy, gaps, slices
from judge.analysis.multiple_choice.detection import SEED, Detection, detection, gold_anomalous
from judge.analysis.multiple_choice.forms import OPEN, FormPair, form_pairs, tables_of_forms, unmatched
from judge.analysis.multiple_choice.positions import Positions, positions
from judge.analysis.pass_rate import PassRate
from judge.analysis.score_table import ScoreTable
from judge.analysis.slices import CROSS, SMALL, members
from judge.counting import counted
from judge.reporting.builders.choice_forms import PAIRED, form_sections, form_words
from judge.reporting.builders.single_run import default_fields
from judge.reporting.document import Column, Row, Section, Table
from judge.reporting.findings.run_findings import ALPHA
from judge.reporting.render.numbers import number_text
from judge.reporting.report import Report
from judge.reporting.tables.run_tables import MEAN_OF_SLICES, marked
from judge.reporting.wording import field_name, p_phrase, with_interval
from judge.scoring.parsing.chosen_letter import LETTERS, UNREADABLE
from judge.stats.engine.estimate import Estimate

_N = Column("n", "n", "count")
_ALL = "all answers"
_WIDEST_MATRIX = 8


def build_choice(
    answers: Answers,
    *,
    by: Sequence[str] = (),
    cluster: str | None = None,
    run: ScoreTable | None = None,
    problems: dict[str, list[str]] | None = None,
) -> Report:
    """Report accuracy, slices, anomaly detection and position bias of multiple-choice answers.

    Parameters
    ----------
    answers : Answers
        As `judge.analysis.multiple_choice.choice.read_answers` read them.
    by : sequence of str
        Fields to slice by, ``"a*b"`` crosses two. Default: up to six fields with 2 to 12 values.
    cluster : str, optional
        Field whose items are resampled together; see `ScoreTable.clusters`.
    run : ScoreTable, optional
        Open answers to compare with, by the same fields; paired where they answer the same questions.
    problems : dict, optional
        Problem found while reading the files -> ids.

    Raises
    ------
    InputError
        No item has one of the fields in `by`, or the run has none of its values.
    """
    clusters = answers.table.clusters(cluster)
    rate = accuracy(answers, clusters)
    tables = tables_of_forms(answers, run)
    pairs = form_pairs(tables, cluster)
    is_paired = any(pair.first == OPEN for pair in pairs)
    fields = by or default_fields(answers.table)
    sliced = [slices(answers, field, clusters) for field in fields]
    found, placed = detection(answers.table, clusters), positions(answers, clusters)
    sections = [
        Section("reading", "Replies", tables=(_reading(answers),)),
        *(_slice_section(one) for one in sliced),
        *_detection_sections(answers, found, fields, clusters),
        _position_section(answers, placed, clusters),
        *form_sections(tables, pairs, fields, cluster),
    ]
    if run is not None and not is_paired:
        sections += [_gap_section(field, gaps(answers, run, field, clusters)) for field in fields]
    return Report(
        "choice",
        f"{answers.table.name}: {len(answers.table):,} multiple-choice answers",
        (*_verdict(answers, rate, found, placed), *form_words(pairs)),
        (*_warnings(answers, problems or {}), *(f"{problem}." for problem in unmatched(tables))),
        tuple(sections),
        _named_estimates(rate, sliced, found, pairs),
        {"answers": answers.table.name, "unreadable replies": f"count as {_policy(answers)}"},
        (*_methods(cluster, answers, found), *([PAIRED] if pairs else [])),
    )


def _policy(answers: Answers) -> str:
    return "wrong" if answers.table.no_verdict == "fail" else "missing"


def _verdict(answers: Answers, rate: PassRate, found: Detection | None, placed: Positions) -> Iterator[str]:
    n = rate.n_pass + rate.n_fail
    yield f"{with_interval(rate.estimate, 'share')} of answers are correct: {rate.n_pass:,} of {n:,}."
    unreadable = sum(answers.reasons.values())
    if unreadable:
        why = ", ".join(f"{UNREADABLE[reason]}: {count:,}" for reason, count in answers.reasons.items())
        share = number_text(unreadable / len(answers.table), "share")
        yield (
            f"{unreadable:,} of {len(answers.table):,} replies ({share}) do not name exactly one offered "
            f"option ({why}); they count as {_policy(answers)}."
        )
        yield (
            f"Accuracy is {_share(rate.n_pass, len(answers.table) - unreadable)} without them and "
            f"{_share(rate.n_pass, len(answers.table))} if they count as wrong."
        )
        if answers.table.no_verdict == "bounds":
            yield f"It would be {number_text(rate.best, 'share')} if all of them counted as correct."
    else:
        yield "Every reply names exactly one offered option."
    if found:
        overkill, miss = found.figures["overkill"], found.figures["miss"]
        yield (
            f"Anomaly questions: {with_interval(overkill, 'share')} of normal parts are classified as "
            f"anomalous (overkill), {with_interval(miss, 'share')} of anomalous parts are missed."
        )
    if placed.p < ALPHA:
        most = max(placed.excess, key=lambda letter: placed.excess[letter].value)
        points = with_interval(placed.excess[most], "points")
        yield (
            f"Position bias (p {p_phrase(placed.p)}): {most} is chosen {points} percentage points more often "
            "than it is correct."
        )


def _share(n: int, total: int) -> str:
    return number_text(n / total, "share") if total else "none"


def _warnings(answers: Answers, problems: dict[str, list[str]]) -> Iterator[str]:
    for problem, ids in {**problems, **answers.unusable}.items():
        shown = ", ".join(ids[:3]) + (", …" if len(ids) > 3 else "")
        yield f"{problem}: {len(ids):,} ({shown})"


def _reading(answers: Answers) -> Table:
    how = Counter(reading.how for reading in answers.readings if reading.how).most_common()
    rows: list[Row] = [(f"read: {kind}", count) for kind, count in how]
    rows += [(f"unreadable: {UNREADABLE[reason]}", count) for reason, count in answers.reasons.items()]
    note = (
        "letter: a bare letter; marked: boxed or in a tag; announced: “the answer is …”; decided: “I "
        "choose …”; first, last: at the start or on the last line; text: the text of an option; "
        "bracketed: (B)."
    )
    return Table("reading", "How the options were read", (Column("how", "how"), _N), tuple(rows), (note,))


def _slice_section(of: ChoiceSlices) -> Section:
    return Section(f"slices {of.field}", f"By {field_name(of.field)}", tables=_slice_tables(of))


def _slice_tables(of: ChoiceSlices) -> tuple[Table, ...]:
    has_balanced = any(s.balanced for s in of.slices)
    columns = (
        Column("slice", field_name(of.field)),
        _N,
        Column("unreadable", "unreadable", "count"),
        Column("figure", "accuracy", "share"),
        Column("accuracy", "unbalanced accuracy", "share", detail=True),
    )
    rows: list[Row] = [(s.label, s.n, s.n_unreadable, s.figure, s.accuracy) for s in of.slices]
    n, unreadable = sum(s.n for s in of.slices), sum(s.n_unreadable for s in of.slices)
    rows.append((MEAN_OF_SLICES, n, unreadable, of.macro, None))
    notes = [f"{MEAN_OF_SLICES.capitalize()}: macro average (equal weight for each slice)."]
    if has_balanced:
        notes.append(
            "Anomaly questions: balanced accuracy, the mean of the accuracies on normal and on "
            "anomalous parts."
        )
    small = tuple(i for i, s in enumerate(of.slices) if s.n < SMALL)
    title = f"Accuracy by {field_name(of.field)}"
    table = Table(f"slices:{of.field}", title, columns, tuple(rows), tuple(notes), small)
    matrix = _matrix(of)
    table = marked(table, f"* fewer than {SMALL} answers; interpret with caution.")
    return (matrix, table) if matrix else (table,)


def _matrix(of: ChoiceSlices) -> Table | None:
    """Crossed slices as rows by columns with their means; None where they do not cross two fields."""
    labels = [s.label.split(f" {CROSS} ") for s in of.slices]
    if of.field.count(CROSS) != 1 or any(len(pair) != 2 for pair in labels):
        return None
    cells = {(b, a): s.figure.value for (a, b), s in zip(labels, of.slices, strict=True)}
    across, down = list(dict.fromkeys(a for a, _ in labels)), list(dict.fromkeys(b for _, b in labels))
    if len(across) > _WIDEST_MATRIX:
        return None
    means = [[cells.get((b, a), np.nan) for a in across] for b in down]
    rows: list[Row] = [(b, *_shares(row), _mean(row)) for b, row in zip(down, means, strict=True)]
    of_columns = [_mean([row[i] for row in means]) for i in range(len(across))]
    rows.append(("mean", *of_columns, _mean([value for value in of_columns if value is not None])))
    columns = [Column(a, a, "share") for a in across]
    first, second = of.field.split(CROSS)
    heading = Column("slice", field_name(second.strip()))
    title = f"Accuracy by {field_name(second.strip())} (down) and {field_name(first.strip())} (across)"
    notes = ("Means are unweighted means of the cells; intervals are in the table below.",)
    headings = (heading, *columns, Column("mean", "mean", "share"))
    return Table(f"matrix:{of.field}", title, headings, tuple(rows), notes)


def _shares(values: Sequence[float]) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values]


def _mean(values: Sequence[float]) -> float | None:
    there = [value for value in values if not np.isnan(value)]
    return float(np.mean(there)) if there else None


def _detection_sections(
    answers: Answers, found: Detection | None, fields: Sequence[str], clusters: Groups
) -> Iterator[Section]:
    if found is None:
        return
    names = list(found.figures)
    columns = (
        Column("slice", "slice"),
        Column("n_anomalous", "anomalous", "count"),
        Column("n_normal", "normal", "count"),
        *(Column(name, name.replace("_", " "), "share") for name in names),
    )
    rows: list[Row] = [(_ALL, found.n_anomalous, found.n_normal, *found.figures.values())]
    is_anomaly_question = ~np.isnan(gold_anomalous(answers.table.items))
    for field in dict.fromkeys(one.strip() for name in fields for one in name.split(CROSS)):
        groups = [
            (label, mask)
            for label, mask in members(answers.table, field)
            if (mask & is_anomaly_question).any()
        ]
        for label, mask in groups if len(groups) > 1 else ():
            one = detection(answers.take(mask).table, None if clusters is None else clusters[mask])
            if one:
                name = f"{field_name(field)}: {label}"
                rows.append((name, one.n_anomalous, one.n_normal, *one.figures.values()))
    notes = [
        "Positive: anomalous. Overkill: false positive rate, normal parts classified as anomalous. Miss: "
        "false negative rate, anomalous parts classified as normal."
    ]
    if answers.reasons and answers.table.no_verdict == "fail":
        notes += [
            "An unreadable reply counts as overkill for a normal part, and as a miss for an anomalous one."
        ]
    table = Table("detection", "Anomaly detection", columns, tuple(rows), tuple(notes))
    yield Section("detection", "Anomaly detection", tables=(table,))


def _position_section(answers: Answers, placed: Positions, clusters: Groups) -> Section:
    systems = members(answers.table, SYSTEM) if answers.table.given(SYSTEM).any() else []
    rows: list[Row] = []
    for system, mask in systems if len(systems) > 1 else ():
        one = positions(answers.take(mask), None if clusters is None else clusters[mask])
        letter = max(one.excess, key=lambda x: one.excess[x].value, default=None)
        rows.append((system, one.n, letter, letter and one.excess[letter], one.p))
    columns = (
        Column("slice", SYSTEM),
        _N,
        Column("letter", "option"),
        Column("excess", "chosen minus correct (points)", "points"),
        Column("p", "p", "p"),
    )
    notes = ("The option that is most chosen too often; Stuart-Maxwell test of each system, unadjusted.",)
    by_system = Table("positions:system", "Position bias by system", columns, tuple(rows), notes)
    tables = (_positions(placed), *([by_system] if rows else []))
    return Section("positions", "Position of the option", tables=tables)


def _positions(placed: Positions) -> Table:
    columns = (
        Column("letter", "option"),
        Column("chosen", "chosen", "share"),
        Column("gold", "correct", "share"),
        Column("excess", "chosen minus correct (points)", "points"),
    )
    rows = tuple(
        (x, placed.chosen[x], placed.gold[x], placed.excess[x]) for x in LETTERS if x in placed.chosen
    )
    notes = (
        f"{placed.n:,} readable replies. Stuart-Maxwell test that chosen and correct options have the same "
        f"distribution: p {p_phrase(placed.p)}.",
    )
    return Table("positions", "Positions of the chosen and the correct options", columns, rows, notes)


def _gap_section(field: str, rows: Sequence[Gap]) -> Section:
    columns = (
        Column("slice", field_name(field)),
        Column("choice", "accuracy with options", "share"),
        Column("open", "pass rate of open answers", "share"),
        Column("difference", "gap (points)", "points"),
    )
    cells: list[Row] = [(gap.label, gap.choice, gap.open, gap.difference) for gap in rows]
    notes = ("Gap: Newcombe's interval for independent samples.",)
    table = Table(
        f"gap:{field}",
        f"Gap between multiple-choice and open answers by {field_name(field)}",
        columns,
        tuple(cells),
        notes,
    )
    return Section(
        f"gap {field}", f"Multiple-choice and open answers by {field_name(field)}", tables=(table,)
    )


def _named_estimates(
    rate: PassRate, sliced: Sequence[ChoiceSlices], found: Detection | None, pairs: Sequence[FormPair]
) -> dict[str, Estimate]:
    return {
        "accuracy": rate.estimate,
        **{f"macro.{one.field}": one.macro for one in sliced},
        **(found.figures if found else {}),
        **{f"difference.{pair.second}-{pair.first}": pair.change.difference for pair in pairs},
    }


def _methods(cluster: str | None, answers: Answers, found: Detection | None) -> Iterator[str]:
    yield (
        "A reply is readable if it names exactly one offered option: a bare letter, otherwise a marked, "
        "announced or decided letter, otherwise the text of an option."
    )
    clusters = answers.table.clusters(cluster)
    if clusters is None:
        yield "Proportions: Wilson score interval; answers are treated as independent."
    else:
        n = len(np.unique(clusters))
        yield (
            "Proportions: Wilson score interval for the effective sample size of "
            f"{counted(n, 'cluster')} of answers."
        )
    if found:
        yield (
            "Balanced accuracy: the intervals of both rates, squared and added. F1: quantiles of simulated "
            f"Dirichlet distributions of the table of verdicts (10,000, seed {SEED})."
        )
