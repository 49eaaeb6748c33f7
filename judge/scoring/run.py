"""The run folder: what was judged, every reply that was paid for, and the scores derived from them.

``runs/NAME/run.db`` is a SQLite file in WAL mode. Completions are only ever appended, and a batch is on disk
when `append` returns. Scores are derived and rewritten as a whole; scores.jsonl and run.json are exports.
"""

import collections
import contextlib
import itertools
import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, TypeVar

from judge.errors import RunError
from judge.files.sqlite import check_content, connect_to_read, plain_row, reading
from judge.records import Completion, Item, Request, Score
from judge.rubric import Rubric
from judge.scoring import schema
from judge.scoring.item_result import ItemResult, as_frame, failures_of, results_of
from judge.scoring.judge import Judge, refusal
from judge.scoring.parsing.copied import count_copied
from judge.scoring.run_overview import RunOverview
from judge.scoring.run_summary import IngestCounts, RunSummary, counts_by_dimension
from judge.scoring.schema import clear_errors, closed_on_error, transaction

T = TypeVar("T")

_MOST_NOTES = 4096


class Run:
    """One judge over one set of items, kept in a folder: `Run.open` to read, `Run.create` to score."""

    def __init__(self, path: Path, db: sqlite3.Connection, lock: sqlite3.Connection | None = None) -> None:
        self.path = path
        self._file = path / "run.db"
        self._db = db
        self._lock = lock
        self._asked: list[tuple[str, int, str, str]] = []
        self._in_flight: set[str] = set()
        self.reused = 0
        """Requests that `missing` passed over, since a reply is stored or on its way."""

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open an existing run for reading.

        Raises
        ------
        RunError
            There is no run at `path`, it is damaged, or it was written by a newer version.
        """
        path, file = Path(path), Path(path) / "run.db"
        with reading(file, RunError):
            if not file.is_file():
                raise RunError(
                    f"{path}: no run here (no run.db); make one: judge score answers.jsonl --out {path}"
                )
            run = cls(path, connect_to_read(file))
            with closed_on_error(run):
                run._check()
                schema.show_as_new(run._db)
        return run

    @classmethod
    def create(cls, path: str | Path, judge: Judge) -> Self:
        """Open a run for scoring; make it where there is none.

        Raises
        ------
        RunError
            The folder cannot be written, another process is scoring into it, or it belongs to another judge
            (the message says what differs).
        """
        path = Path(path)
        with clear_errors(path):
            path.mkdir(parents=True, exist_ok=True)
            lock = schema.take_lock(path)
            with closed_on_error(lock):
                run = cls(path, schema.connect_to_write(path / "run.db"), lock)
            with closed_on_error(run):
                run._initialise(judge)
        return run

    @classmethod
    def imported(
        cls, path: str | Path, rubric: Rubric, items: Iterable[Item], scores: Iterable[Score], *, model: str
    ) -> Self:
        """Make a run of judgments that another tool has made: items and scores, and no completion."""
        run = cls.create(path, Judge(model=model, rubric=rubric))
        with closed_on_error(run):
            run.set_fact("imported", True)
            run.add_items(items)
            run.write_scores(scores)
        return run

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files and, after scoring, let other processes score into this run."""
        self._db.close()
        if self._lock:
            self._lock.close()

    def __getitem__(self, item_id: str) -> ItemResult:
        """Look up one item with its scores."""
        return ItemResult(self.item(item_id), tuple(self.scores_of(item_id)), self.rubric)

    def __str__(self) -> str:
        return str(self.overview())

    def _repr_html_(self) -> str:
        return self.overview().html()

    def to_pandas(self) -> Any:
        """Return a DataFrame with one row per item: scores, statuses, reasons, verdict and metadata."""
        return as_frame(self.results(), self.rubric, self.fact("samples", 1))

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.resolve().name

    @property
    def manifest(self) -> dict[str, Any]:
        """All facts of the run: judge, fingerprint, rubric, version, input, image_root, created, seconds."""
        return dict(self._read("SELECT name, value FROM meta ORDER BY name", (), schema.to_fact))

    @property
    def rubric(self) -> Rubric:
        """The rubric by which the present scores were derived."""
        with self._reading():
            return Rubric.model_validate(self.fact("rubric"))

    @property
    def judge(self) -> Judge:
        """The judge whose replies these are."""
        with self._reading():
            kept = {"prompt": 1, **self.fact("judge")}  # the first version was not written down
            return Judge(**{**kept, "rubric": Rubric.model_validate(kept["rubric"])})

    def fact(self, name: str, default: Any = None) -> Any:
        """One fact of the manifest."""
        query = "SELECT name, value FROM meta WHERE name = ?"
        return next((value for _, value in self._read(query, [name], schema.to_fact)), default)

    @property
    def is_judged(self) -> bool:
        """Whether there is any reply; until then the folder may be given to another judge."""
        return bool(self.fact("imported") or self._one("SELECT EXISTS (SELECT 1 FROM completions)"))

    def check_judge(self, judge: Judge) -> None:
        """Raise a `RunError` that says what differs where the replies of this run are another judge's."""
        if not self.is_judged or self.fact("fingerprint") == judge.fingerprint:
            return
        raise RunError(refusal(self.path, self.fact("judge"), judge))

    def set_fact(self, name: str, value: Any) -> None:
        """Keep a fact; it must be JSON."""
        with clear_errors(self.path):
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, json.dumps(value)])

    def add_items(
        self, items: Iterable[Item], place: Callable[[int], str] = "item {}".format
    ) -> IngestCounts:
        """Take in the items of one input, all or none; `place` says where the nth of them stands.

        Raises
        ------
        InputError
            Two items have one id and different content.
        """
        counts = dict.fromkeys(("new", "known", "changed", "repeated"), 0)
        with clear_errors(self.path), transaction(self._db):
            generation = self._one("SELECT coalesce(max(input), 0) + 1 FROM items")
            last = self._one("SELECT coalesce(max(position), 0) FROM items")
            for number, item in enumerate(items, start=1):
                found = self._read(schema.SELECT_KNOWN, [item.id], schema.to_known)
                fate = schema.fate_of(item, next(found, None), generation, place(number))
                counts[fate] += 1
                last += fate == "new"
                schema.keep_item(self._db, item, fate, last, generation)
            elsewhere = self._one("SELECT count(*) FROM items WHERE input < ?", generation)
        return IngestCounts(**counts, elsewhere=elsewhere)

    def items(self) -> Iterator[Item]:
        """All items in the order of the input."""
        position = 0
        query = "SELECT position, data FROM items WHERE position > ? ORDER BY position LIMIT 1"
        # One query per item: a cursor left open over a whole run would keep the WAL from shrinking.
        while found := next(self._read(query, [position], schema.to_numbered_item), None):
            if found[0] <= position:
                with self._reading():
                    raise ValueError("its items are out of order")
            position = found[0]
            yield found[1]

    def items_to_ask(self) -> Iterator[Item]:
        """Items of the last `add_items`; those that share images, question or reference are adjacent."""
        with self._reading():
            positions = array("q", (position for (position,) in self._rows(schema.SELECT_NEIGHBOURS)))
        for position in positions:
            yield from self._read("SELECT data FROM items WHERE position = ?", [position], schema.to_item)

    @property
    def most_images(self) -> int:
        """The most pictures that one item has."""
        return int(self._one(schema.COUNT_MOST_IMAGES))

    def item(self, item_id: str) -> Item:
        """Look one item up by its id."""
        found = next(self._read("SELECT data FROM items WHERE id = ?", [item_id], schema.to_item), None)
        if found is None:
            raise RunError(f"{self.path}: no item {item_id!r} in this run; list them: judge show {self.path}")
        return found

    def missing(self, requests: Iterable[Request], *, retry_errors: bool = False) -> Iterator[Request]:
        """Pass on the requests that have no completion yet, and note which request each item has now.

        Items of one content (two systems that gave the same answer) share a request: it is asked for once.
        With `retry_errors`, a request whose completions are all failures counts as missing, too.
        """
        for request in requests:
            self._asked.append((request.item.id, request.sample, request.dimension or "", request.key))
            if len(self._asked) >= _MOST_NOTES:
                with clear_errors(self.path), transaction(self._db):
                    self._note_requests()
            if request.key in self._in_flight or self.has_answer(request.key, retry_errors=retry_errors):
                self.reused += 1
            else:
                self._in_flight.add(request.key)
                yield request

    def has_answer(self, key: str, *, retry_errors: bool = False) -> bool:
        """Whether a request has a completion; a failure is none where errors are retried."""
        counts = "AND failure_kind IS NULL" if retry_errors else ""
        return bool(self._one(f"SELECT EXISTS (SELECT 1 FROM completions WHERE key = ? {counts})", key))

    def append(self, completions: Sequence[Completion]) -> None:
        """Put completions on disk. When this returns, they survive a kill and a power cut."""
        with clear_errors(self.path), transaction(self._db):
            self._note_requests()
            self._db.executemany(schema.INSERT_COMPLETION, map(schema.to_row, completions))
        self._in_flight.difference_update(completion.key for completion in completions)

    def completions(self, item_id: str | None = None) -> Iterator[Completion]:
        """Every completion ever paid for (of one item, its former answers included), oldest first."""
        of_item = "WHERE item_id = :item OR key IN (SELECT key FROM requests WHERE item_id = :item)"
        where, values = ("", {}) if item_id is None else (of_item, {"item": item_id})
        return self._read(f"{schema.SELECT_COMPLETIONS} {where} ORDER BY seq", values, schema.from_row)

    def completions_of(self, key: str) -> list[Completion]:
        """Every completion of one request, oldest first."""
        query = f"{schema.SELECT_COMPLETIONS} WHERE key = ? ORDER BY seq"
        return list(self._read(query, [key], schema.from_row))

    def judgments(self) -> Iterator[tuple[Item, list[Completion]]]:
        """Every item in order, with the completions that count for its requests (none: not answered yet)."""
        rows = self._read(schema.SELECT_JUDGMENTS, (), schema.judgment_reader())
        for item, group in itertools.groupby(rows, key=lambda row: row[0]):
            yield item, [completion for _, completion in group if completion]

    def write_scores(self, scores: Iterable[Score], rubric: Rubric | None = None) -> None:
        """Replace all scores (derived by `rubric`), all or none."""
        with clear_errors(self.path), transaction(self._db):
            self._note_requests()
            self._db.execute("DELETE FROM scores")
            self._db.executemany(schema.INSERT_SCORE, map(schema.from_score, scores))
            if rubric:
                self.set_fact("rubric", rubric.model_dump(by_alias=True, mode="json"))

    def scores(self) -> Iterator[Score]:
        """One row for each item, dimension (and overall and flag) and sample, in the order of the items."""
        return self._read(f"{schema.SELECT_SCORES} ORDER BY rowid", (), schema.score_reader(self.rubric))

    def scores_of(self, item_id: str) -> list[Score]:
        """All scores of one item."""
        query = f"{schema.SELECT_SCORES} WHERE item_id = ? ORDER BY rowid"
        return list(self._read(query, [item_id], schema.score_reader(self.rubric)))

    def ids_with_status(self, status: str | None = None) -> list[str]:
        """Ids, in order, of the items that have a score of a status (or of all)."""
        has = "" if status is None else "WHERE id IN (SELECT item_id FROM scores WHERE status = ?)"
        rows = self._rows(f"SELECT id FROM items {has} ORDER BY position", [status] if status else [])
        return [item_id for (item_id,) in rows]

    def verdicts(self, sample: int = 0) -> Iterator[tuple[str, bool | None]]:
        """Id of each item and whether it passes; None where missing scores leave that open."""
        rubric = self.rubric
        query = "SELECT item_id, dimension, value FROM scores WHERE sample = ? ORDER BY rowid"
        rows = self._read(query, [sample], schema.value_reader(rubric))
        for item_id, group in itertools.groupby(rows, key=lambda row: row[0]):
            yield (
                item_id,
                rubric.passes({name: value for _, name, value in group if isinstance(value, float)}),
            )

    def results(self) -> Iterator[ItemResult]:
        """All items with their scores, in the order of the input."""
        return results_of(self.items(), self.scores(), self.rubric)

    def failures(self, dimension: str | None = None) -> list[ItemResult]:
        """Items that fail the pass rule; with `dimension`, only those whose score on it is too low."""
        return failures_of(self.results(), self.rubric, dimension)

    def overview(self) -> RunOverview:
        """Pass rate, distribution of scores and statuses, as text and as HTML."""
        return RunOverview(self.path, self.rubric, self.summary(), self.distribution())

    def distribution(self, sample: int = 0) -> dict[str, dict[float, int]]:
        """How often each value was given: dimension -> value -> count."""
        query = """SELECT dimension, value, count(*) FROM scores WHERE sample = ? AND typeof(value) = 'real'
            GROUP BY 1, 2 ORDER BY min(rowid), 2"""
        return counts_by_dimension(self._rows(query, [sample]))

    def summary(self) -> RunSummary:
        """Count items, verdicts, statuses and failures, and add up tokens, cost and time."""
        verdicts = collections.Counter(verdict for _, verdict in self.verdicts())
        counted = dict(zip(schema.TOTALS, next(self._rows(schema.SELECT_TOTALS)), strict=True))
        if self.judge.backend != "api":  # nothing is billed
            counted["unpriced"] = 0
        with self._reading():
            counted |= count_copied(self._db, self.rubric)
        return RunSummary(
            items=self._one("SELECT count(*) FROM items"),
            complete=self._one(schema.COUNT_COMPLETE),
            passed=verdicts[True],
            failed=verdicts[False],
            undecided=verdicts[None],
            statuses=counts_by_dimension(self._rows(schema.SELECT_STATUSES)),
            failures=dict(self._rows(schema.SELECT_FAILURES)),
            **counted,
            seconds=self.fact("seconds", 0.0),
        )

    def export(self) -> None:
        """Write ``scores.jsonl`` and ``run.json``, each whole or not at all."""
        with clear_errors(self.path):
            schema.write_atomically(
                self.path / "scores.jsonl", (score.model_dump_json() + "\n" for score in self.scores())
            )
            facts = {**self.manifest, "summary": asdict(self.summary())}
            text = json.dumps(facts, indent=2, ensure_ascii=False)
            schema.write_atomically(self.path / "run.json", [text, "\n"])

    def _one(self, query: str, *values: Any) -> Any:
        return next(self._rows(query, values))[0]

    def _rows(self, query: str, values: Any = ()) -> Iterator[Any]:
        return self._read(query, values, plain_row)

    def _read(self, query: str, values: Any, decode: Callable[[Any], T]) -> Iterator[T]:
        """The rows of a query, decoded; where they cannot be read, a `RunError` says so."""
        with self._reading():
            yield from map(decode, self._db.execute(query, values))

    def _reading(self) -> contextlib.AbstractContextManager[None]:
        return reading(self._file, RunError)

    def _check(self) -> None:
        """Raise an error where this is not a run, or lacks what every run has."""
        schema.check_format(self._db, self._file)
        tables = schema.OLD_SCHEMA if schema.is_old(self._db) else schema.SCHEMA
        check_content(self._db, tables, schema.LOOKED_THROUGH)
        if lacking := schema.REQUIRED_FACTS - self.manifest.keys():
            raise ValueError(f"lacks {', '.join(sorted(lacking))}")
        _ = self.judge, self.rubric

    def _initialise(self, judge: Judge) -> None:
        if self._one("SELECT count(*) FROM sqlite_master WHERE name = 'meta'"):
            with self._reading():
                self._check()
            self.check_judge(judge)
            schema.bring_up_to_date(self._db)
            self._describe(judge)
            return
        with transaction(self._db):
            schema.make(self._db)
            self._describe(judge)

    def _describe(self, judge: Judge) -> None:
        if self.fact("fingerprint") == judge.fingerprint:
            return
        self.set_fact("judge", judge.description)
        self.set_fact("fingerprint", judge.fingerprint)
        self.set_fact("rubric", judge.description["rubric"])

    def _note_requests(self) -> None:
        """Keep which request each item has now, together with the next rows that are written."""
        self._db.executemany("INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?)", self._asked)
        self._asked.clear()
