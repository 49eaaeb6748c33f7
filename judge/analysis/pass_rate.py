"""Pass rates, overall and on each dimension, and the distribution of the scores of each dimension."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from judge.analysis.group_difference import Groups
from judge.analysis.measures import MeasureKind, is_category, label_measures, measure
from judge.analysis.score_table import ScoreTable
from judge.analysis.status_column import NOT_APPLICABLE
from judge.rubric import RubricScale
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Bools, Floats, Ints
from judge.stats.pass_fail.proportion import proportion


@dataclass(frozen=True)
class PassRate:
    """Share of answers that pass, among answers with a verdict.

    Attributes
    ----------
    estimate : Estimate
        Pass rate with Wilson's interval; for clustered items with the effective sample size.
    n_pass, n_fail, n_missing : int
        Number of items by verdict; they sum to `n`. A missing verdict is neither a pass nor a fail.
    n_no_verdict : int
        Number of items without a verdict: the missing ones, and those that are counted as fails.
    n_not_applicable : int
        Number of items that the verdict does not concern; they are not among the `n` items.
    """

    estimate: Estimate
    n_pass: int
    n_fail: int
    n_missing: int
    n_no_verdict: int
    n_not_applicable: int = 0

    @property
    def n(self) -> int:
        """Number of the items that the verdict concerns."""
        return self.n_pass + self.n_fail + self.n_missing

    @property
    def worst(self) -> float:
        """The pass rate if every missing verdict were a fail."""
        return self.n_pass / self.n if self.n else np.nan

    @property
    def best(self) -> float:
        """The pass rate if every missing verdict were a pass."""
        return (self.n_pass + self.n_missing) / self.n if self.n else np.nan


def pass_rate(
    passed: Floats, clusters: Groups = None, applies: Bools | None = None, given: Bools | None = None
) -> PassRate:
    """Share of passes among marks of 1 (pass), 0 (fail) and NaN (missing).

    Parameters
    ----------
    passed : ndarray, shape (n_items,)
        The marks.
    clusters : ndarray of str, optional
        Cluster of each item.
    applies : ndarray of bool, optional
        Whether the verdict concerns each item; default: all.
    given : ndarray of bool, optional
        Whether each mark is a verdict that was given, and not one that is counted as a fail; default: those
        that are not missing.

    Examples
    --------
    >>> rate = pass_rate(np.array([1, 1, 0, np.nan]))
    >>> print(rate.estimate, rate.n_missing, rate.worst, rate.best)
    0.667 [0.208, 0.939] 1 0.5 0.75
    """
    n_items = len(passed)
    given = ~np.isnan(passed) if given is None else given
    if applies is not None and not applies.all():
        passed, clusters = passed[applies], None if clusters is None else clusters[applies]
        given = given[applies]
    return PassRate(
        proportion(passed, clusters=clusters),
        int((passed == 1).sum()),
        int((passed == 0).sum()),
        int(np.isnan(passed).sum()),
        int((~given).sum()),
        n_items - len(passed),
    )


def verdict_rate(table: ScoreTable, clusters: Groups = None) -> PassRate:
    """Share of the answers of a table that pass."""
    return Marks.verdicts(table, clusters).rate()


def dimension_rate(table: ScoreTable, name: str, clusters: Groups = None) -> PassRate | None:
    """Share of answers that reach the pass mark of a dimension; None if it has none."""
    marks = Marks.on(table, name, clusters)
    return None if marks is None else marks.rate()


@dataclass(frozen=True)
class Marks:
    """Pass marks of one kind, computed once for all items; see `pass_rate` for the arguments."""

    passed: Floats
    applies: Bools
    given: Bools
    clusters: Groups = None

    @classmethod
    def verdicts(cls, table: ScoreTable, clusters: Groups = None) -> "Marks":
        """Verdicts of a table."""
        return cls(table.passed, table.applies, ~np.isnan(table.verdicts), clusters)

    @classmethod
    def on(cls, table: ScoreTable, name: str, clusters: Groups = None) -> "Marks | None":
        """Whether answers reach the pass mark of a dimension; None if it has none."""
        passed = table.passed_on(name)
        if passed is None:
            return None
        return cls(passed, table.applies_to(name), ~np.isnan(table.values[name]), clusters)

    def take(self, rows: Ints, clusters: Groups) -> "Marks":
        """Keep some items, in these clusters."""
        return Marks(self.passed[rows], self.applies[rows], self.given[rows], clusters)

    def rate(self) -> PassRate:
        """Share of the answers that pass."""
        return pass_rate(self.passed, self.clusters, self.applies, self.given)


@dataclass(frozen=True)
class DimensionSummary:
    """The scores of one dimension.

    Attributes
    ----------
    name : str
        Dimension, or ``overall``.
    pass_mark : float or None
        Lowest passing score.
    decides : bool
        Whether the pass rule names this dimension; otherwise `pass_mark` is that of the overall score.
    passing : PassRate or None
        Share that reaches the pass mark; None without one.
    kind : {'score', 'share', 'label'}
        Whether the average is a mean score or a share; labels of a category have no average.
    scale : RubricScale
        Scale of the scores.
    mean : Estimate or None
        Mean score, or share of the answers that meet a criterion; None for a category.
    sd : float
        Standard deviation of the scores.
    distribution : mapping
        Score -> number of answers, for every score of the scale and for scores between them that occur.
    labels : mapping
        Label of a category -> number and share of the answers with it.
    statuses : mapping
        Status -> number of answers; they sum to the number of items.
    median : str or None
        Median label of a category with an order, or the two labels that it lies between.
    """

    name: str
    pass_mark: float | None
    decides: bool
    passing: PassRate | None
    kind: MeasureKind | Literal["label"]
    scale: RubricScale
    mean: Estimate | None
    sd: float
    distribution: Mapping[float, int]
    statuses: Mapping[str, int]
    labels: Mapping[str, tuple[int, Estimate]] = field(default_factory=dict)
    median: str | None = None

    @property
    def n(self) -> int:
        """Number of answers with a value."""
        return self.statuses["ok"]

    @property
    def n_missing(self) -> int:
        """Number of answers without a value that the dimension concerns."""
        return sum(self.statuses.values()) - self.n - self.statuses[NOT_APPLICABLE]


def dimension_summaries(table: ScoreTable, clusters: Groups = None) -> list[DimensionSummary]:
    """Summarise every scored dimension, in the order of the rubric."""
    return [_summary(table, name, clusters) for name in table.values]


def _summary(table: ScoreTable, name: str, clusters: Groups) -> DimensionSummary:
    of, has_labels = measure(table, name, clusters), is_category(table, name)
    present = of.values[~np.isnan(of.values)]
    by_label = label_measures(table, name, clusters) if has_labels else ()
    return DimensionSummary(
        name,
        table.pass_mark(name),
        name in table.rubric.pass_rule,
        dimension_rate(table, name, clusters),
        "label" if has_labels else of.kind,
        of.scale,
        None if has_labels else of.estimate(),
        float(present.std(ddof=1)) if present.size > 1 and not has_labels else np.nan,
        distribution(present, of.scale.labels),
        table.statuses[name].counts(),
        {label: (int(np.nansum(one.values)), one.estimate()) for label, one in by_label},
        median_label(table, name, present) if has_labels and len(present) else None,
    )


def median_label(table: ScoreTable, name: str, positions: Floats) -> str | None:
    """Median of the labels of a category with an order; None without an order."""
    dimension = table.rubric.dimensions[name]
    if not dimension.ordered:
        return None
    labels, known = list(dimension.labels), np.sort(positions).astype(int).tolist()
    middle = (known[(len(known) - 1) // 2], known[len(known) // 2])
    return " or ".join(dict.fromkeys(labels[at] for at in middle))


def distribution(scores: Floats, labels: range) -> dict[float, int]:
    """Count each score, for all `labels` and for scores between them that occur.

    >>> distribution(np.array([1.0, 3.0, 2.5]), range(1, 4))
    {1.0: 1, 2.0: 0, 2.5: 1, 3.0: 1}
    """
    found, counts = np.unique(scores, return_counts=True)
    occurring = dict(zip(found.tolist(), counts.tolist(), strict=True))
    return {score: occurring.get(score, 0) for score in sorted({*map(float, labels), *occurring})}
