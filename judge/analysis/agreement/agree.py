"""Agreement of judges with humans: on every dimension, in slices, against each other, and as a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.approval import Approvals
from judge.analysis.agreement.bias import BiasCheck, check_bias
from judge.analysis.agreement.by_criterion import (
    CriterionAgreement,
    agreement_by_criterion,
    agreement_by_tag,
)
from judge.analysis.agreement.by_slice import AgreementSlice, Disagreement, agreement_by_slice, disagreements
from judge.analysis.agreement.choices import Choice, choices
from judge.analysis.agreement.corrected import Corrections, corrections, group_fields
from judge.analysis.agreement.human_human import HumanAgreement, human_agreement
from judge.analysis.agreement.judge_human import (
    Criteria,
    JudgeAgreement,
    annotator_tests,
    check_margins,
    judge_agreement,
)
from judge.analysis.agreement.judge_pairs import (
    JudgeDifference,
    judge_differences,
    judge_differences_by_slice,
)
from judge.analysis.agreement.judge_ranks import JudgeRanking, judge_rankings
from judge.analysis.agreement.panel import (
    PanelGain,
    PanelMethod,
    PanelSelection,
    panel_alone,
    panel_gains,
    select_panels,
)
from judge.analysis.agreement.prediction import PredictionScore, prediction_scores
from judge.analysis.agreement.probability_calibrations import JudgeProbabilities, probability_calibrations
from judge.analysis.agreement.rank_agreement import RankAgreement, rank_agreements
from judge.analysis.agreement.rater_study import RaterStudy, rater_studies
from judge.analysis.agreement.selection import SelectionParts
from judge.analysis.agreement.system_ranking import SystemRanking, system_rankings
from judge.stats.judge_human.alt_test import AltTest


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Agreement of judges with humans, and of humans with each other.

    Attributes
    ----------
    aligned : AlignedRatings
        Ratings of humans and judges.
    criteria : Criteria
        Margins and epsilon, fixed in advance.
    human_agreements : dict
        Dimension -> agreement among humans.
    judge_agreements : tuple of JudgeAgreement
        By dimension, then judge.
    alt_tests : dict
        (judge, dimension) -> alternative annotator test; empty without an epsilon.
    slices : tuple of AgreementSlice
        In the order of the fields.
    bias_checks : dict
        Judge -> length bias, halo and selective missing scores, each beside the humans' own value.
    disagreements : dict
        Judge -> items on which it is farthest from the humans.
    panel : tuple of PanelSelection
        Best panel on each dimension; empty where no panel is asked for, or with too few items.
    panel_gains : tuple of PanelGain
        What each judge adds to the panel of all.
    judge_differences, judge_slices : tuple of JudgeDifference
        Every further judge compared with the first, on all items and in each slice.
    judge_rankings : tuple of JudgeRanking
        Judges of each dimension by their advantage over people.
    rankings : tuple of SystemRanking
        Ranking of systems by judge and people; empty where items name fewer than two systems.
    rater_studies : tuple of RaterStudy
        Severity and reliability of people by dimension.
    ranks : tuple of RankAgreement
        Agreement on the order of the items.
    prediction_scores : tuple of PredictionScore
        How well each judge predicts a single person; empty without items that three people rated.
    probability_calibrations : tuple of JudgeProbabilities
        Calibration of the probabilities of judges with expected scores.
    tags, single_criteria : tuple of CriterionAgreement
        Agreement on the criteria of each tag, and on each criterion that several items share, for rubrics
        with criteria per item.
    corrections : Corrections
        Pass rates and means of all answers, of systems and of slices, corrected by people's ratings.
    approvals : Approvals
        Approval of the judges' scores by people who saw them first; in no other result.
    choices : tuple of Choice
        What was chosen on people's labels: judges, thresholds, panels, limits for ties.
    selected_on : str
        Name of the part on which judges and thresholds were chosen; empty where it is the ratings themselves.
    """

    aligned: AlignedRatings
    criteria: Criteria
    human_agreements: dict[str, HumanAgreement]
    judge_agreements: tuple[JudgeAgreement, ...]
    alt_tests: dict[tuple[str, str], AltTest]
    slices: tuple[AgreementSlice, ...]
    bias_checks: dict[str, tuple[BiasCheck, ...]]
    disagreements: dict[str, list[Disagreement]]
    panel: tuple[PanelSelection, ...] = ()
    panel_gains: tuple[PanelGain, ...] = ()
    judge_differences: tuple[JudgeDifference, ...] = ()
    judge_slices: tuple[JudgeDifference, ...] = ()
    judge_rankings: tuple[JudgeRanking, ...] = ()
    rankings: tuple[SystemRanking, ...] = ()
    rater_studies: tuple[RaterStudy, ...] = ()
    ranks: tuple[RankAgreement, ...] = ()
    prediction_scores: tuple[PredictionScore, ...] = ()
    probability_calibrations: tuple[JudgeProbabilities, ...] = ()
    tags: tuple[CriterionAgreement, ...] = ()
    single_criteria: tuple[CriterionAgreement, ...] = ()
    corrections: Corrections = field(default_factory=Corrections)
    approvals: Approvals = field(default_factory=Approvals)
    choices: tuple[Choice, ...] = ()
    selected_on: str = ""

    @property
    def judges(self) -> tuple[str, ...]:
        """Names of the judges and, where one is asked for, of their panel."""
        return tuple(self.bias_checks)


