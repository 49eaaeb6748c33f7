"""Items and scores of a run folder, of which only what is shown is held in memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, overload
from weakref import finalize

import numpy as np

from judge.analysis.criterion_scores import Objects
from judge.analysis.text_patterns import stated_score
from judge.records import STATUSES, Item
from judge.rubric import Rubric
from judge.scoring.run import Run
from judge.stats.engine.scale import Floats, Ints

UNREAD: Final = object()
"""A reason that is left in the run: it states no score, so that it is needed only where it is shown."""
_BATCH = 50_000
_NOTHING = np.array(None)


class StoredItems(Sequence[Item]):
    """Items of a run folder by their ids; each is read when it is needed."""

    def __init__(self, path: Path, ids: Objects) -> None:
        self._path = path
        self._ids = ids
        self._opened: Run | None = None

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, row: int) -> Item: ...
    @overload
    def __getitem__(self, row: slice) -> "StoredItems": ...
    def __getitem__(self, row: int | slice) -> "Item | StoredItems":
        if isinstance(row, slice):
            return StoredItems(self._path, self._ids[row])
        return self._run.item(self._ids[row])

    def __iter__(self) -> Iterator[Item]:
        for key in self._ids.tolist():
            yield self._run.item(key)

    def take(self, index: Ints) -> "StoredItems":
        """Keep some items, in this order."""
        return StoredItems(self._path, self._ids[index])

    def reason(self, row: int, dimension: str) -> str | None:
        """Reason for the score of an item on a dimension."""
        scores = self._run.scores_of(self._ids[row])
        return next((one.reason for one in scores if one.dimension == dimension), None)

    @property
    def _run(self) -> Run:
        if self._opened is None:
            self._opened = Run.open(self._path)
            finalize(self, self._opened.close)
        return self._opened


@dataclass(frozen=True)
class ScoreColumns:
    """Scores of a run by dimension, as in `ScoreTable`."""

    values: Mapping[str, Floats]
    statuses: Mapping[str, Objects]
    reasons: Mapping[str, Objects]
    flags: Mapping[str, Objects]

    @classmethod
    def unscored(cls, rubric: Rubric, n_items: int, status: str) -> "ScoreColumns":
        """Columns of items that have no scores."""
        return cls(
            values={d: np.full(n_items, np.nan) for d in rubric.scored},
            statuses={d: np.full(n_items, status, dtype=object) for d in rubric.scored},
            reasons={d: np.full(n_items, None, dtype=object) for d in rubric.scored},
            flags={f: np.full(n_items, None, dtype=object) for f in rubric.flags},
        )


def read_scores(run: Run, ids: Sequence[str], status: str) -> tuple[str, ScoreColumns] | None:
    """Rater and scores of a run of one judge with one sample, without criteria of items.

    Returns None where anything is unusual: then the scores must be read and checked one by one.

    Parameters
    ----------
    run : Run
        The run.
    ids : sequence of str
        Ids of its items.
    status : str
        Status of items that have no score.
    """
    reader = _ScoreReader(run.rubric, ids, status)
    rater, rows = run.usual_scores()
    while batch := list(islice(rows, _BATCH)):
        if not reader.enter(*map(_column, zip(*batch, strict=True))):
            return None
    return rater, reader.found


class _ScoreReader:
    """Enters batches of scores, as long as nothing about them is unusual."""

    def __init__(self, rubric: Rubric, ids: Sequence[str], status: str) -> None:
        self._rubric = rubric
        self._row_of = {key: row for row, key in enumerate(ids)}
        self._patterns = {name: stated_score(rubric.scale_of(name).max) for name in rubric.scored}
        self._texts: dict[str, str] = {name: name for name in STATUSES}
        self.found = ScoreColumns.unscored(rubric, len(ids), status)
        self._entered = {name: np.zeros(len(ids), bool) for name in (*rubric.scored, *rubric.flags)}

    def enter(
        self,
        ids: Objects,
        names: Objects,
        values: Objects,
        statuses: Objects,
        reasons: Objects,
        is_usual: Objects,
    ) -> bool:
        """Enter one batch; return whether every score in it is a usual one."""
        rows = np.array([self._row_of.get(key, -1) for key in ids.tolist()])
        occurring = set(names.tolist())
        return (
            all(is_usual.tolist())
            and bool((rows >= 0).all())
            and occurring <= self._entered.keys()
            and set(statuses.tolist()) <= set(STATUSES)
            and np.array_equal(statuses == "ok", values != _NOTHING)
            and all(
                self._enter_one(
                    name, *(column[names == name] for column in (rows, values, statuses, reasons))
                )
                for name in occurring
            )
        )

    def _enter_one(self, name: str, rows: Ints, values: Objects, statuses: Objects, reasons: Objects) -> bool:
        types = set(map(type, values.tolist())) - {float, type(None)}
        if self._entered[name][rows].any() or len(set(rows.tolist())) < len(rows):
            return False
        self._entered[name][rows] = True
        if name in self.found.flags:
            self.found.flags[name][rows] = values
            return types <= {str}
        if types or not all(map(self._rubric.scale_of(name).holds, set(values.tolist()) - {None})):
            return False
        pattern, shared = self._patterns[name], self._texts
        self.found.values[name][rows] = values.astype(float)
        self.found.statuses[name][rows] = [shared[status] for status in statuses.tolist()]
        kept = (
            UNREAD if reason == 1 or (status == "ok" and reason and not pattern.search(reason)) else reason
            for reason, status in zip(reasons.tolist(), statuses.tolist(), strict=True)
        )
        self.found.reasons[name][rows] = _column(
            [shared.setdefault(one, one) if isinstance(one, str) else one for one in kept]
        )
        return True


def _column(values: Sequence[Any]) -> Objects:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
