"""Test-retest reliability of a judge, and how many repeated judgments are worth averaging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.coefficients import KAPPA_QUADRATIC, headline
from judge.analysis.agreement.criteria_matrix import criteria_matrix, criteria_of_items, unit_of
from judge.analysis.agreement.item_clusters import item_clusters
from judge.analysis.agreement.load import LoadedRatings
from judge.analysis.agreement.scales import DimensionScales, dimension_scales
from judge.analysis.item_fields import Labels
from judge.analysis.provenance import provenance
from judge.analysis.ratings import Ratings
from judge.analysis.ratings_matrix import rater_kinds, ratings_matrix
from judge.errors import InputError
from judge.records import OVERALL
from judge.rubric import CRITERIA
from judge.scoring.run import Run
from judge.stats.coefficients.correlation import concordance_statistic
from judge.stats.coefficients.retest import (
    AgreementBySamples,
    Retest,
    agreement_by_samples,
    retest,
    worthwhile_samples,
)
from judge.stats.engine.estimate import NOT_APPLICABLE, Estimate
from judge.stats.engine.scale import Scale


@dataclass(frozen=True)
class RepeatedJudgments:
    """Repeated judgments of one judge on one dimension.

    Attributes
    ----------
    run, dimension : str
        Name of the run, and dimension.
    n_items, n_samples : int
        Items with two judgments or more, and largest number of judgments of one item.
    retest : Retest
        Agreement of the repeated judgments.
    worthwhile : int or None
        Smallest number of judgments whose mean is within .01 of the reliability of infinitely many; None if
        undefined.
    with_humans : tuple of AgreementBySamples
        Agreement with the consensus of humans by number of averaged judgments; empty without humans.
    about : str
        Judge, rubric and dates of the run.
    """

    run: str
    dimension: str
    n_items: int
    n_samples: int
    retest: Retest
    worthwhile: int | None
    with_humans: tuple[AgreementBySamples, ...] = ()
    about: str = ""


def repeated_judgments(
    runs: Sequence[str | Path],
    *,
    dimensions: Sequence[str] = (),
    cluster: str | None = None,
    pass_marks: Mapping[str, float] | None = None,
    aligned: AlignedRatings | None = None,
) -> list[RepeatedJudgments]:
    """Test-retest agreement of every run, on every dimension.

    Parameters
    ----------
    runs : sequence of path
        Runs with two or more judgments per item.
    dimensions : sequence of str
        Keep these only; empty for all.
    cluster : str, optional
        Field of the items whose equal values make a cluster; default: see `item_clusters`.
    pass_marks : mapping, optional
        Dimension (``""``: all) -> lowest value that passes; default: the rubric's pass rule.
    aligned : AlignedRatings, optional
        The same runs with humans, for agreement with them by number of averaged judgments.

    Raises
    ------
    InputError
        A run has one judgment per item, or a pass mark is off the scale.
    """
    return [one for run in runs for one in _of_run(run, dimensions, cluster, pass_marks or {}, aligned)]


def _of_run(
    path: str | Path,
    dimensions: Sequence[str],
    cluster: str | None,
    pass_marks: Mapping[str, float],
    aligned: AlignedRatings | None,
) -> Iterator[RepeatedJudgments]:
    with Run.open(path) as run:
        rubric, scores, items = run.rubric, list(run.scores()), list(run.items())
        name, about = run.name, provenance(run)
    scored = [*rubric.scored, *([CRITERIA] if rubric.criteria else [])]
    wanted = [rubric.canonical_name(d) or d for d in dimensions] or scored
    clusters = item_clusters(items, cluster).labels
    loaded = LoadedRatings({item.id: item for item in items}, tuple(scores), rubric)
    loaded, scales, _ = dimension_scales(loaded, None)
    for dimension in wanted:
        ratings = _ratings_of(loaded, dimension, scales.of(dimension), clusters)
        scale = ratings.scale
        if ratings.n_samples < 2:
            raise InputError(
                f"{path}: one sample an item, so nothing can be compared; judge score --samples 3"
            )
        samples = ratings.samples[:, 0]
        pass_mark = _pass_mark(scales, pass_marks, dimension)
        on_scale = np.isin(samples[~np.isnan(samples)], scale.points).all()
        found = retest(
            samples, scale=scale if on_scale else None, pass_mark=pass_mark, clusters=ratings.clusters
        )
        if ratings.nominal and not ratings.has_means:  # unordered labels have neither distances nor variances
            none = Estimate.undefined(NOT_APPLICABLE)
            found = replace(found, within_one=none, reliability=none, sd_within=none, curve=())
        rho = found.reliability.value
        has_two = (~np.isnan(samples)).sum(axis=1) >= 2
        n_items = ratings.take(has_two).n_items
        worthwhile = worthwhile_samples(min(rho, 1.0)) if rho > 0 else None
        humans = _with_humans(aligned, ratings.raters[0], name, dimension)
        yield RepeatedJudgments(name, dimension, n_items, ratings.n_samples, found, worthwhile, humans, about)


def _ratings_of(loaded: LoadedRatings, dimension: str, scale: Scale, clusters: Labels | None) -> Ratings:
    """Scores of one dimension, or of the criteria of the items, on an ordinal scale where it has numbers."""
    if dimension == CRITERIA:
        scores = [unit_of(score) for score in loaded.scores if score.dimension == CRITERIA]
        criteria = criteria_of_items(loaded.items.values(), loaded.rubric)
        raters = rater_kinds(scores)
        return criteria_matrix(scores, scale, criteria, raters=raters, reduction="first", clusters=clusters)
    if not scale.has_labels:
        scale = Scale(scale.values, "ordinal")
    ratings = ratings_matrix(loaded.scores, dimension, scale, items=list(loaded.items))
    return replace(ratings, clusters=clusters)


def _pass_mark(scales: DimensionScales, given: Mapping[str, float], dimension: str) -> float | None:
    rule = scales.rubric.pass_rule if scales.rubric else {}
    shared = rule.get(OVERALL) if OVERALL in rule and scales.shares_pass_mark(dimension) else None
    for_all = given.get("") if scales.is_score(dimension) else None
    mark = given.get(dimension, rule.get(dimension, shared) if for_all is None else for_all)
    points = scales.of(dimension).points
    if mark is not None and not points[0] <= mark <= points[-1]:
        raise InputError(
            f"--pass {mark:g}: off the scale; allowed is a score from {points[0]:g} to {points[-1]:g}"
        )
    return mark


def _with_humans(
    aligned: AlignedRatings | None, rater: str, run: str, dimension: str
) -> tuple[AgreementBySamples, ...]:
    ratings = aligned.ratings.get(dimension) if aligned else None
    if ratings is None or headline(ratings) != KAPPA_QUADRATIC:
        return ()
    judge = next((name for name in ratings.judges if name in (rater, run)), None)
    if judge is None:
        return ()
    rated = ratings.take(ratings.rated)
    samples = rated.samples[:, rated.raters.index(judge)]
    return tuple(
        agreement_by_samples(rated.consensus(), samples, concordance_statistic, clusters=rated.clusters)
    )
