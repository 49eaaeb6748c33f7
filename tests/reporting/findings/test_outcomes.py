"""Which outcome a comparison of a judge with people has, and in which words."""

from types import SimpleNamespace

import pytest

from judge.reporting.findings.outcomes import definite_first, outcome, stated_outcome
from judge.stats.engine.estimate import Estimate

UNDEFINED = Estimate.undefined("no_ratings")


def compared(judge, human, difference, verdict=None, unit="coefficient"):
    main = SimpleNamespace(judge=judge, human=human, difference=difference, unit=unit)
    test = None if verdict is None else SimpleNamespace(verdict=verdict, margin=0.1)
    return SimpleNamespace(main=main, verdict=test)


HIGH, ZERO = Estimate(0.8, 0.7, 0.9), Estimate(0.1, -0.1, 0.3)
ABOVE, BELOW, BOTH = Estimate(0.2, 0.1, 0.3), Estimate(-0.2, -0.3, -0.1), Estimate(0.0, -0.1, 0.1)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (compared(HIGH, HIGH, ABOVE), "better"),
        (compared(HIGH, HIGH, BELOW), "worse"),
        (compared(HIGH, HIGH, BOTH), "unclear"),
        (compared(HIGH, HIGH, UNDEFINED), ""),
        (compared(HIGH, UNDEFINED, UNDEFINED), "no ceiling"),
        (compared(UNDEFINED, HIGH, UNDEFINED), ""),
        (compared(ZERO, HIGH, BELOW), "chance"),
        (compared(ZERO, UNDEFINED, UNDEFINED), "chance"),
        (compared(ZERO, ZERO, BOTH, "non-inferior"), "chance"),
        (compared(HIGH, HIGH, BOTH, "non-inferior"), "non-inferior"),
        (compared(ZERO, HIGH, BELOW, unit="share"), "worse"),
        (compared(Estimate(0.0), HIGH, BELOW), "chance"),
        (compared(Estimate(1.0), HIGH, ABOVE), "better"),
    ],
)
def test_the_outcome_follows_from_the_intervals_and_chance_comes_first(one, expected):
    assert outcome(one) == expected


def test_undefined_agreement_is_stated_with_its_reason():
    stated = stated_outcome(compared(UNDEFINED, HIGH, UNDEFINED))
    assert stated == ("", "has no defined agreement (no ratings)", None)
    assert "cannot be compared" in stated_outcome(compared(HIGH, HIGH, UNDEFINED)).words


def test_what_must_not_be_used_comes_first_what_is_open_last_and_only_the_first_margin_has_its_source():
    stated = [
        stated_outcome(compared(HIGH, HIGH, BOTH, verdict))
        for verdict in ("inconclusive", "non-inferior", "worse")
    ]
    found = list(definite_first(stated, "in a test"))
    assert [one.outcome for one, _ in found] == ["worse", "non-inferior", "inconclusive"]
    assert ["(in a test)" in words for _, words in found] == [True, False, False]
    assert all("margin 0.1" in words or "margin of 0.1" in words for _, words in found)
