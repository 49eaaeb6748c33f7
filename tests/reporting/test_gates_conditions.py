"""Names that a gate may have, and what a build server reads."""

from xml.etree import ElementTree

import pytest

from judge.errors import GateError, InputError
from judge.reporting.document import ReportContent
from judge.reporting.gates import Gate, check, junit, require
from judge.stats.engine.estimate import Estimate

SOME = Estimate(0.5, 0.4, 0.6)


def report_of(*names):
    return ReportContent("report", "T", (), (), (), dict.fromkeys(names, SOME), {"judge": "robot"}, ())


def figures_tested(text, *names):
    return [outcome.figure for outcome in check(report_of(*names), [Gate.of(text)])]


def test_an_exact_name_goes_before_its_prefix_and_stands_for_every_run():
    assert figures_tested("a=0", "a", "a@one", "a.b", "ab") == ["a", "a@one"]
    assert figures_tested("a=0", "a.b", "a.c@one", "ab") == ["a.b", "a.c@one"]
    assert figures_tested("a.low=0", "a", "b") == ["a"]
    assert figures_tested("a.low=0", "a.low", "a") == ["a.low"]


@pytest.mark.parametrize(("n", "is_cut"), [(12, False), (13, True)])
def test_twelve_names_are_listed_for_an_unknown_one(n, is_cut):
    with pytest.raises(InputError) as error:
        figures_tested("zzz=0", *(f"figure_{k:02}" for k in range(n)))
    assert "figure_11" in str(error.value)
    assert "figure_12" not in str(error.value)
    assert ("…" in str(error.value)) is is_cut


def test_names_like_the_unknown_one_come_first():
    with pytest.raises(InputError, match=r"allowed: pass_rate, aaa, bbb \("):
        figures_tested("pas_rate.low=0", "aaa", "bbb", "pass_rate")


@pytest.mark.parametrize("text", ["a", "=0.5", " =0.5", "a=", "a=x", "a=nan", "a=inf"])
def test_a_gate_is_a_name_and_a_finite_number(text):
    with pytest.raises(ValueError, match="allowed is FIGURE=NUMBER"):
        Gate.of(text)
    assert Gate.of(" a = 0.5") == Gate("a", 0.5)


def test_every_missed_gate_is_a_line_and_met_ones_are_none():
    outcomes = check(report_of("a", "b"), [Gate("a", 0.6), Gate("b", 0.5), Gate("b.low", 0.5)])
    assert [one.met for one in outcomes] == [False, True, False]
    with pytest.raises(GateError) as error:
        require(outcomes)
    assert [line.split(" is ")[0] for line in str(error.value).splitlines()] == [
        "a",
        "the lower confidence limit of b",
    ]
    require(outcomes[1:2])


def test_junit_counts_cases_and_failures_and_says_why():
    outcomes = check(report_of("a", "b"), [Gate("a", 0.6), Gate("b", 0.5)])
    root = ElementTree.fromstring(junit(report_of("a", "b"), outcomes))
    for element in (root, root[0]):
        assert (element.get("tests"), element.get("failures"), element.get("errors")) == ("2", "1", "0")
    missed, met = root.iter("testcase")
    assert (missed.get("name"), missed.get("classname")) == ("a >= 0.6", "judge.report")
    assert [(child.tag, child.get("type")) for child in missed] == [("failure", "GateError")]
    assert missed[0].get("message") == missed[0].text == outcomes[0].message
    assert [(child.tag, child.get("message")) for child in met] == [("system-out", None)]
    assert {p.get("name"): p.get("value") for p in root.iter("property")}["judge"] == "robot"
