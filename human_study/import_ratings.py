"""Import of ratings into a study, from any layout that `judge.formats.ratings` reads."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypedDict, Unpack

from human_study import label_studio
from human_study.approval_form import ApprovalForm, split_name
from human_study.form import Form, Reply
from human_study.import_approvals import approval_drafts, check_shown
from human_study.rescaling import FileScales
from human_study.shown_verdict import verdict_of
from human_study.store import Study
from human_study.study_records import Key, RatingDraft
from judge.errors import InputError
from judge.files.writing import plain
from judge.formats.anchored import AnchoredRating
from judge.formats.cells import CellReader, number_or_none
from judge.formats.rating_cell import RatingCell
from judge.formats.rating_summary import RatingsSummary
from judge.formats.ratings import read_cells
from judge.formats.wanted import Wanted
from judge.records import OVERALL, Score
from judge.rows import read_rows
from judge.rubric import CANNOT_TELL, CRITERIA, asks_criteria

_EMPTY = (None, "")
_COUNTED = ("main", "repeat")
_STATUSES = ("ok", "skipped", "abstained")
_ALLOWED = ", ".join((*_STATUSES, "not_applicable"))
_OF_TABLES: Mapping[Literal["id_from", "raters_in", "missing_codes", "scale", "rater_scales"], str] = {
    "id_from": "--id-from",
    "raters_in": "--raters-in",
    "missing_codes": "--missing-codes",
    "scale": "--scale",
    "rater_scales": "--rater-scale",
}
"""Options of tables, which have no effect on tasks of Label Studio."""


class ImportOptions(TypedDict, total=False):
    """How a table of ratings is read; see `read_ratings`."""

    columns: Mapping[str, str] | None
    id_from: Sequence[str]
    raters_in: Sequence[str]
    dimensions: Sequence[str]
    missing_codes: Sequence[str]
    scale: str | None
    rater_scales: Mapping[str, str]
    encoding: str | None


def read_ratings(
    path: str | Path,
    form: Form,
    rater: str | None = None,
    *,
    note: Callable[[str], None] | None = None,
    **options: Unpack[ImportOptions],
) -> dict[Key, RatingDraft]:
    """Read a file of ratings in any of the layouts, without writing to a study.

    Parameters
    ----------
    path : path
        File of ratings.
    form : Form
        Questions of the study; a rating is an option of one of them.
    rater : str, optional
        Name of the rater, for a file that names none.
    note : callable, optional
        Called with a sentence about each group of columns or rows that was not read.
    **options
        ``columns`` (meaning -> column, for columns with other names), ``id_from`` (columns whose values make
        the id of an item; empty for a column of ids, or the content), ``raters_in`` (raters that have columns
        of their own), ``dimensions`` (read only these; a single one is also that of ratings without one),
        ``missing_codes`` (words and numbers that mark a missing rating), ``scale`` and ``rater_scales``
        (scale of the file, and of single raters, where it is not that of the study) and ``encoding`` of a
        text file.

    Raises
    ------
    InputError
        The file cannot be read, or a rating in it is not valid for `form`.
    """
    return _without_empty(_all_drafts(path, form, rater, note=note, **options))


def _all_drafts(
    path: str | Path,
    form: Form,
    rater: str | None,
    *,
    note: Callable[[str], None] | None,
    **options: Unpack[ImportOptions],
) -> dict[Key, RatingDraft]:
    """Ratings of a file, also those without any value."""
    dimensions = _dimensions(options.get("dimensions", ()), form)
    encoding = options.get("encoding")
    found: Iterator[tuple[Key, RatingDraft]]
    if isinstance(form, ApprovalForm):
        of_tables: ImportOptions = {**options, "dimensions": dimensions}
        found = approval_drafts(path, form, rater, note=note, **of_tables)
    elif _holds_tasks(path, encoding):
        found = _of_tasks(path, form, options)
    else:
        names = dimensions or form.names
        scales = FileScales.read(options.get("scale"), options.get("rater_scales", {}))
        wanted = Wanted(
            dimensions=dimensions,
            rubric=form.rubric,
            cells=CellReader((), _missing_codes(options.get("missing_codes", ()), form)),
            raters_in=tuple(options.get("raters_in", ())),
            flags=True,
            id_from=tuple(options.get("id_from", ())),
            encoding=encoding,
        )
        only = names[0] if len(names) == 1 else ""
        cells = read_cells(
            path,
            map=options.get("columns"),
            wanted=wanted,
            dimension=only,
            note=note,
            on_anchored=_refuse_anchored,
        )
        found = _drafts(scales.rescaled(cells, form, rater), form, rater)
    drafts: dict[Key, RatingDraft] = {}
    for key, draft in found:
        _merge(drafts, key, draft)
    return drafts


def _refuse_anchored(rating: AnchoredRating) -> None:
    raise InputError(
        f"{rating.where}: an anchored rating (the rater saw the judge's verdict first), and this study is "
        "blind; leave such rows out, or import them into a study made with --show-verdict"
    )


def _without_empty(drafts: Mapping[Key, RatingDraft]) -> dict[Key, RatingDraft]:
    """Drafts that hold a rating or a skipped item."""
    return {key: draft for key, draft in drafts.items() if draft.values or draft.skip}


def _dimensions(names: Sequence[str], form: Form) -> tuple[str, ...]:
    """Questions whose ratings are read; none: all."""
    found = {name: form.name_of(name) or (CRITERIA if name == CRITERIA else None) for name in names}
    if unknown := [name for name, question in found.items() if question is None]:
        raise InputError(
            f"--dimension {unknown[0]}: not a question of this study; allowed: {', '.join(form.names)}"
        )
    return tuple(str(name) for name in found.values())


def _missing_codes(words: Sequence[str], form: Form) -> tuple[str, ...]:
    """Codes as a reader of cells compares them; a value of the scale cannot mark a missing rating."""
    codes = [word if (n := number_or_none(word)) is None else f"{n:g}" for word in words]
    questions = (form.question(name) for name in form.scored)
    allowed = [str(value) for question in questions if question for value in question.values]
    if both := [code for code in codes if code in allowed]:
        raise InputError(
            f"--missing-codes {', '.join(both)}: is a value of the scale "
            f"({', '.join(dict.fromkeys(allowed))}), so it cannot mark a missing rating"
        )
    return tuple(codes)


def _of_tasks(path: str | Path, form: Form, options: ImportOptions) -> Iterator[tuple[Key, RatingDraft]]:
    """Annotations of Label Studio, whose controls and annotators have names."""
    given = [name for name in _OF_TABLES if options.get(name)]
    if given:
        raise InputError(
            f"{path}: holds tasks of Label Studio, for which {_OF_TABLES[given[0]]} has no meaning; leave it "
            "out"
        )
    id_column = (options.get("columns") or {}).get("item_id")
    kept = _dimensions(options.get("dimensions", ()), form)
    for where, row in read_rows(path, encoding=options.get("encoding")):
        for key, draft in label_studio.annotations(row, form, where, id_column):
            values = {name: value for name, value in draft.values.items() if not kept or name in kept}
            yield key, replace(draft, values=values)


def import_file(
    study: Study,
    path: str | Path,
    rater: str | None = None,
    *,
    on_read: Callable[[str, Sequence[str]], None] | None = None,
    **options: Unpack[ImportOptions],
) -> dict[str, int]:
    """Import the ratings of a file into `study`, all or none; return the number of new ones per rater.

    Answers to questions that are not in the file stay as they are, so that each question may have a file of
    its own. `on_read` is called with two lines about what was read and with notes on what was left out; see
    `read_ratings` for the other parameters.

    Raises
    ------
    InputError
        A rating is not valid for this study.
    """
    notes: list[str] = []
    found = _all_drafts(path, study.form, rater, note=notes.append, **options)
    replies = _replies(study, _without_empty(found))
    if missing := _unanswered(study, replies):
        names = ", ".join(f"{name} ({n:,})" for name, n in missing.items())
        notes.append(
            f"Answers to {names} are missing. A rating counts once all its questions are answered; import "
            "the others, too."
        )
    if on_read is not None:
        on_read(summary(found, study.form, _dimensions(options.get("dimensions", ()), study.form)), notes)
    by_rater: dict[str, list[tuple[str, int, Reply]]] = defaultdict(list)
    for (name, item_id, sample), reply in replies.items():
        by_rater[name].append((item_id, sample, reply))
    return study.add_ratings(by_rater, Path(path).name)


def _replies(study: Study, drafts: Mapping[Key, RatingDraft]) -> dict[Key, Reply]:
    """Complete replies: those of the file, with the answers in the study to questions that it leaves out."""
    known = {item.id: item for item in study.items()}
    in_file = {_group(name) for draft in drafts.values() for name in draft.values}
    of_study = {(t.rater, t.item.id, t.sample): t.rating.reply for t in study.tasks() if t.kind in _COUNTED}
    replies = {}
    for key, draft in drafts.items():
        if key[1] not in known:
            raise InputError(
                f"{draft.where}: no item {key[1]!r} in {study.path}; it has {len(known)} items, such as "
                f"{next(iter(known))!r}. If another column names the item: --column item_id=NAME"
            )
        if study.is_anchored:
            check_shown(draft, verdict_of(known[key[1]]), key[1])
        new, old = _reply(draft, study.form), of_study.get(key, Reply())
        others = {name: value for name, value in old.values.items() if _group(name) not in in_file}
        if others and not new.skip:
            changed = {"values": {**others, **new.values}, "note": new.note or old.note}
            new = new.model_copy(update=changed)
        replies[key] = new
    return replies


def _group(name: str) -> str:
    """Name of a question; all criteria of an item are one group."""
    return CRITERIA if asks_criteria(name) else split_name(name)[0]


def _unanswered(study: Study, replies: Mapping[Key, Reply]) -> Counter[str]:
    """Number of replies that lack an answer to a question, by question."""
    items = {item.id: item for item in study.items()}
    found: Counter[str] = Counter()
    for key, reply in replies.items():
        form = study.form_of(items[key[1]])
        if form.state(reply) == "open":
            found.update({_group(name) for name in form.scored if name not in reply.values})
    return found


def summary(drafts: Mapping[Key, RatingDraft], form: Form, dimensions: Sequence[str] = ()) -> str:
    """Raters, items, dimensions, scale and missing ratings of a file, in two lines.

    Without `dimensions` all questions of the form are counted.
    """
    scores: list[Score] = []
    names, scored = dimensions or form.names, dimensions or form.scored
    for (rater, item_id, sample), draft in drafts.items():
        who = {"item_id": item_id, "rater": rater, "rater_kind": "human", "sample": sample}
        for name in (*names, *filter(asks_criteria, draft.values)):
            value = draft.values.get(name)
            if value is not None or (name in scored and name != CRITERIA):
                scores.append(Score.model_validate({**who, **_question(name), **_outcome(value)}))
    is_uniform = form.rubric.is_uniform and not isinstance(form, ApprovalForm)
    cells = CellReader(tuple(form.rubric.scale.labels)) if is_uniform else CellReader()
    return str(RatingsSummary.of(scores, cells))


def _question(name: str) -> dict[str, str]:
    if asks_criteria(name):
        return {"dimension": CRITERIA, "criterion": name.partition("/")[2]}
    return {"dimension": name}


def _outcome(value: int | str | None) -> dict[str, object]:
    if value == CANNOT_TELL or value is None:
        return {"status": "skipped" if value is None else "abstained"}
    return {"value": float(value) if isinstance(value, int) else value}


def _holds_tasks(path: str | Path, encoding: str | None) -> bool:
    """Whether a file holds tasks of Label Studio, whose notes and repeated annotations the study knows."""
    if Path(path).is_dir():
        return False
    try:
        first = next(read_rows(path, encoding=encoding), None)
    except InputError:  # nested JSON is no table; the reader of ratings knows it
        return False
    return first is not None and label_studio.is_task(first[1])


def _reply(draft: RatingDraft, form: Form) -> Reply:
    try:
        return form.check(Reply(values=draft.values, note=draft.note, skip=draft.skip))
    except (ValueError, InputError) as error:
        raise InputError(f"{draft.where}: {error}") from None


def _drafts(cells: Iterator[RatingCell], form: Form, rater: str | None) -> Iterator[tuple[Key, RatingDraft]]:
    """One draft for each cell that answers a question of the form."""
    others: dict[str, str] = {}
    has_questions = False
    for cell in cells:
        score = cell.score
        if score.rater_kind == "judge":
            raise InputError(
                f"{cell.where}: found a score of a judge; a study takes human ratings only (rater_kind: "
                "human)"
            )
        if not cell.rater_is_named and rater is None:
            raise InputError(
                f"{cell.where}: no rater; name the column with --column rater=NAME, or use --rater"
            )
        if form.name_of(_question_of(score)) is None and cell.column == score.dimension:
            others.setdefault(cell.column, cell.where)  # a field of the item in a wide table
            continue
        has_questions = True
        name = str(plain(score.rater)) if cell.rater_is_named else str(rater)
        yield (name, score.item_id, score.sample), _draft(cell, form)
    if others and not has_questions:
        raise InputError(
            f"{next(iter(others.values()))}: no column for any question; found: {', '.join(others)}; "
            f"allowed: {', '.join(form.names)}"
        )


def _question_of(score: Score) -> str:
    """Name of the question that a rating answers: a dimension, or a criterion of the item."""
    return score.dimension if score.criterion is None else f"{CRITERIA}/{score.criterion}"


def _draft(cell: RatingCell, form: Form) -> RatingDraft:
    """Answer to one question, with its note or the reason for which the item was skipped."""
    score = cell.score
    if score.status == "not_applicable":  # whether a question applies is known from the item
        return RatingDraft(cell.where)
    draft = RatingDraft(cell.where, note=str(plain(cell.note)))
    if cell.is_skipped:
        draft.skip = str(plain(score.reason or "")) or "skipped"
    elif score.status not in _STATUSES:
        raise InputError(f"{cell.where}: status {score.status!r}; allowed in human ratings: {_ALLOWED}")
    else:
        _put(draft, form, cell)
    return draft


def _put(draft: RatingDraft, form: Form, cell: RatingCell) -> None:
    """Add one value; empty values are ignored, and so is an overall score that the rubric computes."""
    name = _question_of(cell.score)
    known = form.name_of(name)
    question = form.question(known) if known else None
    is_text = question is not None and question.is_text
    value = plain(cell.raw) if is_text else cell.score.value
    if cell.score.status == "abstained":
        value = CANNOT_TELL
    if value in _EMPTY or (name == OVERALL and known is None):
        return
    if known is None:
        allowed = f"allowed: {', '.join(form.names)}"
        if name:
            raise InputError(f"{draft.where}: {name!r} is not a question of this study; {allowed}")
        raise InputError(
            f"{draft.where}: no column says which question is rated; {allowed}. If all ratings of the file "
            f"are on one question, name it: --dimension {form.names[0]}; else name the column: --column "
            "dimension=NAME"
        )
    draft.values[known] = form.value_of(known, value, draft.where)


def _merge(drafts: dict[Key, RatingDraft], key: Key, new: RatingDraft) -> None:
    known = drafts.setdefault(key, new)
    if known is new:
        return
    for name, value in new.values.items():
        if known.values.setdefault(name, value) != value:
            raise InputError(
                f"{new.where}: second value for {name} of item {key[1]!r} by {key[0]} "
                f"({value!r}; {known.values[name]!r} at {known.where})"
            )
    known.note, known.skip = known.note or new.note, known.skip or new.skip
    known.shown |= new.shown
