"""Ratings in: long or wide tables, and Label Studio's annotations, checked and written into a study."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from human_study import label_studio
from human_study.form import Form, Reply
from human_study.store import Study
from human_study.study_records import Key, RatingDraft
from judge.errors import InputError
from judge.files.writing import plain
from judge.records import OVERALL
from judge.rows import read_rows

_ITEM = ("item_id", "id", "item")
_RATER = ("rater", "rater_id", "annotator")
_SKIPPED = ("skipped", "skip")


def read_ratings(path: str | Path, form: Form, rater: str | None = None) -> dict[Key, RatingDraft]:
    """Read a file of ratings, whatever its layout; nothing is written yet.

    Long: one row for each score (`item_id, rater, dimension, value`, optional `sample, status, reason`).
    Wide: one row for each answer (`item_id, rater`, one column for each question, optional `note, skipped`).
    Label Studio: its JSON export. `rater` names the rater of files that name none.

    Raises
    ------
    InputError
        A row that cannot be read as a rating of `form`; the message says where and what is allowed.
    """
    drafts: dict[Key, RatingDraft] = {}
    for where, row in read_rows(path):
        if label_studio.is_task(row):
            found = label_studio.annotations(row, form, where)
        elif "dimension" in row:
            found = _long(row, form, where, rater)
        else:
            found = _wide(row, form, where, rater)
        for key, draft in found:
            _merge(drafts, key, draft)
    return drafts


def import_file(study: Study, path: str | Path, rater: str | None = None) -> dict[str, int]:
    """Write the ratings of a file into `study`, all or none; say how many are new for each rater.

    Raises
    ------
    InputError
        Something in the file is no rating of this study.
    """
    drafts = read_ratings(path, study.form, rater)
    known = {item.id for item in study.items()}
    replies: dict[str, list[tuple[str, int, Reply]]] = defaultdict(list)
    for (name, item_id, sample), draft in drafts.items():
        if item_id not in known:
            raise InputError(f"{draft.where}: no item {item_id!r} in {study.path}; it has {len(known)} items")
        replies[name].append((item_id, sample, _reply(draft, study.form)))
    return study.add_ratings(replies, Path(path).name)


def _reply(draft: RatingDraft, form: Form) -> Reply:
    try:
        return form.check(Reply(values=draft.values, note=draft.note, skip=draft.skip))
    except ValueError as error:
        raise InputError(f"{draft.where}: {error}") from None
    except InputError as error:
        raise InputError(f"{draft.where}: {error}") from None


def _long(
    row: dict[str, Any], form: Form, where: str, rater: str | None
) -> Iterator[tuple[Key, RatingDraft]]:
    if row.get("rater_kind") == "judge":
        raise InputError(f"{where}: a judge's score; a study takes people's ratings (rater_kind: human)")
    draft = RatingDraft(where)
    status, value = row.get("status") or "ok", row.get("value", row.get("score"))
    text = str(plain(row.get("reason") or ""))
    if status == "skipped":
        draft.skip = text or "skipped"
    elif status != "ok":
        raise InputError(f"{where}: status {status!r}; allowed in people's ratings: ok, skipped")
    else:
        draft.note = text
        _put(draft, form, str(row["dimension"]), value)
    yield _key(row, where, rater), draft


def _wide(
    row: dict[str, Any], form: Form, where: str, rater: str | None
) -> Iterator[tuple[Key, RatingDraft]]:
    draft = RatingDraft(where, note=str(plain(row.get("note") or "")), skip=_first(row, _SKIPPED) or "")
    asked = [name for name in row if form.name_of(name)]
    if not asked:
        questions = ", ".join(question.name for question in form.questions)
        raise InputError(f"{where}: no column for any question; found: {', '.join(row)}; asked: {questions}")
    for name in asked:
        _put(draft, form, name, row[name])
    if draft.values or draft.skip:
        yield _key(row, where, rater), draft


def _put(draft: RatingDraft, form: Form, name: str, value: Any) -> None:
    """Note one value; an empty one is no value, and an overall score that is computed is computed again."""
    if value in (None, "") or (name == OVERALL and OVERALL not in form.names):
        return
    if (known := form.name_of(name)) is None:
        raise InputError(f"{draft.where}: {name!r} is not asked for; asked: {', '.join(form.names)}")
    draft.values[known] = form.value_of(known, plain(value), draft.where)


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


def _key(row: dict[str, Any], where: str, rater: str | None) -> Key:
    item = next((str(row[name]) for name in _ITEM if row.get(name) not in (None, "")), None)
    found = _first(row, _RATER) or rater
    if item is None:
        raise InputError(f"{where}: names no item; allowed columns: {', '.join(_ITEM)}")
    if found is None:
        raise InputError(
            f"{where}: names no rater; allowed columns: {', '.join(_RATER)}, or use --rater NAME"
        )
    sample = row.get("sample") or 0
    if not str(sample).isdigit():
        raise InputError(f"{where}: sample: found {sample!r}; allowed: 0, 1, 2, …")
    return found, item, int(sample)


def _first(row: dict[str, Any], names: Iterable[str]) -> str | None:
    return next((str(plain(row[name])) for name in names if row.get(name) not in (None, "")), None)
