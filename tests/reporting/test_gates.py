"""Gates: thresholds, and what a build server reads about them."""

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.errors import GateError, InputError
from judge.reporting.gates import Gate, check, junit, require
from judge.reporting.report import Report
from judge.stats.engine.estimate import Estimate

FIGURES = {
    "pass_rate": Estimate(0.75, 0.7, 0.8),
    "pass_rate:kind=a=b": Estimate(0.5, 0.4, 0.6),
    "mean.overall": Estimate(3.2),
    "nothing": Estimate.undefined("no_ratings"),
}


def report_of(figures=None, title="T"):
    return Report("report", title, (), (), (), figures or FIGURES, {"judge": "robot", "image root": "/x"}, ())


def outcome(text, figures=None):
    (found,) = check(report_of(figures), [Gate.of(text)])
    return found


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("pass_rate=0.75", True),
        ("pass_rate=0.7500001", False),
        ("pass_rate.low=0.7", True),
        ("pass_rate.low=0.71", False),
        ("pass_rate:kind=a=b=0.5", True),
        ("pass_rate:kind=a=b.low=0.5", False),
        ("mean.overall=3", True),
    ],
)
def test_a_figure_is_held_against_its_threshold(text, met):
    assert outcome(text).met is met


@pytest.mark.parametrize("text", ["nothing=0", "nothing.low=0", "mean.overall.low=0"])
def test_what_is_undefined_misses_every_gate(text):
    assert not outcome(text).met
    assert "is undefined" in outcome(text).message


def test_message_says_what_was_found_and_what_was_wanted():
    assert outcome("pass_rate.low=0.72").message == (
        "the lower confidence limit of pass_rate is 0.7, from 0.750 [0.700, 0.800], and does not reach 0.72"
    )


def test_a_bare_name_means_every_run():
    figures = {
        "pass_rate@one": Estimate(0.6),
        "pass_rate@two": Estimate(0.8),
        "pass_rate.x@one": Estimate(0.1),
    }
    found = check(report_of(figures), [Gate.of("pass_rate=0.7")])
    assert [(o.figure, o.met) for o in found] == [("pass_rate@one", False), ("pass_rate@two", True)]


def test_a_figure_that_ends_in_low_is_itself():
    found = outcome("mean.low=2", {"mean.low": Estimate(3, 1, 5), "mean": Estimate(1, 0, 2)})
    assert (found.figure, found.of_low, found.met) == ("mean.low", False, True)


def test_unknown_figure_is_an_error_that_names_the_nearest():
    with pytest.raises(InputError, match="pas_rate: no such figure; allowed: pass_rate, ") as error:
        outcome("pas_rate=0.7")
    assert "(each also with .low)" in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "pass_rate",
        "pass_rate=",
        "=0.7",
        "pass_rate=high",
        "pass_rate=nan",
        "pass_rate=inf",
        "pass_rate>0.7",
        "",
    ],
)
def test_badly_written_gates_are_refused(text):
    with pytest.raises(ValueError, match="allowed is FIGURE=NUMBER"):
        Gate.of(text)


@given(st.floats(-1, 2), st.floats(0, 1))
def test_a_gate_is_met_exactly_when_the_value_is_not_below_it(least, value):
    assert outcome(f"x={least!r}", {"x": Estimate(value)}).met == (value >= least)


def test_missed_gates_are_one_error_with_a_line_each_and_status_4():
    outcomes = check(
        report_of(), [Gate.of("pass_rate=0.9"), Gate.of("pass_rate=0.1"), Gate.of("mean.overall=4")]
    )
    with pytest.raises(GateError) as error:
        require(outcomes)
    assert len(str(error.value).splitlines()) == 2
    assert error.value.exit_code == 4
    require(outcomes[1:2])


def test_junit_has_a_case_for_each_gate():
    report = report_of()
    text = junit(report, check(report, [Gate.of("pass_rate=0.9"), Gate.of("pass_rate.low=0.1")]))
    root = ElementTree.fromstring(text)
    assert (root.get("tests"), root.get("failures"), root.find("testsuite").get("name")) == ("2", "1", "T")
    first, second = root.iter("testcase")
    assert (first.get("name"), first.get("classname")) == ("pass_rate >= 0.9", "judge.report")
    assert first.find("failure").get("message") == first.find("failure").text
    assert (second.get("name"), second.find("failure")) == ("pass_rate.low >= 0.1", None)
    assert [p.get("name") for p in root.iter("property")] == ["judge"]


@given(st.text(max_size=30))
def test_junit_is_xml_whatever_the_data_says(text):
    name = f"pass_rate:kind={text}"
    report = report_of({name: Estimate(0.5, math.nan, math.nan)}, title=text)
    outcomes = check(report, [Gate(name, 0.7)])
    root = ElementTree.fromstring(junit(report, outcomes))
    assert root.find("testsuite/testcase/failure") is not None
