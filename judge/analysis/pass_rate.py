"""Pass rates, overall and on each dimension, and the distribution of the scores of each dimension."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from judge.analysis.group_difference import Groups, within
from judge.analysis.score_table import OUTCOMES, ScoreTable
from judge.rubric import RubricScale
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Floats
from judge.stats.pass_fail.proportion import mean, proportion


@dataclass(frozen=True)
class PassRate:
    """Share of answers that pass, among answers with a verdict.

    Attributes
    ----------
    estimate : Estimate
        Pass rate with Wilson's interval; for clustered items with the effective sample size.
    n_pass, n_fail, n_missing : int
        Number of items by verdict; they sum to `n`. A missing verdict is neither a pass nor a fail.
    """

    estimate: Estimate
    n_pass: int
    n_fail: int
    n_missing: int

    @property
    def n(self) -> int:
        """Number of all items."""
        return self.n_pass + self.n_fail + self.n_missing

    @property
    def worst(self) -> float:
        """The pass rate if every missing verdict were a fail."""
        return self.n_pass / self.n if self.n else np.nan

    @property
    def best(self) -> float:
        """The pass rate if every missing verdict were a pass."""
        return (self.n_pass + self.n_missing) / self.n if self.n else np.nan


def pass_rate(passed: Floats, clusters: Groups = None) -> PassRate:
    """Share of passes among marks of 1 (pass), 0 (fail) and NaN (missing).

    Examples
    --------
    >>> rate = pass_rate(np.array([1, 1, 0, np.nan]))
    >>> print(rate.estimate, rate.n_missing, rate.worst, rate.best)
    0.667 [0.208, 0.939] 1 0.5 0.75
    """
    return PassRate(
        proportion(passed, clusters=clusters),
        int((passed == 1).sum()),
        int((passed == 0).sum()),
        int(np.isnan(passed).sum()),
    )


def mean_score(values: Floats, clusters: Groups = None, scale: RubricScale | None = None) -> Estimate:
    """Mean of the non-missing scores, with Student's t interval over clusters, cut at the scale's ends.

    >>> scores = np.array([3.0, 4.0, 4.0, np.nan, 5.0])
    >>> print(mean_score(scores), mean_score(scores, scale=RubricScale(min=1, max=5)))
    4.000 [2.701, 5.299] 4.000 [2.701, 5.000]
    """
    found = mean(values, clusters=clusters, method="jackknife")
    return found if scale is None else within(found, scale.min, scale.max)


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
    mean : Estimate
        Mean score.
    sd : float
        Standard deviation of the scores.
    distribution : mapping
        Score -> number of answers, for every score of the scale and for scores between them that occur.
    statuses : mapping
        Status -> number of answers; they sum to the number of items.
    """

    name: str
    pass_mark: float | None
    decides: bool
    passing: PassRate | None
    mean: Estimate
    sd: float
    distribution: Mapping[float, int]
    statuses: Mapping[str, int]


def dimension_summaries(table: ScoreTable, clusters: Groups = None) -> list[DimensionSummary]:
    """Summarise every scored dimension, in the order of the rubric."""
    return [_summary(table, name, clusters) for name in table.values]


def _summary(table: ScoreTable, name: str, clusters: Groups) -> DimensionSummary:
    values = table.values[name]
    present = values[~np.isnan(values)]
    marks = table.passed_on(name)
    return DimensionSummary(
        name,
        table.pass_mark(name),
        name in table.rubric.pass_rule,
        None if marks is None else pass_rate(marks, clusters),
        mean_score(values, clusters, table.rubric.scale),
        float(present.std(ddof=1)) if present.size > 1 else np.nan,
        distribution(present, table.rubric.scale.labels),
        {status: int((table.statuses[name] == status).sum()) for status in OUTCOMES},
    )


def distribution(scores: Floats, labels: range) -> dict[float, int]:
    """Count each score, for all `labels` and for scores between them that occur.

    >>> distribution(np.array([1.0, 3.0, 2.5]), range(1, 4))
    {1.0: 1, 2.0: 0, 2.5: 1, 3.0: 1}
    """
    found, counts = np.unique(scores, return_counts=True)
    occurring = dict(zip(found.tolist(), counts.tolist(), strict=True))
    return {score: occurring.get(score, 0) for score in sorted({*map(float, labels), *occurring})}
