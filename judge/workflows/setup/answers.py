"""Readings of a table of answers: which columns are the question, the answers and the id."""

from collections.abc import Sequence

from judge.errors import InputError
from judge.formats.rating_columns import COLUMNS
from judge.items.columns import ALIASES, ColumnFinder, plain
from judge.workflows.setup.choices import Choices, TableReading, only_readable
from judge.workflows.setup.tables import InputTable, quoted

Question = tuple[str, list[TableReading]]
"""What has to be decided about a table, and the readings; no readings where nothing has to be."""

_NOTHING: Question = ("", [])
_ANSWER_WORDS = frozenset(ALIASES["answer"])


def answer_question(table: InputTable, choices: Choices, missing: Sequence[str] = ()) -> Question:
    """Next question about the columns of a table of answers.

    Parameters
    ----------
    table : InputTable
        The table.
    choices : Choices
        What is decided.
    missing : sequence of str
        Fields of an item that the table has to provide and that no column holds so far.
    """
    if doubled := _doubled(table, choices):
        return doubled
    if "question" in missing:
        return _question_column(table, choices)
    if "answer" in missing:
        return _answer_columns(table, choices)
    return _reference(table, choices) or _ids(table, choices)


def lists_ratings(table: InputTable, choices: Choices) -> bool:
    """Whether a table has one row for each rating and not for each item: a rater, and items that repeat."""
    raters = [name for name in table.columns if plain(name) in COLUMNS["rater"]]
    raters += [column for meaning, column in choices.columns.items() if meaning == "rater"]
    keys = [columns[0] for name, columns in table.fields.items() if name in ("id", "system")]
    keys = keys or [columns[0] for columns in table.fields.values()]
    return bool(raters and keys) and _repeats(table, keys)


def _doubled(table: InputTable, choices: Choices) -> Question | None:
    """Field that several columns name and for which they hold different values."""
    for name, columns in table.plan(choices).sources.items():
        if all(len({str(row.get(c, "")).strip() for c in columns} - {""}) < 2 for row in table.rows):
            continue
        possible = columns
        if name == "id" and not choices.id_from:
            possible = [column for column in columns if not _repeats(table, [column])] or columns
        readings = [
            TableReading(f"{column!r} holds the {name}", {"mapping": {name: column}}) for column in possible
        ]
        return f"{table.name}: columns {quoted(columns)} are names for the {name} and differ.", readings
    return None


def _question_column(table: InputTable, choices: Choices) -> Question:
    readings = [
        TableReading(f"{name!r} holds the question", {"mapping": {"question": name}})
        for name in table.texts(choices)
    ]
    return f"{table.name}: no column is named as a question.", readings


def _answer_columns(table: InputTable, choices: Choices) -> Question:
    """One column with the answers, or one column with the answers of each system."""
    texts = table.texts(choices)
    named = [name for name in texts if _ANSWER_WORDS & set(plain(name).split("_"))]
    systems = named if len(named) > 1 else texts
    readings = [
        TableReading(f"{name!r} holds the answer", {"mapping": {"answer": name}}) for name in named or texts
    ]
    if len(systems) > 1:
        one_each = TableReading(
            f"columns {quoted(systems)} hold the answers of one system each",
            {"answers_in": only_readable(systems, "--answers-in")},
        )
        # Several columns that are all named as answers cannot be one answer and fields beside it.
        readings = [one_each] if named else [one_each, *readings]
    question = f"{table.name}: no column is named as the answer; texts are in {quoted(texts)}."
    return question, readings


def _reference(table: InputTable, choices: Choices) -> Question | None:
    """Columns of sentences that may be the reference answer, where no column is named as such."""
    columns = [name for name in table.texts(choices) if table.holds_sentences(name)]
    if not columns or choices.questions is not None or "reference" in table.plan(choices).sources:
        return None
    readings = [
        TableReading(f"{name!r} holds the reference answer", {"mapping": {"reference": name}})
        for name in columns
    ]
    fields = {_field_name(name): name for name in columns}
    other = "is another field" if len(columns) == 1 else "are other fields"
    readings.append(TableReading(f"{quoted(columns)} {other} of the items", {"mapping": fields}))
    question = f"{table.name}: no column is named as the reference answer; texts are in {quoted(columns)}."
    return question, readings


def _field_name(column: str) -> str:
    """Name of the metadata field for a column: its own, unless that resembles a field of an item."""
    try:
        ColumnFinder({column: column})
    except InputError:
        return f"text of {column}"
    return column


def _ids(table: InputTable, choices: Choices) -> Question:
    """Ids that repeat where a question has answers of several systems."""
    sources = table.plan(choices).sources
    if choices.id_from or "id" not in sources:
        return _NOTHING
    (column, *_), systems = sources["id"], sources.get("system", [])
    if not _repeats(table, [column]):
        return _NOTHING
    if systems and not _repeats(table, [column, systems[0]]):
        text = f"{column!r} names the question; the id of an answer is made of it and {systems[0]!r}"
        return f"{table.name}: ids repeat.", [TableReading(text, {"id_from": ("id", "system")})]
    raise InputError(
        f"{table.name}: column {column!r} holds the ids, and rows with one id have different content. Name "
        "the fields that make an id of its own for each row, as in --id-from id,system, or another column of "
        "ids: --map id=NAME"
    )


def _repeats(table: InputTable, keys: Sequence[str]) -> bool:
    """Whether two different rows have the same values in some columns."""
    rows = {str(row): tuple(str(row.get(key)).strip() for key in keys) for row in table.rows}
    return len(set(rows.values())) < len(rows)
