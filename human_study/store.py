"""The store of a study: items, raters, tasks, and all revisions of every rating.

A rating is on disk when `save` returns. A later revision replaces it as a whole; earlier ones are kept.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from human_study import schema
from human_study.approval_form import ApprovalForm, forms_of
from human_study.assignment import Kind
from human_study.database import Database, open_study, typed
from human_study.decode import decode_picture, decode_rater, decode_revision, decode_task
from human_study.form import MAX_TEXT, Form, Reply
from human_study.organiser_settings import OrganiserSettings
from human_study.plan import Design, StudyPlan
from human_study.study_records import ConflictError, LockedError, Rater, Rating, Save, Task
from human_study.write_plan import add_rater, pseudonym, write_plan
from judge.counting import counted
from judge.errors import InputError
from judge.files.sqlite import explain, reading
from judge.records import Item
from judge.rubric import Rubric


class Study:
    """A study in a file: `Study.create` makes it from a plan, `Study.open` opens it."""

    def __init__(self, path: Path, db: Database) -> None:
        self.path = path
        self._db = db
        self.settings = OrganiserSettings(db)
        with reading(path, InputError):
            self.name: str = self._fact("name", str)
            self.introduction: str = self._fact("introduction", str)
            self.rubric = Rubric.model_validate(self._fact("rubric", dict))
            self.design = Design.model_validate(self._fact("design", dict))
            self.created: float = self._fact("created", float)
            self.admin_token: str = self._fact("admin_token", str)
            anchored = self.design.show_verdict
            self.form = ApprovalForm(self.rubric) if anchored else Form(self.rubric)
            self._forms = forms_of(self.rubric, show_verdict=anchored)

    @classmethod
    def create(cls, path: str | Path, plan: StudyPlan, image_root: str | Path = ".") -> Self:
        """Write `plan` to a new file, with the images; their paths are relative to `image_root`.

        Raises
        ------
        InputError
            The file already exists, or an image cannot be read; then no file is left.
        """
        path = Path(path)
        db = schema.create(path, anchored=plan.design.show_verdict)
        try:
            with schema.transaction(db):
                write_plan(db, plan, Path(image_root))
        except BaseException as error:
            db.close()
            for leftover in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
                leftover.unlink(missing_ok=True)
            if isinstance(error, sqlite3.Error):
                raise InputError(explain(path, error)) from None
            raise
        return cls(path, Database(path, db))

    @classmethod
    def open(cls, path: str | Path, *, read_only: bool = False) -> Self:
        """Open an existing study; with `read_only` also on a read-only disk.

        Raises
        ------
        InputError
            The file is not a study, is damaged, or was written by a newer version.
        """
        db = open_study(Path(path), read_only=read_only)
        try:
            return cls(Path(path), db)
        except BaseException:
            db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def is_anchored(self) -> bool:
        """Whether raters see the verdict of the judge, so that their ratings are not independent of it."""
        return self.design.show_verdict

    def form_of(self, item: Item) -> Form:
        """Return the questions about one item: the dimensions that apply to it, and its own criteria."""
        return self._forms.of(item)

    def raters(self) -> list[Rater]:
        """All raters by name, including dropped ones."""
        return self._db.read(decode_rater, "SELECT * FROM raters ORDER BY name")

    def rater(self, name: str) -> Rater | None:
        """Return the rater with this name, or None."""
        return next(iter(self._db.read(decode_rater, "SELECT * FROM raters WHERE name = ?", name)), None)

    def rater_with(self, token: str) -> Rater | None:
        """Return the rater with this secret token, or None."""
        return next(iter(self._db.read(decode_rater, "SELECT * FROM raters WHERE token = ?", token)), None)

    def begin(self, rater: str) -> None:
        """Record that a rater has read the instructions and agreed to take part."""
        with self._db.writing() as db:
            db.execute("UPDATE raters SET began = ? WHERE name = ? AND began IS NULL", [time.time(), rater])

    def overview(self, rater: str) -> list[dict[str, Any]]:
        """All tasks of a rater in order: n, kind, state, revision, seconds."""
        query = """
            SELECT n, kind, coalesce(state, 'open') AS state, coalesce(revision, 0) AS revision,
                   coalesce(seconds, 0) AS seconds
            FROM tasks LEFT JOIN latest USING (rater, n) WHERE rater = ? ORDER BY n"""
        return self._db.read(lambda row: typed(row, n=int, kind=str, state=str, revision=int), query, rater)

    def task(self, rater: str, n: int) -> Task | None:
        """Return one task of a rater, or None if the list has no such number."""
        return next(self._tasks("WHERE t.rater = ? AND t.n = ?", rater, n), None)

    def first_rating(self, rater: str, item_id: str) -> Reply:
        """Return the reply of a rater to an item before any discussion."""
        where = "WHERE t.rater = ? AND t.kind = 'main' AND items.id = ?"
        return next(self._tasks(where, rater, item_id)).rating.reply

    def tasks(self) -> Iterator[Task]:
        """All tasks of all raters."""
        return self._tasks("")

    def pictures(self, item: str, kind: Kind) -> list[dict[str, Any]]:
        """Role, width and height of the images of an item, in order."""
        query = """
            SELECT n, role, width, height FROM item_pictures JOIN pictures USING (sha256)
            WHERE item = (SELECT key FROM items WHERE id = ? AND kind = ?) ORDER BY n"""
        return self._db.read(lambda row: typed(row, width=int, height=int), query, item, _item_kind(kind))

    def picture(self, rater: str, n: int, number: int) -> tuple[str, bytes] | None:
        """Media type and bytes of one image of a task of a rater."""
        query = """
            SELECT media_type, content FROM tasks JOIN item_pictures AS p ON p.item = tasks.item
            JOIN pictures USING (sha256) WHERE tasks.rater = ? AND tasks.n = ? AND p.n = ?"""
        return next(iter(self._db.read(decode_picture, query, rater, n, number)), None)

    def pictures_of(self, item_id: str) -> list[tuple[str, bytes]]:
        """Media type and bytes of the images of an item of the study, in order."""
        query = """
            SELECT media_type, content FROM items JOIN item_pictures AS p ON p.item = items.key
            JOIN pictures USING (sha256) WHERE items.kind = 'study' AND items.id = ? ORDER BY p.n"""
        return self._db.read(decode_picture, query, item_id)

    def in_training(self, rater: str) -> bool:
        """Whether a rater has open tasks in the training round."""
        query = """
            SELECT 1 FROM tasks LEFT JOIN latest USING (rater, n)
            WHERE rater = ? AND kind = 'training' AND coalesce(state, 'open') = 'open' LIMIT 1"""
        return bool(self._db.rows(query, rater))

    def save(self, rater: str, n: int, save: Save) -> Rating:
        """Save a change; a change that is sent twice is saved once.

        Raises
        ------
        InputError
            A value is not an option of its question.
        LookupError
            The rater has no such task.
        ConflictError
            The change is based on a revision that is not the latest.
        LockedError
            The training round is not finished.
        """
        with self._db.writing() as db:
            task = self.task(rater, n)
            if task is None:
                raise LookupError(n)
            self.form_of(task.item).check(save.reply)
            if task.kind != "training" and self.in_training(rater):
                raise LockedError
            if self._is_saved(rater, n, save.save_id) or save.reply == task.rating.reply:
                return task.rating
            if save.base != task.rating.revision:
                raise ConflictError(task.rating)
            return self._add(db, task, save)

    def history(self) -> Iterator[dict[str, Any]]:
        """All revisions of all ratings, oldest first."""
        query = """
            SELECT rater, n, items.id AS item_id, tasks.kind, sample, revision, state, reply, seconds, saved
            FROM ratings JOIN tasks USING (rater, n) JOIN items ON items.key = tasks.item
            ORDER BY saved, rater, n, revision"""
        yield from self._db.read(decode_revision, query)

    def timings(self) -> list[dict[str, Any]]:
        """Time and duration of the first complete reply to each task, and the number of later changes."""
        query = """
            SELECT rater, n, kind, seconds, saved, (
                SELECT count(*) FROM ratings WHERE rater = r.rater AND n = r.n AND revision > r.revision
            ) AS edits
            FROM ratings AS r JOIN tasks USING (rater, n)
            WHERE revision = (
                SELECT min(revision) FROM ratings WHERE rater = r.rater AND n = r.n AND state != 'open'
            )"""
        return self._db.read(lambda row: typed(row, rater=str, kind=str, seconds=float, saved=float), query)

    def events(self) -> list[dict[str, Any]]:
        """Actions of the organiser: raters dropped and readmitted, discussions opened, ratings imported."""
        types = {"at": float, "what": str, "about": str, "reason": str}
        return self._db.read(lambda row: typed(row, **types), "SELECT * FROM events ORDER BY at")

    def drop(self, rater: str, reason: str) -> None:
        """Drop a rater: the link stops working, and the ratings stay in the file but do not count."""
        with self._db.writing() as db:
            values = [time.time(), reason, rater]
            db.execute("UPDATE raters SET dropped = ?, reason = ? WHERE name = ?", values)
            _note(db, "dropped", rater, reason)

    def readmit(self, rater: str, reason: str) -> None:
        """Readmit a dropped rater."""
        with self._db.writing() as db:
            db.execute("UPDATE raters SET dropped = NULL, reason = '' WHERE name = ?", [rater])
            _note(db, "readmitted", rater, reason)

    def replace(self, rater: str) -> Rater:
        """Invite a new rater to the items of `rater`, in the same order; the design stays balanced."""
        with self._db.writing() as db:
            name = pseudonym(len(self.raters()) + 1)
            add_rater(db, name, replaces=rater)
            copy = """
                INSERT INTO tasks SELECT ?, n, item, kind, sample FROM tasks
                WHERE rater = ? AND kind != 'discussion'"""
            db.execute(copy, [name, rater])
            _note(db, "invited", name, f"in place of {rater}")
            found = self.rater(name)
        if found is None:
            raise LookupError(name)
        return found

    def open_discussion(self, item_ids: Sequence[str]) -> int:
        """Return items to all raters who rated them, for a discussion; return the number of new tasks.

        Raters who have not rated an item yet are left out, because their rating must be independent.
        """
        query = """
            INSERT OR IGNORE INTO tasks
            SELECT t.rater, (SELECT max(n) FROM tasks AS own WHERE own.rater = t.rater) + 1, item,
                   'discussion', 0
            FROM tasks AS t JOIN items ON items.key = t.item JOIN raters ON raters.name = t.rater
                 JOIN latest ON latest.rater = t.rater AND latest.n = t.n
            WHERE t.kind = 'main' AND state != 'open' AND items.id = ? AND dropped IS NULL"""
        with self._db.writing() as db:
            added = [db.execute(query, [item_id]).rowcount for item_id in item_ids]
            for item_id, count in zip(item_ids, added, strict=True):
                if count:
                    _note(db, "discussion", item_id, counted(count, "rater"))
        return sum(added)

    def items(self) -> list[Item]:
        """The items of the study, without checks and training."""
        query = "SELECT data FROM items WHERE kind = 'study' ORDER BY key"
        return self._db.read(lambda row: Item.model_validate_json(row[0]), query)

    def add_ratings(
        self, replies: Mapping[str, Sequence[tuple[str, int, Reply]]], source: str
    ) -> dict[str, int]:
        """Import ratings, all or none; return the number of new ones per rater.

        `replies` holds (item id, sample, reply) for each rater. Unknown raters are added, and so are items
        that are not yet in the list of a rater.
        """
        added = {}
        with self._db.writing() as db:
            for rater, mine in replies.items():
                if self.rater(rater) is None:
                    add_rater(db, rater)
                added[rater] = sum(self._import_rating(db, rater, *one) for one in mine)
                _note(db, "imported", rater, f"{counted(added[rater], 'rating')} from {source}")
        return added

    def _import_rating(
        self, db: sqlite3.Connection, rater: str, item_id: str, sample: int, reply: Reply
    ) -> bool:
        n = self._task_number(db, rater, item_id, sample)
        current = next(self._tasks("WHERE t.rater = ? AND t.n = ?", rater, n))
        if current.rating.reply == reply:
            return False
        try:
            self.form_of(current.item).check(reply)
        except InputError as error:
            raise InputError(f"item {item_id!r}, rater {rater}: {error}") from None
        base = current.rating.revision
        save = Save(save_id=secrets.token_hex(16), base=base, reply=reply, seconds=current.rating.seconds)
        self._add(db, current, save)
        return True

    def _task_number(self, db: sqlite3.Connection, rater: str, item_id: str, sample: int) -> int:
        known = self._db.rows("SELECT key FROM items WHERE kind = 'study' AND id = ?", item_id)
        if not known:
            raise InputError(f"{self.path}: no item {item_id!r} in this study")
        kind = "repeat" if sample else "main"
        query = "SELECT n FROM tasks WHERE rater = ? AND item = ? AND kind = ? AND sample = ?"
        if found := self._db.rows(query, rater, known[0][0], kind, sample):
            return int(found[0][0])
        n = self._db.rows("SELECT coalesce(max(n), 0) + 1 FROM tasks WHERE rater = ?", rater)[0][0]
        db.execute("INSERT INTO tasks VALUES (?, ?, ?, ?, ?)", [rater, n, known[0][0], kind, sample])
        return int(n)

    def _fact(self, name: str, kind: type) -> Any:
        found = self._db.rows("SELECT value FROM study WHERE name = ?", name)
        value = json.loads(found[0][0]) if found else None
        if not isinstance(value, kind):
            raise TypeError(f"{name}: found {value!r:.80}")
        return value

    def _tasks(self, where: str, *values: Any) -> Iterator[Task]:
        query = f"""
            SELECT t.rater, t.n, t.kind, t.sample, data, stratum, probability, expected,
                   revision, state, reply, seconds
            FROM tasks AS t JOIN items ON items.key = t.item
            LEFT JOIN latest AS r ON r.rater = t.rater AND r.n = t.n {where} ORDER BY t.rater, t.n"""
        return iter(self._db.read(self._task, query, *values))

    def _task(self, row: sqlite3.Row) -> Task:
        task = decode_task(row)
        try:
            self.form_of(task.item).check(task.rating.reply)
        except InputError as error:  # the page does not allow such a reply, so the file is damaged
            raise ValueError(str(error)) from None
        return task

    def _is_saved(self, rater: str, n: int, save_id: str) -> bool:
        query = "SELECT 1 FROM ratings WHERE rater = ? AND n = ? AND save_id = ?"
        return bool(self._db.rows(query, rater, n, save_id))

    def _add(self, db: sqlite3.Connection, task: Task, save: Save) -> Rating:
        state = self.form_of(task.item).state(save.reply)
        rating = Rating(save.base + 1, state, save.reply, save.seconds)
        kept = save.reply.model_dump_json(exclude_defaults=True)
        row = (
            task.rater,
            task.n,
            rating.revision,
            save.save_id,
            rating.state,
            kept,
            save.seconds,
            time.time(),
        )
        db.execute("INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return rating


def _note(db: sqlite3.Connection, what: str, about: str, reason: str) -> None:
    values = [time.time(), what, about, reason[:MAX_TEXT]]
    db.execute("INSERT INTO events VALUES (?, ?, ?, ?)", values)


def _item_kind(kind: Kind) -> str:
    return kind if kind in ("check", "training") else "study"
