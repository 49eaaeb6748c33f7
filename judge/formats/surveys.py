"""Survey tools: exports of Qualtrics, Google Forms and SurveyMonkey.

Qualtrics has two further header lines, with the texts of the questions and with ``{"ImportId": …}``, and
columns about each response (``ResponseId``, ``Status``, ``Progress``, …). Source: "Understanding Your Data
Set" in Qualtrics' documentation. A grid of Google Forms has a column ``Question [row]`` for each row of the
grid; rows are items. Source: "View and manage form responses" in the documentation of Google Forms.
SurveyMonkey has a further header line, and columns without a name for the rows of a grid. Source: "Export
formats" in its help center.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from judge.counting import counted
from judge.errors import InputError
from judge.formats.rating_columns import COLUMNS
from judge.items.columns import ALIASES, plain
from judge.rows import Row

_IMPORT_ID = '{"ImportId"'
_PREVIEWS = {"survey preview", "survey test", "1", "2"}
_SURVEY_MONKEY = {"respondent_id", "collector_id"}
_RESPONDENT = "Respondent ID"
"""Empty in the second header line of SurveyMonkey."""
_ABOUT_RESPONSE = {
    "startdate", "enddate", "status", "ipaddress", "progress", "duration_(in_seconds)", "finished",
    "recordeddate", "recipientlastname", "recipientfirstname", "recipientemail", "externalreference",
    "locationlatitude", "locationlongitude", "distributionchannel", "userlanguage",
    "collector_id", "start_date", "end_date", "ip_address", "first_name", "last_name", "custom_data_1",
}  # fmt: skip
_GRID = re.compile(r"(.+\S)\s*\[(.+)\]")
_RANGE = re.compile(r"\d+\s*(?:[-–]|to)\s*\d+")
_TIMESTAMP = {
    "timestamp", "zeitstempel", "horodateur", "marca_temporal", "informazioni_cronologiche", "tijdstempel",
    "carimbo_de_data/hora",
}  # fmt: skip
"""First column of Google Forms, in the language of the form."""
_CONTENT = {"question", "answer"}
_NAME = {"name", "your_name", "full_name", "your_full_name", "nom", "nombre", "nome", "naam", "ihr_name"}
_WHO = (
    *("email_address", "e_mail_address", "email", "e_mail_adresse", "adresse_e_mail", "e_mailadres"),
    *("dirección_de_correo_electrónico", "indirizzo_email", "endereço_de_e_mail", "username"),
    *COLUMNS["rater"],
    *_NAME,
)
"""Columns that name the person who answered, the surest first."""
_OF_GRID = {"item_id", "dimension", "value"}
_RESHAPE = (
    "name the columns DIMENSION [ITEM], as in 'clarity [q1]', or write one row a rating: item_id, rater, "
    "dimension, value"
)
_PASSED_AS = {"Qualtrics": "embedded data", "SurveyMonkey": "a custom variable"}
"""How a survey gets the id of the item in its address."""


def recognises(rows: Sequence[Row]) -> bool:
    """Whether rows are an export of Qualtrics or SurveyMonkey, or a grid such as that of Google Forms."""
    return _is_qualtrics(rows) or _is_survey_monkey(rows[0]) or _is_grid(rows[0])


def plain_rows(
    rows: Iterator[tuple[str, Row]], note: Callable[[str], None], mapping: Mapping[str, str]
) -> Iterator[tuple[str, Row]]:
    """Rows of a survey without what is about the response; one row for each cell of a grid.

    Raises
    ------
    InputError
        No column names the item, or a response does not say who answered.
    """
    first, second = next(rows), next(rows, None)
    heads = [first, *([second] if second else [])]
    if _is_qualtrics([row for _, row in heads]):
        return _survey("Qualtrics", "ResponseId", first, rows, note, mapping)
    if _is_survey_monkey(first[1]):
        responses = (pair for pair in chain(heads, rows) if _holds(pair[1].get(_RESPONDENT)))
        return _survey("SurveyMonkey", _RESPONDENT, first, responses, note, mapping)
    everything = chain(heads, rows)
    return everything if _OF_GRID & mapping.keys() else _grid(first[1], everything, note, mapping)


def refuse_unnamed_columns(first_line: str, where: str) -> None:
    """Refuse an export of SurveyMonkey whose grids have columns without a name.

    Raises
    ------
    InputError
        The first line of the file is that of SurveyMonkey.
    """
    names = set(map(plain, first_line.replace('"', "").split(",")))
    if names >= {*_SURVEY_MONKEY, ""}:
        raise InputError(
            f"{where}: this is an export of SurveyMonkey with two header lines, in which the columns of a "
            f"grid have no names of their own. Write one header line and {_RESHAPE}"
        )


def refuse_items_in_columns(row: Row, where: str) -> None:
    """Refuse the responses to a form in which no column names the item, so that its columns may be items.

    Raises
    ------
    InputError
        The columns are those of a form, and neither items nor their content are among them.
    """
    names = set(map(plain, row))
    if names & _TIMESTAMP and not names & {*COLUMNS["item_id"], *ALIASES["question"]}:
        others = [name for name in row if plain(name) not in {*_TIMESTAMP, *_WHO}]
        raise InputError(
            f"{where}: these are responses to a form, and no column names the item; found: "
            f"{', '.join(others)}. If a column names it: --column item_id=NAME. If each column is about an "
            f"item, {_RESHAPE}"
        )


def _is_qualtrics(rows: Sequence[Row]) -> bool:
    return len(rows) > 1 and any(str(cell).startswith(_IMPORT_ID) for cell in rows[1].values())


def _is_survey_monkey(row: Row) -> bool:
    return _RESPONDENT in row and set(map(plain, row)) >= _SURVEY_MONKEY


def _survey(
    tool: str,
    id_of_response: str,
    first: tuple[str, Row],
    rows: Iterator[tuple[str, Row]],
    note: Callable[[str], None],
    mapping: Mapping[str, str],
) -> Iterator[tuple[str, Row]]:
    """Responses with a column that names the item, or with the columns of a grid."""
    where, header = first
    names = set(map(plain, header))
    kept = [name for name in header if plain(name) not in _ABOUT_RESPONSE or name in mapping.values()]
    is_grid = any(map(_cell_of_grid, kept)) and not _OF_GRID & mapping.keys()
    has_item = bool(names & set(COLUMNS["item_id"])) or "item_id" in mapping
    if not has_item and not is_grid:
        raise InputError(
            f"{where}: this is an export of {tool} with one row a response and no column that names the "
            f"item; found: {', '.join(kept)}. Pass the id of the item to the survey as {_PASSED_AS[tool]} "
            f"item_id, {_RESHAPE}"
        )
    answered = ((place, row) for place, row in rows if any(_holds(row.get(name)) for name in kept))
    responses = _without_previews(answered, note)
    if not has_item:
        named = ((place, {name: row.get(name) for name in kept}) for place, row in responses)
        yield from _grid(dict.fromkeys(kept), named, note, {"rater": id_of_response, **mapping})
        return
    has_rater = bool(names & set(COLUMNS["rater"])) or "rater" in mapping
    for place, row in responses:
        rater = {} if has_rater else {"rater": row.get(id_of_response)}
        yield place, rater | {name: row.get(name) for name in kept}


def _without_previews(
    rows: Iterator[tuple[str, Row]], note: Callable[[str], None]
) -> Iterator[tuple[str, Row]]:
    """Responses of people, and a note on those of the authors of the survey."""
    n_previews = 0
    for place, row in rows:
        if str(row.get("Status", "")).strip().lower() in _PREVIEWS:
            n_previews += 1
        else:
            yield place, row
    if n_previews:
        note(f"{counted(n_previews, 'row')} left out, with Status 'Survey Preview' or 'Survey Test'.")


def _cell_of_grid(column: str) -> re.Match[str] | None:
    """Dimension and item in the name of a column; ``clarity [1-5]`` names a scale, not an item."""
    found = _GRID.fullmatch(column)
    return None if found is None or _RANGE.fullmatch(found[2].strip()) else found


def _is_grid(row: Row) -> bool:
    """Whether a row has cells of grids, beside a timestamp or who answered, or alone."""
    others = {plain(name) for name in row if not _cell_of_grid(name)}
    is_form = bool(others & _TIMESTAMP) or others <= set(_WHO)
    return len(row) - len(others) > 1 and is_form and not others & {*COLUMNS["item_id"], *_CONTENT}


def _grid(
    header: Row,
    rows: Iterator[tuple[str, Row]],
    note: Callable[[str], None],
    mapping: Mapping[str, str],
) -> Iterator[tuple[str, Row]]:
    """One row for each cell of a grid."""
    who = _column_of_rater(header, mapping)
    _note_other_columns(header, who, note)
    cells = [(column, match) for column in header if (match := _cell_of_grid(column))]
    for number, (where, row) in enumerate(rows, 1):
        if not any(_holds(row.get(column)) for column, _ in cells):
            continue
        rater = f"response {number}" if who is None else row.get(who)
        if not _holds(rater):
            raise InputError(
                f"{where}: column {who!r} is empty, so it is unknown who answered; if it is a person of "
                "another row, one person would be counted as two. Write a name, leave out the row, or name "
                "another column: --column rater=NAME"
            )
        named = {column: row.get(column) for column in mapping.values()}
        for column, match in cells:
            one = {"item_id": match[2], "rater": rater, "dimension": match[1], "value": row.get(column)}
            yield f"{where}: column {column!r}", named | one


def _column_of_rater(header: Row, mapping: Mapping[str, str]) -> str | None:
    """Column that says who answered; None where each response is a rater of its own."""
    chosen = mapping.get("rater")
    if chosen is None:
        by_name = {plain(name): name for name in header}
        return next((by_name[name] for name in _WHO if name in by_name), None)
    if chosen not in header:
        raise InputError(f"no column {chosen!r} for --column rater; found: {', '.join(header)}")
    return chosen


def _note_other_columns(header: Row, who: str | None, note: Callable[[str], None]) -> None:
    """Say who is a rater, and which columns were not read."""
    known = {*_TIMESTAMP, plain(who or "")}
    others = [name for name in header if not _cell_of_grid(name) and plain(name) not in known]
    listed = ", ".join(map(repr, others))
    if who is None:
        advice = f" Other columns: {listed}. If one of them names the person: --column rater=NAME."
        note(
            "No column says who answered: each response is a rater of its own (response 1, response 2, …), "
            f"so a person who answered twice is counted as two.{advice if others else ''}"
        )
        return
    if plain(who) in _NAME:
        note(f"Raters are named by column {who!r}; for another one: --column rater=NAME.")
    if others:
        note(f"Columns {listed} are outside the grid and were not read.")


def _holds(cell: Any) -> bool:
    return cell is not None and str(cell).strip() not in ("", "nan")
