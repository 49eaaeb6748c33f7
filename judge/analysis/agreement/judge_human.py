"""Agreement of one judge with humans on one dimension: coefficients, non-inferiority, bias, pass rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from judge.analysis.agreement.coefficients import (
    AGREEMENT,
    CoefficientComparison,
    compare_all,
    headline,
    same_verdict,
)
from judge.analysis.agreement.label_mix import LabelMix, label_mix
from judge.analysis.agreement.label_pool import corrected_pass_rate
from judge.analysis.group_difference import within
from judge.analysis.ratings import PASSES, Ratings
from judge.errors import InputError
from judge.rubric import NoVerdict
from judge.stats.engine.estimate import NO_COMPLETE_PAIRS, Estimate
from judge.stats.engine.scale import Floats, nearest_position
from judge.stats.judge_human.alt_test import AltTest, AltTestPart, alt_tests, omega_curve
from judge.stats.judge_human.ceiling import Ceiling
from judge.stats.judge_human.non_inferiority import NonInferiority, non_inferiority, with_random_raters
from judge.stats.judge_human.scale_use import ScaleUse, scale_use
from judge.stats.judge_human.severity import judge_bias
from judge.stats.pass_fail.error_rates import PassFail, pass_fail
from judge.stats.pass_fail.predictive_values import CorrectedMean
from judge.stats.pass_fail.proportion import mean
from judge.stats.pass_fail.threshold import ThresholdSweep, threshold_sweep

EPSILONS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
MANY_HUMANS = 5
SKEWED, APART = 0.8, 0.1


@dataclass(frozen=True)
class Criteria:
    """Margins and epsilon of the tests, fixed in advance.

    Attributes
    ----------
    margins : dict
        Coefficient -> non-inferiority margin: the largest acceptable loss of agreement; ``""`` means the
        chance-corrected coefficient of the scale. Without a margin there is no verdict.
    epsilon : float or None
        Cost-benefit penalty of the alternative annotator test; None for the curve only, without a test.
    set_by : str
        Where they were set, for the report.
    seed : int
        Random seed for resampling and cross-validation.
    no_verdict : {'fail', 'drop', 'bounds'}
        How answers without a verdict of the judge count in pass/fail statistics: as fails, not at all, or not
        at all but with the figures that would result if all of them failed or all passed.
    """

    margins: Mapping[str, float] = field(default_factory=dict)
    epsilon: float | None = None
    set_by: str = ""
    seed: int = 0
    no_verdict: NoVerdict = "bounds"


@dataclass(frozen=True, kw_only=True)
class JudgeAgreement:
    """Agreement of one judge with humans on one dimension.

    Attributes
    ----------
    ratings : Ratings
        The items that humans rated.
    judge : str
        Name of the judge.
    n_both : int
        Items that both humans and the judge rated.
    comparisons : dict
        Coefficient -> agreement of humans and of the judge.
    verdict : NonInferiority or None
        Verdict of the test; None without a margin, or without a human ceiling.
    measured_by : str
        Coefficient that the verdict rests on.
    random_raters : Estimate or None
        Its difference with an interval that treats the humans as a sample; None with fewer than five.
    bias : Estimate
        Judge minus humans.
    judge_mean, human_mean : Estimate
        Means on the items with both.
    scale_use : ScaleUse or None
        Spread of the scores; None for labels.
    confusion : ndarray, shape (K, K)
        Items by human (rows) and judge (columns) score; each item counts once, divided among the humans who
        rated it. Scores between two points count with the nearer one, halves with the even one.
    pass_fail : PassFail or None
        Verdicts of the judge against the majority verdict of the humans; None without a pass mark.
    threshold_sweep : ThresholdSweep or None
        Other thresholds of the judge's scores.
    corrected : CorrectedMean or None
        Pass rate of all items that the judge scored, corrected to what humans would give.
    omega : tuple of (epsilon, winning rate)
        Curve of the alternative annotator test.
    n_pool, n_labelled : int
        Items that `corrected` is about, and those of them that humans rated.
    n_no_verdict : int
        Items with a verdict of the humans and none of the judge.
    bounds : tuple of PassFail or None
        `pass_fail` if all verdicts that the judge does not give were fails, and if all were passes; None
        where none is missing, or bounds are not asked for.
    label_mix : LabelMix or None
        Verdicts of the judge on rated answers and on all; None without a pass mark or unrated answers.
    same_verdict : Ceiling or None
        Share of equal verdicts person by person: of two people, and of the judge and a person.
    """

    ratings: Ratings
    judge: str
    n_both: int
    comparisons: dict[str, CoefficientComparison]
    verdict: NonInferiority | None
    measured_by: str
    random_raters: Estimate | None
    bias: Estimate
    judge_mean: Estimate
    human_mean: Estimate
    scale_use: ScaleUse | None
    confusion: Floats
    pass_fail: PassFail | None
    threshold_sweep: ThresholdSweep | None
    corrected: CorrectedMean | None
    omega: tuple[tuple[float, float], ...]
    n_pool: int
    n_labelled: int
    n_no_verdict: int = 0
    bounds: tuple[PassFail, PassFail] | None = None
    same_verdict: Ceiling | None = None
    label_mix: LabelMix | None = None

    @property
    def main(self) -> CoefficientComparison:
        """The comparison that the verdict rests on."""
        return self.comparisons[self.measured_by]

    @property
    def raw(self) -> CoefficientComparison:
        """Raw agreement, reported next to it."""
        return self.comparisons[AGREEMENT]

    @property
    def paradox(self) -> str | None:
        """Why kappa is hard to interpret: pass rates near 0 or 1 (skewed), or far apart; None otherwise."""
        if self.pass_fail is None:
            return None
        rates = (self.pass_fail.human_pass_rate.value, self.pass_fail.judge_pass_rate.value)
        if max(abs(2 * r - 1) for r in rates) > 2 * SKEWED - 1:
            return "skewed"
        return "apart" if abs(rates[0] - rates[1]) > APART else None


def judge_agreement(ratings: Ratings, judge: str, criteria: Criteria) -> JudgeAgreement:
    """Compare one judge with humans on one dimension.

    Parameters
    ----------
    ratings : Ratings
        All items, rated by humans or not.
    judge : str
        One of its judges.
    criteria : Criteria
        Margins and epsilon.

    Raises
    ------
    InputError
        The margin is not possible for the coefficient.
    """
    rated = ratings.take(ratings.rated)
    scores, human = rated.column(judge), _human_level(rated)
    comparisons = compare_all(rated, judge)
    measured_by, margin = _margin(comparisons, criteria, headline(rated))
    main = comparisons[measured_by]
    if margin is not None:
        _check_margin(margin, main, rated)
    has_ceiling = main.human.defined
    both = ~np.isnan(scores) & ~np.isnan(human)
    many = has_ceiling and len(main.ceiling.per_human) >= MANY_HUMANS and ratings.design is None
    is_fail = criteria.no_verdict == "fail"
    scored = ~np.isnan(ratings.column(judge))
    pool = scored | ratings.without_verdict(judge) if is_fail else scored
    verdicts = _verdicts(rated, judge, is_fail)
    passing, bounds, n_no_verdict = _passing(rated, judge, verdicts, criteria)
    return JudgeAgreement(
        ratings=rated,
        judge=judge,
        n_both=int((~np.isnan(scores)).sum()),
        comparisons=comparisons,
        verdict=non_inferiority(main.ceiling, margin) if margin is not None and has_ceiling else None,
        measured_by=measured_by,
        random_raters=with_random_raters(main.ceiling) if many else None,
        bias=_bias(rated, scores),
        judge_mean=_mean(rated, np.where(both, scores, np.nan)),
        human_mean=_mean(rated, np.where(both, human, np.nan)),
        scale_use=_scale_use(rated, scores) if rated.has_means and not rated.nominal else None,
        confusion=confusion(rated, scores),
        pass_fail=passing,
        threshold_sweep=_sweep(rated, scores, criteria.seed),
        corrected=corrected_pass_rate(ratings, judge, criteria.no_verdict, criteria.seed),
        omega=_omega(rated, scores),
        n_pool=int((pool & ~ratings.rated).sum() if ratings.label_shift else pool.sum()),
        n_labelled=int((pool & ratings.rated).sum()),
        n_no_verdict=n_no_verdict,
        bounds=bounds,
        label_mix=label_mix(ratings, judge),
        same_verdict=None if verdicts is None else same_verdict(rated, verdicts),
    )


def annotator_tests(found: list[JudgeAgreement], epsilon: float) -> dict[str, AltTest]:
    """Alternative annotator tests of one judge, corrected for all its dimensions together.

    Dimensions with fewer than two human raters are left out: no rater can be held out there.
    """
    columns = {
        one.ratings.dimension: AltTestPart(
            one.ratings.human_values,
            one.ratings.column(one.judge),
            one.ratings.clusters,
            one.ratings.declared,
        )
        for one in found
        if _can_hold_out(one.ratings) and one.ratings.design is None
    }
    exact = {name: one for name, one in columns.items() if one.scale is not None}
    between = {name: one for name, one in columns.items() if one.scale is None}
    tested = alt_tests(exact, epsilon=epsilon) if exact else {}
    return tested | (alt_tests(between, epsilon=epsilon, closeness="rmse") if between else {})


def _can_hold_out(ratings: Ratings) -> bool:
    return not ratings.slots and ratings.human_values.shape[1] >= 2


def _margin(
    comparisons: Mapping[str, CoefficientComparison], criteria: Criteria, default: str
) -> tuple[str, float | None]:
    """Coefficient that decides and its margin; a margin for a named coefficient takes precedence."""
    for name, margin in criteria.margins.items():
        if name in comparisons:
            return name, margin
    return default, criteria.margins.get("")


def _check_margin(margin: float, measured: CoefficientComparison, ratings: Ratings) -> None:
    largest = float(np.ptp(ratings.scale.points)) if measured.unit == "points" else 1.0
    if not 0 < margin <= largest:
        raise InputError(
            f"--margin {margin:g}: for {measured.title} on {ratings.dimension} a number above 0 and not "
            f"above {largest:g} is allowed, e.g. {0.05 * largest:g}"
        )


def check_margins(margins: Mapping[str, float], comparisons: Mapping[str, CoefficientComparison]) -> None:
    """Raise an `InputError` if a margin names a coefficient that no dimension has."""
    for name in margins:
        if name and name not in comparisons:
            raise InputError(f"--margin {name}: no such statistic here; found: {', '.join(comparisons)}")


def _bias(ratings: Ratings, scores: Floats) -> Estimate:
    """Judge minus humans, adjusted for who rated which item where raters are persons, else of plain means."""
    if not ratings.has_means:
        return Estimate.undefined("not_applicable")
    if not ratings.slots and ratings.human_values.shape[1] > 1:
        found = judge_bias(ratings.human_values, scores, **ratings.sampling)
        if found.defined:
            return _difference_within(ratings, found)
    human = np.where(np.isnan(scores), np.nan, np.nanmean(ratings.human_values, axis=1))
    if np.isnan(human).all():
        return Estimate.undefined(NO_COMPLETE_PAIRS)
    return _difference_within(ratings, mean(scores - human, **ratings.sampling))


def _mean(ratings: Ratings, values: Floats) -> Estimate:
    if not ratings.has_means:
        return Estimate.undefined("not_applicable")
    return within(mean(values, **ratings.sampling), *_ends(ratings))


def _difference_within(ratings: Ratings, difference: Estimate) -> Estimate:
    lowest, highest = _ends(ratings)
    return within(difference, lowest - highest, highest - lowest)


def _ends(ratings: Ratings) -> tuple[float, float]:
    return float(ratings.scale.points[0]), float(ratings.scale.points[-1])


def _human_level(ratings: Ratings) -> Floats:
    """Mean of the human ratings of each item: what the bias compares the judge with, also on yes and no.

    The consensus on labels is their majority, and items without one would be missing from the means alone.
    """
    return np.nanmean(ratings.human_values, axis=1) if ratings.has_means else ratings.consensus()


def _scale_use(ratings: Ratings, scores: Floats) -> ScaleUse:
    return scale_use(
        ratings.human_values, scores, scale=[float(p) for p in ratings.scale.points], **ratings.sampling
    )


def confusion(ratings: Ratings, scores: Floats) -> Floats:
    """Contingency table of humans (rows) and judge (columns) on the points of the scale.

    It is NaN for rescaled ratings, which lie on the points of no common scale.
    """
    points = ratings.scale.points
    if ratings.rescaled:
        return np.full((len(points), len(points)), np.nan)
    table = np.zeros((len(points), len(points)))
    share = 1 / np.maximum((~np.isnan(ratings.human_values)).sum(axis=1), 1)
    if ratings.design is not None:
        share = share * ratings.design.weights
    for person in ratings.human_values.T:
        both = ~np.isnan(person) & ~np.isnan(scores)
        cells = nearest_position(person[both], points), nearest_position(scores[both], points)
        np.add.at(table, cells, share[both])
    return table


def _verdicts(ratings: Ratings, judge: str, is_fail: bool) -> Floats | None:
    """Verdicts of the judge, with those that it does not give as fails where they count as such."""
    marks = ratings.passed(ratings.column(judge))
    if marks is None or not is_fail:
        return marks
    return np.where(ratings.without_verdict(judge), 0.0, marks)


def _passing(
    ratings: Ratings, judge: str, verdicts: Floats | None, criteria: Criteria
) -> tuple[PassFail | None, tuple[PassFail, PassFail] | None, int]:
    """Verdicts of judge and humans; their bounds; and number of verdicts that the judge does not give."""
    human = ratings.human_passed()
    if human is None or verdicts is None:
        return None, None, 0
    missing = ratings.without_verdict(judge) & ~np.isnan(human)

    def of(judged: Floats) -> PassFail:
        return pass_fail(human, judged, **ratings.sampling, rng=criteria.seed)

    failed, passed = (np.where(missing, verdict, verdicts) for verdict in (0.0, 1.0))
    bounds = (of(failed), of(passed)) if criteria.no_verdict == "bounds" and missing.any() else None
    return of(verdicts), bounds, int(missing.sum())


def _sweep(ratings: Ratings, scores: Floats, seed: int) -> ThresholdSweep | None:
    human = ratings.human_passed()
    if human is None or ratings.dimension == PASSES or ratings.design is not None:
        return None
    both = ~np.isnan(human) & ~np.isnan(scores)
    if len(np.unique(scores[both])) < 2 or len(np.unique(human[both])) < 2:
        return None
    return threshold_sweep(human, scores, clusters=ratings.clusters, method="jackknife", rng=seed)


def _omega(ratings: Ratings, scores: Floats) -> tuple[tuple[float, float], ...]:
    if not _can_hold_out(ratings) or ratings.design is not None:
        return ()
    return tuple(
        omega_curve(
            ratings.human_values,
            scores,
            epsilons=EPSILONS,
            closeness="accuracy" if ratings.on_scale else "rmse",
            clusters=ratings.clusters,
        )
    )
