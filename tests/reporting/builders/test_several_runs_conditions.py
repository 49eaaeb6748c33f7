"""Counts and sentences about a panel of judges."""

from dataclasses import replace

import pytest

from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.several_runs import build_runs

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}


@pytest.fixture
def panel(make_table):
    """Judges of thirty answers: so many pass, so many fail, and the rest has no verdict."""

    def build(**counts):
        runs = []
        for name, (n_pass, n_fail) in counts.items():
            rows = [PASS] * n_pass + [FAIL] * n_fail + [{}] * (30 - n_pass - n_fail)
            runs.append(RunData(replace(make_table(rows, name=name), rater=f"judge {name}")))
        return build_runs(runs)

    return build


def test_members_hold_passes_and_fails_together_and_what_is_missing(panel):
    table = panel(a=(20, 6), b=(15, 15)).tables["panel"]
    assert [row[:4] for row in table.rows] == [("a", "judge a", 26, 4), ("b", "judge b", 30, 0)]
    assert [row[4].value for row in table.rows] == [pytest.approx(20 / 26), 0.5]


def test_pairs_hold_the_answers_with_both_verdicts_and_their_difference(panel):
    ((first, second, n, same, difference, _),) = panel(a=(20, 6), b=(15, 15)).tables["panel_pairs"].rows
    assert (first, second, n) == ("a", "b", 26)
    assert (same.value, difference.value) == (pytest.approx(21 / 26), pytest.approx(-5 / 26))


def test_equal_pass_rates_are_one_sentence_and_different_ones_a_range(panel):
    assert any(
        "Every judge has a pass rate of 50.0 %" in text for text in panel(a=(15, 15), b=(15, 15)).verdict
    )
    different = panel(a=(15, 15), b=(20, 10)).verdict
    assert any("50.0 % (a) to 66.7 % (b)" in text for text in different)


def test_one_judge_with_a_verdict_has_no_range_and_no_common_verdict(panel):
    found = panel(a=(15, 15), b=(0, 0))
    assert not any("pass rate of" in text or "range from" in text for text in found.verdict[:-2])
    assert not any("same verdict on" in text for text in found.verdict)


def test_sections_and_estimates_of_each_run_have_its_name(panel):
    found = panel(a=(20, 10), b=(15, 15))
    assert {"a/pass_rates", "b/pass_rates", "panel", "panel_pairs"} <= set(found.tables)
    assert found.tables["a/pass_rates"].title.startswith("a: ")
    assert found.estimates["pass_rate@a"].value == pytest.approx(2 / 3)
    assert found.estimates["same_verdict"].value == pytest.approx(25 / 30)
