"""Crowd platforms: batch results of Amazon Mechanical Turk, and exports of Prolific.

A batch of Mechanical Turk has one row for each assignment: ``WorkerId``, ``AssignmentStatus``, the columns
``Input.NAME`` of the uploaded file, and ``Answer.NAME`` for each field of the form; forms made with Crowd
HTML Elements answer in JSON (``Answer.taskAnswers``) or with one column for each radio button
(``Answer.NAME.VALUE``). Source: "Retrieving results" and "Downloading batch results" in the documentation of
Mechanical Turk.

Prolific exports who took part (``Submission id``, ``Participant id``, ``Status``, demographic answers), never
the ratings, which are in the survey. Source: Prolific's help page "Export demographic data".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from judge.errors import InputError
from judge.formats.column_names import COLUMNS
from judge.items.columns import plain
from judge.rows import Row, parsed

_MTURK = {"HITId", "AssignmentId", "WorkerId"}
_PROLIFIC = {"submission_id", "participant_id"}
_PROLIFIC_OWN = {"time_taken", "completion_code", "completed_at", "total_approvals", "started_at"}
_ANSWER, _INPUT, _JSON = "Answer.", "Input.", "Answer.taskAnswers"
_TRUE = (True, "true", "TRUE", "True", "1", "on")
_FALSE = (False, "false", "FALSE", "False", "0", "off", "", None)


def recognises(rows: Sequence[Row]) -> bool:
    """Whether rows are a batch of Mechanical Turk, or Prolific's list of participants."""
    return rows[0].keys() >= _MTURK or _is_list_of_participants(rows[0])


def plain_rows(rows: Iterator[tuple[str, Row]], note: Callable[[str], None]) -> Iterator[tuple[str, Row]]:
    """One row for each assignment of Mechanical Turk, with a column for each answer.

    Raises
    ------
    InputError
        The rows hold no answers.
    """
    is_noted = False
    for where, row in rows:
        if _is_list_of_participants(row):
            raise InputError(
                f"{where}: this is Prolific's export of participants (Submission id, Participant id, …), "
                "which holds no ratings. Give the data of the survey itself: one row a rating, with the item "
                "and with PROLIFIC_PID, which is read as the rater"
            )
        answers = _answers(row, where)
        item_id = _item_id(row)
        if item_id is None and not is_noted:
            note("No column Input.id or Input.item_id: items are named by HITId.")
            is_noted = True
        yield (
            where,
            {
                "item_id": item_id or row.get("HITId"),
                "rater": row.get("WorkerId"),
                "status": row.get("AssignmentStatus"),
                **answers,
            },
        )


def _is_list_of_participants(row: Row) -> bool:
    names = set(map(plain, row))
    return names >= _PROLIFIC and bool(names & _PROLIFIC_OWN) and not names & set(COLUMNS["item_id"])


def _item_id(row: Row) -> Any:
    inputs = {
        plain(name.removeprefix(_INPUT)): value for name, value in row.items() if name.startswith(_INPUT)
    }
    return next((inputs[name] for name in COLUMNS["item_id"] if inputs.get(name) not in (None, "")), None)


def _answers(row: Row, where: str) -> dict[str, Any]:
    """Answers by field; groups of radio buttons give the name of the chosen one."""
    columns = [name for name in row if name.startswith(_ANSWER)]
    if not columns:
        raise InputError(
            f"{where}: this is a batch of Mechanical Turk without columns Answer.…; download the results of "
            "the batch once workers have answered"
        )
    found: dict[str, Any] = {}
    buttons: dict[str, dict[str, Any]] = {}
    for column in columns:
        name, cell = column.removeprefix(_ANSWER), row[column]
        if column == _JSON:
            found |= _fields_of(cell, where)
        elif "." in name and cell in (*_TRUE, *_FALSE):
            buttons.setdefault(name.rpartition(".")[0], {})[name.rpartition(".")[2]] = cell
        else:
            found[name] = cell
    return found | {name: _chosen(group, f"{where}: {name}") for name, group in buttons.items()}


def _fields_of(cell: Any, where: str) -> dict[str, Any]:
    try:
        content = parsed(cell.encode()) if isinstance(cell, str) and cell.strip() else [{}]
    except ValueError as error:
        raise InputError(f"{where}: column {_JSON!r}: {error}") from None
    fields = content[0] if isinstance(content, list) and len(content) == 1 else content
    if not isinstance(fields, dict):
        raise InputError(f"{where}: column {_JSON!r}: allowed is one object, found {cell!r:.60}")
    return {name: _field(value, f"{where}: {name}") for name, value in fields.items()}


def _field(value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        return value
    return value["label"] if set(value) == {"label"} else _chosen(value, where)


def _chosen(group: Mapping[str, Any], where: str) -> str | None:
    on = [name for name, cell in group.items() if cell in _TRUE]
    if len(on) > 1:
        raise InputError(f"{where}: several options are chosen ({', '.join(on)}); a rating is one of them")
    return on[0] if on else None
