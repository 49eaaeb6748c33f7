"""Can this judge be trusted: every judge on every dimension, in slices, and as a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from judge.analysis.agreement.align import Joined
from judge.analysis.agreement.bias import Diagnosis, diagnose
from judge.analysis.agreement.by_slice import Disagreement, SliceOf, disagreements, slices_of
from judge.analysis.agreement.human_human import People, people_alone
from judge.analysis.agreement.judge_human import Terms, Trust, annotator_tests, check_margins, trust
from judge.analysis.agreement.panel import Panel, panel_of, with_consensus
from judge.stats.judge_human.alt_test import AltTest


@dataclass(frozen=True)
class Agreement:
    """Everything that `judge agree` shows.

    Attributes
    ----------
    joined : Joined
        People and judges on the same items; a consensus of several judges is one more judge.
    terms : Terms
        What was fixed before looking.
    people : dict
        Dimension -> people among themselves.
    trusts : tuple of Trust
        By dimension, then judge.
    alt : dict
        (judge, dimension) -> annotator test; empty without an epsilon.
    slices : tuple of SliceOf
        In the order of the fields.
    diagnoses : dict
        Judge -> what is odd about it, each beside people's own value.
    disagreements : dict
        Judge -> items on which it is farthest from people.
    panel : Panel or None
        Which judges are best, with two or more.
    """

    joined: Joined
    terms: Terms
    people: dict[str, People]
    trusts: tuple[Trust, ...]
    alt: dict[tuple[str, str], AltTest]
    slices: tuple[SliceOf, ...]
    diagnoses: dict[str, Diagnosis]
    disagreements: dict[str, list[Disagreement]]
    panel: Panel | None


def agree(
    joined: Joined,
    *,
    terms: Terms | None = None,
    by: Sequence[str] = (),
    n_worst: int = 5,
) -> Agreement:
    """Hold every judge against people.

    Parameters
    ----------
    joined : Joined
        From `join`.
    terms : Terms, optional
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
    terms = terms or Terms()
    alone = joined.judges
    joined = with_consensus(joined)
    people = {name: people_alone(part) for name, part in joined.parts.items()}
    trusts = [
        trust(part, judge, terms)
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
        tuple(slices_of(joined, by)),
        {judge: diagnose(joined, judge) for judge in joined.judges},
        {judge: disagreements(joined, judge, n_worst) for judge in alone},
        panel_of(joined, alone, terms.seed) if len(alone) > 1 else None,
    )