def agree(
    aligned: AlignedRatings,
    *,
    criteria: Criteria | None = None,
    by: Sequence[str] = (),
    n_worst: int = 5,
    panel: PanelMethod | None = None,
) -> Agreement:
    """Compare every judge with humans.

    Parameters
    ----------
    aligned : AlignedRatings
        From `align_ratings` or `align_inputs`.
    criteria : Criteria, optional
        Margins and epsilon, fixed in advance; without them there is no verdict.
    by : sequence of str
        Fields to slice by; ``"a*b"`` crosses two.
    n_worst : int
        Number of items listed for each judge in `Agreement.disagreements`.
    panel : {'mean', 'median', 'majority'} or None
        Consensus of the judges that is compared with people, too; None for no panel.

    Raises
    ------
    InputError
        A requested field or statistic does not exist.
    """
    criteria = criteria or Criteria()
    parts = [aligned] if panel is None else [aligned, panel_alone(aligned, panel)]
    judges = [(part, judge) for part in parts for judge in part.judges]
    found = [
        judge_agreement(part.ratings[name], judge, criteria)
        for name in aligned.ratings
        for part, judge in judges
        if name in part.ratings and part.ratings[name].has_scores(judge)
    ]
    check_margins(criteria.margins, {name: c for one in found for name, c in one.comparisons.items()})
    several = len(aligned.judges) > 1
    return Agreement(
        aligned=aligned,
        criteria=criteria,
        human_agreements={name: human_agreement(ratings) for name, ratings in aligned.ratings.items()},
        judge_agreements=tuple(found),
        alt_tests=_alt_tests(found, [judge for _, judge in judges], criteria.epsilon),
        slices=tuple(one for part in parts for one in agreement_by_slice(part, by)),
        bias_checks={judge: check_bias(part, judge) for part, judge in judges},
        disagreements={judge: disagreements(aligned, judge, n_worst) for judge in aligned.judges},
        panel=select_panels(aligned, panel, criteria.seed) if panel and not aligned.is_weighted else (),
        panel_gains=panel_gains(aligned, panel) if panel else (),
        judge_differences=judge_differences(aligned, criteria.margins) if several else (),
        judge_slices=judge_differences_by_slice(aligned, by) if several else (),
        judge_rankings=judge_rankings(aligned),
        rankings=tuple(one for part in parts for one in system_rankings(part, criteria.seed)),
        rater_studies=rater_studies(aligned),
        ranks=tuple(one for part in parts for one in rank_agreements(part)),
        prediction_scores=prediction_scores(aligned),
        probability_calibrations=probability_calibrations(aligned),
        tags=agreement_by_tag(aligned),
        single_criteria=agreement_by_criterion(aligned),
        corrections=corrections(
            aligned, group_fields(aligned, by), no_verdict=criteria.no_verdict, seed=criteria.seed
        ),
    )


def with_choices(found: Agreement, parts: SelectionParts | None = None) -> Agreement:
    """Add what was chosen on people's labels.

    Parameters
    ----------
    found : Agreement
        Results.
    parts : SelectionParts or None
        Parts of which `found` is about the second: judges and thresholds are chosen on the first. None: they
        are chosen on the ratings that `found` is about.

    Raises
    ------
    InputError
        There is nothing to choose on the first part.
    """
    chosen = choices(
        found.aligned, found.judge_agreements, found.panel, found.rankings, parts, found.criteria.seed
    )
    return replace(found, choices=chosen, selected_on="" if parts is None else parts.name)


def _alt_tests(
    found: Sequence[JudgeAgreement], judges: Sequence[str], epsilon: float | None
) -> dict[tuple[str, str], AltTest]:
    if epsilon is None:
        return {}
    return {
        (judge, name): test
        for judge in judges
        for name, test in annotator_tests([one for one in found if one.judge == judge], epsilon).items()
    }
