"""Names, counts and numbers in sentences."""

import pytest

from judge.reporting.wording import counted, dimension_name, display_name, field_name, p_phrase, with_interval
from judge.stats.engine.estimate import Estimate


@pytest.mark.parametrize(("n", "text"), [(0, "0 answers"), (1, "1 answer"), (7380, "7,380 answers")])
def test_a_number_comes_with_its_noun(n, text):
    assert counted(n, "answer") == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.0123, "= .012"), (0.0004, "< .001"), (0.9999, "> .999"), (float("nan"), "= –")]
)
def test_p_values_follow_their_letter(p, text):
    assert p_phrase(p) == text


def test_names_lose_their_underscores():
    assert display_name("technical_accuracy") == "technical accuracy"
    assert field_name("image_type*condition") == "image type and condition"
    assert (dimension_name("passes"), dimension_name("clarity")) == ("answer passes", "clarity")


def test_an_estimate_without_an_interval_says_why():
    assert with_interval(Estimate(0.5, 0.4, 0.6), "share") == "50.0 % [40.0, 60.0]"
    assert with_interval(Estimate(1.0, reason="no_variation"), "score") == "1.00 [no variation]"
    assert with_interval(Estimate(0.5), "share") == "50.0 %"
