"""Export the scores of a run as a table: long (one row per score) or wide (one row per item)."""

import csv
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from judge.errors import InputError, MissingExtraError
from judge.files.writing import harmless, whole_file, write_file
from judge.records import Item, Score
from judge.rubric import CRITERIA, Rubric
from judge.scoring.run import Run

FORMATS = ("csv", "jsonl", "parquet")
_LONGEST = 1 << 63

Table = tuple[list[str], Iterator[dict[str, Any]]]
"""Column names and rows."""


def export_scores(path: str | Path, out: str, form: str | None = None, *, wide: bool = False) -> None:
    """Write the scores of a run, with the system and the metadata of each item.

    Where the items have criteria of their own, the long table has one row per criterion, with its id in the
    column `criterion`; the wide table has them in one column each for values and statuses, as JSON objects.
    The value of a category is its label. In CSV, an apostrophe is put before texts that a spreadsheet would
    execute as a formula.

    Parameters
    ----------
    path : str or Path
        Folder of the run.
    out : str
        File, or ``-`` for standard output (not for Parquet).
    form : {'csv', 'jsonl', 'parquet'} or None
        None infers the format from the file name; on standard output it is CSV.
    wide : bool
        Whether to write one row per item and sample, with a column for each dimension and for its status,
        instead of one row per score. Criteria are in the rows per score only: each item has its own.

    Raises
    ------
    InputError
        The format cannot be inferred from the file name or contradicts it, or the file cannot be written.
    MissingExtraError
        The package for Parquet is not installed.
    """
    form = _format_of(out, form)
    with Run.open(path) as run:
        fields = _fields(run)
        columns, rows = _wide(run, fields) if wide else _long(run, fields)
        if form == "parquet":
            _write_parquet(columns, list(rows), out)
        elif form == "csv":
            _write(_as_csv(columns, rows), out)
        else:
            _write((json.dumps(row, ensure_ascii=False) + "\n" for row in rows), out)


def _format_of(out: str, form: str | None) -> str:
    if out == "-":
        if form == "parquet":
            raise InputError(
                "Parquet cannot be written to standard output; name a file: --out scores.parquet"
            )
        return form or "csv"
    named = Path(out).suffix.removeprefix(".").lower()
    if named in FORMATS and form not in (None, named):
        raise InputError(
            f"out (--out) {out} is a {named} file, but --output-format is {form}; omit one of them"
        )
    if named not in FORMATS and form is None:
        endings = ", ".join(f".{name}" for name in FORMATS)
        raise InputError(
            f"out (--out) {out}: the format is unknown; use the ending {endings}, or set --output-format"
        )
    return form or named


def _fields(run: Run) -> list[str]:
    """Return the names of all metadata fields, so that every row has the same columns."""
    return list(dict.fromkeys(name for item in run.items() for name in item.metadata))


def _long(run: Run, fields: list[str]) -> Table:
    """Return one row per score; only a rubric with criteria has the column of their ids."""
    names = [name for name in Score.model_fields if name != "criterion" or run.rubric.criteria]
    rows = (
        {**{name: getattr(score, name) for name in names}, **_about(item, fields)}
        for item, scores in _by_item(run)
        for score in scores
    )
    return [*names, "system", *map(_column, fields)], rows


def _wide(run: Run, fields: list[str]) -> Table:
    rubric = run.rubric
    names = [*rubric.scored, *rubric.flags, *([CRITERIA] if rubric.criteria else [])]
    columns = ["item_id", "rater", "sample", *names, "passes", *map(_status, names)]
    rows = (
        {**dict.fromkeys(columns), **_judgment(list(group), rubric), **_about(item, fields)}
        for item, scores in _by_item(run)
        for _, group in itertools.groupby(scores, key=lambda score: score.sample)
    )
    return [*columns, "system", *map(_column, fields)], rows


def _judgment(scores: list[Score], rubric: Rubric) -> dict[str, Any]:
    """Combine the scores of one item and sample into one row, its own criteria in one column."""
    values = {score.dimension: score.value for score in scores if score.criterion is None}
    numbers = {name: value for name, value in values.items() if isinstance(value, float)}
    head = {"item_id": scores[0].item_id, "rater": scores[0].rater, "sample": scores[0].sample}
    statuses = {_status(score.dimension): score.status for score in scores}
    beside = {score.dimension for score in scores if score.status == "not_applicable"}
    passes = rubric.counted_verdict(numbers, beside)
    return {**head, **values, "passes": passes, **statuses, **_criteria(scores)}


def _criteria(scores: list[Score]) -> dict[str, Any]:
    """JSON objects of the values and of the statuses of all criteria; nothing where there are none."""
    own = [score for score in scores if score.criterion is not None]
    if not own:
        return {}
    values = {score.criterion: score.value for score in own}
    statuses = {score.criterion: score.status for score in own}
    return {CRITERIA: _plain(values), _status(CRITERIA): _plain(statuses)}


def _by_item(run: Run) -> Iterator[tuple[Item, list[Score]]]:
    groups = itertools.groupby(run.scores(), key=lambda score: score.item_id)
    for item_id, scores in groups:
        yield run.item(item_id), list(scores)


def _about(item: Item, fields: list[str]) -> dict[str, Any]:
    return {"system": item.system, **{_column(name): _plain(item.metadata.get(name)) for name in fields}}


def _column(field: str) -> str:
    return f"meta_{field}"


def _status(name: str) -> str:
    return f"{name}_status"


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _as_csv(columns: list[str], rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    line = _Line()
    writer = csv.writer(line)
    writer.writerow(map(harmless, columns))
    yield line.text
    for row in rows:
        writer.writerow([harmless(row[name]) for name in columns])
        yield line.text


class _Line:
    """Receives each line that `csv` writes."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _write(lines: Iterator[str], out: str) -> None:
    if out == "-":
        sys.stdout.writelines(lines)
        return
    write_file(out, lines)


def _write_parquet(columns: list[str], rows: list[dict[str, Any]], out: str) -> None:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet", "Parquet") from None
    table = pyarrow.table({name: _one_type([row[name] for row in rows]) for name in columns})
    with whole_file(out) as draft:
        pyarrow.parquet.write_table(table, draft)


def _one_type(column: list[Any]) -> list[Any]:
    """Convert a column of mixed types, or of integers of more than 64 bits, to text."""
    kinds = {type(value) for value in column if value is not None}
    fits = all(-_LONGEST <= value < _LONGEST for value in column if isinstance(value, int))
    return column if len(kinds) <= 1 and fits else [None if value is None else str(value) for value in column]
