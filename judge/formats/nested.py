"""Ratings as nested JSON: ``{annotator: {item: label}}`` or ``{annotator: {item: {dimension: label}}}``.

The names of the outer and the inner objects do not say which of them are people. Where either may be, the
file is refused, and `Wanted.raters_in` or `Wanted.dimensions` decides.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from judge.errors import InputError
from judge.formats.document import Document, kind_of
from judge.formats.rating_cell import CellConverter, RatingCell
from judge.formats.rating_columns import COLUMNS
from judge.formats.wanted import Wanted
from judge.formats.wide import numbered_raters
from judge.records import RaterKind

_Outer = Literal["raters", "items", "dimensions"]
_Labels = Mapping[str, Mapping[str, Any]]

_NUMBERED = re.compile(r"\D{0,12}\d+")
_MOST_NAMES = 5


def recognises(content: Any) -> bool:
    """Whether a JSON value is an object of objects, not all of which are empty."""
    return (
        isinstance(content, dict)
        and any(content.values())
        and all(isinstance(value, dict) for value in content.values())
    )


def cells(
    document: Document,
    kind: RaterKind,
    dimension: str,
    converter: CellConverter,
    note: Callable[[str], None],
) -> Iterator[RatingCell]:
    """Ratings of a nested object.

    Parameters
    ----------
    document : Document
        A file whose content `recognises` accepts.
    kind : {'human', 'judge'}
        Kind of the raters.
    dimension : str
        Name of the dimension of labels that name none.
    converter : CellConverter
        How a label becomes a rating.
    note : callable
        Called with a sentence about raters who were not read.

    Raises
    ------
    InputError
        The file holds something else than labels, or can be read in two ways.
    """
    where, wanted = str(document.path), converter.wanted
    _refuse_records(where, document.content)
    outer_are = _reading(where, document.content, wanted)
    left: dict[str, None] = {}
    for outer, labels in document.content.items():
        for inner, label in labels.items():
            rater, item = {"raters": (outer, inner), "items": (inner, outer)}.get(outer_are, (kind, inner))
            if wanted.raters_in and rater not in wanted.raters_in:
                left[rater] = None
                continue
            alone = outer if outer_are == "dimensions" else dimension
            for name, raw in (label if isinstance(label, dict) else {alone: label}).items():
                place = f"{where}: {outer}: {inner}"
                if isinstance(raw, dict | list):
                    raise InputError(f"{place}: found {kind_of(raw)}; a label is a number or a text")
                if wanted.keeps(name):
                    who = {"item_id": item.strip(), "rater": rater.strip(), "rater_kind": kind}
                    yield converter.cell(place, who | {"dimension": name}, raw)
    if left:
        note(f"Ratings of {_some(left)} were not read: --raters-in does not name them.")


def _reading(where: str, content: _Labels, wanted: Wanted) -> _Outer:
    """What the names of the outer objects are."""
    outer = [name for name, labels in content.items() if labels]
    inner = list(dict.fromkeys(name for labels in content.values() for name in labels))
    if wanted.raters_in:
        return _reading_by_raters(where, outer, inner, wanted.raters_in)
    is_flat = not any(isinstance(label, dict) for labels in content.values() for label in labels.values())
    is_full = all(len(content[name]) == len(inner) for name in outer)
    if is_flat and is_full:
        _refuse_columns(where, outer, inner)
    if is_flat and all(map(wanted.declares, outer)):
        return "dimensions"
    if _are_raters(outer) or _are_raters(inner):
        return "raters" if _are_raters(outer) else "items"
    is_table = is_flat and is_full and min(len(outer), len(inner)) > 1
    look_like_items = all(map(_NUMBERED.fullmatch, outer)) and not all(map(_NUMBERED.fullmatch, inner))
    if is_table or look_like_items or len(outer) > len(inner):
        raise InputError(
            f"{where}: holds objects {_some(outer)}, each with labels {_some(inner)}, and does not say which "
            f"of these are people. Name the raters: --raters-in {_listed(outer)} or --raters-in "
            f"{_listed(inner)}" + (f"; or the dimensions: --dimension {_listed(outer)}" if is_flat else "")
        )
    return "raters"


def _reading_by_raters(
    where: str, outer: Sequence[str], inner: Sequence[str], raters: Sequence[str]
) -> _Outer:
    """Find the level that holds the named raters."""
    if set(raters) <= set(outer):
        return "raters"
    if set(raters) <= set(inner):
        return "items"
    missing = [name for name in raters if name not in {*outer, *inner}] or raters
    raise InputError(
        f"{where}: no object holds the labels of the raters {_some(missing)} of --raters-in; found: "
        f"{_some(outer)}, each with {_some(inner)}"
    )


def _are_raters(names: Sequence[str]) -> bool:
    """Whether all names are those of raters, as ``rater_1`` is."""
    return len(numbered_raters(names)) == len(names)


def _refuse_columns(where: str, outer: Sequence[str], inner: Sequence[str]) -> None:
    """Refuse ``{column: {row: cell}}``, as pandas writes it."""
    is_numbered = list(inner) == [str(number) for number in range(len(inner))]
    if is_numbered or {name.casefold() for name in outer} & {*COLUMNS["item_id"], *COLUMNS["rater"]}:
        raise InputError(
            f"{where}: holds one object for each column ({_some(outer)}), with one entry for each row, as "
            "DataFrame.to_json() writes it. Write one object for each row: df.to_json(path, "
            "orient='records')"
        )


def _refuse_records(where: str, content: _Labels) -> None:
    """Refuse ``{id: {id, …, score}}``, which has one record for each item and no annotators."""
    fields = [set(record) for record in content.values() if record]
    shared = set.intersection(*fields)
    known = {alias for meaning in ("item_id", "value", "rater") for alias in COLUMNS[meaning]}
    if found := sorted(shared & known):
        raise InputError(
            f"{where}: holds one record for each id (with {', '.join(found)}), not "
            "{annotator: {item: label}}. Write the records as a list, or one a line, each with item_id, "
            "rater, dimension and value"
        )


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    return ",".join(listed[:_MOST_NAMES]) + (",…" if len(listed) > _MOST_NAMES else "")


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(map(repr, listed[:_MOST_NAMES])) + (" …" if len(listed) > _MOST_NAMES else "")
