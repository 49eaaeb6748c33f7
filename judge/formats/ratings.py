"""Ratings by people or judges -> Scores: long and wide tables, Label Studio, nested JSON, other tools' files.

Long: one row a score. Wide: one column a dimension, or one column a rater. Nested:
``{annotator: {item: label}}`` or ``{annotator: {item: {dimension: label}}}``. The files of other tools
(`judge.formats`) give their graders' scores.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from judge.errors import InputError
from judge.formats import label_studio, read_foreign, recognise
from judge.formats.cells import number_or_none
from judge.formats.columns import COLUMNS, Layout, Wanted, is_no_dimension, layout_of
from judge.formats.document import Document, Object, kind_of, load
from judge.records import MOST_SAMPLES, OVERALL, STATUSES, RaterKind, Score
from judge.rows import RowSource, delimiter_of, is_file, name_of, read_rows

_LOOKED_AT = 1000
"""Rows by which the layout of a table is told."""


def read_ratings(
    path: RowSource,
    *,
    map: Mapping[str, str] | None = None,
    kind: RaterKind = "human",
    wanted: Wanted | None = None,
    dimension: str = OVERALL,
    note: Callable[[str], None] | None = None,
) -> Iterator[Score]:
    r"""Read ratings from a file or a table in memory, whatever its layout.

    Parameters
    ----------
    path : str, Path, DataFrame or list of dict
        CSV, TSV, JSON Lines, JSON or Parquet; ``-`` reads JSON Lines from standard input.
    map : mapping of str to str or None
        Meaning -> column, for columns with other names; meanings are the keys of `COLUMNS`.
    kind : {'human', 'judge'}
        Who rated, where no column says it.
    wanted : Wanted or None
        Which dimensions are read, and how a cell becomes a rating. None: all columns of a wide table that
        hold a rating in one of the first 1,000 rows and are no well-known other field.
    dimension : str
        Name of the only dimension, where the file names none.
    note : callable or None
        Is told of columns that hold ratings and were not read.

    Yields
    ------
    Score
        In the order of the file. An empty rating is a score with status ``skipped`` and the reason. Spaces
        around ids and names are no part of them; rows without any value are no rows.

    Raises
    ------
    InputError
        The file cannot be read, it does not say which item, rater or value, or a rating is no point of the
        declared scale's kind; the message says where.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "ratings.csv")
    >>> _ = file.write_text("item_id,rater,accuracy,clarity\nq1,ann,4,\n")
    >>> [(score.dimension, score.value, score.status) for score in read_ratings(file)]
    [('accuracy', 4.0, 'ok'), ('clarity', None, 'skipped')]
    """
    for meaning in map or {}:
        if meaning not in COLUMNS:
            raise InputError(f"--column {meaning}: no such column of ratings; allowed: {', '.join(COLUMNS)}")
    wanted = wanted or Wanted()
    document = _document(path)
    if document and (scores := _of_document(document, kind, dimension, wanted)) is not None:
        yield from scores
        return
    rows = read_rows(path)
    first = list(islice(rows, _LOOKED_AT))
    if not first:
        raise InputError(f"{name_of(path)}: holds no ratings")
    wanted = replace(wanted, cells=replace(wanted.cells, decimal_comma=delimiter_of(path) in (";", "\t")))
    layout = layout_of(first, map or {}, wanted)
    if note is not None and layout.passed_over:
        note(_passed_over(layout))
    table = _Table(layout, wanted, kind, dimension)
    for where, row in chain(first, rows):
        yield from table.scores(row, where)


def _document(path: RowSource) -> Document | None:
    """File that may be something else than a table; None where it is no document or cannot be read as one."""
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
        return None  # the reader of tables says more precisely what is wrong, and knows JSON Lines


def _passed_over(layout: Layout) -> str:
    names = ", ".join(map(repr, layout.passed_over))
    return (
        f"Columns {names} hold values of the scale and were read as fields of the items, not as ratings; "
        "where they are dimensions, name all that are to be read with --dimension."
    )


def _of_document(
    document: Document, kind: RaterKind, dimension: str, wanted: Wanted
) -> Iterator[Score] | None:
    """Scores of a document that is no table; None where it is one."""
    content = document.content
    if label_studio.recognises(document):
        scores = label_studio.scores(document, wanted.cells)
    elif recognise(document):
        scores = iter(read_foreign(document.path).scores)
    elif (
        isinstance(content, dict)
        and any(content.values())
        and all(isinstance(v, dict) for v in content.values())
    ):
        scores = _nested(document, kind, dimension, wanted)
    else:
        return None
    return (score for score in scores if wanted.keeps(score.dimension))


def _nested(document: Document, kind: RaterKind, dimension: str, wanted: Wanted) -> Iterator[Score]:
    _refuse_records(document)
    for rater, labels in document.content.items():
        for item_id, label in labels.items():
            named = label if isinstance(label, dict) else {dimension: label}
            for name, raw in named.items():
                where = f"{document.path}: {rater}: {item_id}"
                if isinstance(raw, dict | list):
                    raise InputError(f"{where}: found {kind_of(raw)}; a label is a number or a text")
                if wanted.keeps(name):
                    who = {"item_id": item_id.strip(), "rater": rater.strip(), "rater_kind": kind}
                    yield _score(where, wanted, who | {"dimension": name}, raw)


def _refuse_records(document: Document) -> None:
    """Refuse ``{id: {id, …, score}}``: one record for each item, and no annotator's labels."""
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

    def __init__(self, layout: Layout, wanted: Wanted, kind: RaterKind, dimension: str) -> None:
        self._layout = layout
        self._wanted = wanted
        self._kind = kind
        self._dimension = dimension
        self._samples: dict[str, int] = {}
        self._columns = layout.columns
        is_open = not layout.names.get("value") and not wanted.dimensions and wanted.rubric is None
        self._texts = [c for c in layout.others if is_open and not is_no_dimension(c)]

    def scores(self, row: Object, where: str) -> Iterator[Score]:
        """Yield the scores in one row."""
        names, wide = self._layout.names, self._layout.wide
        said = {meaning: row.get(column) for meaning, column in names.items()}
        item_id, rater = _name(said.get("item_id")), _name(said.get("rater"))
        if not item_id or ("rater" in names and not rater):
            if not any(map(_holds, row.values())):
                return
            empty = "item_id" if not item_id else "rater"
            raise InputError(f"{where}: column {names[empty]!r} is empty; every rating needs it")
        self._check_other_columns(row, where)
        kind = _kind(said.get("kind"), self._kind, where)
        who = {
            "item_id": item_id,
            "rater": rater or kind,
            "rater_kind": kind,
            "sample": self._sample(said.get("sample"), where),
        }
        status, reason = _status(said.get("status"), names, where), said.get("reason")
        named = self._named_dimension(said.get("dimension"), where)
        if not wide:
            ratings = [(names["value"], who["rater"], named)]
        elif self._layout.wide_is_raters:
            ratings = [(column, column.strip(), named) for column in wide]
        else:
            ratings = [(column, who["rater"], column) for column in wide]
        for column, name, dimension in ratings:
            if self._wanted.keeps(dimension):
                place = f"{where}: column {column!r}"
                who |= {"rater": name, "dimension": dimension}
                yield _score(place, self._wanted, who, row.get(column), status=status, reason=reason)

    def _named_dimension(self, raw: Any, where: str) -> str:
        """Dimension that a row names; where no column does, the only one."""
        name, column = _name(raw), self._layout.names.get("dimension")
        if column is not None and not name and not self._wanted.dimensions:
            raise InputError(
                f"{where}: column {column!r} is empty; every rating needs its dimension. Name the one that "
                "all such ratings are on with --dimension"
            )
        return name or self._dimension

    def _check_other_columns(self, row: Object, where: str) -> None:
        """Refuse a rating where none was expected, so that no dimension is lost without a word."""
        found = [] if row.keys() <= self._columns else [c for c in row if c not in self._columns]
        cells = self._wanted.cells
        for column in (*self._texts, *found):
            is_open = column not in found or not is_no_dimension(column)
            if is_open and column in row and cells.is_rating(cells.value(row[column])):
                raise InputError(
                    f"{where}: column {column!r} holds {row[column]!r:.40}, and none of the first rows has a "
                    f"rating in it. Name the dimensions that are to be read: --dimension "
                    f"{','.join(self._layout.wide or (self._dimension,))}"
                )

    def _sample(self, raw: Any, where: str) -> int:
        """Number of the sample; other values (an order "AB", "BA") are numbered as they come."""
        if not _holds(raw):
            return 0
        number = number_or_none(raw)
        if number is None or not number.is_integer():
            number = self._samples.setdefault(str(raw), len(self._samples))
        if not 0 <= number < MOST_SAMPLES:
            raise InputError(
                f"{where}: found the sample {raw!r:.40}; allowed: 0 to {MOST_SAMPLES - 1:,}, or names, which "
                "are numbered as they come"
            )
        return int(number)


