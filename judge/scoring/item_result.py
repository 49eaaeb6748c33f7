"""Items of a run with their scores."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from judge.errors import RunError
from judge.pass_mark import reaches
from judge.records import OVERALL, Item, Score
from judge.rubric import Rubric

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ItemResult:
    """One item of a run with its scores; `run["q07"]`.

    Attributes
    ----------
    item : Item
        The item.
    rows : tuple of Score
        Every score of the item: all dimensions, the overall score, flags and its own criteria, of all
        samples.
    rubric : Rubric
        The rubric by which the scores were derived.
    """

    item: Item
    rows: tuple[Score, ...]
    rubric: Rubric

    @property
    def scores(self) -> dict[str, float | str | None]:
        """Dimension (or overall score, or flag) -> value in the first sample; None if there is no score.

        The value of a category is its label.
        """
        return {row.dimension: row.value for row in self._of_dimensions(0)}

    @property
    def statuses(self) -> dict[str, str]:
        """Dimension -> status in the first sample."""
        return {row.dimension: row.status for row in self._of_dimensions(0)}

    @property
    def reasons(self) -> dict[str, str | None]:
        """Dimension -> the judge's reason in the first sample, or why there is no score."""
        return {row.dimension: row.reason for row in self._of_dimensions(0)}

    @property
    def criteria(self) -> dict[str, Score]:
        """Id of a criterion of the item -> its score in the first sample."""
        return {row.criterion: row for row in self.of_sample(0) if row.criterion is not None}

    def of_sample(self, sample: int) -> list[Score]:
        """Return the scores of one sample."""
        return [row for row in self.rows if row.sample == sample]

    def passes(self, sample: int = 0) -> bool | None:
        """Whether the answer passes; None if that depends on a missing score.

        With ``no_verdict: fail`` in the rubric, an answer without a verdict does not pass.
        """
        beside = {row.dimension for row in self.of_sample(sample) if row.status == "not_applicable"}
        return self.rubric.counted_verdict(self._numbers(sample), beside)

    def is_below(self, dimension: str, sample: int = 0) -> bool:
        """Whether a score is below its pass mark.

        A dimension without one takes that of the overall score where both are on the same scale. A criterion
        without one is below where it is not met.
        """
        least = self.rubric.pass_rule.get(dimension, self._usual_mark(dimension))
        value = self._numbers(sample).get(dimension)
        return value is not None and least is not None and not reaches(value, least)

    def _usual_mark(self, dimension: str) -> float | None:
        rubric = self.rubric
        if dimension in rubric.dimensions and rubric.dimensions[dimension].type == "binary":
            return 1.0
        has_scale_of_overall = rubric.scale_of(dimension) == rubric.scale_of(OVERALL)
        return rubric.pass_rule.get(OVERALL) if has_scale_of_overall else None

    def _of_dimensions(self, sample: int) -> list[Score]:
        return [row for row in self.of_sample(sample) if row.criterion is None]

    def _numbers(self, sample: int) -> dict[str, float]:
        rows = self._of_dimensions(sample)
        return {row.dimension: row.value for row in rows if isinstance(row.value, float)}


def results_of(items: Iterable[Item], scores: Iterable[Score], rubric: Rubric) -> Iterator[ItemResult]:
    """Yield all items with their scores, in the order of the items."""
    rows: dict[str, list[Score]] = {}
    for score in scores:
        rows.setdefault(score.item_id, []).append(score)
    for item in items:
        yield ItemResult(item, tuple(rows.get(item.id, ())), rubric)


def failures_of(results: Iterable[ItemResult], rubric: Rubric, dimension: str | None) -> list[ItemResult]:
    """List the items that fail the pass rule; with `dimension`, only those whose score on it is too low.

    Raises
    ------
    RunError
        The rubric has no such dimension.
    """
    if dimension is not None and dimension not in rubric.scored:
        raise RunError(f"no dimension {dimension!r} in this run; allowed: {', '.join(rubric.scored)}")
    failed = (result for result in results if result.passes() is False)
    return [result for result in failed if dimension is None or result.is_below(dimension)]


def as_frame(results: Iterable[ItemResult], rubric: Rubric, n_samples: int) -> "pd.DataFrame":
    """Make a DataFrame with one row per item (and sample, if there are several).

    Columns: id, system, question, answer, reference and verdict (``passed``); score, status and reason of
    each dimension; the metadata. A category is a categorical column. Where the items have criteria of their
    own, ``criteria``, ``criteria_status`` and ``criteria_reason`` hold a dict with one entry per criterion. A
    metadata field whose name is already used gets the prefix ``metadata_``.
    """
    import pandas

    rows = [_frame_row(result, sample, n_samples > 1) for result in results for sample in range(n_samples)]
    frame = pandas.DataFrame(rows)
    types: dict[str, Any] = {"passed": "boolean", **dict.fromkeys(rubric.scored, "float")}
    for name, dimension in rubric.dimensions.items():
        if dimension.type == "category":
            types[name] = pandas.CategoricalDtype(list(dimension.labels), ordered=dimension.ordered)
    return frame.astype({name: type_ for name, type_ in types.items() if name in frame})


def _frame_row(result: ItemResult, sample: int, with_sample: bool) -> dict[str, Any]:
    item = result.item
    row: dict[str, Any] = {"id": item.id}
    if with_sample:
        row["sample"] = sample
    for field in ("system", "question", "answer", "reference"):
        row[field] = getattr(item, field)
    row["passed"] = result.passes(sample)
    for score in result.of_sample(sample):
        found = {"": score.value, "_status": score.status, "_reason": score.reason}
        for suffix, value in found.items():
            if score.criterion is None:
                row[f"{score.dimension}{suffix}"] = value
            else:
                row.setdefault(f"{score.dimension}{suffix}", {})[score.criterion] = value
    for name, value in item.metadata.items():
        row[f"metadata_{name}" if name in row else name] = value
    return row
