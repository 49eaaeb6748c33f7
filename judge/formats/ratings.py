"""Ratings by people or judges -> Scores: long and wide tables, nested JSON, exports of rating platforms.

Long: one row a score. Wide: one column a dimension, one column a rater, or one column for each rater and
dimension. Nested: ``{annotator: {item: label}}`` or ``{annotator: {item: {dimension: label}}}``. Exports of
platforms are turned into such tables (`judge.formats.rating_exports`); the files of other tools
(`judge.formats`) give the scores of their graders.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from judge.errors import InputError
from judge.formats import label_studio, read_foreign, recognise
from judge.formats.cells import number_or_none
from judge.formats.column_names import COLUMNS, is_no_dimension
from judge.formats.columns import Layout, layout_of
from judge.formats.document import Document, Object, kind_of, load
from judge.formats.rating_cell import CellConverter, RatingCell, holds, name_in
from judge.formats.rating_exports import plain_rows
from judge.formats.wanted import Wanted
from judge.items.identity import RowIds
from judge.records import MOST_SAMPLES, OVERALL, STATUSES, RaterKind, Score
from judge.rows import RowSource, delimiter_of, is_file, name_of
from judge.rubric import CRITERIA

_FIRST_ROWS = 1000
"""Number of rows from which the layout of a table is found."""
_REJECTED = {"REJECTED"}
_INCOMPLETE = {"RETURNED", "TIMED-OUT"}


def read_ratings(
    path: RowSource,
    *,
    map: Mapping[str, str] | None = None,
    kind: RaterKind = "human",
    wanted: Wanted | None = None,
    dimension: str = OVERALL,
    note: Callable[[str], None] | None = None,
) -> Iterator[Score]:
    r"""Read ratings from a file or a table in memory, in any layout.

    Parameters
    ----------
    path : str, Path, DataFrame or list of dict
        CSV, TSV, JSON Lines, JSON or Parquet, or a folder of Potato with one folder for each annotator; ``-``
        reads JSON Lines from standard input.
    map : mapping of str to str or None
        Meaning -> column, for columns with other names; meanings are the keys of `COLUMNS`.
    kind : {'human', 'judge'}
        Kind of the raters, in files that do not say it.
    wanted : Wanted or None
        Which dimensions are read, and how a cell becomes a rating. None: all columns of a wide table that
        hold a rating in one of the first 1,000 rows and have no other known meaning.
    dimension : str
        Name of the only dimension of a file that names none.
    note : callable or None
        Called with a sentence about each group of columns or rows that was not read.

    Yields
    ------
    Score
        In the order of the file. An empty rating is a score with status ``skipped`` and the reason. Spaces
        around ids and names are removed; rows without any value are ignored.

    Raises
    ------
    InputError
        The file cannot be read, it does not say which item, rater or value, it can be read in two ways, or a
        rating is off the declared scale; the message says where.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "ratings.csv")
    >>> _ = file.write_text("item_id,rater,accuracy,clarity\nq1,ann,4,\n")
    >>> [(score.dimension, score.value, score.status) for score in read_ratings(file)]
    [('accuracy', 4.0, 'ok'), ('clarity', None, 'skipped')]
    """
    found = read_cells(path, map=map, kind=kind, wanted=wanted, dimension=dimension, note=note)
    return (cell.score for cell in found)


def read_cells(
    path: RowSource,
    *,
    map: Mapping[str, str] | None = None,
    kind: RaterKind = "human",
    wanted: Wanted | None = None,
    dimension: str = OVERALL,
    note: Callable[[str], None] | None = None,
) -> Iterator[RatingCell]:
    """Read ratings as `read_ratings` does, each with its place in the file and its raw cell."""
    for meaning in map or {}:
        if meaning not in COLUMNS:
            raise InputError(f"--column {meaning}: no such column of ratings; allowed: {', '.join(COLUMNS)}")
    wanted = wanted or Wanted()
    note = note or _ignore
    if _is_plain_file(path):
        has_commas = delimiter_of(path, encoding=wanted.encoding) in (";", "\t")
        wanted = replace(wanted, cells=replace(wanted.cells, decimal_comma=has_commas))
    converter = CellConverter(wanted)
    document = _document(path)
    cells = _of_document(document, map or {}, kind, dimension, converter) if document else None
    yield from _of_table(path, map or {}, kind, dimension, converter, note) if cells is None else cells
    converter.check()


def _is_plain_file(path: RowSource) -> bool:
    """Whether the source is a file, and neither a folder nor a table in memory."""
    return is_file(path) and not Path(path).is_dir()


def _ignore(sentence: str) -> None:
    """Take a note that no caller wants."""


def _of_table(
    path: RowSource,
    mapping: Mapping[str, str],
    kind: RaterKind,
    dimension: str,
    converter: CellConverter,
    note: Callable[[str], None],
) -> Iterator[RatingCell]:
    wanted = converter.wanted
    has_id = bool(wanted.id_from)
    rows = plain_rows(path, note, encoding=wanted.encoding, mapping=mapping, has_id=has_id)
    first = list(islice(rows, _FIRST_ROWS))
    if not first:
        raise InputError(f"{name_of(path)}: holds no ratings")
    layout = layout_of(first, mapping, converter.wanted)
    for sentence in layout.notes:
        note(sentence)
    table = _Table(layout, converter, kind, dimension)
    for where, row in chain(first, rows):
        yield from table.cells(row, where)
    for sentence in table.notes():
        note(sentence)


def _document(path: RowSource) -> Document | None:
    """File that may be no table; None for other files, and for one that cannot be read as a document."""
    if not is_file(path):
        return None
    name = Path(path).name.removesuffix(".gz")
    if not name.endswith((".json", ".eval")):
        return None
    try:
        return load(path)
    except InputError:
        if name.endswith(".eval"):
            raise
        return None  # the reader of tables knows JSON Lines, and its error is more precise


def _of_document(
    document: Document, mapping: Mapping[str, str], kind: RaterKind, dimension: str, converter: CellConverter
) -> Iterator[RatingCell] | None:
    """Ratings of a document that is no table; None where it is one."""
    content, wanted = document.content, converter.wanted
    if label_studio.recognises(document):
        cells = label_studio.cells(document, converter, mapping.get("item_id"))
    elif recognise(document):
        where = str(document.path)
        cells = (RatingCell(score, where, score.value) for score in read_foreign(document.path).scores)
    elif (
        isinstance(content, dict)
        and any(content.values())
        and all(isinstance(v, dict) for v in content.values())
    ):
        cells = _nested(document, kind, dimension, converter)
    else:
        return None
    return (cell for cell in cells if wanted.keeps(cell.score.dimension))


def _nested(
    document: Document, kind: RaterKind, dimension: str, converter: CellConverter
) -> Iterator[RatingCell]:
    _refuse_records(document)
    for rater, labels in document.content.items():
        for item_id, label in labels.items():
            named = label if isinstance(label, dict) else {dimension: label}
            for name, raw in named.items():
                where = f"{document.path}: {rater}: {item_id}"
                if isinstance(raw, dict | list):
                    raise InputError(f"{where}: found {kind_of(raw)}; a label is a number or a text")
                if converter.wanted.keeps(name):
                    who = {"item_id": item_id.strip(), "rater": rater.strip(), "rater_kind": kind}
                    yield converter.cell(where, who | {"dimension": name}, raw)


def _refuse_records(document: Document) -> None:
    """Refuse ``{id: {id, …, score}}``, which has one record for each item and no annotators."""
    fields = [set(record) for record in document.content.values() if record]
    shared = set.intersection(*fields)
    known = {alias for meaning in ("item_id", "value", "rater") for alias in COLUMNS[meaning]}
    if found := sorted(shared & known):
        raise InputError(
            f"{document.path}: holds one record for each id (with {', '.join(found)}), not "
            "{annotator: {item: label}}. Write the records as a list, or one a line, each with item_id, "
            "rater, dimension and value"
        )


class _Table:
    """Reads the rows of one table."""

    def __init__(self, layout: Layout, cells: CellConverter, kind: RaterKind, dimension: str) -> None:
        self._layout = layout
        self._cells = cells
        self._wanted = cells.wanted
        self._kind = kind
        self._dimension = dimension
        self._samples: dict[str, int] = {}
        self._columns = layout.columns
        self._submissions: dict[str, int] = {}
        self._ids = RowIds(id_from=self._wanted.id_from)
        is_by_dimension = all(one.dimension and not one.rater for one in layout.ratings)
        is_open = is_by_dimension and not self._wanted.dimensions and self._wanted.rubric is None
        self._texts = [c for c in layout.others if is_open and not is_no_dimension(c)]

    def cells(self, row: Object, where: str) -> Iterator[RatingCell]:
        """Yield the ratings in one row."""
        names = self._layout.names
        found = {meaning: row.get(column) for meaning, column in names.items()}
        item_id, rater = name_in(found.get("item_id")), name_in(found.get("rater"))
        if not item_id or ("rater" in names and not rater):
            if not any(map(holds, row.values())):
                return
            item_id = item_id or self._made_id(row, where)
        if not item_id or ("rater" in names and not rater):
            empty = "item_id" if not item_id else "rater"
            raise InputError(f"{where}: column {names[empty]!r} is empty; every rating needs it")
        if self._layout.submission is not None and self._is_rejected(row, self._layout.submission):
            return
        self._check_other_columns(row, where)
        kind = _kind(found.get("kind"), self._kind, where)
        who = {"item_id": item_id, "rater_kind": kind, "sample": self._sample(found.get("sample"), where)}
        status, reason = _status(found.get("status"), names, where), found.get("reason")
        skipped = _skipped(found.get("skipped"))
        named, criterion = self._named(found, where)
        for column in self._layout.ratings:
            dimension = column.dimension or named
            if self._wanted.keeps(dimension):
                who |= {"rater": column.rater or rater or kind, "dimension": dimension}
                who |= {"criterion": criterion if dimension == CRITERIA else None}
                yield self._cells.cell(
                    f"{where}: column {column.column!r}",
                    who,
                    row.get(column.column),
                    status=status,
                    reason=reason,
                    skipped=skipped,
                    rater_is_named=bool(column.rater or rater),
                    column=column.column,
                )

    def _made_id(self, row: Object, where: str) -> str:
        """Id of an item that is made from other columns; empty where a column holds the ids."""
        if "item_id" in self._layout.names:
            return ""
        try:
            return self._ids.of(row)
        except ValueError as problem:
            raise InputError(f"{where}: {problem}") from None

    def notes(self) -> Iterator[str]:
        """Notes about rows that were left out, or that a platform does not count as completed."""
        column = self._layout.submission
        for status, n in self._submissions.items():
            what = "were left out" if status in _REJECTED else "were read"
            yield f"{n:,} rows with {column} {status!r} {what}."

    def _is_rejected(self, row: Object, column: str) -> bool:
        """Whether a row is of a rejected submission to a crowd platform; odd states are counted."""
        status = name_in(row.get(column)).upper()
        if status in _REJECTED or status in _INCOMPLETE:
            self._submissions[status] = self._submissions.get(status, 0) + 1
        return status in _REJECTED

    def _named(self, found: Mapping[str, Any], where: str) -> tuple[str, str | None]:
        """Dimension that a row names, and the criterion where it is about one of the item's criteria."""
        criterion = name_in(found.get("criterion"))
        if criterion and not name_in(found.get("dimension")):
            is_dimension = "dimension" not in self._layout.names and self._wanted.names_dimension(criterion)
            return (criterion, None) if is_dimension else (CRITERIA, criterion)
        dimension = self._named_dimension(found.get("dimension"), where)
        if dimension == CRITERIA and not criterion:
            raise InputError(
                f"{where}: no id of the criterion; a rating on {CRITERIA} needs it in a column 'criterion'. "
                "For another name: --column criterion=NAME"
            )
        return dimension, criterion

    def _named_dimension(self, raw: Any, where: str) -> str:
        """Dimension that a row names; the only one in a table without such a column."""
        name, column = name_in(raw), self._layout.names.get("dimension")
        if column is not None and not name and not self._wanted.dimensions:
            raise InputError(
                f"{where}: column {column!r} is empty; every rating needs its dimension. Name the one that "
                "all such ratings are on with --dimension"
            )
        return name or self._dimension

    def _check_other_columns(self, row: Object, where: str) -> None:
        """Refuse a rating in a column without ratings in the first rows, so that no dimension is lost."""
        is_long = "value" in self._layout.names
        found = [] if is_long or row.keys() <= self._columns else [c for c in row if c not in self._columns]
        cells = self._wanted.cells
        for column in (*self._texts, *found):
            is_open = column not in found or not is_no_dimension(column)
            if is_open and column in row and cells.is_rating(cells.value(row[column])):
                wide = [one.dimension for one in self._layout.ratings if one.dimension]
                raise InputError(
                    f"{where}: column {column!r} holds {row[column]!r:.40}, and none of the first rows has a "
                    f"rating in it. Name the dimensions that are to be read: --dimension "
                    f"{','.join(dict.fromkeys(wide or [self._dimension]))}"
                )

    def _sample(self, raw: Any, where: str) -> int:
        """Number of the sample; other values (an order "AB", "BA") are numbered in order of appearance."""
        if not holds(raw):
            return 0
        number = number_or_none(raw)
        if number is None or not number.is_integer():
            number = self._samples.setdefault(str(raw), len(self._samples))
        if not 0 <= number < MOST_SAMPLES:
            raise InputError(
                f"{where}: found the sample {raw!r:.40}; allowed: 0 to {MOST_SAMPLES - 1:,}, or names, which "
                "are numbered in order of appearance"
            )
        return int(number)


def _skipped(raw: Any) -> str | None:
    """Why an item was skipped; empty if the reason is not given, None if the item was not skipped."""
    text = name_in(raw)
    if text.casefold() in ("", "0", "false", "no"):
        return None
    return "" if text.casefold() in ("1", "true", "yes") else text


def _status(raw: Any, names: Mapping[str, str], where: str) -> str:
    status = name_in(raw).lower() or "ok"
    if status not in STATUSES:
        raise InputError(
            f"{where}: column {names['status']!r}: found {raw!r:.40}; allowed: {', '.join(STATUSES)}. "
            "A status of another kind belongs in a column of another name"
        )
    return status


def _kind(raw: Any, default: RaterKind, where: str) -> RaterKind:
    found = name_in(raw).lower()
    if not found:
        return default
    if found == "human" or found == "judge":
        return "human" if found == "human" else "judge"
    raise InputError(f"{where}: found the kind of rater {raw!r:.40}; allowed: human, judge")
