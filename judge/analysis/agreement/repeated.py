"""Does a judge repeat itself, and how many of its samples are worth averaging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from judge.analysis.agreement.align import AlignedRatings, item_field
from judge.analysis.agreement.coefficients import headline
from judge.analysis.agreement.parts import Part
from judge.analysis.ratings import ratings_matrix
from judge.errors import InputError
from judge.records import OVERALL
from judge.scoring.run import Run
from judge.stats.coefficients.correlation import concordance_statistic
from judge.stats.coefficients.retest import (
    AgreementBySamples,
    Retest,
    agreement_by_samples,
    retest,
    worthwhile_samples,
)
from judge.stats.engine.scale import Floats, Scale


@dataclass(frozen=True)
class RepeatedJudgments:
    """Samples of one judge on one dimension.

    Attributes
    ----------
    run, dimension : str
        Which.
    n_items, n_samples : int
        Items with two samples or more, and most samples of any item.
    retest : Retest
        How far they agree.
    worthwhile : int or None
        Fewest samples whose mean is within .01 of endless samples in reliability; None where undefined.
    with_people : tuple of AgreementBySamples
        Agreement with what people say together, by how many samples are averaged; empty without people.
    """

    run: str
    dimension: str
    n_items: int
    n_samples: int
    retest: Retest
    worthwhile: int | None
    with_people: tuple[AgreementBySamples, ...] = ()


def repeated_judgments(
    runs: Sequence[str | Path],
    *,
    dimensions: Sequence[str] = (),
    cluster: str | None = None,
    bars: Mapping[str, float] | None = None,
    joined: AlignedRatings | None = None,
) -> list[RepeatedJudgments]:
    """Test-retest agreement of every run, on every dimension.

    Parameters
    ----------
    runs : sequence of path
        Runs with two or more samples an item.
    dimensions : sequence of str
        Keep these.
    cluster : str, optional
        Field of the items whose equal values belong together.
    bars : mapping, optional
        Dimension (``""``: all) -> least value that passes; default: the rubric's.
    joined : AlignedRatings, optional
        The same runs with people, for agreement with them by number of samples.

    Raises
    ------
    InputError
        A run has one sample an item.
    """
    return [one for run in runs for one in _of_run(run, dimensions, cluster, bars or {}, joined)]


def _of_run(
    path: str | Path,
    dimensions: Sequence[str],
    cluster: str | None,
    bars: Mapping[str, float],
    joined: AlignedRatings | None,
) -> Iterator[RepeatedJudgments]:
    with Run.open(path) as run:
        rubric, scores, items = run.rubric, list(run.scores()), list(run.items())
        name = run.name
    wanted = [rubric.canonical_name(d) or d for d in dimensions] or list(rubric.scored)
    clusters = None if cluster is None else item_field(items, cluster)
    for dimension in wanted:
        ratings = ratings_matrix(scores, dimension, items=[item.id for item in items])
        if ratings.n_samples < 2:
            raise InputError(
                f"{path}: one sample an item, so nothing can be compared; judge score --samples 3"
            )
        samples = ratings.samples[:, 0]
        bar = bars.get(
            dimension, bars.get("", rubric.pass_rule.get(dimension, rubric.pass_rule.get(OVERALL)))
        )
        if bar is not None and not rubric.scale.holds(bar):
            raise InputError(
                f"--pass {bar:g}: off the scale; allowed is a score from {rubric.scale.min} to "
                f"{rubric.scale.max}"
            )
        found = retest(samples, scale=_scale(rubric.scale.labels, samples), pass_mark=bar, clusters=clusters)
        rho = found.reliability.value
        n_items = int(((~np.isnan(samples)).sum(axis=1) >= 2).sum())
        worthwhile = worthwhile_samples(min(rho, 1.0)) if rho > 0 else None
        people = _with_people(joined, ratings.raters[0], name, dimension)
        yield RepeatedJudgments(name, dimension, n_items, ratings.n_samples, found, worthwhile, people)


def _scale(labels: range, samples: Floats) -> Scale | None:
    known = samples[~np.isnan(samples)]
    return Scale(list(labels), "ordinal") if np.isin(known, list(labels)).all() else None


def _with_people(
    joined: AlignedRatings | None, rater: str, run: str, dimension: str
) -> tuple[AgreementBySamples, ...]:
    pool: Part | None = joined.parts.get(dimension) if joined else None
    if pool is None or headline(pool) != "kappa_quadratic":
        return ()
    part = pool.take(pool.rated)
    column = next((i for i, judge in enumerate(part.judges) if judge in (rater, run)), None)
    if column is None:
        return ()
    return tuple(
        agreement_by_samples(
            part.consensus(), part.samples[:, column], concordance_statistic, clusters=part.clusters
        )
    )
