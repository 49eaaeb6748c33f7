"""Argilla: responses and suggestions out of exported records, of version 1 and version 2.

Version 1 keeps a list of responses by user (``{"user_id", "status", "values": {question: {"value"}}}``) and a
list of suggestions (``{"question_name", "value", "agent"}``). Version 2 keeps them by question
(``{question: [{"user_id", "value", "status"}]}`` and ``{question: {"value", "agent"}}``). Each question is a
dimension; suggestions are scores of a judge. Source: Argilla's documentation, "Response", "Suggestion" and
"Import and export".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from judge.errors import InputError
from judge.rows import Row

_SUBMITTED = "submitted"
_Key = tuple[str, str, str]
"""Kind of rater, rater, status."""


def recognises(rows: Sequence[Row]) -> bool:
    """Whether rows are exported records."""
    return isinstance(rows[0].get("fields"), dict) and {"responses", "suggestions"} <= rows[0].keys()


def plain_rows(
    rows: Iterator[tuple[str, Row]], note: Callable[[str], None], _mapping: Mapping[str, str]
) -> Iterator[tuple[str, Row]]:
    """One row for each record and rater, with a column for each question; drafts and discards are skipped.

    A draft or a discarded response does not count beside a submitted one of the same user.

    Raises
    ------
    InputError
        A record cannot be read, or a response has no user or repeats that of the same user.
    """
    n_others = 0
    for where, record in rows:
        item_id = record.get("external_id") or record.get("id")
        if item_id is None:
            raise InputError(f"{where}: the record has no id; found: {', '.join(record)}")
        found = _by_rater(record, where)
        counted = {key: values for key, values in found.items() if _counts(key, found)}
        n_others += len(found) - len(counted)
        for (kind, rater, status), values in counted.items():
            reason = "" if status == _SUBMITTED else f"the response is {status}"
            row = {"item_id": item_id, "rater": rater, "rater_kind": kind, "skipped": reason}
            yield where, {**row, **values}
    if n_others:
        note(
            f"{n_others:,} drafts or discarded responses were left out: the same user has another response "
            "to the record."
        )


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
