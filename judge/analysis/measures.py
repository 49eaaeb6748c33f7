"""What is averaged over items, by the type of each dimension: means of scores, and shares of criteria met.

A category has no mean; its labels are counted. Items to which a dimension does not apply are left out before
anything is computed, so that they change no figure of the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from judge.analysis.criterion_scores import CriterionScores, Rows, joined_texts
from judge.analysis.group_difference import Bools, Groups, within
from judge.analysis.score_table import ScoreTable
from judge.analysis.status_column import NOT_APPLICABLE
from judge.records import OVERALL
from judge.rubric import BINARY, CRITERIA, RubricScale
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Floats, Ints
from judge.stats.pass_fail.proportion import mean, proportion

MeasureKind = Literal["score", "share"]
ABSTAINED = "abstained"


def mean_score(values: Floats, clusters: Groups = None, scale: RubricScale | None = None) -> Estimate:
    """Mean of the non-missing scores, with Student's t interval over clusters, cut at the scale's ends.

    >>> scores = np.array([3.0, 4.0, 4.0, np.nan, 5.0])
    >>> print(mean_score(scores), mean_score(scores, scale=RubricScale(min=1, max=5)))
    4.000 [2.701, 5.299] 4.000 [2.701, 5.000]
    """
    found = mean(values, clusters=clusters, method="jackknife")
    return found if scale is None else within(found, scale.min, scale.max)


@dataclass(frozen=True)
class Measure:
    """Values that are averaged: the scores of one dimension, or whether criteria are met.

    Attributes
    ----------
    name : str
        Dimension, ``overall``, or ``criteria``.
    kind : {'score', 'share'}
        Whether the average is a score on the scale, or a share.
    values : ndarray, shape (n,)
        NaN where missing; only what applies to its item.
    abstained : ndarray of bool, shape (n,)
        Whether the judge says that it cannot tell.
    rows : ndarray of int, shape (n,)
        Row of the item of each value.
    scale : RubricScale
        Scale of the values.
    clusters : ndarray of str or None, shape (n,)
        Cluster of each value; None if values are independent.
    """

    name: str
    kind: MeasureKind
    values: Floats
    abstained: Bools
    rows: Rows
    scale: RubricScale
    clusters: Groups = None

    @property
    def is_marks(self) -> bool:
        """Whether values are 1 and 0; with expected scores they are probabilities."""
        return self.scale == BINARY and bool(np.isin(self.values[~np.isnan(self.values)], (0.0, 1.0)).all())

    @property
    def n(self) -> int:
        """Number of values."""
        return int((~np.isnan(self.values)).sum())

    @property
    def n_missing(self) -> int:
        """Number of missing values, those that the judge cannot tell included."""
        return int(np.isnan(self.values).sum())

    @property
    def n_abstained(self) -> int:
        """Number of values that the judge cannot tell."""
        return int(self.abstained.sum())

    def is_of_all(self, n_items: int) -> bool:
        """Whether there is one value for each item, in their order."""
        return np.array_equal(self.rows, np.arange(n_items))

    def among(self, items: Bools) -> "Measure":
        """Keep the values of some items."""
        return self.select(items[self.rows])

    def select(self, kept: Bools) -> "Measure":
        """Keep some values."""
        if kept.all():
            return self
        at = np.flatnonzero(kept)
        return self.take(at, None if self.clusters is None else self.clusters[at])

    def take(self, at: Ints, clusters: Groups) -> "Measure":
        """Keep the values at some places, in these clusters."""
        return replace(
            self,
            values=self.values[at],
            abstained=self.abstained[at],
            rows=self.rows[at],
            clusters=clusters,
        )

    def estimate(self) -> Estimate:
        """Share with Wilson's interval, or mean with Student's t interval; both over clusters."""
        if self.is_marks:
            return proportion(self.values, clusters=self.clusters)
        return mean_score(self.values, self.clusters, self.scale)


def measure(table: ScoreTable, name: str, clusters: Groups = None) -> Measure:
    """Values of one dimension, where it applies."""
    dimension, scale = table.rubric.dimensions.get(name), table.rubric.scale_of(name)
    is_share = (dimension is not None and dimension.type == "binary") or (
        name == OVERALL and table.rubric.overall.how == "points"
    )
    return Measure(
        name,
        "share" if is_share else "score",
        table.values[name],
        table.statuses[name].equal(ABSTAINED),
        np.arange(len(table)),
        scale,
        clusters,
    ).select(table.applies_to(name))


def measures(table: ScoreTable, clusters: Groups = None) -> list[Measure]:
    """All that is averaged, in the order of the rubric: categories are not, and penalties are no criteria."""
    found = [measure(table, name, clusters) for name in table.values if not is_category(table, name)]
    if len(table.criteria):
        found.append(criteria_measure(table, clusters))
    return found


def is_category(table: ScoreTable, name: str) -> bool:
    """Whether the values of a dimension are labels."""
    return name in table.rubric.dimensions and table.rubric.dimensions[name].type == "category"


def criteria_measure(table: ScoreTable, clusters: Groups = None, *, penalties: bool = False) -> Measure:
    """Whether the criteria of the items are met, pooled; values of one item are one cluster."""
    kept = table.criteria.is_penalty == penalties
    return _of_criteria(table.criteria.select(kept), clusters)


def _of_criteria(criteria: CriterionScores, clusters: Groups) -> Measure:
    rows = criteria.rows
    groups = np.char.add("item ", rows.astype(str)) if clusters is None else clusters[rows]
    independent = len(np.unique(groups)) == len(groups)
    return Measure(
        CRITERIA,
        "share",
        criteria.values,
        criteria.statuses == ABSTAINED,
        rows,
        BINARY,
        None if independent else groups,
    ).select(criteria.statuses != NOT_APPLICABLE)


@dataclass(frozen=True)
class CriteriaGroup:
    """Criteria that are reported together.

    Attributes
    ----------
    name : str
        Id or text of the criterion, or a tag; empty for all criteria.
    text : str
        Text of the criterion.
    points : float or None
        Points of a single criterion, where they are the same for all items.
    is_penalty : bool
        Whether the criteria have negative points, so that an answer should not meet them.
    met : Measure
        Whether each is met.
    """

    name: str
    text: str
    points: float | None
    is_penalty: bool
    met: Measure

    @property
    def n_items(self) -> int:
        """Number of items with these criteria."""
        return len(np.unique(self.met.rows))

    @property
    def n_failed(self) -> float:
        """How often answers fail the criterion: it is not met, or it is a penalty and is met."""
        met = float(np.nansum(self.met.values))
        return met if self.is_penalty else self.met.n - met


def all_criteria(table: ScoreTable, clusters: Groups = None) -> list[CriteriaGroup]:
    """All criteria with positive points, then all penalties."""
    return _groups(table, clusters, [("",)] * len(table.criteria))


def criteria_by_tag(table: ScoreTable, clusters: Groups = None) -> list[CriteriaGroup]:
    """Criteria of each tag, in order of appearance; those with several tags count for each."""
    return _groups(table, clusters, [criterion.tags for criterion in table.criteria.criteria])


def single_criteria(table: ScoreTable, clusters: Groups = None) -> list[CriteriaGroup]:
    """Every criterion, that which answers fail most often first; items that share its id are pooled."""
    found = _groups(table, clusters, [(name,) for name in table.criteria.names])
    return sorted(found, key=lambda group: (-group.n_failed, group.met.n))


def _groups(table: ScoreTable, clusters: Groups, names: Sequence[Sequence[str]]) -> list[CriteriaGroup]:
    """Criteria with the same name; `names` has the names of each criterion."""
    members: dict[tuple[str, bool], list[int]] = {}
    for at, penalty in enumerate(table.criteria.is_penalty.tolist()):
        for name in names[at]:
            members.setdefault((name, penalty), []).append(at)
    return [
        _group(table, clusters, name, is_penalty, np.array(places))
        for (name, is_penalty), places in members.items()
    ]


def _group(table: ScoreTable, clusters: Groups, name: str, is_penalty: bool, places: Rows) -> CriteriaGroup:
    criteria = table.criteria.select(places)
    points = {criterion.points for criterion in criteria.criteria}
    if name and clusters is not None and len(np.unique(clusters[criteria.rows])) == 1:
        clusters = None  # the criteria of one cluster, such as a document, tell about its answers only
    return CriteriaGroup(
        name,
        joined_texts(one.description for one in criteria.criteria),
        points.pop() if len(points) == 1 else None,
        is_penalty,
        _of_criteria(criteria, clusters),
    )


def label_measures(table: ScoreTable, name: str, clusters: Groups = None) -> Iterator[tuple[str, Measure]]:
    """Labels of a category, each with a measure of how often it is given."""
    of = measure(table, name, clusters)
    for code, label in enumerate(table.rubric.dimensions[name].labels):
        marks = np.where(np.isnan(of.values), np.nan, of.values == code)
        yield label, replace(of, kind="share", values=marks, scale=BINARY)
