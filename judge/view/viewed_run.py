"""What the viewer reads of a run folder: blocks of items, their scores, costs and reasons."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, Self

from judge.errors import RunError
from judge.files.sqlite import connect_to_read, is_busy, reading
from judge.records import Completion, Item, Score
from judge.rubric import Rubric
from judge.scoring import run_format, schema
from judge.scoring.parsing.choice_answers import ReplyForm, reply_form
from judge.scoring.parsing.parse import score_rows
from judge.scoring.run import Run

_IN_BLOCK = "WHERE i.position BETWEEN ? AND ?"
_JUDGMENTS = schema.SELECT_JUDGMENTS.replace("ORDER BY i.position", f"{_IN_BLOCK} ORDER BY i.position")
_COSTS = f"""
SELECT i.position, sum(c.cost), sum(c.latency), count(*) FROM items i JOIN completions c ON c.item_id = i.id
{_IN_BLOCK} GROUP BY i.position
"""
_REASONS = f"""
SELECT i.position, group_concat(s.reason, char(10)) FROM items i JOIN scores s ON s.item_id = i.id
{_IN_BLOCK} AND s.reason <> '' GROUP BY i.position
"""
_CRITERIA = """
count(CASE WHEN s.criterion IS NOT NULL AND s.status <> 'not_applicable' THEN 1 END),
count(CASE WHEN s.criterion IS NOT NULL AND s.value >= 0.5 THEN 1 END),
count(CASE WHEN s.criterion IS NOT NULL AND s.value < 0.5 THEN 1 END)
"""


class ScoreRow(NamedTuple):
    """Scores of one item in the first sample."""

    position: int
    values: Sequence[float | str | None]
    """One for each name that was asked for."""
    statuses: Sequence[str | None]
    """None where there is no row."""
    criteria: tuple[int, int, int]
    """Criteria of the item that apply, that are met, and that are not."""


class CostRow(NamedTuple):
    """What the completions of one item cost."""

    position: int
    cost: float | None
    seconds: float | None
    completions: int


class ViewedRun(Run):
    """A run that is only read; a connection belongs to one thread."""

    @classmethod
    def again(cls, path: Path) -> Self:
        """Open a run that was opened before, without looking for damage again."""
        with reading(path / "run.db", RunError):
            run = cls(path, connect_to_read(path / "run.db"))
            with schema.closed_on_error(run):
                run_format.emulate_current_format(run._db)
        return run

    @property
    def n_items(self) -> int:
        """Number of items; positions are numbered from 1 without gaps."""
        return int(self._one("SELECT coalesce(max(position), 0) FROM items"))

    @property
    def n_completions(self) -> int:
        """Number of the last completion."""
        return int(self._one("SELECT coalesce(max(seq), 0) FROM completions"))

    @cached_property
    def _judging(self) -> tuple[Rubric, str, int, ReplyForm]:
        """What the replies are read with: rubric, judge, number of samples, how a reply is read."""
        return self.rubric, self.judge.name, int(self.fact("samples", 1)), reply_form(self)

    def block(self, first: int, last: int) -> list[tuple[int, str, dict[str, Any]]]:
        """Return position, id and content of the items at these positions."""
        query = f"SELECT i.position, i.id, i.data FROM items i {_IN_BLOCK}"
        return list(self._read(query, [first, last], _to_content))

    def digests(self, first: int, last: int) -> Iterator[str]:
        """Yield the hash of the content of the items at these positions."""
        query = f"SELECT i.digest FROM items i {_IN_BLOCK} ORDER BY i.position"
        return self._read(query, [first, last], lambda row: str(row[0]))

    def score_block(self, names: Sequence[str], first: int, last: int) -> Iterator[ScoreRow]:
        """Yield the stored scores of the items at these positions."""
        pivot = ", ".join(
            f"max(CASE WHEN s.dimension = ? AND s.criterion IS NULL THEN s.{column} END)"
            for column in ("value", "status")
            for _ in names
        )
        query = (
            f"SELECT i.position, {_CRITERIA}, {pivot} FROM items i JOIN scores s ON s.item_id = i.id "
            f"{_IN_BLOCK} AND s.sample = 0 GROUP BY i.position"
        )
        n = len(names)
        for row in self._read(query, [*names, *names, first, last], tuple):
            yield ScoreRow(row[0], row[4 : 4 + n], row[4 + n :], row[1:4])

    def derived_block(self, names: Sequence[str], first: int, last: int) -> Iterator[ScoreRow]:
        """Yield the scores that the stored replies give; while a run is scored, they are not stored yet."""
        for item, completions in self._judgments(first, last):
            if completions:
                scores = score_rows(item, completions, *self._judging)
                yield as_row(self.position_of(item.id), [s for s in scores if s.sample == 0], names)

    def derived_scores(self, item_id: str) -> list[Score]:
        """Return the scores that the stored replies to one item give."""
        position = self.position_of(item_id)
        ((item, completions),) = self._judgments(position, position)
        return score_rows(item, completions, *self._judging) if completions else []

    def cost_block(self, first: int, last: int) -> Iterator[CostRow]:
        """Yield what the completions of the items at these positions cost."""
        return self._read(_COSTS, [first, last], CostRow._make)

    def reason_block(self, first: int, last: int) -> Iterator[tuple[int, str]]:
        """Yield the reasons for the scores of the items at these positions as one text each."""
        return self._read(_REASONS, [first, last], tuple)

    def positions_after(self, completion: int) -> list[int]:
        """Return the positions of the items with completions after this one."""
        query = (
            "SELECT DISTINCT i.position FROM completions c JOIN items i ON i.id = c.item_id WHERE c.seq > ?"
        )
        return sorted(position for (position,) in self._rows(query, [completion]))

    def items_at(self, positions: Sequence[int]) -> list[Item]:
        """Return the items at these positions, in this order."""
        query = f"SELECT position, data FROM items WHERE position IN ({', '.join('?' * len(positions))})"
        found = dict(self._read(query, list(positions), schema.to_numbered_item))
        return [found[position] for position in positions if position in found]

    def position_of(self, item_id: str) -> int:
        """Return the position of an item; 0 if there is none with this id."""
        return int(next(self._rows("SELECT position FROM items WHERE id = ?", [item_id]), (0,))[0])

    def id_at(self, position: int) -> str:
        """Return the id of the item at a position."""
        return str(self._one("SELECT id FROM items WHERE position = ?", position))

    def met_criteria(self, item_ids: Sequence[str]) -> dict[str, dict[str, bool]]:
        """Return which criteria of these items are met, by the stored scores of the first sample."""
        query = (
            "SELECT criterion, value FROM scores WHERE item_id = ? AND sample = 0 AND criterion IS NOT NULL "
            "AND value IS NOT NULL"
        )
        return {
            item_id: {criterion: value >= 0.5 for criterion, value in self._rows(query, [item_id])}
            for item_id in item_ids
        }

    def request_keys(self, item_id: str) -> set[str]:
        """Return the keys of the requests that were made for an item."""
        return {key for (key,) in self._rows("SELECT key FROM requests WHERE item_id = ?", [item_id])}

    def positions_with(self, text: str, last: int) -> list[int]:
        """Return the positions, up to one, of the items whose data hold a text."""
        pattern = f"%{text.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        query = "SELECT position FROM items WHERE position <= ? AND data LIKE ? ESCAPE '!'"
        return [position for (position,) in self._rows(query, [last, pattern])]

    def _judgments(self, first: int, last: int) -> Iterator[tuple[Item, list[Completion]]]:
        rows = self._read(_JUDGMENTS, [first, last], schema.judgment_reader())
        for item, group in groupby(rows, key=lambda row: row[0]):
            yield item, [completion for _, completion in group if completion]


def _to_content(row: Sequence[Any]) -> tuple[int, str, dict[str, Any]]:
    position, item_id, data = row
    return position, item_id, json.loads(data)


def as_row(position: int, scores: Sequence[Score], names: Sequence[str]) -> ScoreRow:
    """Arrange the scores of one item as `ViewedRun.score_block` does."""
    own = {score.dimension: score for score in scores if score.criterion is None}
    criteria = [s for s in scores if s.criterion is not None and s.status != "not_applicable"]
    met = [s.value >= 0.5 for s in criteria if isinstance(s.value, float)]
    return ScoreRow(
        position,
        [own[name].value if name in own else None for name in names],
        [own[name].status if name in own else None for name in names],
        (len(criteria), sum(met), len(met) - sum(met)),
    )


def numeric(rubric: Rubric, name: str, value: float | str | None) -> float | None:
    """Value of a score as a number; that of a category is the position of its label."""
    if isinstance(value, str):
        dimension = rubric.dimensions.get(name)
        labels = list(dimension.labels) if dimension else []
        return float(labels.index(value)) if value in labels else None
    return value


def is_being_scored(path: Path) -> bool:
    """Whether a process holds the lock of a run for scoring."""
    lock = path / "run.lock"
    if not lock.is_file():
        return False
    try:
        with contextlib.closing(
            sqlite3.connect(f"{lock.resolve().as_uri()}?mode=ro", uri=True, timeout=0)
        ) as db:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        return is_busy(error)
    return False


def state_of(path: Path) -> str:
    """Times and sizes of the files of a run, which change with its content."""
    facts = []
    for name in ("run.db", "run.db-wal"):
        with contextlib.suppress(OSError):
            found = (path / name).stat()
            facts += [f"{found.st_mtime_ns}:{found.st_size}"] if found.st_size else []
    return " ".join(facts)
