"""The runs that were named on the command line, or that lie in a folder that was named."""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from judge.errors import JudgeError, RunError
from judge.files.sqlite import connect_to_read
from judge.records import Score
from judge.rubric import Rubric
from judge.scoring.run_format import APPLICATION_ID, check_format
from judge.view.people import People
from judge.view.people_comparison import PeopleComparison
from judge.view.run_index import RunIndex
from judge.view.second_run import SecondRun
from judge.view.viewed_run import ViewedRun, is_being_scored, state_of


@dataclass(frozen=True)
class RunLine:
    """One run in the list of runs.

    Attributes
    ----------
    name, path : str
        Its name in addresses, and its folder.
    judge, rubric : str
        Model and name of the rubric; empty if unknown.
    items, replies : int
        Items and stored replies.
    passed, failed : int or None
        Verdicts as of the last export; None while there is none.
    complete : int or None
        Items that have every score, as of the last export.
    date : str
        Day and time of the last scoring (UTC).
    is_scored_now : bool
        Whether a process is scoring it.
    problem : str
        Why the run cannot be read; empty if it can.
    """

    name: str
    path: str
    judge: str = ""
    rubric: str = ""
    items: int = 0
    replies: int = 0
    passed: int | None = None
    failed: int | None = None
    complete: int | None = None
    date: str = ""
    is_scored_now: bool = False
    problem: str = ""

    @property
    def pass_rate(self) -> float | None:
        """Share of the items with a verdict that pass."""
        decided = (self.passed or 0) + (self.failed or 0)
        return (self.passed or 0) / decided if decided else None


class OpenRun:
    """A run that is looked at: its index, and a connection for each thread."""

    def __init__(self, name: str, path: Path, image_root: Path | None = None) -> None:
        self.name = name
        self.path = path
        self.index = RunIndex(path)
        self.people: People | None = None
        self._image_root = image_root
        self._local = threading.local()
        self._beside: dict[str, tuple[tuple[int, int], SecondRun]] = {}
        self._compared: tuple[int, PeopleComparison] | None = None
        self._met: tuple[str, dict[str, dict[str, bool]]] = ("", {})

    def run(self) -> ViewedRun:
        """Return the connection of this thread; it is opened again when the files have changed."""
        state = state_of(self.path)
        known: tuple[str, ViewedRun] | None = getattr(self._local, "run", None)
        if known is None or known[0] != state:
            if known is not None:
                known[1].close()
            known = self._local.run = (state, ViewedRun.again(self.path))
        return known[1]

    def beside(self, other: "OpenRun") -> SecondRun:
        """Return this run and another, matched; it is kept until one of them changes."""
        state = (self.index.generation, other.index.generation)
        known = self._beside.get(other.name)
        if known is None or known[0] != state:
            known = self._beside[other.name] = (state, SecondRun(self.index.columns, other.index.columns))
        return known[1]

    def against_people(self) -> PeopleComparison | None:
        """Return this run and people's ratings, matched; it is kept until the run changes."""
        if self.people is None:
            return None
        generation = self.index.generation
        if self._compared is None or self._compared[0] != generation:
            compared = PeopleComparison(self.people, self.index.columns, self._met_criteria(self.people))
            self._compared = (generation, compared)
        return self._compared[1]

    def _met_criteria(self, people: People) -> dict[str, dict[str, bool]]:
        """Criteria that the judge finds met, of the items whose criteria people rated."""
        state = state_of(self.path)
        if people.criteria and self._met[0] != state:
            self._met = (state, self.run().met_criteria(list(people.criteria)))
        return self._met[1]

    def image_root(self) -> Path:
        """Folder that image paths are relative to and lie in."""
        return self._image_root or Path(self.run().fact("image_root") or self.path)

    def scores_of(self, item_id: str) -> list[Score]:
        """Return all scores of an item; while the run is scored, those that its replies give."""
        run = self.run()
        derived = run.derived_scores(item_id) if self.index.is_scored_now else []
        return derived or run.scores_of(item_id)


