"""Forms of one question -> sections: paired differences, detection in each form, and the gap by slice."""

from collections.abc import Iterator, Mapping, Sequence

from judge.analysis.multiple_choice.detection import Detection
from judge.analysis.multiple_choice.forms import OPEN, FormPair, detection_by_form
from judge.analysis.score_table import ScoreTable
from judge.analysis.slices import SMALL, members
from judge.reporting.document import Column, Row, Section, Table
from judge.reporting.tables.run_tables import marked
from judge.reporting.wording import field_name, p_phrase, with_interval

_FIGURES = (
    Column("pairs", "questions", "count"),
    Column("first", "first", "share"),
    Column("second", "second", "share"),
    Column("difference", "difference (points)", "points"),
)


PAIRED = (
    "Forms of one question: McNemar's mid-p test and Newcombe's interval where pairs are independent, "
    "otherwise the paired jackknife over clusters; p-values are Holm-adjusted over all pairs of forms."
)


def form_words(pairs: Sequence[FormPair]) -> Iterator[str]:
    """Sentence for each two forms: how much higher the accuracy in one is, on the same questions."""
    for pair in pairs:
        change = pair.change
        p = p_phrase(change.p_adjusted)
        yield (
            f"On the {change.difference.n_items:,} questions with both, {pair.second} against {pair.first}: "
            f"{with_interval(change.difference, 'points')} percentage points (p {p})."
        )


def form_sections(
    tables: Mapping[str, ScoreTable], pairs: Sequence[FormPair], fields: Sequence[str], cluster: str | None
) -> Iterator[Section]:
    """Sections about the forms, where there are several with the same questions.

    Parameters
    ----------
    tables : mapping of str to ScoreTable
        Form -> its answers.
    pairs : sequence of FormPair
        Each two forms with questions in common.
    fields : sequence of str
        Fields of the choices by which the difference from open answers is sliced.
    cluster : str or None
        Field whose equal values make a cluster of questions.
    """
    found = detection_by_form(tables, cluster)
    held = (*([_pairs(pairs)] if pairs else []), *([_detection(found)] if found else []))
    if len(tables) > 1 and held:
        yield Section("forms", "Forms of one question", tables=held)
    opens = [pair for pair in pairs if pair.first == OPEN]
    for field in fields if opens else ():
        yield _gap(field, tables, opens, cluster)


def _pairs(pairs: Sequence[FormPair]) -> Table:
    columns = (Column("forms", "second - first"), *_FIGURES, Column("p_holm", "p (Holm)", "p"))
    changes = [pair.change for pair in pairs]
    rows: list[Row] = [(c.name, c.difference.n_items, c.a, c.b, c.difference, c.p_adjusted) for c in changes]
    small = tuple(n for n, pair in enumerate(pairs) if pair.change.small)
    by = ", ".join(dict.fromkeys(pair.matched_by for pair in pairs))
    notes = (f"Paired, by {by}: only questions that both have. Open answers: the judge's pass rate.",)
    table = Table("forms", "Accuracy in two forms of the same questions", columns, tuple(rows), notes, small)
    return marked(table, f"* fewer than {SMALL} questions; interpret with caution.")


def _detection(found: Mapping[str, Detection]) -> Table:
    names = list(next(iter(found.values())).figures)
    columns = (
        Column("form", "form"),
        Column("n_anomalous", "anomalous", "count"),
        Column("n_normal", "normal", "count"),
        *(Column(name, name.replace("_", " "), "share") for name in names),
    )
    rows: list[Row] = [
        (form, one.n_anomalous, one.n_normal, *one.figures.values()) for form, one in found.items()
    ]
    notes = (
        "Positive: anomalous. An open answer that passes says what the right answer says, and one that fails "
        "says the opposite.",
    )
    return Table("detection:forms", "Anomaly detection by form", columns, tuple(rows), notes)


def _gap(
    field: str, tables: Mapping[str, ScoreTable], opens: Sequence[FormPair], cluster: str | None
) -> Section:
    rows: list[Row] = []
    small = []
    for pair in opens:
        table = tables[pair.second]
        for label, mask in members(table, field):
            if not mask[pair.rows].any():
                continue
            name = label if len(opens) == 1 else f"{pair.second}: {label}"
            change = pair.within(mask, table.clusters(cluster), name)
            small += [len(rows)] if change.small else []
            rows.append((name, change.difference.n_items, change.b, change.a, change.difference))
    columns = (
        Column("slice", field_name(field)),
        _FIGURES[0],
        Column("choice", "accuracy with options", "share"),
        Column("open", "pass rate of open answers", "share"),
        Column("difference", "gap (points)", "points"),
    )
    title = f"Gap between multiple-choice and open answers by {field_name(field)}"
    notes = ("Gap: paired, on the questions that have both forms.",)
    table_ = Table(f"gap:{field}", title, columns, tuple(rows), notes, tuple(small))
    heading = f"Multiple-choice and open answers by {field_name(field)}"
    return Section(f"gap {field}", heading, tables=(marked(table_, f"* fewer than {SMALL} questions."),))
