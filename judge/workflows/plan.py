"""`judge.plan` and `judge.select_items`: sample size of a rating study, and selection of its items."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

from judge.analysis.agreement.pilot import human_verdicts, pilot_ratings
from judge.analysis.plan import PlanningTarget, SampleSizePlan, StudySize, Target
from judge.analysis.plan import plan as _plan
from judge.analysis.select_items import SelectedItems
from judge.analysis.select_items import select_items as _select_items
from judge.reporting.builders.plan import build_plan
from judge.reporting.report import Report
from judge.workflows.inputs import RatingOptions, RatingSource, RunSource, agreement_inputs, path


class PlanOptions(TypedDict, total=False):
    """What is known or assumed of the study that is planned.

    Attributes
    ----------
    expect : float
        Expected value; for simulated statistics the correlation of two raters. Default: 0.8 for a pass rate,
        0.6 for kappa, else 0.7.
    n_raters : int
        People per item; default: 2, 3 and 5 are compared.
    shares : sequence of float
        Expected share of each score, lowest first.
    cluster_size : int
        Items per cluster.
    cluster_icc : float
        Intraclass correlation within clusters (for pass_rate, kappa, correlation and icc).
    margin : float
        Adds the power of the non-inferiority test at this margin.
    minutes : float
        Minutes of work per rating.
    budget : int
        Number of ratings that can be paid for.
    """

    expect: float | None
    n_raters: int | None
    shares: Sequence[float]
    cluster_size: int
    cluster_icc: float
    margin: float | None
    minutes: float
    budget: int | None


class PlanAndRatingOptions(PlanOptions, RatingOptions):
    """Options of `judge.plan`: those of the study, and how the ratings of a pilot are read."""


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class PlanReport(Report):
    """Sizes of a study.

    Attributes
    ----------
    plan : SampleSizePlan
        All results of the analysis.
    """

    plan: SampleSizePlan

    @property
    def needed(self) -> tuple[StudySize, ...]:
        """The smallest study that reaches the wanted half-width, for each number of people per item."""
        return self.plan.needed


def plan(
    statistic: Target = "difference",
    *,
    half_width: float = 0.1,
    run: RunSource | None = None,
    humans: RatingSource | None = None,
    **options: Unpack[PlanAndRatingOptions],
) -> PlanReport:
    """Plan a rating study: the number of items and people for an interval of a wanted width.

    Parameters
    ----------
    statistic : str
        Statistic to estimate: ``pass_rate``, ``kappa``, ``correlation``, ``icc``, ``alpha``, ``agreement``,
        ``kappa_quadratic``, or ``difference`` (the agreement of the judge minus that of people).
    half_width : float
        Half-width of the 95 % interval.
    run : Run or path, optional
        Scores of the judge for the items of the pilot.
    humans : path, DataFrame, list of dict or RatingsTable, optional
        Ratings of a pilot, which are resampled.
    **options
        Assumptions about the study (see `judge.PlanOptions`), and how the ratings of the pilot are read (see
        `judge.RatingOptions`).

    Raises
    ------
    JudgeError
        An option is out of its range, or does not fit the statistic or the pilot.
    """
    study = {name: value for name, value in options.items() if name in PlanOptions.__annotations__}
    reading = {name: value for name, value in options.items() if name not in study}
    inputs = agreement_inputs(() if run is None else run, humans, RatingOptions(**reading))  # type: ignore[typeddict-item]
    target = PlanningTarget(statistic, half_width, seed=inputs.seed, **study)  # type: ignore[arg-type]
    if humans is None:
        found = _plan(target)
    else:
        found = _plan(target, pilot_ratings(inputs, with_judge=statistic == "difference"))
    return PlanReport(**vars(build_plan(found)), plan=found)


def select_items(
    run: RunSource, n: int, humans: RatingSource | None = None, **options: Unpack[RatingOptions]
) -> SelectedItems:
    """Choose `n` items of a run for people to rate, at random within the verdicts of the judge.

    Parameters
    ----------
    run : Run or path
        The run.
    n : int
        Number of items.
    humans : path, DataFrame, list of dict or RatingsTable, optional
        Ratings of a pilot, which say where people are unsure.
    **options
        Random seed, and how the ratings of the pilot are read: see `judge.RatingOptions`.

    Returns
    -------
    SelectedItems
        Ids with their inclusion probabilities; keep these with the ratings.

    Raises
    ------
    JudgeError
        The run has fewer than `n` items.
    """
    inputs = agreement_inputs(run, humans, options)
    return _select_items(path(run), n, rated=human_verdicts(inputs), seed=inputs.seed)
