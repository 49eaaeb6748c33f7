"""The scores of one item."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from judge.errors import RunError
from judge.records import OVERALL, Item, Score
from judge.rubric import Rubric

if TYPE_CHECKING:
    from judge.scoring.run import Run


@dataclass(frozen=True)
class ItemResult:
    """One item of a run with its scores; `run["q07"]`.

    Attributes
    ----------
    item : Item
        The item.
    rows : tuple of Score
        Every score of the item: all dimensions, the overall score and flags, of all samples.
    rubric : Rubric
        The rubric by which the scores were derived.
    """

    item: Item
    rows: tuple[Score, ...]
    rubric: Rubric

    @property
    def scores(self) -> dict[str, float | str | None]:
        """Dimension (or overall score, or flag) -> value in the first sample; None if there is no score."""
        return {row.dimension: row.value for row in self.of_sample(0)}

    @property
    def statuses(self) -> dict[str, str]:
        """Dimension -> status in the first sample."""
        return {row.dimension: row.status for row in self.of_sample(0)}

    @property
    def reasons(self) -> dict[str, str | None]:
        """Dimension -> the judge's reason in the first sample, or why there is no score."""
        return {row.dimension: row.reason for row in self.of_sample(0)}

    def of_sample(self, sample: int) -> list[Score]:
        """Return the scores of one sample."""
        return [row for row in self.rows if row.sample == sample]

    def passes(self, sample: int = 0) -> bool | None:
        """Whether the answer passes; None if that depends on a missing score."""
        return self.rubric.passes(self._numbers(sample))

    def is_below(self, dimension: str, sample: int = 0) -> bool:
        """Whether a score is below its pass mark (or that of the overall score, if it has none)."""
        rule = self.rubric.pass_rule
        least = rule.get(dimension, rule.get(OVERALL))
        value = self._numbers(sample).get(dimension)
        return value is not None and least is not None and value < least

    def _numbers(self, sample: int) -> dict[str, float]:
        return {row.dimension: row.value for row in self.of_sample(sample) if isinstance(row.value, float)}


def results_of(run: "Run") -> Iterator[ItemResult]:
    """Yield all items of a run with their scores, in the order of the input."""
    rows: dict[str, list[Score]] = {}
    for score in run.scores():
        rows.setdefault(score.item_id, []).append(score)
    rubric = run.rubric
    for item in run.items():
        yield ItemResult(item, tuple(rows.get(item.id, ())), rubric)


def failures_of(run: "Run", dimension: str | None) -> list[ItemResult]:
    """List the items that fail the pass rule; with `dimension`, only those whose score on it is too low.

    Raises
    ------
    RunError
        The rubric has no such dimension.
    """
    scored = run.rubric.scored
    if dimension is not None and dimension not in scored:
        raise RunError(f"{run.path}: no dimension {dimension!r}; allowed: {', '.join(scored)}")
    failed = (result for result in run.results() if result.passes() is False)
    return [result for result in failed if dimension is None or result.is_below(dimension)]
