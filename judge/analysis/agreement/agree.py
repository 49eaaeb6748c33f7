"""Agreement of judges with humans: every judge on every dimension, in slices, and as a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.bias import BiasCheck, check_bias
from judge.analysis.agreement.by_criterion import (
    CriterionAgreement,
    agreement_by_criterion,
    agreement_by_tag,
)
from judge.analysis.agreement.by_slice import AgreementSlice, Disagreement, agreement_by_slice, disagreements
from judge.analysis.agreement.corrected import Corrections, corrections, group_fields
from judge.analysis.agreement.disagreement import DisagreementScore, disagreement_scores
from judge.analysis.agreement.human_human import HumanAgreement, human_agreement
from judge.analysis.agreement.judge_human import (
    Criteria,
    JudgeAgreement,
    annotator_tests,
    check_margins,
    judge_agreement,
)
from judge.analysis.agreement.panel import PanelSelection, select_panels, with_consensus
from judge.analysis.agreement.rank_agreement import RankAgreement, rank_agreements
from judge.analysis.agreement.rater_study import RaterStudy, rater_studies
from judge.analysis.agreement.system_ranking import SystemRanking, system_rankings
from judge.stats.judge_human.alt_test import AltTest


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Agreement of judges with humans, and of humans with each other.

    Attributes
    ----------
    aligned : AlignedRatings
        Ratings of humans and judges; a consensus of several judges is one more judge.
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
        Best panel on each dimension; empty with fewer than two judges or too few items.
    rankings : tuple of SystemRanking
        Ranking of systems by judge and people; empty where items name fewer than two systems.
    rater_studies : tuple of RaterStudy
        Severity and reliability of people by dimension.
    ranks : tuple of RankAgreement
        Agreement on the order of the items.
    disagreement_scores : tuple of DisagreementScore
        How well each judge predicts a single person; empty without items that three people rated.
    tags, single_criteria : tuple of CriterionAgreement
        Agreement on the criteria of each tag, and on each criterion that several items share, for rubrics
        with criteria per item.
    corrections : Corrections
        Pass rates and means of all answers, of systems and of slices, corrected by people's ratings.
    """

    aligned: AlignedRatings
    criteria: Criteria
    human_agreements: dict[str, HumanAgreement]
    judge_agreements: tuple[JudgeAgreement, ...]
    alt_tests: dict[tuple[str, str], AltTest]
    slices: tuple[AgreementSlice, ...]
    bias_checks: dict[str, tuple[BiasCheck, ...]]
    disagreements: dict[str, list[Disagreement]]
    panel: tuple[PanelSelection, ...]
    rankings: tuple[SystemRanking, ...] = ()
    rater_studies: tuple[RaterStudy, ...] = ()
    ranks: tuple[RankAgreement, ...] = ()
    disagreement_scores: tuple[DisagreementScore, ...] = ()
    tags: tuple[CriterionAgreement, ...] = ()
    single_criteria: tuple[CriterionAgreement, ...] = ()
    corrections: Corrections = field(default_factory=Corrections)


def agree(
    aligned: AlignedRatings,
    *,
    criteria: Criteria | None = None,
    by: Sequence[str] = (),
    n_worst: int = 5,
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

    Raises
    ------
    InputError
        A requested field or statistic does not exist.
    """
    criteria = criteria or Criteria()
    single_judges = aligned.judges
    aligned = with_consensus(aligned)
    found = [
        judge_agreement(ratings, judge, criteria)
        for ratings in aligned.ratings.values()
        for judge in aligned.judges
        if ratings.has_scores(judge)
    ]
    check_margins(criteria.margins, {name: c for one in found for name, c in one.comparisons.items()})
    return Agreement(
        aligned=aligned,
        criteria=criteria,
        human_agreements={name: human_agreement(ratings) for name, ratings in aligned.ratings.items()},
        judge_agreements=tuple(found),
        alt_tests=_alt_tests(found, aligned.judges, criteria.epsilon),
        slices=tuple(agreement_by_slice(aligned, by)),
        bias_checks={judge: check_bias(aligned, judge) for judge in aligned.judges},
        disagreements={judge: disagreements(aligned, judge, n_worst) for judge in single_judges},
        panel=select_panels(aligned, single_judges, criteria.seed)
        if len(single_judges) > 1 and not aligned.is_weighted
        else (),
        rankings=system_rankings(aligned, criteria.seed),
        rater_studies=rater_studies(aligned),
        ranks=rank_agreements(aligned),
        disagreement_scores=disagreement_scores(aligned),
        tags=agreement_by_tag(aligned),
        single_criteria=agreement_by_criterion(aligned),
        corrections=corrections(
            aligned, group_fields(aligned, by), no_verdict=criteria.no_verdict, seed=criteria.seed
        ),
    )


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
