"""Verdicts, scores, statuses, fields and costs of all items of a run as arrays, about 60 bytes an item.

A filter over a million items is then a few comparisons of arrays; texts stay in the run.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.records import STATUSES
from judge.rubric import CRITERIA, Rubric
from judge.view.viewed_run import CostRow, ScoreRow, numeric

Codes = NDArray[np.unsignedinteger[Any]]

PASS, FAIL, OPEN, NOT_APPLICABLE = 1, 2, 3, 4
VERDICTS = ("", "pass", "fail", "no verdict", "not applicable")
"""By their codes; 0 marks an item that was not read yet."""
OUTCOMES = (*STATUSES, "unscored")
_SEVERITY = (
    *("failed", "refused", "truncated", "unparsed", "skipped", "unscored", "abstained"),
    *("not_applicable", "ok"),
)
_COSTS = (0.0, 0.0001, 0.001, 0.01, 0.1, 1.0)
_MOST_LABELS = 11
_MOST_VALUES = 60
"""A field with more different values is no facet; it is found by searching."""
_LONGEST_VALUE = 80
_MOST_KNOWN = 100_000


@dataclass(frozen=True)
class Facet:
    """A property of the items by which they are filtered and counted.

    Attributes
    ----------
    name : str
        Its name in the address.
    title : str
        Its name on the page.
    codes : ndarray of unsigned integer, shape (n_items,)
        Position of the value of each item in `values`; 0 where there is none.
    values : tuple of str
        Values in the address and on the page; that of code 0 stands first.
    """

    name: str
    title: str
    codes: Codes
    values: tuple[str, ...]

    @cached_property
    def totals(self) -> NDArray[np.int64]:
        """Number of items with each value."""
        return np.bincount(self.codes, minlength=len(self.values))


@dataclass
class FieldCodes:
    """Values of a field of the items as positions in a list of labels."""

    codes: Codes
    labels: dict[str, int] = field(default_factory=lambda: {"(none)": 0})


def buckets(rubric: Rubric, name: str) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Lower ends of the groups in which scores of a dimension are counted, and the names of the groups.

    >>> from judge import load_rubric
    >>> buckets(load_rubric("open_qa"), "clarity")[1]
    ('1', '2', '3', '4', '5')
    """
    dimension, scale = rubric.dimensions.get(name), rubric.scale_of(name)
    if dimension and dimension.type == "category":
        return np.arange(len(dimension.labels), dtype=float), tuple(dimension.labels)
    if dimension and dimension.type == "binary":
        return np.array([0.0, 0.5]), ("no", "yes")
    if len(scale.labels) <= _MOST_LABELS and scale.max - scale.min > 1:
        return np.array(scale.labels, dtype=float), tuple(map(str, scale.labels))
    step = ceil((scale.max - scale.min) / 10) if scale.max - scale.min > 1 else 0.1
    low = np.arange(scale.min, scale.max - 1e-6, step)
    high = [*low[1:], scale.max]
    return low, tuple(f"{a:g} to {b:g}" for a, b in zip(low, high, strict=True))


