"""Test-retest reliability of a judge, and how many repeated judgments are worth averaging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.coefficients import KAPPA_QUADRATIC, headline
from judge.analysis.item_fields import item_field
from judge.analysis.ratings import ratings_matrix
from judge.errors import InputError
from judge.records import OVERALL
from judge.rubric import Rubric
from judge.scoring.run import Run
from judge.stats.coefficients.correlation import concordance_statistic
from judge.stats.coefficients.retest import (
    AgreementBySamples,
    Retest,
    agreement_by_samples,
    retest,
    worthwhile_samples,
)
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
    """

    run: str
    dimension: str
    n_items: int
    n_samples: int
    retest: Retest
    worthwhile: int | None
    with_humans: tuple[AgreementBySamples, ...] = ()


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
        Field of the items whose equal values make a cluster.
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
        name = run.name
    wanted = [rubric.canonical_name(d) or d for d in dimensions] or list(rubric.scored)
    clusters = None if cluster is None else item_field(items, cluster)
    for dimension in wanted:
        scale = Scale.integers(rubric.scale.min, rubric.scale.max, "ordinal")
        ratings = ratings_matrix(scores, dimension, scale, items=[item.id for item in items])
        if ratings.n_samples < 2:
            raise InputError(
                f"{path}: one sample an item, so nothing can be compared; judge score --samples 3"
            )
        samples = ratings.samples[:, 0]
        pass_mark = _pass_mark(rubric, pass_marks, dimension)
        on_scale = np.isin(samples[~np.isnan(samples)], scale.points).all()
        found = retest(samples, scale=scale if on_scale else None, pass_mark=pass_mark, clusters=clusters)
        rho = found.reliability.value
        n_items = int(((~np.isnan(samples)).sum(axis=1) >= 2).sum())
        worthwhile = worthwhile_samples(min(rho, 1.0)) if rho > 0 else None
        humans = _with_humans(aligned, ratings.raters[0], name, dimension)
        yield RepeatedJudgments(name, dimension, n_items, ratings.n_samples, found, worthwhile, humans)


def _pass_mark(rubric: Rubric, given: Mapping[str, float], dimension: str) -> float | None:
    rule = rubric.pass_rule
    mark = given.get(dimension, given.get("", rule.get(dimension, rule.get(OVERALL))))
    if mark is not None and not rubric.scale.holds(mark):
        raise InputError(
            f"--pass {mark:g}: off the scale; allowed is a score from {rubric.scale.min} to "
            f"{rubric.scale.max}"
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
