"""What a report chooses on the labels that it is about: the best judge, thresholds, panels, limits for ties.

The figure of a choice on the items on which it was made is too high on average. It is marked as selected on
this data, and stands beside the figure on other items: of another part, or cross-validated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.coefficients import compare_one, headline
from judge.analysis.agreement.judge_human import JudgeAgreement
from judge.analysis.agreement.panel import STATISTICS, PanelSelection
from judge.analysis.agreement.selection import SelectionParts
from judge.analysis.agreement.system_ranking import SystemRanking
from judge.analysis.ratings import PASSES, Ratings, pass_or_fail
from judge.errors import InputError
from judge.stats.engine.estimate import Estimate
from judge.stats.pass_fail.error_rates import pass_fail
from judge.stats.pass_fail.threshold import ThresholdSweep, threshold_sweep

Evidence = Literal["selected on this data", "cross-validated", "other items"]
_YOUDEN = "Youden's J"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Something that was chosen on people's labels.

    Attributes
    ----------
    what : str
        What was chosen: a judge, a threshold, a panel or a limit for ties.
    dimension, judge : str
        For which scores; no judge where the choice is among judges.
    chosen : str
        The chosen one.
    statistic : str
        What was maximised.
    n_chosen_on : int
        Items, or pairs of answers, on which it was chosen.
    chosen_on : Estimate or float
        The statistic on these; on average it is too high.
    reported : Estimate or None
        The statistic on items that had no part in the choice.
    evidence : str
        Where `reported` comes from; "selected on this data" where there is none.
    """

    what: Literal["judge", "threshold", "panel", "limit for ties"]
    dimension: str
    judge: str = ""
    chosen: str
    statistic: str
    n_chosen_on: int
    chosen_on: Estimate | float
    reported: Estimate | None
    evidence: Evidence


def choices(
    aligned: AlignedRatings,
    found: Iterable[JudgeAgreement],
    panels: Iterable[PanelSelection],
    rankings: Iterable[SystemRanking],
    parts: SelectionParts | None,
    seed: int,
) -> tuple[Choice, ...]:
    """List what was chosen, with the figure on the items of the choice and on others.

    Parameters
    ----------
    aligned : AlignedRatings
        Ratings that the report is about.
    found, panels, rankings
        Its results.
    parts : SelectionParts or None
        Judges and thresholds are chosen on its first part and reported on the second; None: all are chosen
        on `aligned`.
    seed : int
        Random seed of cross-validation.

    Raises
    ------
    InputError
        There is nothing to choose on a part of its own.
    """
    of_judges = [one for one in found if one.judge in aligned.judges]
    if parts is None:
        first = [*_judges(aligned, None), *_thresholds(of_judges)]
    else:
        first = [*_judges(parts.chosen_on, aligned), *_thresholds_elsewhere(parts, seed)]
        if not first:
            raise InputError(
                f"--select-on {parts.name}: nothing is chosen here; it needs two judges or more, or a pass "
                "mark (--pass) for the threshold of one judge"
            )
    return (*first, *_panels(panels), *_ties(rankings))


def _judges(chosen_on: AlignedRatings, reported_on: AlignedRatings | None) -> Iterator[Choice]:
    """Judge with the highest agreement on each dimension; of equal ones the first."""
    for ratings in chosen_on.ratings.values():
        judges = [judge for judge in chosen_on.judges if ratings.has_scores(judge)]
        if len(judges) < 2:
            continue
        scored = ~np.isnan(np.stack([ratings.column(judge) for judge in judges])).any(axis=0)
        common = ratings.take(scored & ratings.rated)
        name = headline(common)
        levels = [compare_one(common, judge, name) for judge in judges]
        values = [np.nan_to_num(round(level.judge.value, 12), nan=-np.inf) for level in levels]
        best = int(np.argmax(values))
        reported = None if reported_on is None else _level(reported_on, ratings.dimension, judges[best], name)
        yield Choice(
            what="judge",
            dimension=ratings.dimension,
            chosen=judges[best],
            statistic=levels[best].title,
            n_chosen_on=common.n_items,
            chosen_on=levels[best].judge,
            reported=reported,
            evidence="selected on this data" if reported is None else "other items",
        )


def _level(aligned: AlignedRatings, dimension: str, judge: str, name: str) -> Estimate | None:
    """Agreement of a judge with people; None where it has no score, or nobody rated the dimension."""
    ratings = aligned.ratings.get(dimension)
    if ratings is None or judge not in ratings.judges:
        return None
    return compare_one(ratings.take(ratings.rated), judge, name).judge


def _thresholds(found: Iterable[JudgeAgreement]) -> Iterator[Choice]:
    for one in found:
        if one.threshold_sweep is not None and np.isfinite(one.threshold_sweep.chosen):
            sweep = one.threshold_sweep
            reported = sweep.cross_validated.youden_j
            yield _threshold(one.ratings, one.judge, sweep, reported, "cross-validated")


def _thresholds_elsewhere(parts: SelectionParts, seed: int) -> Iterator[Choice]:
    """Threshold of each judge that is best on the first part, and its figure on the second."""
    for ratings in parts.chosen_on.ratings.values():
        others = parts.reported_on.ratings.get(ratings.dimension)
        if ratings.dimension == PASSES or others is None:
            continue
        first, second = ratings.take(ratings.rated), others.take(others.rated)
        human, people = first.human_passed(), second.human_passed()
        if human is None or people is None:
            continue
        for judge in (name for name in first.judges if name in second.judges):
            sweep = threshold_sweep(human, first.column(judge), **first.sampling, rng=seed)
            if np.isfinite(sweep.chosen):
                passed = pass_or_fail(second.column(judge), sweep.chosen)
                reported = pass_fail(people, passed, **second.sampling, rng=seed).youden_j
                yield _threshold(first, judge, sweep, reported, "other items")


def _threshold(
    ratings: Ratings, judge: str, sweep: ThresholdSweep, reported: Estimate, evidence: Evidence
) -> Choice:
    table = sweep.tables[sweep.thresholds.index(sweep.chosen)]
    return Choice(
        what="threshold",
        dimension=ratings.dimension,
        judge=judge,
        chosen=f"{sweep.chosen:g}",
        statistic=_YOUDEN,
        n_chosen_on=table.human_pass_rate.n_items or 0,
        chosen_on=table.youden_j,
        reported=reported,
        evidence=evidence,
    )


def _panels(found: Iterable[PanelSelection]) -> Iterator[Choice]:
    for one in found:
        yield Choice(
            what="panel",
            dimension=one.dimension,
            chosen=" + ".join(one.best),
            statistic=STATISTICS[one.statistic],
            n_chosen_on=one.in_sample.n_items or 0,
            chosen_on=one.in_sample,
            reported=one.cross_validated,
            evidence="cross-validated",
        )


def _ties(found: Iterable[SystemRanking]) -> Iterator[Choice]:
    for one in found:
        if one.ties is not None:
            yield Choice(
                what="limit for ties",
                dimension=one.dimension,
                judge=one.judge,
                chosen=f"{one.ties.epsilon:g}",
                statistic="pairs of answers in the same order",
                n_chosen_on=one.n_questions,
                chosen_on=one.ties.in_sample,
                reported=one.ties.cross_validated,
                evidence="cross-validated",
            )
