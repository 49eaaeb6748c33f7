"""Counts and totals of a run."""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from judge.rubric import Rubric
from judge.scoring import schema
from judge.scoring.parsing.copied_verdicts import COUNT_LOST, count_copied


@dataclass(frozen=True, kw_only=True)
class IngestCounts:
    """Counts of the items of one input.

    Attributes
    ----------
    new, known : int
        Items that are new to the run, and items that it has with the same content.
    changed : int
        Items whose content differs from that of the same id in the run; they are scored again.
    repeated : int
        Identical repetitions of a row; each item is scored once.
    elsewhere : int
        Items of earlier inputs that are not in this one; they stay in the run.
    """

    new: int = 0
    known: int = 0
    changed: int = 0
    repeated: int = 0
    elsewhere: int = 0


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """Counts of items, verdicts, statuses and failures; tokens, cost and time.

    Attributes
    ----------
    items, complete : int
        Items, and those of them that have every score.
    passed, failed, undecided : int
        Items by the pass rule; `undecided` where a missing score leaves the verdict open.
    not_applicable : int
        Items to which the pass rule does not apply; they are in no denominator.
    statuses : dict of str to dict of str to int
        Dimension -> status -> number of scores.
    failures : dict of str to int
        Requests without a reply, by the kind of their last failure.
    completions : int
        Completions stored, failures included.
    prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens : int or None
        As counted by the provider; None if it gave no counts.
    cost : float or None
        Known cost in USD.
    unpriced : int
        Completions of a provider whose cost is not known.
    on_scale : float or None
        Mean total probability of the labels of the scale; None if no expected scores were requested.
    with_verdict_in_text : int
        Items whose texts contain something like a verdict.
    lost_to_copied_verdict : int
        Items without a score because the reply only copies a verdict from the prompt.
    seconds : float
        Time spent scoring.
    """

    items: int = 0
    complete: int = 0
    passed: int = 0
    failed: int = 0
    undecided: int = 0
    not_applicable: int = 0
    statuses: dict[str, dict[str, int]] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    completions: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None
    unpriced: int = 0
    on_scale: float | None = None
    with_verdict_in_text: int = 0
    lost_to_copied_verdict: int = 0
    seconds: float = 0.0

    @property
    def pass_rate(self) -> float | None:
        """Share of the items with a verdict that pass; None if there are none."""
        decided = self.passed + self.failed
        return self.passed / decided if decided else None


@dataclass(frozen=True, kw_only=True)
class ScoreCounts:
    """Counts that need a look at every item or at every score of a run.

    Attributes
    ----------
    complete : int
        Items with scores, none of which is still open.
    verdicts : mapping
        Verdict -> number of items; None where a missing score leaves it open.
    statuses : dict of str to dict of str to int
        Dimension -> status -> number of scores.
    with_verdict_in_text : int
        Items whose texts contain something like a verdict.
    """

    complete: int
    verdicts: Mapping[bool | None, int]
    statuses: dict[str, dict[str, int]]
    with_verdict_in_text: int


def _count_scores(
    rows: Callable[[str], Iterator[Any]], verdicts: Iterable[bool | None], rubric: Rubric
) -> ScoreCounts:
    """Count by queries."""
    return ScoreCounts(
        complete=next(rows(schema.COUNT_COMPLETE))[0],
        verdicts=collections.Counter(verdicts),
        statuses=counts_by_dimension(rows(schema.SELECT_STATUSES)),
        with_verdict_in_text=count_copied(rows, rubric),
    )


def summarize(
    rows: Callable[[str], Iterator[Any]],
    counts: ScoreCounts | Iterable[bool | None],
    *,
    rubric: Rubric,
    is_billed: bool,
    seconds: float,
) -> RunSummary:
    """Count items, verdicts, statuses and failures of a run, and add up tokens, cost and time.

    Parameters
    ----------
    rows : callable
        Runs a query on the database of the run and yields its rows.
    counts : ScoreCounts or iterable of bool or None
        Counts of items and scores; or only whether each item passes, and the others are queried.
    rubric : Rubric
        The rubric by which the scores were derived.
    is_billed : bool
        Whether the backend bills its requests.
    seconds : float
        Time spent scoring.
    """
    if not isinstance(counts, ScoreCounts):
        counts = _count_scores(rows, counts, rubric)
    counted, statuses = counts.verdicts, counts.statuses
    # An item has one row for each name of the pass rule, so that the largest count is that of the items.
    beside = max((statuses.get(name, {}).get("not_applicable", 0) for name in rubric.pass_rule), default=0)
    totals = dict(zip(schema.TOTALS, next(rows(schema.SELECT_TOTALS)), strict=True))
    if not is_billed:
        totals["unpriced"] = 0
    return RunSummary(
        items=next(rows("SELECT count(*) FROM items"))[0],
        complete=counts.complete,
        passed=counted[True],
        failed=counted[False],
        undecided=counted[None] - beside,
        not_applicable=beside,
        statuses=statuses,
        failures=dict(rows(schema.SELECT_FAILURES)),
        **totals,
        with_verdict_in_text=counts.with_verdict_in_text,
        lost_to_copied_verdict=next(rows(COUNT_LOST))[0],
        seconds=seconds,
    )


def counts_by_dimension(rows: Iterable[tuple[Any, ...]]) -> dict[str, dict[Any, int]]:
    """Nest rows of dimension, value and count."""
    counts: dict[str, dict[Any, int]] = {}
    for dimension, value, count in rows:
        counts.setdefault(dimension, {})[value] = count
    return counts


def distribution_of(
    rows: Callable[..., Iterator[tuple[Any, ...]]], rubric: Rubric, sample: int
) -> dict[str, dict[float, int]]:
    """Count values: dimension -> value (of a category, the position of its label) -> count."""
    counts = counts_by_dimension(rows(schema.SELECT_NUMBERS, [sample]))
    for name, dimension in rubric.dimensions.items():
        if dimension.type == "category":
            by_label = rows(schema.SELECT_LABELS, [sample, name])
            places = {label: float(place) for place, label in enumerate(dimension.labels)}
            counts[name] = {places[label]: count for label, count in by_label}
    return counts


_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration_text(seconds: float) -> str:
    """A duration in the units that people use.

    >>> [duration_text(seconds) for seconds in (0.0312, 7.25, 75, 8400, 190_000)]
    ['0.03 s', '7.2 s', '1 min 15 s', '2 h 20 min', '2 d 5 h']
    """
    if seconds < 0.095:
        return "0 s" if seconds == 0 else f"{max(seconds, 0.0001):.1g} s"
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    step = 1 if seconds < 3570 else 60 if seconds < 86_370 else 3600  # of the smaller of the two units
    whole = step * round(seconds / step)
    units = itertools.pairwise(_UNITS)
    (size, unit), (part, rest) = next(pair for pair in units if whole >= pair[0][0])
    left = whole % size // part
    return f"{whole // size:,} {unit}{f' {left} {rest}' if left else ''}"
