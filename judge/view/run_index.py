"""What is known of all items of a run: built in the background, kept in the cache folder, kept current."""

import contextlib
import hashlib
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from judge.errors import JudgeError
from judge.scoring.schema import take_lock, transaction
from judge.view.columns import Columns, Facet
from judge.view.index_progress import Progress
from judge.view.item_filter import sort_order
from judge.view.text_index import (
    TextIndex,
    cache_folder,
    clear,
    forget_common,
    words_of,
    write_blobs,
    write_common,
    write_fact,
    write_reasons,
    write_texts,
)
from judge.view.viewed_run import ViewedRun, is_being_scored, state_of

_BLOCK = 5_000
_FIRST_BLOCK = 500
_MOST_REMEMBERED = 64
_MOST_SCANNED = 20_000
_SECONDS_BETWEEN_LOOKS = 2.0

Found = NDArray[np.bool_]


class RunIndex:
    """Columns and full-text index of one run; `refresh` brings them up to date."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._first_state = state_of(path)
        self.is_scored_now = is_being_scored(path)
        self.problem = ""
        self._lost = ""
        self.generation = 0
        self.state = ""
        self.searchable = 0
        self.has_reasons = False
        with ViewedRun.open(path) as run:
            self.n_items = run.n_items
            self.columns = Columns(run.rubric, self.n_items)
            # The first page is there at once.
            self._read_block(run, self.columns, 1, min(_FIRST_BLOCK, self.n_items), self.is_scored_now)
        self._texts = TextIndex(cache_folder(path))
        self._lock: sqlite3.Connection | None = None
        self._last_completion = 0
        self._facets: list[Facet] | None = None
        self._orders: dict[str, NDArray[np.int32]] = {}
        self._guard = threading.Lock()
        self._remembered: OrderedDict[tuple[str, int], NDArray[np.uint8]] = OrderedDict()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # Life

    def start(self) -> None:
        """Build in the background, and look for changes every two seconds."""
        self._thread = threading.Thread(target=self._keep_fresh, name=f"index {self.path.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop building at the next block; what was built is kept."""
        self._stop.set()

    def close(self) -> None:
        """Stop building, and wait for the end."""
        self.stop()
        if self._thread:
            self._thread.join()
        else:
            self._release()

    def _keep_fresh(self) -> None:
        try:
            while not self._stop.is_set():
                self.refresh()
                self._stop.wait(_SECONDS_BETWEEN_LOOKS)
        finally:
            self._release()

    def refresh(self) -> None:
        """Bring everything up to date with the run."""
        state = state_of(self.path)
        scored_now = is_being_scored(self.path)
        is_same = state == self.state and scored_now == self.is_scored_now
        if is_same and self.progress.is_complete:
            return
        try:
            with ViewedRun.again(self.path) as run:
                if is_same:
                    self._index_texts(run, state, scored_now)
                elif scored_now and self.state and run.n_items == self.n_items:
                    self._follow(run)
                else:
                    self._rebuild(run, state, scored_now)
        except JudgeError as error:  # the run was moved, or is damaged: what is known is still shown
            self._lost = str(error)
            self.generation += 1
            return
        self._lost = ""
        if not self._stop.is_set():
            self.state, self.is_scored_now = state, scored_now
        self.generation += 1

    # Columns

    def _rebuild(self, run: ViewedRun, state: str, scored_now: bool) -> None:
        """Read all items; those that were read before stay visible until then."""
        self.is_scored_now = scored_now
        self._last_completion = run.n_completions
        self.n_items = run.n_items
        columns = None if scored_now else self._load(run, state)
        if columns is not None:
            self._show(columns)
        elif self._read_all(run, columns := self._started(run, state), scored_now):
            self._show(columns)
            if not scored_now:
                self._store(columns, state)
        self._index_texts(run, state, scored_now)

    def _started(self, run: ViewedRun, state: str) -> Columns:
        """Columns to read into: those that are shown, if the run is as it was when they were started."""
        return self.columns if state == self._first_state else Columns(run.rubric, self.n_items)

    def _read_all(self, run: ViewedRun, columns: Columns, scored_now: bool) -> bool:
        """Fill columns block by block; False if that was stopped."""
        for first, last in self._blocks(self.n_items, columns.n_read + 1):
            self._read_block(run, columns, first, last, scored_now)
            self._changed()
            if self._stop.is_set():
                return False
        return True

    def _read_block(self, run: ViewedRun, columns: Columns, first: int, last: int, scored_now: bool) -> None:
        columns.enter_items(run.block(first, last))
        rows = (run.derived_block if scored_now else run.score_block)(columns.names, first, last)
        columns.enter_scores(list(rows))
        columns.enter_costs(list(run.cost_block(first, last)))
        columns.mark_read(first, last)

    def _follow(self, run: ViewedRun) -> None:
        """Read the items whose replies have arrived since the last time."""
        last = run.n_completions
        for position in run.positions_after(self._last_completion):
            rows = list(run.derived_block(self.columns.names, position, position))
            self.columns.enter_scores(rows)
            self.columns.enter_costs(list(run.cost_block(position, position)))
        self._last_completion = last
        self._changed()

    def _show(self, columns: Columns) -> None:
        self.columns = columns
        self._changed()
        self.facets()  # so that no page waits for them

    def _changed(self) -> None:
        """Forget what was computed from the columns."""
        with self._guard:
            self._facets = None
            self._orders.clear()
            self.generation += 1

    def _blocks(self, last: int, first: int = 1) -> Iterator[tuple[int, int]]:
        size = _FIRST_BLOCK
        while first <= last:
            yield first, min(first + size - 1, last)
            first, size = first + size, _BLOCK

    # Cache

    def _own(self) -> None:
        """Become the one that writes the index, if no other viewer is."""
        if self._lock is not None or self.problem:
            return
        try:
            self._texts.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = take_lock(self._texts.path.parent)
            with self._texts.writing() as db:
                write_fact(db, "run", str(self.path.resolve()))
        except JudgeError:  # another viewer builds it, and this one reads it
            return
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _give_up(self, error: Exception) -> None:
        self.problem = f"no full-text index: {error}"
        if self._lock is not None:
            self._texts.remove()
        self._release()

    def _load(self, run: ViewedRun, state: str) -> Columns | None:
        """Columns that were stored for this state of the run."""
        if self._texts.facts().get("columns") != _stamp(run, state):
            return None
        with contextlib.suppress(ValueError, LookupError):
            return Columns.of_blobs(run.rubric, run.n_items, self._texts.blobs())
        return None

    def _store(self, columns: Columns, state: str) -> None:
        self._own()
        if self._lock is None:
            return
        try:
            with ViewedRun.again(self.path) as run, self._texts.writing() as db, transaction(db):
                write_blobs(db, columns.to_blobs())
                write_fact(db, "columns", _stamp(run, state))
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def _index_texts(self, run: ViewedRun, state: str, scored_now: bool) -> None:
        """Index the texts of the items that the index lacks, and the reasons if they have changed."""
        self._own()
        if self._lock is None:
            self._read_extent()
            return
        try:
            with self._texts.writing() as db:
                self._index_items(run, db)
                if not scored_now and not self._stop.is_set():
                    self._index_reasons(run, db, state)
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def _index_items(self, run: ViewedRun, db: sqlite3.Connection) -> None:
        done, stored = self._texts.facts().get("texts", (0, ""))
        checksum = _hashed(hashlib.sha256(), run.digests(1, done))
        if checksum.hexdigest() != stored:  # items were changed, or there is no index
            with transaction(db):
                clear(db, "texts")
                write_fact(db, "texts", (0, ""))
            done, checksum = 0, hashlib.sha256()
        self._forget_searches(done)
        if done < self.n_items:
            forget_common(db)
        for first, last in self._blocks(self.n_items, done + 1):
            _hashed(checksum, run.digests(first, last))
            with transaction(db):
                write_texts(db, run.block(first, last))
                write_fact(db, "texts", (last, checksum.hexdigest()))
            self._forget_searches(last)
            if self._stop.is_set():
                return

    def _index_reasons(self, run: ViewedRun, db: sqlite3.Connection, state: str) -> None:
        stamp = _stamp(run, state)
        self.has_reasons = self._texts.facts().get("reasons") == stamp
        if self.has_reasons:
            return
        with transaction(db):
            clear(db, "reasons")
            forget_common(db)
            write_fact(db, "reasons", None)
        for first, last in self._blocks(self.n_items):
            with transaction(db):
                write_reasons(db, run.reason_block(first, last))
            if self._stop.is_set():
                return
        with transaction(db):
            write_common(db, self.n_items)
            write_fact(db, "reasons", stamp)
        self.has_reasons = True
        self._forget_searches(self.searchable)

    def _forget_searches(self, searchable: int) -> None:
        with self._guard:
            self.searchable = searchable
            self._remembered.clear()
            self.generation += 1

    def _read_extent(self) -> None:
        facts = self._texts.facts()
        self.has_reasons = facts.get("reasons") is not None
        self._forget_searches(min(self.n_items, facts.get("texts", (0, ""))[0]))

    # What pages ask for

    @property
    def progress(self) -> Progress:
        """How far the index is."""
        return Progress(
            self.n_items,
            self.columns.n_read,
            self.searchable,
            self.has_reasons,
            self._lost or self.problem,
            self.is_scored_now,
            self.columns.n_with_replies,
            self.generation,
        )

    def found(self, search: str) -> Found:
        """Return which items were read and hold all words of a search."""
        columns = self.columns
        found: Found = columns.verdicts != 0
        for word in words_of(search):
            found &= self._holding(word, columns.n)
        return found

    def _holding(self, word: str, n: int) -> Found:
        key = word, n
        bits = self._remembered.get(key)
        if bits is None:
            generation = self.generation
            bits = np.packbits(self._searched(word, n))
            with self._guard:
                if generation == self.generation:
                    self._remembered[key] = bits
                if len(self._remembered) > _MOST_REMEMBERED:
                    self._remembered.popitem(last=False)
        return np.unpackbits(bits, count=n).view(bool)

    def _searched(self, word: str, n: int) -> Found:
        try:
            return self._scanned(word, n) if self.problem else self._texts.find(word, n)
        except (OSError, sqlite3.Error):  # nothing is indexed yet
            return self._scanned(word, n)

    def _scanned(self, word: str, n: int) -> Found:
        """Look for a word in the data of the first items; only where there is no index."""
        mask = np.zeros(n, bool)
        with ViewedRun.again(self.path) as run:
            positions = run.positions_with(word.strip('"'), min(n, _MOST_SCANNED))
        mask[np.array(positions, dtype=np.int64) - 1] = True
        return mask

    def facets(self) -> list[Facet]:
        """List what the items can be filtered by."""
        facets, generation = self._facets, self.generation
        if facets is None:
            facets = self.columns.facets()
            with self._guard:
                if generation == self.generation:
                    self._facets = facets
        return facets

    def order(self, sort: str) -> NDArray[np.int32] | None:
        """Return the rows in an order, or None for the order of the input."""
        column = self.columns.orders().get(sort.removeprefix("-"))
        if column is None:
            return None
        order, generation = self._orders.get(sort), self.generation
        if order is None:
            order = sort_order(column, descending=sort.startswith("-"))
            with self._guard:
                if generation == self.generation:
                    self._orders[sort] = order
        return order


def _stamp(run: ViewedRun, state: str) -> list[str]:
    """What columns and reasons depend on."""
    return [state, run.rubric.digest]


def _hashed(checksum: "hashlib._Hash", digests: Iterator[str]) -> "hashlib._Hash":
    """Add the content of items to a checksum."""
    for one in digests:
        checksum.update(one.encode())
    return checksum
