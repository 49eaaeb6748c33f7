"""Parameters of all public functions: their order, and one name for one thing."""

import inspect
import typing

import numpy as np
import pytest

import judge.stats as js
from judge.stats.engine.scale import Level

FUNCTIONS = {name: f for name, f in vars(js).items() if name in js.__all__ and inspect.isfunction(f)}
HUMANS = {"human", "humans", "human_a"}
JUDGES = {"judge", "judge_a", "judge_scores", "samples", "scores_a"}
LAZY = {"Ceiling": js.Ceiling, "Reason": typing.Any, "DataFrame": typing.Any}  # imported for checkers only
SAME_KIND = {  # two of one kind, neither of which is the reference
    "difference",
    "mcnemar",
    "paired_difference",
    "paired_permutation",
    "paired_proportions",
}


def parameters(name):
    return list(inspect.signature(FUNCTIONS[name]).parameters.values())


def two_rater_functions():
    words = HUMANS | JUDGES | {"a", "b", "x", "y"}
    return [name for name in FUNCTIONS if words & {p.name for p in parameters(name)}]


def test_the_walk_finds_the_functions_of_two_raters():
    found = set(two_rater_functions())
    assert {"pearson", "bias", "severity", "calibrate", "pass_fail", "alt_test", "leave_one_out"} <= found
    assert len(found) >= 45


@pytest.mark.parametrize("name", two_rater_functions())
def test_human_comes_first_and_judge_second(name):
    first, second, *_ = (p.name for p in parameters(name))
    if name in SAME_KIND:
        assert (first, second) == ("a", "b")
    elif name == "retest":
        assert first == "samples"  # repeated scores of one rater
    else:
        assert first in HUMANS
        assert second in JUDGES


def test_the_pair_of_one_part_of_a_joint_test_has_the_same_order():
    assert list(inspect.signature(js.AltTestPart).parameters)[:2] == ["humans", "judge"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_level_is_the_level_of_measurement_and_confidence_level_the_coverage(name):
    hints = typing.get_type_hints(FUNCTIONS[name], localns=LAZY)
    for p in parameters(name):
        hint = hints.get(p.name)
        if p.name == "level":
            assert Level in (hint, *typing.get_args(hint))
        else:
            assert Level not in (hint, *typing.get_args(hint)), f"{p.name} is a level of measurement"
        if p.name == "confidence_level":
            assert p.default == 0.95
            assert hint is float


def test_the_options_of_the_engine_use_the_same_words():
    assert "confidence_level" in typing.get_type_hints(js.Sampling)
    assert "level" not in typing.get_type_hints(js.Sampling)
    assert js.Estimate(0.5).confidence_level == 0.95
    assert js.Scale([1, 2], "nominal").level == "nominal"


@pytest.mark.parametrize("name", ["bias", "calibrate", "leave_one_out", "severity"])
def test_a_lenient_judge_is_above_people_whatever_the_function(name):
    human = np.array([1.0, 2, 3, 4, 2, 3, 1, 4, 2, 3])
    humans, judge = np.column_stack([human, human]), human + (np.arange(10) != 4)
    found = {
        "bias": lambda: js.bias(human, judge),
        "calibrate": lambda: js.calibrate(human, judge, "shift", rng=0).before.bias,
        "leave_one_out": lambda: js.leave_one_out(humans, judge, js.bias_statistic).judge,
        "severity": lambda: js.severity(humans, judge).bias,
    }[name]()
    assert found.value == pytest.approx(0.9)
