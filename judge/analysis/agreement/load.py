"""Load judges' runs and a file of human ratings, matched by the id of the item."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from judge.analysis.agreement.drawn_items import DrawnItems, drawn_items
from judge.analysis.agreement.judged_input import JudgedRun, matched_items
from judge.analysis.agreement.label_probabilities import LabelProbabilities, label_probabilities
from judge.analysis.agreement.matching import known_ids, matching
from judge.analysis.attention_checks import (
    CHECKS_MISSED,
    CHECKS_SEEN,
    CheckCounts,
    checks_of,
    failed_checks_warning,
)
from judge.analysis.provenance import provenance
from judge.analysis.ratings import PASSES
from judge.errors import InputError
from judge.formats.anchored import OnAnchored
from judge.formats.cells import CellReader, has_own_scales, number_or_none
from judge.formats.rater_scales import scale_notes
from judge.formats.rating_cell import RatingCell
from judge.formats.rating_columns import COLUMNS, content_of
from judge.formats.rating_exports import ignore, plain_rows
from judge.formats.rating_summary import RatingsSummary, id_notes, rescaling_notes
from judge.formats.ratings import read_cells
from judge.formats.wanted import Wanted
from judge.items.identity import RowIds
from judge.records import OVERALL, Item, RaterKind, Score
from judge.rows import Row, RowSource, encoding_of, is_file, name_of, read_rows
from judge.rubric import CRITERIA, Rubric
from judge.scoring.run import Run
from judge.stats.engine.scale import Scale

_TEXTS = ("question", "answer", "reference", "system")


@dataclass(frozen=True)
class LoadedRatings:
    """Scores of humans and judges, and the items that were scored.

    Attributes
    ----------
    items : dict
        Id -> item, in input order: items of the runs, else of the item file, else those that were rated
        (of which only the id is known).
    scores : tuple of Score
        Scores of humans and judges.
    rubric : Rubric or None
        Rubric of the runs, or the given one.
    notes : tuple of str
        What did not fit together, one sentence each.
    about : dict
        Origin of the scores.
    summary : str
        Sizes and scale of the file of ratings, in two lines.
    rescaled : dict
        Rater -> ends of the scale of this rater, from which the ratings were rescaled.
    not_applicable : dict
        Dimension -> items that it does not concern.
    drawn : DrawnItems
        How the rated items were drawn, where the file says so.
    label_probabilities : mapping
        Judge -> its probabilities of the points of the scale, where its run has expected scores.
    """

    items: dict[str, Item]
    scores: tuple[Score, ...]
    rubric: Rubric | None
    notes: tuple[str, ...] = ()
    about: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    rescaled: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    not_applicable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    drawn: DrawnItems = field(default_factory=DrawnItems)
    label_probabilities: Mapping[str, LabelProbabilities] = field(default_factory=dict)

    def of(self, kind: RaterKind) -> Iterator[Score]:
        """Scores of the humans or of the judges."""
        return (score for score in self.scores if score.rater_kind == kind)


def load_ratings(
    runs: Sequence[str | Path],
    humans: RowSource,
    *,
    items: RowSource | None = None,
    rubric: Rubric | None = None,
    columns: Mapping[str, str] | None = None,
    dimensions: Sequence[str] = (),
    scale: Scale | None = None,
    missing_codes: Sequence[str] = (),
    raters_in: Sequence[str] = (),
    rater_scales: Mapping[str, tuple[float, float]] | None = None,
    id_from: Sequence[str] = (),
    encoding: str | None = None,
    elsewhere: Container[str] = (),
    on_anchored: OnAnchored | None = None,
) -> LoadedRatings:
    """Load runs and a file of human ratings, matched by the id of the item.

    Parameters
    ----------
    runs : sequence of path
        Run folders, one per judge. Empty if the judges are in the file of ratings (`rater_kind` judge).
    humans : path, DataFrame or list of dict
        Ratings in any layout that `judge.formats.ratings.read_ratings` reads.
    items : path, optional
        A table of the items (id, and any other field), for slices, clusters and texts.
    rubric : Rubric, optional
        Rubric that declares the scale and the pass rule; default: that of the runs.
    columns : mapping, optional
        Meaning -> column of the ratings, see `read_ratings`.
    dimensions : sequence of str
        Read only ratings on these. A single one also applies to ratings without a named dimension.
    scale : Scale, optional
        Declared scale of the ratings; default: the rubric's.
    missing_codes : sequence of str
        Words and numbers that mean a missing rating.
    raters_in : sequence of str
        Raters that have columns of their own.
    rater_scales : mapping, optional
        Rater -> ends of the scale that this rater used; the ratings are rescaled linearly.
    id_from : sequence of str
        Columns whose values make the id of an item.
    encoding : str or None
        Encoding of the files that are text; None recognises it.
    elsewhere : container of str
        Ids of items of other runs, whose ratings are left out without a note.
    on_anchored : callable or None
        Called with each anchored rating, which is not loaded; None to count them in a note.

    Raises
    ------
    InputError
        No rated item is in the runs, no dimension is in both, no human rated, runs contradict each other,
        or a file cannot be read.
    """
    opened = [_read_run(run) for run in runs]
    rubric = _one_rubric(opened, rubric)
    ids = RowIds(content_of(columns or {}), id_from)
    known, differing = matched_items([JudgedRun(r.path, r.name, r.items, r.rubric) for r in opened])
    known = _items_of(known, items, (ids, RowIds(id_from=id_from)), encoding)
    wanted = Wanted(
        _read_dimensions(dimensions, rubric),
        rubric,
        cell_reader(scale, rubric, missing_codes),
        tuple(raters_in),
        _rater_scales(rater_scales, scale, rubric),
        id_from=tuple(id_from),
        encoding=encoding,
    )
    only = _only_dimension(dimensions, rubric)
    read = partial(read_cells, humans, map=columns, wanted=wanted, dimension=only)
    notes: list[str] = []
    cells = [(c.score, c.column) for c in read(note=notes.append, on_anchored=on_anchored)]
    if not cells:
        on = f" on {', '.join(dimensions)}" if dimensions else ""
        raise InputError(f"{name_of(humans)}: holds no ratings{on}")
    rated, rating_columns = [score for score, _ in cells], {column for _, column in cells}
    rows = partial(plain_rows, humans, ignore, encoding=encoding, mapping=columns, has_id=True)
    brings_fields = not opened and items is None and is_table(humans)
    fields = _other_columns(rows(), columns, rating_columns, ids) if brings_fields else {}
    if not known:
        known = {s.item_id: Item(id=s.item_id, question="", answer="") for s in rated}
    known = {name: _with_fields(item, fields.get(name)) for name, item in known.items()}
    place = None if str(humans) == "-" else partial(_place, read)
    kept, left_out = matching(rated, known, rubric, name_of(humans), place, elsewhere)
    if opened and not any(score.rater_kind == "human" for score in kept):
        raise InputError(f"{name_of(humans)}: no rater is a person (rater_kind human); give people's ratings")
    scores = (*(score for run in opened for score in run.scores), *kept)
    about = {"ratings": name_of(humans)} | {f"judge {run.name}": run.about for run in opened}
    checks = _checks(rows, columns) if is_table(humans) else {}
    notes = [*failed_checks_warning(checks), *differing, *left_out, *_rater_notes(rated, wanted), *notes]
    summary, tables = str(_summary(rated, wanted)), _tables(humans, rows, items, encoding)
    drawn = drawn_items(tables, columns or {}, item_of_row(columns, ids, known))
    return LoadedRatings(
        known, scores, rubric, tuple(notes), about, summary, wanted.rater_scales, drawn=drawn,
        label_probabilities={r.scores[0].rater: r.probabilities for r in opened if r.probabilities},
    )  # fmt: skip


def _tables(
    humans: RowSource,
    rows: Callable[[], Iterator[tuple[str, Row]]],
    items: RowSource | None,
    encoding: str | None,
) -> list[Callable[[], Iterator[tuple[str, Row]]]]:
    """Return readers of the tables of ratings and of items, where these are tables."""
    tables = [rows] if is_table(humans) else []
    if items is not None and is_table(items):
        tables.append(partial(read_rows, items, encoding=encoding_of(items, encoding)))
    return tables


def item_of_row(
    columns: Mapping[str, str] | None, ids: RowIds, known: Iterable[str]
) -> Callable[[Row], str | None]:
    """Return a function that gives the id of the known item that a row is about."""
    id_column, named = (columns or {}).get("item_id", ""), known_ids(known)
    return lambda row: named(str(row.get(id_column) or _id_of(row, ids)).strip())


def _summary(rated: Sequence[Score], wanted: Wanted) -> RatingsSummary:
    summary = RatingsSummary.of(rated, wanted.cells)
    has_scales = has_own_scales(wanted.rubric)
    return replace(summary, scale="of each dimension (declared)") if has_scales else summary


def _rater_notes(rated: Sequence[Score], wanted: Wanted) -> Iterator[str]:
    """Notes on odd ids of items, and on raters with scales of their own."""
    yield from id_notes(rated)
    if not has_own_scales(wanted.rubric):
        yield from scale_notes(rated, wanted.cells.ends)
    yield from rescaling_notes(wanted.rater_scales, wanted.cells.ends)


def _place(read: Callable[[], Iterator[RatingCell]], number: int) -> str:
    """Place of a rating in its file, which is read again."""
    return next(islice(read(), number, None)).where


def _only_dimension(dimensions: Sequence[str], rubric: Rubric | None) -> str:
    """Dimension of a file that names none: the only one that is wanted or that the rubric has, or overall."""
    if len(dimensions) == 1:
        return dimensions[0]
    return rubric.scored[0] if rubric is not None and len(rubric.scored) == 1 else OVERALL


def _rater_scales(
    given: Mapping[str, tuple[float, float]] | None, scale: Scale | None, rubric: Rubric | None
) -> Mapping[str, tuple[float, float]]:
    """Scales of single raters; a nominal declared scale has no distances to rescale."""
    if given and scale is None and has_own_scales(rubric):
        raise InputError("--rater-scale: the dimensions of the rubric have several scales: it is ambiguous")
    declared = rubric.scale if scale is None and rubric is not None else scale
    if given and declared is not None and declared.level == "nominal":
        raise InputError("--rater-scale: labels cannot be rescaled; it needs a scale of numbers, as in 1-5")
    return given or {}


def _read_dimensions(wanted: Sequence[str], rubric: Rubric | None) -> tuple[str, ...]:
    """Dimensions whose ratings are needed to compute the wanted ones; empty for all."""
    derived = {PASSES} if rubric is None else {PASSES, OVERALL}
    return () if derived & set(wanted) else tuple(wanted)


def cell_reader(scale: Scale | None, rubric: Rubric | None, missing_codes: Sequence[str]) -> CellReader:
    """How cells are read with the declared scale or, without one, that of the rubric."""
    declared = () if rubric is None else tuple(rubric.scale.labels)
    values = declared if scale is None else tuple(scale.values)
    numbers = [number_or_none(code) for code in missing_codes]
    codes = [c if n is None else f"{n:g}" for c, n in zip(missing_codes, numbers, strict=True)]
    if both := [code for code in codes if code.casefold() in {f"{v}".casefold() for v in values}]:
        raise InputError(
            f"--missing-codes {', '.join(both)}: is a value of the scale ({', '.join(map(str, values))}), so "
            "it cannot mean a missing rating; declare the scale without it: --scale"
        )
    return CellReader(values, tuple(codes))


@dataclass(frozen=True)
class _OpenedRun:
    path: str
    name: str
    items: list[Item]
    scores: list[Score]
    rubric: Rubric
    about: str
    probabilities: LabelProbabilities


def _read_run(path: str | Path) -> _OpenedRun:
    with Run.open(path) as run:
        rubric = run.rubric
        wanted = {*rubric.scored, CRITERIA}
        scores = [score for score in run.scores() if score.dimension in wanted]
        items, of_labels = list(run.items()), label_probabilities(run)
        return _OpenedRun(str(path), run.name, items, scores, rubric, provenance(run), of_labels)


def _one_rubric(runs: list[_OpenedRun], given: Rubric | None) -> Rubric | None:
    """Check that all runs scored the same dimensions on one scale; rename judges that share a name by run."""
    for run in runs[1:]:
        first = runs[0]
        if _scales(run.rubric) != _scales(first.rubric):
            raise InputError(
                f"{run.path}: scored by another rubric than {first.path} ({run.rubric.name}, scale "
                f"{run.rubric.scale.min}-{run.rubric.scale.max}, {', '.join(run.rubric.scored)}); runs "
                "of one call need the same dimensions and scale"
            )
    raters = [run.scores[0].rater if run.scores else run.name for run in runs]
    for run, rater in zip(runs, raters, strict=True):
        if raters.count(rater) > 1:
            run.scores[:] = [score.model_copy(update={"rater": run.name}) for score in run.scores]
    return runs[0].rubric if runs and given is None else given


def _scales(rubric: Rubric) -> list[Any]:
    """What must be equal in runs that are compared: dimensions, with their types and scales."""
    dimensions = {name: (d.type, tuple(d.labels)) for name, d in rubric.dimensions.items()}
    scales = [(name, rubric.scale_of(name)) for name in rubric.scored]
    return [rubric.scale, scales, dimensions, rubric.criteria is None]


def _items_of(
    known: dict[str, Item], items: RowSource | None, ids: Sequence[RowIds], encoding: str | None
) -> dict[str, Item]:
    if items is None:
        return known
    table = {item.id: item for item in _item_rows(items, ids, encoding)}
    if not known:
        return table
    return {
        name: _with_fields(item, table[name.strip()].metadata) if name.strip() in table else item
        for name, item in known.items()
    }


def _item_rows(path: RowSource, ids: Sequence[RowIds], encoding: str | None) -> Iterator[Item]:
    """Items of a table, with the first id that `ids` give; texts are optional beside a column of ids."""
    seen: set[str] = set()
    for where, row in read_rows(path, encoding=encoding_of(path, encoding)):
        name = next(filter(None, (_id_of(row, one) for one in ids)), "")
        if not name:
            raise InputError(
                f"{where}: no id of the item; found: {', '.join(row)}; allowed names: "
                f"{', '.join(COLUMNS['item_id'])}"
            )
        if name in seen:
            raise InputError(f"{where}: second row for item {name!r}; keep one of the two")
        seen.add(name)
        texts = {n: str(row[n]) for n in _TEXTS if row.get(n) is not None}
        rest = {n: v for n, v in row.items() if n not in (*_TEXTS, *COLUMNS["item_id"])}
        yield Item(id=name, **{"question": "", "answer": "", **texts}, metadata=rest)


def _id_of(row: Mapping[str, Any], ids: RowIds) -> str:
    """Id of the item of a row; empty if the row has none, and none can be made from its content."""
    named = next((row[c] for c in COLUMNS["item_id"] if row.get(c) not in (None, "")), None)
    if named is not None and not ids.is_chosen:
        return str(named).strip()
    try:
        return ids.of(dict(row))
    except ValueError:
        return ""


def is_table(path: RowSource) -> bool:
    """Whether the rows can be read a second time, and are rows at all."""
    if not is_file(path):
        return True
    return str(path) != "-" and not Path(path).name.removesuffix(".gz").endswith((".json", ".eval"))


def _other_columns(
    rows: Iterator[tuple[str, Row]],
    columns: Mapping[str, str] | None,
    rating_columns: AbstractSet[str],
    ids: RowIds,
) -> dict[str, dict[str, Any]]:
    """Fields of items in the file of ratings: columns that are constant over the ratings of each item."""
    taken = {alias for aliases in COLUMNS.values() for alias in aliases} | set((columns or {}).values())
    taken |= {CHECKS_MISSED, CHECKS_SEEN} | rating_columns
    id_column = (columns or {}).get("item_id")
    fields: dict[str, dict[str, Any]] = {}
    varying: set[str] = set()
    for _, row in rows:
        item_id = row.get(id_column or "") or _id_of(row, ids)
        of_item = fields.setdefault(str(item_id).strip(), {})
        for column, value in row.items():
            if column not in taken and of_item.setdefault(column, value) != value:
                varying.add(column)
    return {i: {c: v for c, v in row.items() if c not in varying} for i, row in fields.items()}


def _checks(rows: Callable[[], Iterator[tuple[str, Row]]], columns: Mapping[str, str] | None) -> CheckCounts:
    """Attention checks of each rater, if the table of ratings has columns for them."""
    _, first = next(rows(), ("", {}))
    if not {CHECKS_MISSED, CHECKS_SEEN} <= first.keys():
        return {}
    rater = (columns or {}).get("rater") or next((name for name in COLUMNS["rater"] if name in first), "")
    return checks_of((row for _, row in rows()), rater)


def _with_fields(item: Item, fields: Mapping[str, Any] | None) -> Item:
    if not fields:
        return item
    system = item.system or (str(fields["system"]) if fields.get("system") is not None else None)
    return item.model_copy(update={"metadata": {**fields, **item.metadata}, "system": system})
