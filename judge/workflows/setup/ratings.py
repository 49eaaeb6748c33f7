"""Readings of a table of ratings: raters or dimensions, who rated, and on which scale."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations

from judge.errors import InputError
from judge.formats.rating_columns import COLUMNS
from judge.formats.repeated_ratings import RepeatedRatingError
from judge.formats.wide import numbered_raters, numbered_raters_by_dimension
from judge.items.columns import plain
from judge.items.fields import is_empty
from judge.records import OVERALL
from judge.rows import RowSource, encoding_of
from judge.rubric import Rubric, load_rubric, shipped_rubrics
from judge.rubric.dimension_names import rubric_dimension
from judge.workflows.read_ratings import RatingsTable, read_ratings
from judge.workflows.setup.answers import Question
from judge.workflows.setup.choices import Choices, TableReading, only_readable
from judge.workflows.setup.tables import InputTable, quoted

UNNAMED = "human"
"""Name of the rater of a file that names none."""
_USUAL = ((0, 1), (1, 5), (1, 7), (0, 10), (1, 10), (0, 100))
"""Scales that are taken for the right one where both ends were used."""
_SCALES = (*_USUAL, (1, 2), (1, 3), (0, 4), (1, 4), (0, 5), (1, 6), (1, 9), (1, 100))
_MOST_SCALES = 3
_CODES = {-999.0, -99.0, -9.0, -1.0, 9.0, 88.0, 98.0, 99.0, 888.0, 999.0, 9999.0}
"""Numbers that usually mark a missing rating."""


def ratings_in(
    source: RowSource, choices: Choices, *, rubric: str | None = None, id_from: Sequence[str] = ()
) -> RatingsTable:
    """Read ratings with the choices; `rubric` is that of the judge."""
    return read_ratings(
        source,
        columns=choices.columns,
        rubric=rubric,
        dimensions=choices.dimensions,
        missing_codes=choices.missing_codes,
        raters_in=choices.raters_in,
        id_from=id_from,
        encoding=encoding_of(source, choices.encoding),
    )


def rating_question(table: InputTable, choices: Choices, answers: InputTable | None = None) -> Question:
    """Next question about a table of ratings; ids of items are sought among the cells of `answers`.

    Raises
    ------
    InputError
        It holds no ratings, or says not which items or raters they are of.
    """
    try:
        found = ratings_in(table.name, choices, id_from=fitting_id_from(table, choices))
    except RepeatedRatingError:
        raise
    except InputError:
        if readings := list(_possible(table, choices, answers)):
            return f"{table.name}: {_what_is_open(table, choices)}", readings
        raise
    if found.raters != (UNNAMED,) or choices.raters_in:
        return "", []
    own = [name for name in found.dimensions if name in table.columns]
    if choices.dimensions or not own or in_rubric(own, choices):
        return "", []
    return f"{table.name}: {_what_is_open(table, choices)}", list(_raters_or_dimensions(own))


def rater_columns(table: InputTable, choices: Choices) -> list[TableReading]:
    """Columns that may name the rater, where items are rated several times and no column is known to."""
    if choices.raters_in or "rater" in choices.columns or _names_rater(table):
        return []
    aliases = {alias for names in COLUMNS.values() for alias in names}
    found: dict[str, TableReading] = {}
    for name in table.columns:
        values = [row.get(name) for row in table.rows]
        n_different = len(set(map(str, values)))
        if plain(name) in aliases or any(map(is_empty, values)) or not 1 < n_different < len(values):
            continue
        reading = TableReading(f"{name!r} names the rater", {"columns": {"rater": name}})
        if _is_readable(table, choices, reading):
            found[name] = reading
    numbers = table.rating_columns(choices)
    return [reading for name, reading in found.items() if name not in numbers] or list(found.values())


def ids_with_system(table: InputTable, choices: Choices) -> list[TableReading]:
    """The reading in which the column of ids and the system together name the item, if it can be read."""
    ids = [name for name in table.columns if plain(name) in COLUMNS["item_id"]]
    pairs = [(name, system) for name in ids[:1] for system in table.fields.get("system", [])[:1]]
    readings = [_together(pair) for pair in pairs]
    return [one for one in readings if _is_readable(table, choices, one)]


def _names_rater(table: InputTable) -> bool:
    return any(plain(name) in COLUMNS["rater"] for name in table.columns)


def beside_answers(table: InputTable, choices: Choices) -> Question:
    """Next question about ratings in the table of answers; without ratings there is none."""
    columns = table.rating_columns(choices)
    decided = not choices.has_ratings or choices.raters_in or choices.dimensions or choices.columns
    if decided or not columns or numbered_raters(columns) or numbered_raters_by_dimension(columns):
        return "", []
    no_ratings = TableReading("they are fields of the items", {"has_ratings": False})
    raters = [name for name in table.columns if plain(name) in COLUMNS["rater"]]
    if raters:
        text = f"ratings by {raters[0]!r} are in {quoted(columns)}"
        readings = [TableReading(text, {"columns": {"rater": raters[0]}})]
    else:
        readings = list(_raters_or_dimensions(columns))
    return f"{table.name}: beside the answers there are numbers in {quoted(columns)}.", [
        no_ratings,
        *readings,
    ]


def has_ratings_beside(table: InputTable, choices: Choices) -> bool:
    """Whether a table of answers holds ratings as well."""
    return choices.has_ratings and bool(
        choices.raters_in or choices.dimensions or choices.columns or table.rating_columns(choices)
    )


def fitting_id_from(table: InputTable, choices: Choices) -> tuple[str, ...]:
    """Fields of `id_from`, if the table has all of them."""
    has_all = all(name in table.columns or name in table.fields for name in choices.id_from)
    return choices.id_from if has_all else ()


def in_rubric(dimensions: Sequence[str], choices: Choices) -> bool:
    """Whether a rubric, the chosen one or one that is shipped, has all dimensions."""
    names = (choices.rubric,) if choices.rubric else tuple(shipped_rubrics())
    return any(has_dimensions(_loaded(name), dimensions) for name in names)


def has_dimensions(rubric: Rubric, dimensions: Sequence[str]) -> bool:
    """Whether a rubric scores all dimensions; every rubric has an overall score."""
    return all(name == OVERALL or rubric_dimension(name, rubric) for name in dimensions)


def scales_of(low: float, high: float) -> list[str]:
    """Scales that hold all values: the usual one whose ends were both used, or else the shortest ones.

    >>> scales_of(1, 7), scales_of(2, 9), scales_of(-3, 3)
    (['1-7'], ['1-9', '1-10', '0-10'], ['-3-3'])
    """
    if (low, high) in _USUAL:
        return [f"{low:g}-{high:g}"]
    fitting = sorted((s for s in _SCALES if s[0] <= low and high <= s[1]), key=lambda s: s[1] - s[0])
    return [f"{s[0]}-{s[1]}" for s in fitting[:_MOST_SCALES]] or [f"{math.floor(low)}-{math.ceil(high)}"]


def scale_question(found: RatingsTable, ends: tuple[float, float] | None, choices: Choices) -> Question:
    """Next question about the scale of ratings; `ends` are those of the rubric, if there is one."""
    values: dict[str, list[float]] = {}
    for score in found.scores:
        if isinstance(score.value, float) and score.rater not in choices.rater_scales:
            values.setdefault(score.rater, []).append(score.value)
    if choices.scale or not values:
        return "", []
    low, high = min(map(min, values.values())), max(map(max, values.values()))
    off = [r for r, own in values.items() if ends and not (ends[0] <= min(own) and max(own) <= ends[1])]
    if ends and not off:
        return "", []
    readings = [
        TableReading(f"all raters used the scale {one}", {"scale": one}) for one in scales_of(low, high)
    ]
    if code := _missing_code(values, ends):
        readings.insert(0, TableReading(f"{code} marks a missing rating", {"missing_codes": (code,)}))
    if 0 < len(off) < len(values):
        readings += [
            TableReading(f"{rater!r} used the scale {one}", {"rater_scales": {rater: one}})
            for rater in off[:1]
            for one in scales_of(min(values[rater]), max(values[rater]))
        ]
    limits = f", and that of the rubric from {ends[0]:g} to {ends[1]:g}" if ends else ""
    return f"The ratings run from {low:g} to {high:g}{limits}.", readings


def _missing_code(values: Mapping[str, Sequence[float]], ends: tuple[float, float] | None) -> str:
    """Return the only value off the scale of the rubric if it is a usual code of a missing value."""
    off = {one for own in values.values() for one in own if ends and not ends[0] <= one <= ends[1]}
    return f"{off.pop():g}" if len(off) == 1 and off <= _CODES else ""


@cache
def _loaded(name: str) -> Rubric:
    return load_rubric(name)


def _what_is_open(table: InputTable, choices: Choices) -> str:
    if not _names_item(table, choices):
        return "no column says which item is rated."
    return f"no column says who rated, and ratings are in {quoted(table.rating_columns(choices))}."


def _names_item(table: InputTable, choices: Choices) -> bool:
    names = {plain(name) for name in table.columns}
    return bool("item_id" in choices.columns or choices.id_from or names & set(COLUMNS["item_id"]))


def _possible(table: InputTable, choices: Choices, answers: InputTable | None) -> Iterator[TableReading]:
    """Readings of a table that cannot be read yet; none where no column holds ratings."""
    if not table.rating_columns(choices):
        return
    if not _names_item(table, choices):
        yield from _item_columns(table, choices, answers)
        return
    columns = table.rating_columns(choices)
    if in_rubric(columns, choices):
        yield TableReading(
            f"the dimensions are {quoted(columns)}, as in a rubric", {"dimensions": tuple(columns)}
        )
        return
    readings = [one for one in _raters_or_dimensions(columns) if _is_readable(table, choices, one)]
    yield from readings or rater_columns(table, choices)


def _is_readable(table: InputTable, choices: Choices, reading: TableReading) -> bool:
    changed = choices.with_changes(reading.changes)
    try:
        ratings_in(table.name, changed, id_from=fitting_id_from(table, changed))
    except InputError:
        return False
    return True


def _raters_or_dimensions(columns: Sequence[str]) -> Iterator[TableReading]:
    raters = only_readable(columns, "--raters-in")
    yield TableReading(f"the raters are {quoted(columns)}", {"raters_in": raters})
    yield TableReading(f"the dimensions are {quoted(columns)}, rated by one person", {"dimensions": raters})


def _item_columns(table: InputTable, choices: Choices, answers: InputTable | None) -> list[TableReading]:
    """Columns that may name the item: those that name rows of the answers, or else those that vary most.

    Where no column names a single answer, as with answers of several systems to one prompt, two together do.
    """
    if answers is not None and (together := _pairs_of_columns(table, answers)):
        return together
    numbers = table.rating_columns(choices)
    full = [name for name in table.columns if len(table.values(name)) == len(table.rows)]
    pairs = {name: _places(table, name, answers) for name in full} if answers else {}
    shared = [name for name, places in pairs.items() if places and pairs[name] not in _before(pairs, name)]
    names = shared or [name for name in full if 2 * len(set(map(str, table.values(name)))) >= len(table.rows)]
    names = [name for name in names if name not in numbers] or names
    return [TableReading(f"{name!r} names the item", {"columns": {"item_id": name}}) for name in names]


def _pairs_of_columns(table: InputTable, answers: InputTable) -> list[TableReading]:
    """Two columns that both tables have, and that name one answer each only together."""
    shared = [name for name in table.columns if name in answers.columns]
    shared = [name for name in shared if len(table.values(name)) == len(table.rows)]
    if any(_is_key((name,), answers) for name in shared):
        return []
    return [
        _together(pair)
        for pair in combinations(shared, 2)
        if _is_key(pair, answers) and set(_keys(pair, table)) <= set(_keys(pair, answers))
    ]


def _together(pair: tuple[str, ...]) -> TableReading:
    return TableReading(
        f"{quoted(pair)} together name the item", {"id_from": only_readable(pair, "--id-from")}
    )


def _is_key(names: tuple[str, ...], table: InputTable) -> bool:
    return len(set(_keys(names, table))) == len(table.rows)


def _keys(names: tuple[str, ...], table: InputTable) -> list[tuple[str, ...]]:
    return [tuple(str(row.get(name)).strip() for name in names) for row in table.rows]


def _before(pairs: Mapping[str, tuple[int, ...]], name: str) -> list[tuple[int, ...]]:
    return [pairs[other] for other in list(pairs)[: list(pairs).index(name)]]


def _places(table: InputTable, name: str, answers: InputTable) -> tuple[int, ...]:
    """Place of the row of answers in which each cell of a column stands; none if one stands in no row."""
    cells = [str(value).strip() for value in table.values(name)]
    for column in answers.columns:
        places: dict[str, int] = {}
        for place, row in enumerate(answers.rows):
            places.setdefault(str(row.get(column)).strip(), place)
        if all(cell in places for cell in cells):
            return tuple(places[cell] for cell in cells)
    return ()
