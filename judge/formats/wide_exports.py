"""Wide tables of this project -> long rows: those of `judge export --wide` and of a study with criteria.

A run has a column of statuses beside each column of scores (``clarity``, ``clarity_status``), and its rater
is a judge. Both keep the criteria of an item as one JSON object in the column `criteria`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from judge.errors import InputError
from judge.items.fields import from_cell
from judge.rows import Row
from judge.rubric import CRITERIA

_WHO = ("item_id", "rater", "sample")
_OF_RUN = {*_WHO, "passes"}
_OF_STUDY = {*_WHO, CRITERIA, "note", "skipped", "seconds"}
_STATUS = "_status"


def recognises(rows: Sequence[Row]) -> bool:
    """Whether rows are of a run in the wide layout, or of a study whose items have criteria."""
    return rows[0].keys() >= _OF_STUDY or (rows[0].keys() >= _OF_RUN and bool(_of_run(rows[0])))


def plain_rows(
    rows: Iterator[tuple[str, Row]], _note: Callable[[str], None], _mapping: Mapping[str, str]
) -> Iterator[tuple[str, Row]]:
    """One row for each score, also for each criterion of an item.

    Raises
    ------
    InputError
        The criteria of an item are no JSON object.
    """
    for where, row in rows:
        is_study = row.keys() >= _OF_STUDY
        names = _of_study(row) if is_study else _of_run(row)
        about = {name: cell for name, cell in row.items() if not _is_read(name, names)}
        shared = about if is_study else about | {"rater_kind": "judge"}
        for name in names:
            place = f"{where}: column {name!r}"
            for criterion, value, status in _scores(row, name, place):
                own = {"dimension": name, "criterion": criterion, "value": value, "status": status}
                yield place, {**shared, **own}


def _is_read(name: str, names: Sequence[str]) -> bool:
    return name == "passes" or name.removesuffix(_STATUS) in names


def _of_study(row: Row) -> list[str]:
    """Columns of questions: those between the sample and the note."""
    names = list(row)
    return names[names.index("sample") + 1 : names.index("note")]


def _of_run(row: Row) -> list[str]:
    return [name for name in row if f"{name}{_STATUS}" in row]


def _scores(row: Row, name: str, where: str) -> Iterator[tuple[str | None, Any, Any]]:
    """Criterion, value and status of each score in one cell."""
    status = row.get(f"{name}{_STATUS}")
    if name != CRITERIA:
        yield None, row.get(name), status
        return
    statuses = _object(status, where)
    for criterion, value in _object(row.get(name), where).items():
        yield criterion, value, statuses.get(criterion)


def _object(cell: Any, where: str) -> dict[str, Any]:
    found = {} if cell in (None, "") else from_cell(cell)
    if not isinstance(found, dict):
        raise InputError(
            f"{where}: found {cell!r:.60}; allowed is one JSON object with the criteria of the item: "
            '{"criterion": value}'
        )
    return found
