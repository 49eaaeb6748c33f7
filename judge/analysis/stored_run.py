"""Items and scores of a run folder, of which only what is shown is held in memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import compress, repeat
from operator import itemgetter, ne
from pathlib import Path
from typing import Any, Final, overload
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from judge.analysis.criterion_scores import Objects
from judge.analysis.status_column import CODES, StatusColumn
from judge.analysis.text_patterns import stated_score
from judge.files.sqlite import close_in_any_thread
from judge.records import STATUSES, Item
from judge.rubric import Rubric
from judge.scoring.run import Run
from judge.stats.engine.scale import Bools, Floats, Ints


class _Unread(Enum):  # a member of an Enum stays the same object in a copy
    UNREAD = "unread"


UNREAD: Final = _Unread.UNREAD
"""A reason that is left in the run: it states no score, so that it is needed only where it is shown."""
_MAY_STATE_SCORE = np.array([code >= 0x80 or chr(code).isdigit() for code in range(256)])
"""Whether a byte may belong to a digit: the digits, and all that is not ASCII."""
_COMPLETE = [CODES[status] for status in ("ok", "abstained", "not_applicable")]
_CODE_OR_OK: dict[str | None, int] = {
    None: CODES["ok"],
    **{status: CODES[status] for status in STATUSES if status != "ok"},
}
"""Number of a status as `SELECT_USUAL` gives it."""
_NOTHING = np.array(None)


class StoredItems(Sequence[Item]):
    """Items of a run folder by their ids; each is read when it is needed."""

    def __init__(self, path: Path, ids: Objects) -> None:
        self._path = path
        self._ids = ids
        self._opened: Run | None = None

    def __reduce__(self) -> "tuple[type[StoredItems], tuple[Path, Objects]]":
        return StoredItems, (self._path, self._ids)  # a copy opens the run itself

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
            finalize(self, close_in_any_thread, self._opened.close)
        return self._opened


@dataclass(frozen=True)
class ScoreColumns:
    """Scores of a run by dimension, as in `ScoreTable`."""

    values: Mapping[str, Floats]
    statuses: Mapping[str, StatusColumn]
    reasons: Mapping[str, Objects]
    flags: Mapping[str, Objects]

    @classmethod
    def unscored(cls, rubric: Rubric, n_items: int) -> "ScoreColumns":
        """Columns of items that have no scores."""
        return cls(
            values={d: np.full(n_items, np.nan) for d in rubric.scored},
            statuses={d: StatusColumn.unscored(n_items) for d in rubric.scored},
            reasons={d: np.full(n_items, None, dtype=object) for d in rubric.scored},
            flags={f: np.full(n_items, None, dtype=object) for f in rubric.flags},
        )


@dataclass
class FoundScores:
    """Scores of one judge, and how many items and scores there are of each kind.

    Attributes
    ----------
    rater : str
        The judge.
    columns : ScoreColumns
        Scores by dimension.
    statuses : dict of str to dict of str to int
        Dimension or flag -> status -> number of scores, in the order of the run.
    any_score, any_open : ndarray of bool, shape (n_items,)
        Whether an item has a score row, and whether it has one that was not answered.
    """

    rater: str
    columns: ScoreColumns
    statuses: dict[str, dict[str, int]]
    any_score: Bools
    any_open: Bools


def read_scores(run: Run, ids: list[str]) -> FoundScores | None:
    """Scores of a run of one judge with one sample, without criteria of items.

    Returns None where anything is unusual: then the scores must be read and checked one by one.

    Parameters
    ----------
    run : Run
        The run.
    ids : list of str
        Ids of its items.
    """
    rater, batches = run.usual_scores()
    reader = _ScoreReader(run.rubric, ids, rater)
    columns = ([list(map(itemgetter(place), batch)) for place in range(5)] for batch in batches)
    return reader.found if all(reader.enter(*of_batch) for of_batch in columns) else None


class _ScoreReader:
    """Enters batches of scores, as long as nothing about them is unusual."""

    def __init__(self, rubric: Rubric, ids: list[str], rater: str) -> None:
        self._rubric = rubric
        self._ids = ids
        self._row_of: dict[str, int] = {}
        self._last = -1
        self._names = (*rubric.scored, *rubric.flags)
        self._place = {name: place for place, name in enumerate(self._names)}
        self._patterns = {name: stated_score(rubric.scale_of(name).max) for name in rubric.scored}
        self._texts: dict[str, str] = {}
        self._entered = {name: np.zeros(len(ids), bool) for name in self._names}
        columns = ScoreColumns.unscored(rubric, len(ids))
        self.found = FoundScores(rater, columns, {}, np.zeros(len(ids), bool), np.zeros(len(ids), bool))

    def enter(
        self,
        ids: Sequence[Any],
        names: Sequence[Any],
        values: Sequence[Any],
        statuses: Sequence[Any],
        reasons: Sequence[Any],
    ) -> bool:
        """Enter one batch; return whether every score in it is a usual one."""
        rows = self._rows(ids)
        places = _coded(names, self._place, np.int64)
        codes = _coded(statuses, _CODE_OR_OK, np.int8)
        column = _column(values)
        if min(rows.min(), places.min(), codes.min()) < 0 or set(map(type, reasons)) - {str, type(None)}:
            return False
        if not np.array_equal(codes == CODES["ok"], column != _NOTHING):
            return False
        self._count(rows, places, codes)
        texts = _reasons(reasons, codes != CODES["ok"])
        return all(
            self._enter_one(self._names[place], rows[at], column[at], codes[at], texts[at])
            for place in np.unique(places).tolist()
            for at in (np.flatnonzero(places == place),)
        )

    def _rows(self, keys: Sequence[Any]) -> Ints:
        """Row of the item of each score, -1 where it has none; they are mostly in the order of the items."""
        starts = np.fromiter(map(ne, keys, (None, *keys[:-1])), dtype=bool, count=len(keys))
        starts[0] = True
        distinct = list(compress(keys, starts.tolist()))
        first = self._last + (self._last < 0 or distinct[0] != self._ids[self._last])
        if self._ids[first : first + len(distinct)] == distinct:
            self._last = first + len(distinct) - 1
            return np.asarray(first - 1 + np.cumsum(starts))
        self._row_of = self._row_of or {key: row for row, key in enumerate(self._ids)}
        return _coded(keys, self._row_of, np.int64)

    def _count(self, rows: Ints, places: Ints, codes: NDArray[np.int8]) -> None:
        pairs, first, counts = np.unique(
            places * len(STATUSES) + codes, return_index=True, return_counts=True
        )
        for at in np.argsort(first).tolist():
            place, code = divmod(int(pairs[at]), len(STATUSES))
            of_name = self.found.statuses.setdefault(self._names[place], {})
            of_name[STATUSES[code]] = of_name.get(STATUSES[code], 0) + int(counts[at])
        self.found.any_score[rows] = True
        self.found.any_open[rows[~np.isin(codes, _COMPLETE)]] = True

    def _enter_one(
        self, name: str, rows: Ints, values: Objects, codes: NDArray[np.int8], reasons: Objects
    ) -> bool:
        occurring = set(values.tolist())
        types = set(map(type, occurring)) - {float, type(None)}
        is_ascending = bool((rows[1:] > rows[:-1]).all())
        if self._entered[name][rows].any() or not (is_ascending or len(np.unique(rows)) == len(rows)):
            return False
        self._entered[name][rows] = True
        found = self.found.columns
        if name in found.flags:
            shared = {value: value for value in occurring}
            found.flags[name][rows] = [shared[value] for value in values.tolist()]
            return types <= {str}
        if types or not all(map(self._rubric.scale_of(name).holds, occurring - {None})):
            return False
        found.values[name][rows] = values.astype(float)
        found.statuses[name].codes[rows] = codes
        held = np.flatnonzero((reasons != UNREAD) & (reasons != _NOTHING))
        for at, reason in zip(held.tolist(), reasons[held].tolist(), strict=True):
            stays = codes[at] == CODES["ok"] and not self._patterns[name].search(reason)
            reasons[at] = UNREAD if stays else self._texts.setdefault(reason, reason)
        found.reasons[name][rows] = reasons
        return True


def _coded(keys: Sequence[Any], codes: Mapping[Any, int], kind: type[np.integer[Any]]) -> NDArray[Any]:
    """Number of each key, -1 where it has none."""
    return np.fromiter(map(codes.get, keys, repeat(-1)), dtype=kind, count=len(keys))


def _reasons(reasons: Sequence[str | None], kept: Bools) -> Objects:
    """Reasons of a batch: `UNREAD` where they hold no digit and are not `kept`, None where there is none."""
    given = [reason or "" for reason in reasons]
    joined = "".join(given).encode()
    # Outside of ASCII a character has several bytes.
    sizes = map(len, given) if joined.isascii() else (len(reason.encode()) for reason in given)
    ends = np.cumsum(np.fromiter(sizes, dtype=np.int64, count=len(given)))
    digits = np.flatnonzero(_MAY_STATE_SCORE[np.frombuffer(joined, dtype=np.uint8)])
    kept[np.searchsorted(ends, digits, side="right")] = True
    texts = np.full(len(reasons), None, dtype=object)
    texts[np.diff(ends, prepend=0) > 0] = UNREAD
    for at in np.flatnonzero(kept).tolist():
        texts[at] = reasons[at]
    return texts


def _column(values: Sequence[Any]) -> Objects:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
