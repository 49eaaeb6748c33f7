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

from judge.errors import InputError
from judge.formats import label_studio, nested, read_foreign, recognise
from judge.formats.anchored import AnchoredCount, OnAnchored
from judge.formats.columns import layout_of
from judge.formats.document import Document, load
from judge.formats.rating_cell import CellConverter, RatingCell
from judge.formats.rating_columns import COLUMNS, CONTENT, content_of
from judge.formats.rating_exports import ignore, plain_rows
from judge.formats.rating_rows import TableReader
from judge.formats.repeated_ratings import same_content
from judge.formats.wanted import Wanted
from judge.items.identity import RowIds
from judge.records import OVERALL, RaterKind, Score
from judge.rows import RowSource, delimiter_of, is_file, name_of

_FIRST_ROWS = 1000
"""Number of rows from which the layout of a table is found."""


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
        Meaning -> column, for columns with other names; meanings are the keys of `COLUMNS`, and the fields of
        an item from which its id is made where no column holds it (`CONTENT`).
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
    on_anchored: OnAnchored | None = None,
) -> Iterator[RatingCell]:
    """Read ratings as `read_ratings` does, each with its place in the file and its raw cell.

    Anchored ratings are not among them: `on_anchored` is called with each; without it, a note counts them.
    """
    allowed = (*COLUMNS, *CONTENT)
    for meaning in map or {}:
        if meaning not in allowed:
            raise InputError(f"--column {meaning}: no such column of ratings; allowed: {', '.join(allowed)}")
    wanted = wanted or Wanted()
    note = note or ignore
    if _is_plain_file(path):
        has_commas = delimiter_of(path, encoding=wanted.encoding) in (";", "\t")
        wanted = replace(wanted, cells=replace(wanted.cells, decimal_comma=has_commas))
    converter = CellConverter(wanted)
    document = _document(path)
    cells = _of_document(document, map or {}, kind, dimension, converter, note) if document else None
    if cells is None:
        cells = _of_table(path, map or {}, kind, dimension, converter, note, on_anchored)
    yield from cells
    converter.check()
    for sentence in converter.notes():
        note(sentence)


def _is_plain_file(path: RowSource) -> bool:
    """Whether the source is a file, and neither a folder nor a table in memory."""
    return is_file(path) and not Path(path).is_dir()


def _of_table(
    path: RowSource,
    mapping: Mapping[str, str],
    kind: RaterKind,
    dimension: str,
    converter: CellConverter,
    note: Callable[[str], None],
    on_anchored: OnAnchored | None,
) -> Iterator[RatingCell]:
    wanted = converter.wanted
    anchored = AnchoredCount(on_anchored)
    rows = plain_rows(
        path,
        note,
        encoding=wanted.encoding,
        mapping=mapping,
        has_id=bool(wanted.id_from),
        on_anchored=anchored.add,
    )
    first = list(islice(rows, _FIRST_ROWS))
    if not first:
        raise (
            anchored.error(name_of(path)) if anchored.n else InputError(f"{name_of(path)}: holds no ratings")
        )
    layout = layout_of(first, mapping, converter.wanted)
    for sentence in layout.notes:
        note(sentence)
    is_by_content = "item_id" not in layout.names and not converter.wanted.id_from
    if is_by_content and (repeats := same_content(first, layout, RowIds(content_of(mapping)))):
        note(repeats)
    table = TableReader(layout, mapping, converter, kind, dimension)
    for where, row in chain(first, rows):
        yield from table.cells(row, where)
    for sentence in (*table.notes(), *anchored.notes()):
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
    document: Document,
    mapping: Mapping[str, str],
    kind: RaterKind,
    dimension: str,
    converter: CellConverter,
    note: Callable[[str], None],
) -> Iterator[RatingCell] | None:
    """Ratings of a document that is no table; None where it is one."""
    content, wanted = document.content, converter.wanted
    if label_studio.recognises(document):
        cells = label_studio.cells(document, converter, mapping.get("item_id"))
    elif recognise(document):
        where = str(document.path)
        cells = (RatingCell(score, where, score.value) for score in read_foreign(document.path).scores)
    elif nested.recognises(content):
        cells = nested.cells(document, kind, dimension, converter, note)
    else:
        return None
    return (cell for cell in cells if wanted.keeps(cell.score.dimension))