@dataclass
class Library:
    """All runs by their names; a run is opened when it is first looked at.

    Attributes
    ----------
    paths : mapping of str to Path
        Name of a run -> its folder.
    folders : sequence of Path
        Folders of runs, in which new runs are looked for.
    ratings : sequence of Score
        People's ratings, of the runs whose ids they name.
    ratings_file : str
        Where they are from.
    image_root : Path or None
        Folder of the images, if it is not the one that the run was scored with.
    builds_in_background : bool
        Whether the index of a run is built in a thread of its own.
    """

    paths: dict[str, Path]
    folders: Sequence[Path] = ()
    ratings: Sequence[Score] = ()
    ratings_file: str = ""
    image_root: Path | None = None
    builds_in_background: bool = True
    _open: dict[str, OpenRun] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, given: Sequence[Path], **more: Any) -> "Library":
        """Find the runs in what was named.

        Raises
        ------
        RunError
            A folder is no run, and holds none; or a run that was named cannot be read.
        """
        library = cls({}, **more)
        folders = []
        for path in given:
            if (path / "run.db").is_file():
                with ViewedRun.open(path):
                    library._add(path)
                continue
            if not (found := runs_in(path)):
                raise RunError(
                    f"{path}: no run here (no run.db), and none in its folders; name a run, "
                    "or a folder of runs"
                )
            folders.append(path)
            for inner in found:
                library._add(inner)
        library.folders = folders
        return library

    def _add(self, path: Path) -> None:
        if path.resolve() in {known.resolve() for known in self.paths.values()}:
            return
        name = base = path.resolve().name
        number = 2
        while name in self.paths:
            name, number = f"{base}-{number}", number + 1
        self.paths[name] = path

    def refresh(self) -> None:
        """Look for new runs in the folders."""
        for folder in self.folders:
            for path in runs_in(folder):
                self._add(path)

    def lines(self) -> list[RunLine]:
        """Describe every run, the last one scored first."""
        self.refresh()
        lines = [self._line(name, path) for name, path in list(self.paths.items())]
        return sorted(lines, key=lambda line: line.date, reverse=True)

    def _line(self, name: str, path: Path) -> RunLine:
        """Describe a run; verdicts of a run that was read completely are those of now."""
        line, opened = describe(name, path), self._open.get(name)
        if opened is None or opened.index.progress.read < line.items:
            return line
        counts = opened.index.columns.counts
        return replace(line, passed=counts["pass"], failed=counts["fail"])

    def open(self, name: str) -> OpenRun:
        """Open a run, or return it if it is open.

        Raises
        ------
        KeyError
            There is no run of this name.
        JudgeError
            It cannot be read.
        """
        with self._guard:
            if name not in self._open:
                opened = OpenRun(name, self.paths[name], self.image_root)
                self._add_people(opened)
                if self.builds_in_background:
                    opened.index.start()
                self._open[name] = opened
            return self._open[name]

    def _add_people(self, opened: OpenRun) -> None:
        if self.ratings:
            with contextlib.suppress(JudgeError):  # they are about another of the runs; see `add_ratings`
                opened.people = People(opened.run(), self.ratings, self.ratings_file)

    def rubric(self) -> Rubric | None:
        """Rubric of the first run that can be read."""
        for path in self.paths.values():
            with contextlib.suppress(JudgeError), ViewedRun.open(path) as run:
                return run.rubric
        return None

    def add_ratings(self, ratings: Sequence[Score], where: str) -> People | None:
        """Show people's ratings beside the scores of the runs whose ids they name.

        Returns
        -------
        People or None
            The ratings of the first of these runs; None without any run.

        Raises
        ------
        InputError
            No run has any of the rated items.
        """
        problem: JudgeError | None = None
        for path in self.paths.values():
            try:
                with ViewedRun.open(path) as run:
                    people = People(run, ratings, where)
                self.ratings, self.ratings_file = ratings, where
                return people
            except JudgeError as error:
                problem = problem or error
        if problem:
            raise problem
        return None

    def close(self) -> None:
        """Stop building."""
        for opened in self._open.values():
            opened.index.stop()
        for opened in self._open.values():
            opened.index.close()


def runs_in(folder: Path) -> list[Path]:
    """List the runs in a folder, by name."""
    return sorted(path.parent for path in folder.glob("*/run.db"))


def describe(name: str, path: Path) -> RunLine:
    """Describe a run by what is read at once: counts of its database, and verdicts of its last export."""
    facts: dict[str, Any] = {"name": name, "path": str(path), "is_scored_now": is_being_scored(path)}
    try:
        with contextlib.closing(connect_to_read(path / "run.db")) as db:
            if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                return RunLine(**facts, problem="not a run of this tool")
            check_format(db, path / "run.db")
            meta = {key: json.loads(value) for key, value in db.execute("SELECT name, value FROM meta")}
            facts["items"] = db.execute("SELECT coalesce(max(position), 0) FROM items").fetchone()[0]
            facts["replies"] = db.execute("SELECT coalesce(max(seq), 0) FROM completions").fetchone()[0]
    except RunError as error:
        return RunLine(**facts, problem=str(error).removeprefix(f"{path / 'run.db'}: "))
    except (sqlite3.Error, OSError, ValueError) as error:
        return RunLine(**facts, problem=f"cannot be read: {error}")
    scored = meta.get("scored") or (path / "run.db").stat().st_mtime
    return RunLine(
        **facts,
        judge=_short(_text(meta.get("judge"), "model")),
        rubric=_text(meta.get("rubric"), "name"),
        date=datetime.fromtimestamp(scored, UTC).strftime("%Y-%m-%d %H:%M"),
        **_summary(path),
    )


def _text(found: Any, name: str) -> str:
    return str(found.get(name, "")) if isinstance(found, Mapping) else ""


def _short(model: str) -> str:
    """Name of a model without the folders of a file.

    >>> _short("replay:/home/ann/replies.jsonl"), _short("openai/gpt-5")
    ('replay:replies.jsonl', 'openai/gpt-5')
    """
    head, _, rest = model.partition(":")
    return f"{head}:{Path(rest).name}" if rest.startswith(("/", ".", "~")) else model


def _summary(path: Path) -> dict[str, Any]:
    """Verdicts of the last export, which is written when scoring ends."""
    try:
        with (path / "run.json").open(encoding="utf-8") as file:
            found = json.load(file)["summary"]
        return {name: int(found[name]) for name in ("passed", "failed", "complete")}
    except (OSError, ValueError, LookupError, TypeError):
        return {}
