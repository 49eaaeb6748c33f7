"""One judge on one dimension: beside people, its bias, its verdicts, and what its pass rate is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from judge.analysis.agreement.coefficients import AGREEMENT, CoefficientComparison, compare_all, headline
from judge.analysis.agreement.parts import VERDICT, Part
from judge.errors import InputError
from judge.stats.engine.estimate import NO_COMPLETE_PAIRS, Estimate
from judge.stats.engine.scale import Floats, nearest_position
from judge.stats.judge_human.alt_test import AltTest, AltTestPart, alt_tests, omega_curve
from judge.stats.judge_human.non_inferiority import NonInferiority, non_inferiority, with_random_raters
from judge.stats.judge_human.scale_use import ScaleUse, scale_use
from judge.stats.judge_human.severity import severity
from judge.stats.pass_fail.error_rates import PassFail, pass_fail
from judge.stats.pass_fail.predictive_values import CorrectedMean, predictive_values
from judge.stats.pass_fail.proportion import mean
from judge.stats.pass_fail.threshold import ThresholdSweep, threshold_sweep

EPSILONS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
MANY_PEOPLE = 5
SKEWED, APART = 0.8, 0.1


@dataclass(frozen=True)
class Criteria:
    """What was fixed before looking.

    Attributes
    ----------
    margins : dict
        Statistic -> margin of the non-inferiority test; ``""`` is the chance-corrected one of the scale.
        Without any there is no verdict.
    epsilon : float or None
        Handicap of the annotator test; None: no verdict of it, only the curve.
    set_by : str
        Where and when they were set, in words.
    seed : int
        Of draws and folds.
    """

    margins: Mapping[str, float] = field(default_factory=dict)
    epsilon: float | None = None
    set_by: str = ""
    seed: int = 0


@dataclass(frozen=True)
class JudgeAgreement:
    """One judge on one dimension.

    Attributes
    ----------
    part : Part
        The items that people rated.
    judge : str
        Its name.
    n_both : int
        Rated items with a score of the judge.
    comparisons : dict
        Name -> people and judge side by side.
    verdict : NonInferiority or None
        None without a margin, or without a human ceiling.
    measured_by : str
        Name of the comparison that the verdict rests on.
    random_people : Estimate or None
        Its difference with an interval for people like these; None with fewer than five people.
    bias : Estimate
        Judge minus people.
    judge_mean, people_mean : Estimate
        Means on the items with both.
    use : ScaleUse or None
        Spread of the scores; None for labels.
    confusion : ndarray, shape (K, K)
        Items by people's (rows) and the judge's (columns) score; each item counts once, shared out over its
        people. Scores between two points count with the nearer one, halves with the even one.
    marks : PassFail or None
        Against the bar, people by majority.
    sweep : ThresholdSweep or None
        Other cut-offs of the judge's scores.
    corrected : CorrectedMean or None
        Pass rate of all items that the judge scored, as people would give it.
    omega : tuple of (epsilon, winning rate)
        Of the annotator test.
    n_pool, n_labelled : int
        Items behind `corrected`, and rated ones among them.
    """

    part: Part
    judge: str
    n_both: int
    comparisons: dict[str, CoefficientComparison]
    verdict: NonInferiority | None
    measured_by: str
    random_people: Estimate | None
    bias: Estimate
    judge_mean: Estimate
    people_mean: Estimate
    use: ScaleUse | None
    confusion: Floats
    marks: PassFail | None
    sweep: ThresholdSweep | None
    corrected: CorrectedMean | None
    omega: tuple[tuple[float, float], ...]
    n_pool: int
    n_labelled: int

    @property
    def main(self) -> CoefficientComparison:
        """The comparison that the verdict rests on."""
        return self.comparisons[self.measured_by]

    @property
    def raw(self) -> CoefficientComparison:
        """Raw agreement, to stand beside it."""
        return self.comparisons[AGREEMENT]

    @property
    def paradox(self) -> str | None:
        """Why kappa is hard to read here: margins that are skewed or differ; None where they are not."""
        if self.marks is None:
            return None
        rates = (self.marks.human_pass_rate.value, self.marks.judge_pass_rate.value)
        if max(abs(2 * r - 1) for r in rates) > 2 * SKEWED - 1:
            return "skewed"
        return "apart" if abs(rates[0] - rates[1]) > APART else None


def judge_agreement(pool: Part, judge: str, terms: Criteria) -> JudgeAgreement:
    """Hold one judge against people on one dimension.

    Parameters
    ----------
    pool : Part
        All items, rated or not.
    judge : str
        One of its judges.
    terms : Criteria
        Margins and epsilon.
    """
    part = pool.take(pool.rated)
    scores, together = part.column(judge), part.consensus()
    comparisons = compare_all(part, judge)
    measured_by, margin = _margin(comparisons, terms, headline(part))
    if margin is not None:
        _refuse_impossible(margin, comparisons[measured_by], part)
    main = comparisons[measured_by]
    has_ceiling = main.people.defined
    both = ~np.isnan(scores) & ~np.isnan(together)
    plain = not part.nominal
    many = has_ceiling and len(main.ceiling.per_human) >= MANY_PEOPLE
    return JudgeAgreement(
        part,
        judge,
        int(both.sum()),
        comparisons,
        non_inferiority(main.ceiling, margin) if margin is not None and has_ceiling else None,
        measured_by,
        with_random_raters(main.ceiling) if many else None,
        _bias(part, scores),
        _mean(part, np.where(both, scores, np.nan)),
        _mean(part, np.where(both, together, np.nan)),
        _scale_use(part, scores) if plain else None,
        confusion(part, scores),
        _marks(part, scores),
        _sweep(part, scores, terms.seed),
        _corrected(pool, judge, terms.seed),
        _omega(part, scores),
        int((~np.isnan(pool.column(judge))).sum()),
        int((~np.isnan(pool.column(judge)) & pool.rated).sum()),
    )


def annotator_tests(found: list[JudgeAgreement], epsilon: float) -> dict[str, AltTest]:
    """Annotator tests of one judge, one correction over all its dimensions; empty where nobody counts."""
    parts = {
        t.part.name: AltTestPart(t.part.humans, t.part.column(t.judge), t.part.clusters, t.part.declared)
        for t in found
        if _people_can_be_held_out(t.part)
    }
    if not parts:
        return {}
    exact = {n: part for n, part in parts.items() if part.scale is not None}
    between = {n: part for n, part in parts.items() if part.scale is None}
    tested = alt_tests(exact, epsilon=epsilon) if exact else {}
    return tested | (alt_tests(between, epsilon=epsilon, closeness="rmse") if between else {})


def _people_can_be_held_out(part: Part) -> bool:
    return not part.slots and part.humans.shape[1] >= 2


def _margin(
    comparisons: Mapping[str, CoefficientComparison], terms: Criteria, default: str
) -> tuple[str, float | None]:
    """Which comparison decides, and its margin: a named one first."""
    for name, margin in terms.margins.items():
        if name in comparisons:
            return name, margin
    return default, terms.margins.get("")


def _refuse_impossible(margin: float, measured: CoefficientComparison, part: Part) -> None:
    largest = float(np.ptp(part.scale.points)) if measured.unit == "points" else 1.0
    if not 0 < margin <= largest:
        raise InputError(
            f"--margin {margin:g}: for {measured.title} on {part.name} a number above 0 and not above "
            f"{largest:g} is allowed, e.g. {0.05 * largest:g}"
        )


def check_margins(margins: Mapping[str, float], comparisons: Mapping[str, CoefficientComparison]) -> None:
    """Refuse a margin of a statistic that no dimension has."""
    for name in margins:
        if name and name not in comparisons:
            raise InputError(f"--margin {name}: no such statistic here; found: {', '.join(comparisons)}")


def _bias(part: Part, scores: Floats) -> Estimate:
    """Judge minus people: raters and items told apart where people are persons, else plain means."""
    if not part.measurable:
        return Estimate.undefined("not_applicable")
    if not part.slots and part.humans.shape[1] > 1:
        found = severity(part.humans, scores, clusters=part.clusters).bias
        if found.defined:
            return found
    people = np.where(np.isnan(scores), np.nan, np.nanmean(part.humans, axis=1))
    if np.isnan(people).all():
        return Estimate.undefined(NO_COMPLETE_PAIRS)
    return _mean(part, scores - people)


def _mean(part: Part, values: Floats) -> Estimate:
    if not part.measurable:
        return Estimate.undefined("not_applicable")
    return mean(values, clusters=part.clusters)


def _scale_use(part: Part, scores: Floats) -> ScaleUse:
    return scale_use(part.humans, scores, scale=_loose(part), clusters=part.clusters)


def _loose(part: Part) -> list[float]:
    """The scale with every value that occurs, for scores that lie between its points."""
    if part.on_scale:
        return [float(point) for point in part.scale.points]
    values = np.concatenate([part.scale.points, part.humans.ravel(), part.scores.ravel()])
    return [float(v) for v in np.unique(values[~np.isnan(values)])]


def confusion(part: Part, scores: Floats) -> Floats:
    """Cross table of people (rows) and judge (columns) on the points of the scale."""
    points = part.scale.points
    table = np.zeros((len(points), len(points)))
    share = 1 / np.maximum((~np.isnan(part.humans)).sum(axis=1), 1)
    for person in part.humans.T:
        both = ~np.isnan(person) & ~np.isnan(scores)
        cells = nearest_position(person[both], points), nearest_position(scores[both], points)
        np.add.at(table, cells, share[both])
    return table


def _marks(part: Part, scores: Floats) -> PassFail | None:
    human, judge = part.people_passed(), part.passed(scores)
    if human is None or judge is None:
        return None
    return pass_fail(human, judge, clusters=part.clusters, method="jackknife")


def _sweep(part: Part, scores: Floats, seed: int) -> ThresholdSweep | None:
    human = part.people_passed()
    if human is None or part.name == VERDICT:
        return None
    both = ~np.isnan(human) & ~np.isnan(scores)
    if len(np.unique(scores[both])) < 2 or len(np.unique(human[both])) < 2:
        return None
    return threshold_sweep(human, scores, clusters=part.clusters, method="jackknife", rng=seed)


def _corrected(pool: Part, judge: str, seed: int) -> CorrectedMean | None:
    human, marks = pool.people_passed(), pool.passed(pool.column(judge))
    if human is None or marks is None or np.isnan(marks).all():
        return None
    # An answer that the judge did not score belongs to no pool of verdicts.
    human = np.where(np.isnan(marks), np.nan, human)
    return predictive_values(human, marks, clusters=pool.clusters, rng=seed)


def _omega(part: Part, scores: Floats) -> tuple[tuple[float, float], ...]:
    if not _people_can_be_held_out(part):
        return ()
    return tuple(
        omega_curve(
            part.humans,
            scores,
            epsilons=EPSILONS,
            closeness="accuracy" if part.on_scale else "rmse",
            clusters=part.clusters,
        )
    )
