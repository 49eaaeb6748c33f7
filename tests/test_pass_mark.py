"""One exact comparison with the pass mark, and exact weighted means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.pass_mark import integer_weights, reaches
from judge.rubric import Rubric

TENTHS = {"a": 0.1, "b": 0.1, "c": 0.1}


def rubric(weights, least=3, **overall):
    anchors = dict.fromkeys(range(1, 6), "so")
    return Rubric.model_validate(
        {
            "name": "test",
            "task": "judge",
            "dimensions": {name: {"description": name, "anchors": anchors} for name in weights},
            "overall": {"how": "weighted", "weights": weights, **overall},
            "pass": {"overall": least},
        }
    )


def test_tenths_as_weights_give_the_exact_mean():
    assert rubric(TENTHS).overall_score({"a": 1, "b": 3, "c": 5}) == 3.0  # .9 / .30000000000000004 is below 3


@pytest.mark.parametrize(
    ("value", "passes"), [(3, True), (2.9999999999999996, True), (2.999, False), (3.1, True)]
)
def test_a_rounding_error_below_the_pass_mark_reaches_it_and_nothing_lower_does(value, passes):
    assert reaches(value, 3) is passes
    assert rubric(TENTHS).passes({"overall": value}) is passes


def test_an_array_is_compared_element_by_element_and_a_missing_score_reaches_nothing():
    assert reaches(np.array([3.0, 2.0, np.nan]), 3).tolist() == [True, False, False]


def test_a_cap_is_reached_as_the_pass_mark_is():
    capped = rubric(TENTHS, caps=[{"below": {"a": 3}, "at_most": 2}])
    assert capped.overall_score({"a": 2.9999999999999996, "b": 5, "c": 5}) > 4
    assert capped.overall_score({"a": 2, "b": 5, "c": 5}) == 2


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=6))
def test_whole_weights_keep_the_ratio_of_decimal_weights(thousandths):
    whole = integer_weights(tuple(n / 1000 for n in thousandths))
    assert all(a * thousandths[0] == b * whole[0] for a, b in zip(whole, thousandths, strict=True))


def test_what_the_model_scores_is_the_dimensions_and_a_judged_overall_score(make_rubric_of):
    assert make_rubric_of("mean").judged == ("a",)
    assert make_rubric_of("judged").judged == ("a", "overall")
    assert make_rubric_of("judged").asked == ("a", "overall", "sure")


@pytest.fixture
def make_rubric_of():
    def make(how):
        anchors = dict.fromkeys(range(1, 6), "so")
        return Rubric.model_validate(
            {
                "name": "test",
                "task": "judge",
                "dimensions": {"a": {"description": "a", "anchors": anchors}},
                "flags": {"sure": {"description": "sure"}},
                "overall": {"how": how},
                "pass": {"overall": 3},
            }
        )

    return make
