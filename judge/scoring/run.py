"""The run folder: the items, every reply, and the scores derived from the replies.

``runs/NAME/run.db`` is a SQLite file in WAL mode. Completions are only appended, and a batch is on disk when
`append` returns. Scores are derived and replaced as a whole; scores.jsonl and run.json are exports.
"""

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

from judge.errors import RunError
from judge.files.sqlite import connect_to_read, reading
from judge.records import Completion, Item, Request, Score
from judge.rubric import Rubric
from judge.scoring import run_format, schema
from judge.scoring.item_result import ItemResult, as_frame, failures_of, results_of
from judge.scoring.judge import Judge, mismatch
from judge.scoring.run_database import RunDatabase
from judge.scoring.run_overview import RunOverview
from judge.scoring.run_summary import IngestCounts, RunSummary, ScoreCounts, distribution_of, summarize
from judge.scoring.schema import closed_on_error, storage_errors, transaction
from judge.scoring.served import SELECT_SERVED, Served

_MOST_PENDING = 4096
_MOST_LOOKED_UP = 64  # requests that are looked up at once
_MOST_KNOWN = 10_000  # different sets of scores whose verdict is remembered while verdicts are read


class Run(RunDatabase):
    """One judge over one set of items, stored in a folder.

    `judge.score` returns a run, and `Run.open` opens a stored one for reading. A run displays its pass rate
    and its distribution of scores, also in Jupyter. ``run["q07"]`` is one item with its scores.

    Attributes
    ----------
    path : Path
        The folder.
    reused : int
        Requests that `missing` left out because their reply is stored or already requested.

    Examples
    --------
    >>> import tempfile
    >>> import judge
    >>> answers = [{"id": "q1", "question": "2 + 2?", "answer": "4", "reference": "4"}]
    >>> path = judge.score(answers, judge="baseline", out=tempfile.mkdtemp()).path
    >>> with judge.Run.open(path) as run:
    ...     run.summary().pass_rate, run["q1"].scores["clarity"], len(run.to_pandas())
    (1.0, 5.0, 1)
    """

    def __init__(self, path: Path, db: sqlite3.Connection, lock: sqlite3.Connection | None = None) -> None:
        super().__init__(path, db, lock)
        self._pending: list[tuple[str, int, str, str]] = []
        self._in_flight: set[str] = set()
        self.reused = 0

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
                    f"{path}: no run here (no run.db); create one: judge score answers.jsonl --out {path}"
                )
            run = cls(path, connect_to_read(file))
            with closed_on_error(run):
                run._check()
                run_format.emulate_current_format(run._db)
        return run

    @classmethod
    def create(cls, path: str | Path, judge: Judge) -> Self:
        """Open a run for scoring; create it if there is none.

        Raises
        ------
        RunError
            The folder cannot be written, another process is scoring into it, or it belongs to another judge
            (the message says what differs).
        """
        path = Path(path)
        with storage_errors(path):
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
        """Create a run from the judgments of another tool: items and scores, but no completions."""
        run = cls.create(path, Judge(model=model, rubric=rubric))
        with closed_on_error(run):
            run.set_fact("imported", True)
            run.add_items(items)
            run.write_scores(scores)
        return run

    def __getitem__(self, item_id: str) -> ItemResult:
        """Look up one item with its scores."""
        return ItemResult(self.item(item_id), tuple(self.scores_of(item_id)), self.rubric)

    def __str__(self) -> str:
        return str(self.overview())

    def _repr_html_(self) -> str:
        return self.overview().html()

    def to_pandas(self) -> Any:
        """Return a DataFrame with one row per item: scores, statuses, reasons, verdict and metadata.

        Criteria of the items are dicts in the columns ``criteria``, ``criteria_status`` and
        ``criteria_reason``; `scores` yields one row for each of them.
        """
        return as_frame(self.results(), self.rubric, self.fact("samples", 1))

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.resolve().name

    @property
    def manifest(self) -> dict[str, Any]:
        """All facts of the run, such as judge, fingerprint, rubric, version, input and seconds."""
        return dict(self._read("SELECT name, value FROM meta ORDER BY name", (), schema.to_fact))

    @property
    def rubric(self) -> Rubric:
        """The rubric by which the current scores were derived."""
        with self._reading():
            return Rubric.model_validate(self.fact("rubric"))

    @property
    def judge(self) -> Judge:
        """The judge that gave the replies."""
        with self._reading():
            kept = {"prompt": 1, **self.fact("judge")}  # runs with version 1 do not store it
            return Judge(**{**kept, "rubric": Rubric.model_validate(kept["rubric"])})

    def fact(self, name: str, default: Any = None) -> Any:
        """Return one fact of the manifest."""
        query = "SELECT name, value FROM meta WHERE name = ?"
        return next((value for _, value in self._read(query, [name], schema.to_fact)), default)

    @property
    def is_judged(self) -> bool:
        """Whether there is any reply or batch; without one, another judge may use the folder."""
        return bool(self.fact("imported") or self.fact("batches") or self._one(schema.ANY_COMPLETION))

    def check_judge(self, judge: Judge) -> None:
        """Raise `RunError` if the replies of this run are another judge's; it says what differs."""
        if not self.is_judged or self.fact("fingerprint") == judge.fingerprint:
            return
        raise RunError(mismatch(self.path, self.fact("judge"), judge))

    def set_fact(self, name: str, value: Any) -> None:
        """Store a fact; its value must be serializable as JSON."""
        with storage_errors(self.path):
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, json.dumps(value)])

    def add_items(
        self, items: Iterable[Item], place: Callable[[int], str] = "item {}".format
    ) -> IngestCounts:
        """Add the items of one input, all or none; `place` gives the place of the nth item for errors.

        Raises
        ------
        InputError
            Two items have the same id and different content.
        """
        counts = dict.fromkeys(("new", "known", "changed", "repeated"), 0)
        with storage_errors(self.path), transaction(self._db):
            generation = self._one("SELECT coalesce(max(input), 0) + 1 FROM items")
            last = self._one("SELECT coalesce(max(position), 0) FROM items")
            for number, item in enumerate(items, start=1):
                found = self._read(schema.SELECT_KNOWN, [item.id], schema.to_known)
                state = schema.ingest_state(item, next(found, None), generation, place(number))
                counts[state] += 1
                last += state == "new"
                schema.store_item(self._db, item, state, last, generation)
            elsewhere = self._one("SELECT count(*) FROM items WHERE input < ?", generation)
        return IngestCounts(**counts, elsewhere=elsewhere)

    def items(self) -> Iterator[Item]:
        """Yield all items in the order of the input."""
        return itertools.chain.from_iterable(self._item_blocks())

    def item(self, item_id: str) -> Item:
        """Return the item with this id."""
        found = next(self._read("SELECT data FROM items WHERE id = ?", [item_id], schema.to_item), None)
        if found is None:
            raise RunError(f"{self.path}: no item {item_id!r} in this run; list them: judge show {self.path}")
        return found

    def missing(self, requests: Iterable[Request], *, retry_errors: bool = False) -> Iterator[Request]:
        """Yield the requests that have no completion yet, and record which requests each item has.

        Items with the same content (two systems gave the same answer) share a request, which is sent once.
        With `retry_errors`, a request whose completions are all failures counts as missing, too.
        """
        self._in_flight.clear()
        source, size = iter(requests), 1
        while block := list(itertools.islice(source, size)):
            self._note(block)
            keys = {request.key for request in block}
            # What is in flight now may be answered before the last request of the block is reached.
            known = self.answered(keys, retry_errors=retry_errors) | (keys & self._in_flight)
            for request in block:
                if request.key in known:
                    self.reused += 1
                else:
                    known.add(request.key)
                    self._in_flight.add(request.key)
                    yield request
            size = min(2 * size, _MOST_LOOKED_UP)  # the first request is not kept waiting

    def _note(self, requests: Iterable[Request]) -> None:
        """Record which requests the items have; they are written with the next completions, or if many."""
        self._pending += [(r.item.id, r.sample, r.dimension or "", r.key) for r in requests]
        if len(self._pending) >= _MOST_PENDING:
            with storage_errors(self.path), transaction(self._db):
                self._write_pending()

    def append(self, completions: Sequence[Completion]) -> None:
        """Store completions. When this returns, they survive a crash and a loss of power."""
        with storage_errors(self.path), transaction(self._db):
            self._write_pending()
            self._db.executemany(schema.INSERT_COMPLETION, map(schema.to_row, completions))
        self._in_flight.difference_update(completion.key for completion in completions)

    def completions(self, item_id: str | None = None) -> Iterator[Completion]:
        """Yield all completions (or those of one item, also for its earlier content), oldest first."""
        of_item = "WHERE item_id = :item OR key IN (SELECT key FROM requests WHERE item_id = :item)"
        where, values = ("", {}) if item_id is None else (of_item, {"item": item_id})
        return self._read(f"{schema.SELECT_COMPLETIONS} {where} ORDER BY seq", values, schema.from_row)

    def completions_of(self, key: str) -> list[Completion]:
        """Return all completions of one request, oldest first."""
        return list(self._read(schema.COMPLETIONS_OF_KEY, [key], schema.from_row))

    def judgments(self) -> Iterator[tuple[Item, list[Completion]]]:
        """Yield every item with the completions that count for its requests (an empty list if none)."""
        rows = self._read(schema.SELECT_JUDGMENTS, (), schema.judgment_reader())
        for item, group in itertools.groupby(rows, key=lambda row: row[0]):
            yield item, [completion for _, completion in group if completion]

    def write_scores(self, scores: Iterable[Score], rubric: Rubric | None = None) -> None:
        """Replace all scores, and store the rubric that they were derived by."""
        with storage_errors(self.path), transaction(self._db):
            self._write_pending()
            self._db.execute("DELETE FROM scores")
            self._db.executemany(schema.INSERT_SCORE, map(schema.from_score, scores))
            if rubric:
                self.set_fact("rubric", rubric.model_dump(by_alias=True, mode="json"))

    def scores(self) -> Iterator[Score]:
        """Yield one row per item, sample and dimension (or overall score, or flag), in item order."""
        return self._read(f"{schema.SELECT_SCORES} ORDER BY rowid", (), schema.score_reader(self.rubric))

    def scores_of(self, item_id: str) -> list[Score]:
        """Return all scores of one item."""
        query = f"{schema.SELECT_SCORES} WHERE item_id = ? ORDER BY rowid"
        return list(self._read(query, [item_id], schema.score_reader(self.rubric)))

    def verdicts(self, sample: int = 0) -> Iterator[tuple[str, bool | None]]:
        """Yield the id of each item and whether it passes; None if that depends on a missing score."""
        rubric, known = self.rubric, dict[tuple[Any, ...], bool | None]()
        checked = schema.value_reader(rubric)
        query = "SELECT item_id, dimension, value, status FROM scores WHERE sample = ? ORDER BY rowid"
        for item_id, group in itertools.groupby(self._read(query, [sample], tuple), key=itemgetter(0)):
            of_item = tuple([row[1:] for row in group])
            if of_item not in known:
                with self._reading():
                    for row in of_item:
                        checked((item_id, *row))
                scores = {name: value for name, value, _ in of_item if isinstance(value, float)}
                beside = {name for name, _, status in of_item if status == "not_applicable"}
                if len(known) > _MOST_KNOWN:
                    known.clear()
                known[of_item] = rubric.counted_verdict(scores, beside)
            yield item_id, known[of_item]

    def results(self) -> Iterator[ItemResult]:
        """Yield all items with their scores, in the order of the input."""
        return results_of(self.items(), self.scores(), self.rubric)

    def failures(self, dimension: str | None = None) -> list[ItemResult]:
        """List the items that fail the pass rule; with `dimension`, those whose score on it is too low."""
        return failures_of(self.results(), self.rubric, dimension)

    def overview(self) -> RunOverview:
        """Show pass rate, distribution of scores and statuses, as text and as HTML."""
        return RunOverview(self.path, self.rubric, self.summary(), self.distribution())

    def distribution(self, sample: int = 0) -> dict[str, dict[float, int]]:
        """Count values: dimension -> value (of a category, the position of its label) -> count."""
        return distribution_of(self._rows, self.rubric, sample)

    def summary(self, counts: ScoreCounts | None = None) -> RunSummary:
        """Count items, verdicts, statuses and failures (or take `counts`); add up tokens, cost and time."""
        with self._reading():
            return summarize(
                self._rows,
                counts or (verdict for _, verdict in self.verdicts()),
                rubric=self.rubric,
                is_billed=self.judge.is_billed,
                seconds=self.fact("seconds", 0.0),
            )

    def served(self) -> Served:
        """Return the models that replied, and when."""
        with self._reading():
            return Served.of(self._rows(SELECT_SERVED))

    def export(self) -> None:
        """Write ``scores.jsonl`` and ``run.json`` atomically."""
        with storage_errors(self.path):
            schema.write_atomically(
                self.path / "scores.jsonl", (score.model_dump_json() + "\n" for score in self.scores())
            )
            summary = asdict(self.summary())
            if not summary["not_applicable"]:  # exports of rubrics without conditions keep their bytes
                del summary["not_applicable"]
            facts = {**self.manifest, "summary": summary}
            text = json.dumps(facts, indent=2, ensure_ascii=False)
            schema.write_atomically(self.path / "run.json", [text, "\n"])

    def _check(self) -> None:
        """Raise an error if this is not a run, or is incomplete."""
        run_format.check_format(self._db, self._file)
        run_format.check_tables(self._db)
        if lacking := schema.REQUIRED_FACTS - self.manifest.keys():
            raise ValueError(f"lacks {', '.join(sorted(lacking))}")
        _ = self.judge, self.rubric

    def _initialise(self, judge: Judge) -> None:
        if self._one("SELECT count(*) FROM sqlite_master WHERE name = 'meta'"):
            with self._reading():
                self._check()
            self.check_judge(judge)
            with transaction(self._db):
                run_format.upgrade(self._db)
            self.describe(judge)
            return
        with transaction(self._db):
            run_format.create_tables(self._db)
            self.describe(judge)

    def describe(self, judge: Judge) -> None:
        """Store what the judge is."""
        if self.fact("fingerprint") == judge.fingerprint:
            return
        self.set_fact("judge", judge.description)
        self.set_fact("fingerprint", judge.fingerprint)
        self.set_fact("rubric", judge.description["rubric"])

    def _write_pending(self) -> None:
        """Store the requests of the items that `missing` has recorded."""
        self._db.executemany("INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?)", self._pending)
        self._pending.clear()
