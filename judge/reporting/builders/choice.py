"""Multiple-choice answers -> Report: accuracy, slices, anomaly questions, position bias, gap to open ones."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from judge.analysis.group_difference import Groups
from judge.analysis.multiple_choice.choice import Answers, ChoiceSlices, Gap, accuracy, gaps, slices
from judge.analysis.multiple_choice.detection import SEED, Detection, detection, gold_anomalous
from judge.analysis.multiple_choice.letters import LETTERS
from judge.analysis.multiple_choice.positions import Positions, positions
from judge.analysis.pass_rate import PassRate
from judge.analysis.score_table import ScoreTable
from judge.analysis.slices import CROSS, SMALL, members
from judge.reporting.builders.single_run import default_fields
from judge.reporting.document import Column, Report, Row, Section, Table
from judge.reporting.findings.run_findings import ALPHA
from judge.reporting.render.numbers import number_text, p_text
from judge.reporting.tables.run_tables import MEAN_OF_SLICES, marked
from judge.reporting.wording import field_name, with_interval
from judge.stats.engine.estimate import Estimate

_N = Column("n", "n", "count")
_ALL = "all answers"
_WIDEST_MATRIX = 8
_WORDS = {
    "empty": "empty",
    "truncated": "only an unfinished thought",
    "refused": "refusals",
    "not_offered": "a letter that was not offered",
    "several": "several options",
    "no_choice": "no option",
}


def build_choice(
    answers: Answers,
    *,
    by: Sequence[str] = (),
    cluster: str | None = None,
    run: ScoreTable | None = None,
    problems: dict[str, list[str]] | None = None,
) -> Report:
    """Report how many multiple-choice answers are right, where, and what is odd about them.

    Parameters
    ----------
    answers : Answers
        As `judge.analysis.multiple_choice.choice.read_answers` read them.
    by : sequence of str
        Fields to slice by, ``"a*b"`` crosses two. Default: up to six fields with 2 to 12 values.
    cluster : str, optional
        Field whose items are resampled together; see `ScoreTable.clusters`.
    run : ScoreTable, optional
        Open answers to compare with, by the same fields.
    problems : dict, optional
        What did not fit together when the files were read -> ids.

    Raises
    ------
    InputError
        No item has a field that is asked for, or the run has none of its values.
    """
    clusters = answers.table.clusters(cluster)
    rate = accuracy(answers, clusters)
    fields = by or default_fields(answers.table)
    sliced = [slices(answers, field, clusters) for field in fields]
    found, placed = detection(answers.table, clusters), positions(answers, clusters)
    sections = [
        Section("reading", "Replies", tables=(_reading(answers),)),
        *(_slice_section(one) for one in sliced),
        *_detection_sections(answers, found, fields, clusters),
        Section("positions", "Position of the option", tables=(_positions(placed),)),
        *(_gap_section(field, gaps(answers, run, field, clusters)) for field in fields if run is not None),
    ]
    return Report(
        "choice",
        f"{answers.table.name}: {len(answers.table):,} multiple-choice answers",
        tuple(_verdict(answers, rate, found, placed)),
        tuple(_warnings(answers, problems or {})),
        tuple(sections),
        _named_estimates(rate, sliced, found),
        {"answers": answers.table.name, "unreadable replies": f"count as {_policy(answers)}"},
        tuple(_methods(cluster, answers)),
    )


def _policy(answers: Answers) -> str:
    return "wrong" if answers.unreadable == "wrong" else "missing"


def _verdict(answers: Answers, rate: PassRate, found: Detection | None, placed: Positions) -> Iterator[str]:
    n = rate.n_pass + rate.n_fail
    yield f"{with_interval(rate.estimate, 'share')} of answers are right: {rate.n_pass:,} of {n:,}."
    unreadable = sum(answers.reasons.values())
    if unreadable:
        why = ", ".join(f"{_WORDS[reason]}: {count:,}" for reason, count in answers.reasons.items())
        share = number_text(unreadable / len(answers.table), "share")
        yield (
            f"{unreadable:,} of {len(answers.table):,} replies ({share}) name no one offered option ({why}); "
            f"they count as {_policy(answers)}."
        )
        yield (
            f"Without the unreadable {_share(rate.n_pass, len(answers.table) - unreadable)} are right; with "
            f"them as wrong {_share(rate.n_pass, len(answers.table))}."
        )
    else:
        yield "Every reply names one offered option."
    if found:
        overkill, miss = found.figures["overkill"], found.figures["miss"]
        yield (
            f"Anomaly questions: {with_interval(overkill, 'share')} of normal parts are called anomalous "
            f"(overkill), {with_interval(miss, 'share')} of anomalous parts are missed."
        )
    if placed.p < ALPHA:
        most = max(placed.excess, key=lambda letter: placed.excess[letter].value)
        points = with_interval(placed.excess[most], "points")
        yield (
            f"Position bias (p {p_text(placed.p)}): {most} is chosen {points} percentage points more often "
            "than it is right."
        )


def _share(part: int, whole: int) -> str:
    return number_text(part / whole, "share") if whole else "none"


def _warnings(answers: Answers, problems: dict[str, list[str]]) -> Iterator[str]:
    for problem, ids in {**problems, **answers.unusable}.items():
        shown = ", ".join(ids[:3]) + (", …" if len(ids) > 3 else "")
        yield f"{problem}: {len(ids):,} ({shown})"


def _reading(answers: Answers) -> Table:
    how = Counter(reading.how for reading in answers.readings if reading.how).most_common()
    rows: list[Row] = [(f"read: {kind}", count) for kind, count in how]
    rows += [(f"unreadable: {_WORDS[reason]}", count) for reason, count in answers.reasons.items()]
    note = (
        "letter: nothing else was said; marked: boxed or in a tag; announced: “the answer is …”; decided: “I "
        "choose …”; first, last: at the start, on the last line; text: the option's text; bracketed: (B)."
    )
    return Table("reading", "How the letters were read", (Column("how", "how"), _N), tuple(rows), (note,))


def _slice_section(of: ChoiceSlices) -> Section:
    return Section(f"slices {of.field}", f"By {field_name(of.field)}", tables=_slice_tables(of))


def _slice_tables(of: ChoiceSlices) -> tuple[Table, ...]:
    has_balanced = any(s.balanced for s in of.slices)
    columns = (
        Column("slice", field_name(of.field)),
        _N,
        Column("unreadable", "unreadable", "count"),
        Column("figure", "accuracy", "share"),
        Column("accuracy", "accuracy", "share", detail=True),
    )
    rows: list[Row] = [(s.label, s.n, s.n_unreadable, s.figure, s.accuracy) for s in of.slices]
    n, unreadable = sum(s.n for s in of.slices), sum(s.n_unreadable for s in of.slices)
    rows.append((MEAN_OF_SLICES, n, unreadable, of.macro, None))
    notes = [f"{MEAN_OF_SLICES}: macro average, each slice counts the same."]
    if has_balanced:
        notes.append(
            "Accuracy; of anomaly questions the mean of the accuracies on normal and anomalous parts."
        )
    small = tuple(i for i, s in enumerate(of.slices) if s.n < SMALL)
    title = f"Accuracy by {field_name(of.field)}"
    table = Table(f"slices:{of.field}", title, columns, tuple(rows), tuple(notes), small)
    matrix = _matrix(of)
    return (matrix, marked(table)) if matrix else (marked(table),)


def _matrix(of: ChoiceSlices) -> Table | None:
    """Crossed slices as rows by columns, with the means of both; None where they do not cross two fields."""
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
    notes = ("Means are of the figures in the table; intervals are in the table below.",)
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
    asked = ~np.isnan(gold_anomalous(answers.table.items))
    for field in dict.fromkeys(part.strip() for name in fields for part in name.split(CROSS)):
        parts = [(label, mask) for label, mask in members(answers.table, field) if (mask & asked).any()]
        for label, mask in parts if len(parts) > 1 else ():
            one = detection(answers.take(mask).table, None if clusters is None else clusters[mask])
            if one:
                name = f"{field_name(field)}: {label}"
                rows.append((name, one.n_anomalous, one.n_normal, *one.figures.values()))
    notes = (
        "Positive is an anomalous part. Overkill: normal parts called anomalous; miss: anomalous parts "
        "called normal.",
    )
    table = Table("detection", "Is there an anomaly?", columns, tuple(rows), notes)
    yield Section("detection", "Anomaly questions", tables=(table,))


def _positions(placed: Positions) -> Table:
    columns = (
        Column("letter", "option"),
        Column("chosen", "chosen", "share"),
        Column("gold", "right", "share"),
        Column("excess", "chosen minus right (points)", "points"),
    )
    rows = tuple(
        (x, placed.chosen[x], placed.gold[x], placed.excess[x]) for x in LETTERS if x in placed.chosen
    )
    notes = (
        f"{placed.n:,} replies that were read. Chosen and right options have one distribution: "
        f"p {p_text(placed.p)} (Stuart-Maxwell).",
    )
    return Table("positions", "Where the chosen and the right options stand", columns, rows, notes)


def _gap_section(field: str, rows: Sequence[Gap]) -> Section:
    columns = (
        Column("slice", field_name(field)),
        Column("choice", "right with options", "share"),
        Column("open", "open answers that pass", "share"),
        Column("difference", "gap (points)", "points"),
    )
    cells: list[Row] = [(gap.label, gap.choice, gap.open, gap.difference) for gap in rows]
    notes = ("Gap: Newcombe's interval for independent groups.",)
    table = Table(f"gap:{field}", f"The gap by {field_name(field)}", columns, tuple(cells), notes)
    return Section(f"gap {field}", f"With options and open, by {field_name(field)}", tables=(table,))


def _named_estimates(
    rate: PassRate, sliced: Sequence[ChoiceSlices], found: Detection | None
) -> dict[str, Estimate]:
    return {
        "accuracy": rate.estimate,
        **{f"macro.{one.field}": one.macro for one in sliced},
        **(found.figures if found else {}),
    }


def _methods(cluster: str | None, answers: Answers) -> Iterator[str]:
    yield (
        "A reply is read only if it names one offered option: by a bare letter, else by a marked, announced "
        "or decided one, else by an option's text."
    )
    clusters = answers.table.clusters(cluster)
    if clusters is None:
        yield "Shares: Wilson's interval, answers independent."
    else:
        n = len(np.unique(clusters))
        yield f"Shares: Wilson's interval for the effective sample size of {n:,} clusters of answers."
    yield f"Balanced accuracy and F1: BCa bootstrap (10,000, seed {SEED}), jackknife below 50 clusters."
