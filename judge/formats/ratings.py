"""Ratings by people or judges -> Scores: long and wide tables, Label Studio, nested JSON, other tools' files.

Long: one row a score. Wide: one column a dimension, or one column a rater. Nested:
``{annotator: {item: label}}`` or ``{annotator: {item: {dimension: label}}}``. The files of other tools
(`judge.formats`) give their graders' scores.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from judge.errors import InputError
from judge.formats import label_studio, read_foreign, recognise
from judge.formats.document import Document, Object, kind_of, load, number_or_none, present, rating_value
from judge.records import OVERALL, STATUSES, RaterKind, Score
from judge.rows import read_rows

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "item_id": ("item_id", "item", "id", "question_id", "instance", "instance_id"),
    "rater": (
        "rater",
        "rater_id",
        "annotator",
        "annotator_id",
        "user",
        "worker",
        "worker_id",
        "coder",
        "judge",
    ),
    "dimension": ("dimension", "criterion", "aspect", "metric"),
    "value": ("value", "score", "rating", "label", "grade"),
    "kind": ("rater_kind", "rater_type"),
    "sample": ("sample",),
    "status": ("status",),
    "reason": ("reason", "comment", "note", "explanation"),
}
"""What a column of a ratings table means -> its names; `map` names any other."""

_RATER_COLUMN = re.compile(r"(?:human|rater|annotator|coder|reviewer|expert|judge)[ _-]?\d+\Z", re.I)
_NOT_A_DIMENSION = {
    "question", "answer", "reference", "system", "model", "images", "image", "choices", "gold", "text",
    "skipped", "created_at", "updated_at", "lead_time", "annotation_id", "seconds", "time", "timestamp",
    "saved", "n", "position", "pair_id", "condition", "order", "weight", "probability",
    "checks_missed", "checks_seen",
}  # fmt: skip


@dataclass(frozen=True)
class _Layout:
    """Where everything stands in a table."""

    names: dict[str, str]
    """Meaning -> column."""
    wide: tuple[str, ...]
    """Columns of which each is a dimension, or each is a rater."""
    wide_is_raters: bool
    rater: str
    """Name of the only rater, where no column holds it."""
    kind: RaterKind
    dimension: str


def read_ratings(
    path: str | Path,
    *,
    map: Mapping[str, str] | None = None,
    kind: RaterKind = "human",
    dimensions: Sequence[str] | None = None,
    dimension: str = OVERALL,
) -> Iterator[Score]:
    r"""Read ratings from a file, whatever its layout.

    Parameters
    ----------
    path : str or Path
        CSV, TSV, JSON Lines, JSON or Parquet; ``-`` reads JSON Lines from standard input.
    map : mapping of str to str or None
        Meaning -> column, for columns with other names; meanings are the keys of `COLUMNS`.
    kind : {'human', 'judge'}
        Who rated, where no column says it.
    dimensions : sequence of str or None
        Which columns of a wide table are dimensions. None: all columns that hold a rating in the first row
        and are no well-known other field.
    dimension : str
        Name of the only dimension, where the file names none.

    Yields
    ------
    Score
        In the order of the file. An empty rating is a score with status ``skipped`` and the reason.

    Raises
    ------
    InputError
        The file cannot be read, or it does not say which item, rater or value; the message says where.

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
            raise InputError(f"--map {meaning}: no such column of ratings; allowed: {', '.join(COLUMNS)}")
    if Path(path).name.removesuffix(".gz").endswith((".json", ".eval")):
        document = load(path)
        if (scores := _of_document(document, kind, dimension)) is not None:
            yield from scores
            return
    rows = read_rows(path)
    first = next(rows, None)
    if first is None:
        raise InputError(f"{path}: holds no ratings")
    layout = _layout(first[1], first[0], dict(map or {}), kind, dimensions, dimension)
    samples: dict[str, int] = {}
    for where, row in chain([first], rows):
        yield from _scores(row, where, layout, samples)


def _of_document(document: Document, kind: RaterKind, dimension: str) -> Iterator[Score] | None:
    """Scores of a document that is no table; None where it is one."""
    if label_studio.recognises(document):
        return label_studio.scores(document)
    if recognise(document):
        return iter(read_foreign(document.path).scores)
    content = document.content
    if isinstance(content, dict) and content and all(isinstance(v, dict) and v for v in content.values()):
        return _nested(document, kind, dimension)
    return None


def _nested(document: Document, kind: RaterKind, dimension: str) -> Iterator[Score]:
    for rater, labels in document.content.items():
        for item_id, label in labels.items():
            where = f"{document.path}: {rater}: {item_id}"
            named = label if isinstance(label, dict) else {dimension: label}
            for name, raw in named.items():
                if isinstance(raw, dict | list):
                    raise InputError(f"{where}: found {kind_of(raw)}; a label is a number or a text")
                yield _score(item_id, rater, kind, name, raw)


