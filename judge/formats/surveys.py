"""Survey tools: exports of Qualtrics and Google Forms.

Qualtrics has two further header lines, with the texts of the questions and with ``{"ImportId": …}``, and
columns about each response (``ResponseId``, ``Status``, ``Progress``, …). Source: "Understanding Your Data
Set" in Qualtrics' documentation. A grid of Google Forms has a column ``Question [row]`` for each row of the
grid; rows are items. Source: "View and manage form responses" in the documentation of Google Forms.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from judge.errors import InputError
from judge.formats.rating_columns import COLUMNS
from judge.items.columns import plain
from judge.rows import Row

_IMPORT_ID = '{"ImportId"'
_PREVIEWS = {"survey preview", "survey test", "1", "2"}
_ABOUT_RESPONSE = {
    "startdate", "enddate", "status", "ipaddress", "progress", "duration_(in_seconds)", "finished",
    "recordeddate", "recipientlastname", "recipientfirstname", "recipientemail", "externalreference",
    "locationlatitude", "locationlongitude", "distributionchannel", "userlanguage",
}  # fmt: skip
_GRID = re.compile(r"(.+\S)\s*\[(.+)\]")
_TIMESTAMP = {
    "timestamp", "zeitstempel", "horodateur", "marca_temporal", "informazioni_cronologiche", "tijdstempel",
    "carimbo_de_data/hora",
}  # fmt: skip
"""First column of Google Forms, in the language of the form."""
_CONTENT = {"question", "answer"}
_WHO = ("email_address", "username", "e_mail_address", *COLUMNS["rater"])


def recognises(rows: Sequence[Row]) -> bool:
    """Whether rows are an export of Qualtrics, or of a grid of Google Forms."""
    return _is_qualtrics(rows) or _is_google_form(rows[0])


def plain_rows(rows: Iterator[tuple[str, Row]], note: Callable[[str], None]) -> Iterator[tuple[str, Row]]:
    """Rows of a survey without what is about the response; one row for each cell of a grid."""
    first, second = next(rows), next(rows, None)
    heads = [first, *([second] if second else [])]
    if _is_qualtrics([row for _, row in heads]):
        return _qualtrics(rows, first[0], first[1], note)
    return _google_form(heads, rows)


def _is_qualtrics(rows: Sequence[Row]) -> bool:
    return len(rows) > 1 and any(str(cell).startswith(_IMPORT_ID) for cell in rows[1].values())


def _qualtrics(
    rows: Iterator[tuple[str, Row]], where: str, header: Row, note: Callable[[str], None]
) -> Iterator[tuple[str, Row]]:
    """Responses with a column that names the item."""
    names = {plain(name) for name in header}
    if not names & set(COLUMNS["item_id"]):
        raise InputError(
            f"{where}: this is an export of Qualtrics with one row a response and no column that names the "
            f"item; found: {', '.join(name for name in header if plain(name) not in _ABOUT_RESPONSE)}. Pass "
            "the id of the item to the survey as embedded data item_id, or write one row a rating: item_id, "
            "rater, dimension, value"
        )
    has_rater = bool(names & set(COLUMNS["rater"]))
    n_previews = 0
    for place, row in rows:
        kept = {name: cell for name, cell in row.items() if plain(name) not in _ABOUT_RESPONSE}
        if _is_preview(row):
            n_previews += 1
            continue
        yield place, kept if has_rater else {"rater": row.get("ResponseId"), **kept}
    if n_previews:
        note(f"{n_previews:,} rows with Status 'Survey Preview' or 'Survey Test' were left out.")


def _is_preview(row: Row) -> bool:
    return str(row.get("Status", "")).strip().lower() in _PREVIEWS


def _is_google_form(row: Row) -> bool:
    """Whether a row has cells of grids, beside a timestamp or alone.

    ``clarity [1-5]`` in another table names a scale, not an item.
    """
    names = set(map(plain, row))
    n_cells = sum(bool(_GRID.fullmatch(name)) for name in row)
    is_form = bool(names & _TIMESTAMP) or n_cells == len(row)
    return n_cells > 1 and is_form and not names & {*COLUMNS["item_id"], *_CONTENT}


def _google_form(
    first: Sequence[tuple[str, Row]], rows: Iterator[tuple[str, Row]]
) -> Iterator[tuple[str, Row]]:
    number = 0
    for source in (first, rows):
        for where, row in source:
            number += 1
            who = {plain(name): cell for name, cell in row.items()}
            rater = next(
                (who[name] for name in _WHO if who.get(name) not in (None, "")), f"response {number}"
            )
            for name, cell in row.items():
                if match := _GRID.fullmatch(name):
                    yield f"{where}: column {name!r}", _grid_cell(match, rater, cell)


def _grid_cell(match: re.Match[str], rater: Any, cell: Any) -> Row:
    return {"item_id": match[2], "rater": rater, "dimension": match[1], "value": cell}