class Columns:
    """The items of a run up to position `n`, as far as they were read."""

    def __init__(self, rubric: Rubric, n: int) -> None:
        self.rubric = rubric
        self.n = n
        self.names = (*rubric.scored, *rubric.flags)
        self.verdicts: Codes = np.zeros(n, np.uint8)
        self.statuses: Codes = np.zeros(n, np.uint8)
        self.values = {name: np.full(n, np.nan, np.float32) for name in rubric.scored}
        self.flags: dict[str, Codes] = {name: np.zeros(n, np.uint8) for name in rubric.flags}
        self.criteria: Codes = np.zeros(n, np.uint8)
        self.fields: dict[str, FieldCodes | None] = {}
        self.costs = np.full(n, np.nan, np.float32)
        self.seconds = np.full(n, np.nan, np.float32)
        self.lengths = np.zeros(n, np.int32)
        self.keys = np.zeros(n, np.uint64)
        self._buckets = {name: buckets(rubric, name) for name in rubric.scored}
        self.codes: dict[str, Codes] = {
            name: np.zeros(n, np.min_scalar_type(len(labels) + len(OUTCOMES)))
            for name, (_, labels) in self._buckets.items()
        }
        self._passes: dict[tuple[Any, ...], int] = {}

    @property
    def counts(self) -> dict[str, int]:
        """Number of items read by verdict."""
        return {
            name: int(np.count_nonzero(self.verdicts == code)) for code, name in enumerate(VERDICTS) if code
        }

    @property
    def n_read(self) -> int:
        """Number of items read."""
        return int(np.count_nonzero(self.verdicts))

    @property
    def n_with_replies(self) -> int:
        """Number of items read whose scores, or the reasons why they are missing, are known."""
        return int(np.count_nonzero((self.verdicts != 0) & (self.statuses != _SEVERITY.index("unscored"))))

    def has_labels(self, name: str) -> bool:
        """Whether the values of a dimension are labels, which have no differences."""
        dimension = self.rubric.dimensions.get(name)
        return dimension is not None and dimension.type == "category"

    def enter_items(self, block: Sequence[tuple[int, str, Mapping[str, Any]]]) -> None:
        """Enter ids, lengths and fields of items; `mark_read` says when their scores are entered, too."""
        at = np.array([position for position, _, _ in block], dtype=np.int64) - 1
        self.keys[at] = [key_of(item_id) for _, item_id, _ in block]
        self.lengths[at] = [len(data["answer"]) for _, _, data in block]
        self.statuses[at] = _SEVERITY.index("unscored")
        for name, codes in self.codes.items():
            codes[at] = self._code_of(name, "unscored")
        for position, _, data in block:
            for name, value in data.get("metadata", {}).items():
                self._enter_field(name, position - 1, value)
            if system := data.get("system"):
                self._enter_field("system", position - 1, system)

    def mark_read(self, first: int, last: int) -> None:
        """Count the items at these positions: those without scores have no verdict."""
        verdicts = self.verdicts[first - 1 : last]
        verdicts[verdicts == 0] = OPEN

    def _enter_field(self, name: str, row: int, value: Any) -> None:
        if name not in self.fields:
            self.fields[name] = FieldCodes(np.zeros(self.n, np.uint8))
        column = self.fields[name]
        if column is None or value is None:
            return
        label = value if isinstance(value, str) else str(value)
        code = column.labels.setdefault(label, len(column.labels))
        if code > _MOST_VALUES or len(label) > _LONGEST_VALUE or isinstance(value, dict | list):
            self.fields[name] = None
        else:
            column.codes[row] = code

    def enter_scores(self, rows: Sequence[ScoreRow]) -> None:
        """Enter the scores of items that were entered."""
        if not rows:
            return
        at = np.array([row.position for row in rows]) - 1
        worst = np.full(len(rows), len(_SEVERITY) - 1)
        for number, name in enumerate(self.names):
            given = [row.values[number] for row in rows]
            if name in self.flags:
                self.flags[name][at] = [_flag_code(value) for value in given]
                continue
            values = np.array([numeric(self.rubric, name, value) for value in given], dtype=float)
            stated = [row.statuses[number] or "unscored" for row in rows]
            self.values[name][at] = values
            self.codes[name][at] = self._codes_of(name, values, stated)
            worst = np.minimum(worst, [_SEVERITY.index(status) for status in stated])
        self.statuses[at] = worst
        self.criteria[at] = [_criteria_code(*row.criteria) for row in rows]
        self.verdicts[at] = [self._verdict(row) for row in rows]

    def enter_costs(self, rows: Sequence[CostRow]) -> None:
        """Enter what the completions of items cost."""
        at = np.array([row.position for row in rows], dtype=np.int64) - 1
        self.costs[at] = np.array([row.cost for row in rows], dtype=np.float32)
        self.seconds[at] = np.array([row.seconds for row in rows], dtype=np.float32)

    def facets(self) -> list[Facet]:
        """List what the items can be filtered by, as it is now: more items may be entered meanwhile."""
        rubric = self.rubric
        found = [
            Facet("verdict", "Verdict", self.verdicts.copy(), VERDICTS),
            Facet("status", "Status", self.statuses.copy(), _SEVERITY),
        ]
        found += self.score_facets()
        if rubric.criteria:
            met = ("", "all met", "some not met", "not all judged")
            found.append(Facet(CRITERIA, "Criteria", self.criteria.copy(), met))
        for name, flag in rubric.flags.items():
            values: tuple[str, ...] = (
                ("", "true", "false") if flag.type == "boolean" else ("", "given", "empty")
            )
            found.append(Facet(f"flag.{name}", spoken(name), self.flags[name].copy(), values))
        for name, column in list(self.fields.items()):
            if column is not None and len(column.labels) > 2:
                codes = column.codes.copy()  # before the labels, of which there may be more by now
                found.append(Facet(f"field.{name}", name, codes, tuple(column.labels)))
        if not np.isnan(self.costs).all():
            codes = np.digitize(np.nan_to_num(self.costs, nan=-1.0), _COSTS).astype(np.uint8)
            ends = [f"${low:g} to ${high:g}" for low, high in pairwise(_COSTS)]
            found.append(Facet("cost", "Cost", codes, ("", *ends, f"${_COSTS[-1]:g} and more")))
        return [facet for facet in found if np.count_nonzero(facet.totals) > 1]

    def score_facets(self) -> list[Facet]:
        """List the scores by which the items can be filtered: in groups, or why there is none."""
        return [
            Facet(name, spoken(name), self.codes[name].copy(), ("", *labels, *OUTCOMES))
            for name, (_, labels) in self._buckets.items()
        ]

    def group_of(self, name: str, row: int) -> str:
        """Return the group of a score, or the status that says why there is none."""
        return ("", *self._buckets[name][1], *OUTCOMES)[int(self.codes[name][row])]

    def orders(self) -> dict[str, NDArray[Any]]:
        """Return the columns that the items can be sorted by."""
        own = {"cost": self.costs, "time": self.seconds, "length": self.lengths}
        return {**self.values, **{name: column for name, column in own.items() if name not in self.values}}

    def to_blobs(self) -> dict[str, bytes]:
        """Return the columns as bytes by their names."""
        labels = {name: column and list(column.labels) for name, column in self.fields.items()}
        blobs = {name: array.tobytes() for name, array in self._arrays().items()}
        fields = {f"field.{n}": c.codes.tobytes() for n, c in self.fields.items() if c is not None}
        return {**blobs, **fields, "labels": json.dumps(labels).encode()}

    @classmethod
    def of_blobs(cls, rubric: Rubric, n: int, blobs: Mapping[str, bytes]) -> "Columns":
        """Rebuild columns from `to_blobs`.

        Raises
        ------
        ValueError, LookupError
            The bytes are not those of such columns.
        """
        made = cls(rubric, n)
        for name, array in made._arrays().items():
            array[:] = np.frombuffer(blobs[name], array.dtype)
        for name, labels in json.loads(blobs["labels"]).items():
            made.fields[name] = None if labels is None else made._field(blobs[f"field.{name}"], labels)
        return made

    def _field(self, codes: bytes, labels: Sequence[str]) -> FieldCodes:
        column = FieldCodes(np.zeros(self.n, np.uint8), {label: at for at, label in enumerate(labels)})
        column.codes[:] = np.frombuffer(codes, np.uint8)
        return column

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **{f"value.{name}": array for name, array in self.values.items()},
            **{f"code.{name}": array for name, array in self.codes.items()},
            **{f"flag.{name}": array for name, array in self.flags.items()},
            "verdicts": self.verdicts,
            "statuses": self.statuses,
            "criteria": self.criteria,
            "costs": self.costs,
            "seconds": self.seconds,
            "lengths": self.lengths,
            "keys": self.keys,
        }

    def _code_of(self, name: str, status: str) -> int:
        return len(self._buckets[name][1]) + 1 + OUTCOMES.index(status)

    def _codes_of(self, name: str, values: NDArray[np.float64], statuses: Sequence[str]) -> NDArray[np.int64]:
        """Position of the group of each score, or of the status that says why there is none."""
        codes = np.searchsorted(self._buckets[name][0], np.nan_to_num(values) + 1e-9, side="right")
        missing = np.isnan(values)
        codes[missing] = [self._code_of(name, statuses[at]) for at in np.flatnonzero(missing).tolist()]
        return codes

    def _verdict(self, row: ScoreRow) -> int:
        """Verdict by the pass rule; the same scores give the same verdict, which is computed once."""
        found = (*row.values, *row.statuses)
        if found not in self._passes:
            if len(self._passes) > _MOST_KNOWN:
                self._passes.clear()
            self._passes[found] = self._computed_verdict(row)
        return self._passes[found]

    def _computed_verdict(self, row: ScoreRow) -> int:
        scores = {n: v for n, v in zip(self.names, row.values, strict=True) if isinstance(v, float)}
        stated = zip(self.names, row.statuses, strict=True)
        beside = {name for name, status in stated if status == "not_applicable"}
        if any(name in beside for name in self.rubric.pass_rule):
            return NOT_APPLICABLE
        return {True: PASS, False: FAIL, None: OPEN}[self.rubric.counted_verdict(scores, beside)]


def key_of(item_id: str) -> int:
    """Return a hash of an id with 64 bits, by which two runs are matched."""
    return int.from_bytes(blake2b(item_id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def spoken(name: str) -> str:
    """Name of a dimension as words: ``technical_accuracy`` -> ``Technical accuracy``."""
    return name.replace("_", " ").strip().capitalize() or name


def _flag_code(value: Any) -> int:
    if value is None:
        return 0
    return 1 if (value.strip() if isinstance(value, str) else value) else 2


def _criteria_code(apply: int, met: int, unmet: int) -> int:
    if not apply:
        return 0
    return 2 if unmet else 1 if met == apply else 3