def _layout(
    row: Object,
    where: str,
    mapping: dict[str, str],
    kind: RaterKind,
    dimensions: Sequence[str] | None,
    dimension: str,
) -> _Layout:
    names = _named_columns(row, mapping, where)
    others = [name for name in row if name not in names.values()]
    raters = tuple(name for name in others if _RATER_COLUMN.match(name))
    if "value" in names:
        wide: tuple[str, ...] = ()
    elif raters and "rater" not in names:
        wide = raters
    else:
        wide = tuple(n for n in others if n in dimensions) if dimensions else _rating_columns(row, others)
        raters = ()
    if "value" not in names and not wide:
        wanted = f"one of {', '.join(dimensions)}" if dimensions else "a column with ratings"
        raise InputError(
            f"{where}: no ratings; found: {', '.join(row)}; needed: {wanted}, or a column 'value'"
        )
    return _Layout(names, wide, bool(raters) and bool(wide), kind, kind, dimension)


def _named_columns(row: Object, mapping: dict[str, str], where: str) -> dict[str, str]:
    names: dict[str, str] = {}
    plain = {re.sub(r"[\s-]+", "_", name.strip().lower()): name for name in row}
    for meaning, aliases in COLUMNS.items():
        wanted = mapping.get(meaning)
        if wanted is not None and wanted not in row:
            raise InputError(f"{where}: no column {wanted!r} for --map {meaning}; found: {', '.join(row)}")
        found = wanted or next((plain[alias] for alias in aliases if alias in plain), None)
        if found is not None and found not in names.values():
            names[meaning] = found
    if "item_id" not in names:
        allowed = ", ".join(COLUMNS["item_id"])
        raise InputError(
            f"{where}: no column says which item is rated; found: {', '.join(row)}; "
            f"allowed names: {allowed}. For another name: --map item_id=NAME"
        )
    return names


def _rating_columns(row: Object, others: Sequence[str]) -> tuple[str, ...]:
    """Columns of a wide table that can hold ratings, judged by the first row."""
    plain = {name: re.sub(r"[\s-]+", "_", name.strip().lower()) for name in others}
    return tuple(
        name
        for name in others
        if plain[name] not in _NOT_A_DIMENSION
        and not isinstance(row[name], dict | list)
        and not isinstance(rating_value(row[name]), str)
    )


def _scores(row: Object, where: str, layout: _Layout, samples: dict[str, int]) -> Iterator[Score]:
    said = {meaning: row.get(column) for meaning, column in layout.names.items()}
    item_id, rater = said.get("item_id"), said.get("rater")
    if item_id in (None, "") or ("rater" in layout.names and rater in (None, "")):
        empty = "item_id" if item_id in (None, "") else "rater"
        raise InputError(f"{where}: column {layout.names[empty]!r} is empty; every rating needs it")
    kind = _kind(said.get("kind"), layout.kind, where)
    common = {**present(said, ("status", "reason")), "sample": _sample(said.get("sample"), samples)}
    name = str(rater) if rater is not None else layout.rater
    if not layout.wide:
        yield _score(
            str(item_id), name, kind, str(said.get("dimension") or layout.dimension), said["value"], **common
        )
    for column in layout.wide:
        of_rater = layout.wide_is_raters
        dimension = str(said.get("dimension") or layout.dimension) if of_rater else column
        yield _score(str(item_id), column if of_rater else name, kind, dimension, row.get(column), **common)


def _score(
    item_id: str,
    rater: str,
    kind: RaterKind,
    dimension: str,
    raw: Any,
    *,
    status: Any = "ok",
    reason: Any = None,
    sample: int = 0,
) -> Score:
    value = rating_value(raw)
    said = str(reason) if reason not in (None, "") else None
    known = status if status in STATUSES else "ok"
    if known == "ok" and value is None:
        known, said = "skipped", said or ("no rating" if raw in (None, "") else f"found {raw!r:.40}")
    return Score(
        item_id=item_id,
        rater=rater,
        rater_kind=kind,
        dimension=dimension,
        sample=sample,
        value=value if known == "ok" else None,
        status=known,
        reason=said,
    )


def _kind(raw: Any, default: RaterKind, where: str) -> RaterKind:
    if raw in (None, ""):
        return default
    if raw == "human" or raw == "judge":
        return "human" if raw == "human" else "judge"
    raise InputError(f"{where}: found the kind of rater {raw!r}; allowed: human, judge")


def _sample(raw: Any, samples: dict[str, int]) -> int:
    """Number of the sample; other values (an order "AB", "BA") are numbered as they come."""
    number = number_or_none(raw)
    if raw in (None, ""):
        return 0
    return (
        int(number)
        if number is not None and number.is_integer()
        else samples.setdefault(str(raw), len(samples))
    )
