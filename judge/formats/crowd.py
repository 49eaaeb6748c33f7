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
from judge.formats.rating_columns import COLUMNS
from judge.items.columns import plain
from judge.rows import Row, parsed

_MTURK = {"HITId", "AssignmentId", "WorkerId"}
_PROLIFIC = {"submission_id", "participant_id"}
_PROLIFIC_OWN = {"time_taken", "completion_code", "completed_at", "total_approvals", "started_at"}
_ANSWER, _INPUT, _JSON = "Answer.", "Input.", "Answer.taskAnswers"
_ON, _OFF, _EMPTY, _DIGITS = {"true", "on"}, {"false", "off"}, {"", "none"}, {"1", "0"}


def recognises(rows: Sequence[Row]) -> bool:
    """Whether rows are a batch of Mechanical Turk, or Prolific's list of participants."""
    return rows[0].keys() >= _MTURK or _is_list_of_participants(rows[0])


def plain_rows(
    rows: Iterator[tuple[str, Row]], note: Callable[[str], None], mapping: Mapping[str, str]
) -> Iterator[tuple[str, Row]]:
    """One row for each assignment of Mechanical Turk, with a column for each answer and each input.

    Raises
    ------
    InputError
        The rows hold no answers.
    """
    batch = [(where, row, _answers(row, where)) for where, row in rows]
    groups = _buttons(batch)
    is_noted = False
    for where, row, answers in batch:
        item_id = _item_id(row)
        if item_id is None and not is_noted and "item_id" not in mapping:
            note(
                "No column Input.id or Input.item_id: items are named by HITId. For another column: --column "
                "item_id=Input.NAME."
            )
            is_noted = True
        yield (
            where,
            {
                "item_id": item_id or row.get("HITId"),
                "rater": row.get("WorkerId"),
                "status": _status(row),
                **_with_chosen(answers, groups, where),
                **{n: cell for n, cell in row.items() if n.startswith(_INPUT) or n in mapping.values()},
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


def _status(row: Row) -> Any:
    """Status of an assignment; a reason in the column `Reject` rejects one that is not yet decided."""
    status = row.get("AssignmentStatus")
    is_open = str(status).strip().lower() in ("submitted", "none", "")
    return "Rejected" if is_open and str(row.get("Reject") or "").strip() else status


def _answers(row: Row, where: str) -> dict[str, Any]:
    """Answers by field; a radio button and a field within a field are named ``GROUP.NAME``."""
    if _is_list_of_participants(row):
        raise InputError(
            f"{where}: this is Prolific's export of participants (Submission id, Participant id, …), "
            "which holds no ratings. Give the data of the survey itself: one row a rating, with the item "
            "and with PROLIFIC_PID, which is read as the rater"
        )
    columns = [name for name in row if name.startswith(_ANSWER)]
    if not columns:
        raise InputError(
            f"{where}: this is a batch of Mechanical Turk without columns Answer.…; download the results of "
            "the batch once workers have answered"
        )
    found: dict[str, Any] = {}
    for column in columns:
        if column == _JSON:
            found |= _fields_of(row[column], where)
        else:
            found[column.removeprefix(_ANSWER)] = row[column]
    return found


def _fields_of(cell: Any, where: str) -> dict[str, Any]:
    try:
        content = parsed(cell.encode()) if isinstance(cell, str) and cell.strip() else [{}]
    except ValueError as error:
        raise InputError(f"{where}: column {_JSON!r}: {error}") from None
    fields = content[0] if isinstance(content, list) and len(content) == 1 else content
    if not isinstance(fields, dict):
        raise InputError(f"{where}: column {_JSON!r}: allowed is one object, found {cell!r:.60}")
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if not isinstance(value, dict):
            found[name] = value
        elif set(value) == {"label"}:
            found[name] = value["label"]
        else:
            found |= {f"{name}.{inner}": one for inner, one in value.items()}
    return found


def _buttons(batch: Sequence[tuple[str, Row, Mapping[str, Any]]]) -> set[str]:
    """Groups of radio buttons: those whose cells are true or false in every row of the batch.

    A single cell does not show it: 1 is also the lowest rating of a field ``GROUP.NAME``.
    """
    cells: dict[str, set[str]] = {}
    places: dict[str, str] = {}
    for where, _, answers in batch:
        for name, cell in answers.items():
            if group := name.rpartition(".")[0]:
                cells.setdefault(group, set()).add(_word(cell))
                places.setdefault(group, where)
    found = {group for group, words in cells.items() if words <= _ON | _OFF | _EMPTY | _DIGITS}
    for group in sorted(found):
        if cells[group] & _DIGITS and not cells[group] & (_ON | _OFF):
            raise InputError(
                f"{places[group]}: the answers {group}.… are only 1, 0 or empty in the whole batch, so they "
                "may be ratings or radio buttons. Write true and false for radio buttons; for ratings, "
                f"write an underscore in the names of the fields: {group}_…"
            )
    return found


def _with_chosen(answers: Mapping[str, Any], groups: set[str], where: str) -> dict[str, Any]:
    """Answers in which a group of radio buttons is one field with the name of the chosen button."""
    found: dict[str, Any] = {}
    for name, cell in answers.items():
        group, _, button = name.rpartition(".")
        if group not in groups:
            found[name] = cell
            continue
        is_on = _word(cell) in _ON | {"1"}
        if is_on and found.get(group) is not None:
            raise InputError(
                f"{where}: {group}: several options are chosen ({found[group]}, {button}); a rating is one "
                "of them"
            )
        found[group] = button if is_on else found.get(group)
    return found


def _word(cell: Any) -> str:
    return str(cell).strip().lower()
