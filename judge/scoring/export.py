"""The scores of a run as a table, long (a row a score) or wide (a row an item), with fields of the items."""

import csv
import itertools
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from judge.errors import MissingExtraError, RunError
from judge.records import Item, Score
from judge.scoring.store import Run
from judge.scoring.tables import write_atomically

FORMATS = ("csv", "jsonl", "parquet")


def export_scores(path: str | Path, out: str, form: str, *, wide: bool = False) -> None:
    """Write the scores of a run.

    Parameters
    ----------
    path : str or Path
        The run.
    out : str
        File, or ``-`` for standard output (not for Parquet).
    form : {'csv', 'jsonl', 'parquet'}
    wide : bool
        One row an item and sample, a column for each dimension and for its status; else one row a score.
    """
    with Run.open(path) as run:
        fields = _fields(run)
        rows = _wide(run, fields) if wide else _long(run, fields)
        if form == "parquet":
            _write_parquet(list(rows), out)
        elif form == "csv":
            _write(_as_csv(rows), out)
        else:
            _write((json.dumps(row, ensure_ascii=False) + "\n" for row in rows), out)


def _fields(run: Run) -> list[str]:
    """Names of all metadata, so that every row has the same columns."""
    return list(dict.fromkeys(name for item in run.items() for name in item.metadata))


def _long(run: Run, fields: list[str]) -> Iterator[dict[str, Any]]:
    for item, scores in _by_item(run):
        for score in scores:
            yield {**score.model_dump(mode="json"), **_about(item, fields)}


def _wide(run: Run, fields: list[str]) -> Iterator[dict[str, Any]]:
    passes = run.rubric.passes
    for item, scores in _by_item(run):
        for sample, group in itertools.groupby(scores, key=lambda score: score.sample):
            rows = list(group)
            values = {score.dimension: score.value for score in rows}
            statuses = {f"{score.dimension}_status": score.status for score in rows}
            numbers = {name: value for name, value in values.items() if isinstance(value, float)}
            head = {"item_id": item.id, "rater": rows[0].rater, "sample": sample}
            yield {**head, **values, "passes": passes(numbers), **statuses, **_about(item, fields)}


def _by_item(run: Run) -> Iterator[tuple[Item, list[Score]]]:
    groups = itertools.groupby(run.scores(), key=lambda score: score.item_id)
    for item_id, scores in groups:
        yield run.item(item_id), list(scores)


def _about(item: Item, fields: list[str]) -> dict[str, Any]:
    return {"system": item.system, **{f"meta_{name}": _plain(item.metadata.get(name)) for name in fields}}


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _as_csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    line = _Line()
    writer = csv.writer(line)
    first: Mapping[str, Any] | None = None
    for row in rows:
        if first is None:
            first = row
            writer.writerow(first)
            yield line.text
        writer.writerow(["" if value is None else value for value in row.values()])
        yield line.text


class _Line:
    """What `csv` last wrote."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _write(lines: Iterator[str], out: str) -> None:
    if out == "-":
        sys.stdout.writelines(lines)
    else:
        write_atomically(Path(out), lines)


def _write_parquet(rows: list[dict[str, Any]], out: str) -> None:
    if out == "-":
        raise RunError("Parquet is not for a terminal: name a file with --out scores.parquet")
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet", "Parquet") from None
    columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    pyarrow.parquet.write_table(
        pyarrow.table({name: _one_type(column) for name, column in columns.items()}), out
    )


def _one_type(column: list[Any]) -> list[Any]:
    """A column of mixed types becomes text: Parquet has one type a column."""
    kinds = {type(value) for value in column if value is not None}
    return column if len(kinds) <= 1 else [None if value is None else str(value) for value in column]
