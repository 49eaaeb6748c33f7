"""Argilla: responses and suggestions out of exported records and data sets, of version 1 and version 2.

Version 1 keeps a list of responses by user (``{"user_id", "status", "values": {question: {"value"}}}``) and a
list of suggestions (``{"question_name", "value", "agent"}``). Version 2 keeps them by question
(``{question: [{"user_id", "value", "status"}]}`` and ``{question: {"value", "agent"}}``). A data set has
columns instead: ``QUESTION`` and ``QUESTION-suggestion`` (version 1), or ``QUESTION.responses``,
``QUESTION.responses.users``, ``QUESTION.suggestion``, … (version 2). Each question is a dimension;
suggestions are scores of a judge. Source: Argilla's documentation, "Response", "Suggestion" and "Import and
export".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from judge.errors import InputError
from judge.items.fields import from_cell
from judge.rows import Row

_SUBMITTED = "submitted"
_USERS = ".responses.users"
_Key = tuple[str, str, str]
"""Kind of rater, rater, status."""


def recognises(rows: Sequence[Row]) -> bool:
    """Whether rows are exported records, or those of a data set."""
    return _is_record(rows[0]) or bool(_questions_of_2(rows[0]) or _questions_of_1(rows[0]))


def plain_rows(
    rows: Iterator[tuple[str, Row]], note: Callable[[str], None], mapping: Mapping[str, str]
) -> Iterator[tuple[str, Row]]:
    """One row for each record and rater, with a column for each question; drafts and discards are skipped.

    A draft or a discarded response does not count beside a submitted one of the same user.

    Raises
    ------
    InputError
        A record cannot be read, or a response has no user or repeats that of the same user.
    """
    n_others = 0
    for where, row in rows:
        record = row if _is_record(row) else _record(row, where)
        item_id = _item_id(row, where, mapping.get("item_id"))
        found = _by_rater(record, where)
        counted = {key: values for key, values in found.items() if _counts(key, found)}
        n_others += len(found) - len(counted)
        for (kind, rater, status), values in counted.items():
            reason = "" if status == _SUBMITTED else f"the response is {status}"
            who = {"item_id": item_id, "rater": rater, "rater_kind": kind, "skipped": reason}
            yield where, {**dict.fromkeys(mapping.values(), item_id), **who, **values}
    if n_others:
        note(
            f"{n_others:,} drafts or discarded responses were left out: the same user has another response "
            "to the record."
        )


def _is_record(row: Row) -> bool:
    return isinstance(row.get("fields"), dict) and {"responses", "suggestions"} <= row.keys()


def _questions_of_2(row: Row) -> list[str]:
    """Questions of a data set of version 2; some may have no response in any row."""
    responses = [name.removesuffix(_USERS) for name in row if name.endswith(_USERS)]
    suggestions = [
        name.removesuffix(".suggestion.agent") for name in row if name.endswith(".suggestion.agent")
    ]
    return list(dict.fromkeys((*responses, *suggestions)))


def _questions_of_1(row: Row) -> list[str]:
    return [name for name in row if f"{name}-suggestion" in row]


def _record(row: Row, where: str) -> Row:
    """A row of a data set as a record of version 2."""
    names = _questions_of_2(row)
    if not names:
        names = _questions_of_1(row)
        agents = {name: _cell(row, f"{name}-suggestion-metadata", dict, where) for name in names}
        suggested = {n: {"value": row[f"{n}-suggestion"], "agent": agents[n].get("agent")} for n in names}
        responses = {name: _cell(row, name, list, where) for name in names}
    else:
        agent = ".suggestion.agent"
        suggested = {n: {"value": row.get(f"{n}.suggestion"), "agent": row.get(n + agent)} for n in names}
        responses = {name: _responses_of_2(row, name, where) for name in names}
    kept = {name: one for name, one in suggested.items() if one["value"] not in (None, "")}
    return {**row, "responses": responses, "suggestions": kept}


def _responses_of_2(row: Row, name: str, where: str) -> list[Row]:
    columns = {
        "value": f"{name}.responses",
        "user_id": f"{name}{_USERS}",
        "status": f"{name}.responses.status",
    }
    lists = {field: _cell(row, column, list, where) for field, column in columns.items()}
    if not lists["status"]:
        del lists["status"]
    if len(set(map(len, lists.values()))) > 1:
        raise InputError(f"{where}: {', '.join(columns.values())}: the lists differ in length")
    return [dict(zip(lists, one, strict=True)) for one in zip(*lists.values(), strict=True)]


def _cell(row: Row, column: str, kind: type, where: str) -> Any:
    """List or object in a cell, which a CSV keeps as text."""
    cell = row.get(column)
    found = kind() if cell in (None, "") else from_cell(cell)
    if not isinstance(found, kind):
        allowed = "a list" if kind is list else "an object"
        raise InputError(f"{where}: column {column!r}: found {cell!r:.60}; allowed is {allowed}")
    return found


def _item_id(row: Row, where: str, column: str | None) -> Any:
    """Id of a record, or the field or metadata that names the item."""
    if column is None:
        item_id = row.get("external_id") or row.get("id")
        if item_id is None:
            raise InputError(f"{where}: the record has no id; found: {', '.join(row)}")
        return item_id
    places = [place for place in (row, row.get("metadata"), row.get("fields")) if isinstance(place, dict)]
    item_id = next((place[column] for place in places if place.get(column) not in (None, "")), None)
    if item_id is None:
        found = ", ".join(dict.fromkeys(name for place in places for name in place))
        raise InputError(f"{where}: no {column!r} in the record for --column item_id; found: {found}")
    return item_id


def _counts(key: _Key, found: Mapping[_Key, Any]) -> bool:
    """Whether a response is the one of its user that counts: the submitted one, else the first."""
    kind, rater, status = key
    if (kind, rater, _SUBMITTED) in found:
        return status == _SUBMITTED
    return key == next(other for other in found if other[:2] == (kind, rater))


def _by_rater(record: Row, where: str) -> dict[_Key, dict[str, Any]]:
    found: dict[_Key, dict[str, Any]] = {}
    for question, response in _responses(record.get("responses") or [], where):
        status = str(response.get("status") or _SUBMITTED).lower()
        user = response.get("user_id")
        if user in (None, ""):
            raise InputError(
                f"{where}: a response has no user_id, so its rater is unknown; allowed: the id or the "
                "name of the user in each response"
            )
        _add(found.setdefault(("human", str(user), status), {}), question, response.get("value"), user, where)
    for question, suggestion in _suggestions(record.get("suggestions") or [], where):
        agent = str(suggestion.get("agent") or "suggestion")
        values = found.setdefault(("judge", agent, _SUBMITTED), {})
        _add(values, question, suggestion.get("value"), agent, where)
    return found


def _add(values: dict[str, Any], question: str, value: Any, rater: Any, where: str) -> None:
    """Add the answer to a question; a discarded response has no question."""
    if question in values:
        raise InputError(
            f"{where}: rater {str(rater)!r} answers {question!r} twice; allowed is one response of a rater "
            "in each record. Leave out one of them, or write them with different names of raters"
        )
    if question:
        values[question] = value


def _responses(responses: Any, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(responses, dict):
        for question, given in responses.items():
            yield from ((question, one) for one in _objects(given, f"{where}: responses to {question!r}"))
        return
    for response in _objects(responses, f"{where}: responses"):
        yield "", response  # a discarded response has no values
        values = response.get("values") or {}
        if not isinstance(values, dict):
            raise InputError(f"{where}: values of a response: allowed is an object, found {values!r:.60}")
        for question, value in values.items():
            yield question, {**response, **(value if isinstance(value, dict) else {"value": value})}


def _suggestions(suggestions: Any, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(suggestions, dict):
        for question, suggestion in suggestions.items():
            yield question, suggestion if isinstance(suggestion, dict) else {"value": suggestion}
        return
    for suggestion in _objects(suggestions, f"{where}: suggestions"):
        name = suggestion.get("question_name")
        if name is None:
            raise InputError(f"{where}: a suggestion has no question_name; found: {', '.join(suggestion)}")
        yield str(name), suggestion


def _objects(found: Any, where: str) -> list[Row]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InputError(f"{where}: allowed is a list of objects")
    return found
