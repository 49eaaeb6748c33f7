"""Can this judge be trusted: every judge on every dimension, in slices, and as a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from judge.analysis.agreement.align import AlignedRatings
from judge.analysis.agreement.bias import Diagnosis, check_bias
from judge.analysis.agreement.by_slice import AgreementSlice, Disagreement, agreement_by_slice, disagreements
from judge.analysis.agreement.human_human import HumanAgreement, human_agreement
from judge.analysis.agreement.judge_human import (
    Criteria,
    JudgeAgreement,
    annotator_tests,
    check_margins,
    judge_agreement,
)
from judge.analysis.agreement.panel import PanelAgreement, panel_of, with_consensus
from judge.stats.judge_human.alt_test import AltTest


@dataclass(frozen=True)
class Agreement:
    """Everything that `judge agree` shows.

    Attributes
    ----------
    joined : AlignedRatings
        People and judges on the same items; a consensus of several judges is one more judge.
    terms : Criteria
        What was fixed before looking.
    people : dict
        Dimension -> people among themselves.
    trusts : tuple of JudgeAgreement
        By dimension, then judge.
    alt : dict
        (judge, dimension) -> annotator test; empty without an epsilon.
    slices : tuple of AgreementSlice
        In the order of the fields.
    diagnoses : dict
        Judge -> what is odd about it, each beside people's own value.
    disagreements : dict
        Judge -> items on which it is farthest from people.
    panel : PanelAgreement or None
        Which judges are best, with two or more.
    """

    joined: AlignedRatings
    terms: Criteria
    people: dict[str, HumanAgreement]
    trusts: tuple[JudgeAgreement, ...]
    alt: dict[tuple[str, str], AltTest]
    slices: tuple[AgreementSlice, ...]
    diagnoses: dict[str, Diagnosis]
    disagreements: dict[str, list[Disagreement]]
    panel: PanelAgreement | None


def agree(
    joined: AlignedRatings,
    *,
    terms: Criteria | None = None,
    by: Sequence[str] = (),
    n_worst: int = 5,
) -> Agreement:
    """Hold every judge against people.

    Parameters
    ----------
    joined : AlignedRatings
        From `join`.
    terms : Criteria, optional
        Margins and epsilon, fixed before looking; without them there is no verdict.
    by : sequence of str
        Fields to slice by; ``"a*b"`` crosses two.
    n_worst : int
        Items listed for each judge.

    Raises
    ------
    InputError
        A field or statistic that is asked for does not exist.
    """
    terms = terms or Criteria()
    alone = joined.judges
    joined = with_consensus(joined)
    people = {name: human_agreement(part) for name, part in joined.parts.items()}
    trusts = [
        judge_agreement(part, judge, terms)
        for part in joined.parts.values()
        for judge in joined.judges
        if part.has_scores(judge)
    ]
    check_margins(terms.margins, {name: c for one in trusts for name, c in one.comparisons.items()})
    alt: dict[tuple[str, str], AltTest] = {}
    if terms.epsilon is not None:
        for judge in joined.judges:
            tested = annotator_tests([one for one in trusts if one.judge == judge], terms.epsilon)
            alt |= {(judge, name): test for name, test in tested.items()}
    return Agreement(
        joined,
        terms,
        people,
        tuple(trusts),
        alt,
        tuple(agreement_by_slice(joined, by)),
        {judge: check_bias(joined, judge) for judge in joined.judges},
        {judge: disagreements(joined, judge, n_worst) for judge in alone},
        panel_of(joined, alone, terms.seed) if len(alone) > 1 else None,
    )