def _score(
    where: str, wanted: Wanted, who: Mapping[str, Any], raw: Any, *, status: str = "ok", reason: Any = None
) -> Score:
    value = wanted.cells.value(raw)
    said = str(reason) if _holds(reason) else None
    if status == "ok" and value is None:
        status, said = "skipped", said or (f"found {raw!r:.40}" if _holds(raw) else "no rating")
    if status == "ok" and wanted.checks(who["dimension"]) and not wanted.cells.is_rating(value):
        raise InputError(
            f"{where}: {who['dimension']} is {raw!r:.60}; allowed are {wanted.cells.scale}. What stands for "
            "a missing rating is named with --missing-codes, and dimensions to read alone with --dimension"
        )
    return Score.model_validate(
        {**who, "value": value if status == "ok" else None, "status": status, "reason": said}
    )


def _holds(raw: Any) -> bool:
    """Whether a cell holds anything: an empty one is null, blank or the NaN of data frames."""
    return raw is not None and raw == raw and (not isinstance(raw, str) or raw.strip() != "")


def _name(raw: Any) -> str:
    """Text of a cell that names something, without spaces around it; empty where it holds nothing."""
    return str(raw).strip() if _holds(raw) else ""


def _status(raw: Any, names: Mapping[str, str], where: str) -> str:
    status = _name(raw).lower() or "ok"
    if status not in STATUSES:
        raise InputError(
            f"{where}: column {names['status']!r}: found {raw!r:.40}; allowed: {', '.join(STATUSES)}. "
            "A status of another kind belongs in a column of another name"
        )
    return status


def _kind(raw: Any, default: RaterKind, where: str) -> RaterKind:
    said = _name(raw).lower()
    if not said:
        return default
    if said == "human" or said == "judge":
        return "human" if said == "human" else "judge"
    raise InputError(f"{where}: found the kind of rater {raw!r:.40}; allowed: human, judge")
