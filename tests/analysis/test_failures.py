"""Why answers fail."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.analysis.failures import Failures
from judge.rubric import Rubric

SCORE = st.sampled_from([1, 2, 3, 4, 5, "refused"])


def profile(make_table, rows, rubric=None):
    return Failures(make_table(rows, rubric)).profile()


def binding(found):
    return {d.dimension: d.binding.value for d in found.dimensions}


def test_the_dimension_farthest_below_its_bar_is_binding(make_table):
    found = profile(make_table, [{"accuracy": 1, "clarity": 2}])
    assert binding(found) == {"accuracy": 1, "clarity": 0}
    assert [d.n_below for d in found.dimensions] == [1, 1]


def test_shortfall_is_measured_from_each_bar(make_table, make_rubric):
    found = profile(make_table, [{"accuracy": 2, "clarity": 3}], make_rubric({"accuracy": 3, "clarity": 5}))
    assert binding(found) == {"accuracy": 0, "clarity": 1}


def test_ties_count_in_equal_parts(make_table):
    found = profile(make_table, [{"accuracy": 2, "clarity": 2}, {"accuracy": 1, "clarity": 5}])
    assert binding(found) == {"accuracy": 0.75, "clarity": 0.25}
    assert found.n_tied == 1


def test_passing_answers_and_open_verdicts_are_no_failures(make_table):
    rows = [{"accuracy": 4, "clarity": 4}, {"accuracy": 4, "clarity": "failed"}]
    found = profile(make_table, rows)
    assert found.n_fail == 0
    assert found.worst is None


def test_a_known_failure_counts_though_another_score_is_missing(make_table):
    found = profile(make_table, [{"accuracy": "failed", "clarity": 1}])
    assert binding(found) == {"accuracy": 0, "clarity": 1}


def test_failing_overall_points_at_every_dimension(make_table, make_rubric):
    rubric = make_rubric({"overall": 3}, how="judged")
    found = profile(make_table, [{"accuracy": 2, "clarity": 1, "overall": 2}], rubric)
    assert binding(found) == {"accuracy": 0, "clarity": 1}


def test_a_missing_dimension_is_never_blamed(make_table, make_rubric):
    rubric = make_rubric({"overall": 3}, how="judged")
    found = profile(make_table, [{"accuracy": "unparsed", "clarity": 2, "overall": 1}], rubric)
    assert binding(found) == {"accuracy": 0, "clarity": 1}


def test_dimension_that_no_condition_points_at_is_not_blamed(make_table, make_rubric):
    rubric = make_rubric({"overall": 3, "accuracy": 3}, how="judged")
    found = profile(make_table, [{"accuracy": 2, "clarity": 1, "overall": 3}], rubric)
    assert binding(found) == {"accuracy": 1, "clarity": 0}


def test_failing_overall_with_good_dimensions_is_unexplained(make_table, make_rubric):
    rubric = make_rubric({"overall": 3}, how="judged")
    found = profile(make_table, [{"accuracy": 4, "clarity": 3, "overall": 2}], rubric)
    assert (found.n_unexplained, sum(binding(found).values())) == (1, 0)
    assert found.patterns == {(): 1}


def test_rescue_asks_the_rubric_itself(make_table, make_rubric):
    rubric = make_rubric({"overall": 3}, how="mean")
    rows = [{"accuracy": 1, "clarity": 2, "overall": 1.5}, {"accuracy": 2, "clarity": 1, "overall": 1.5}]
    # Five on clarity: (1 + 5) / 2 = 3 passes; five on accuracy: (5 + 2) / 2 = 3.5 passes.
    assert [d.n_rescued for d in profile(make_table, rows, rubric).dimensions] == [2, 2]
    low = profile(
        make_table, [{"accuracy": 1, "clarity": 1, "overall": 1}], make_rubric({"overall": 4}, how="mean")
    )
    assert [d.n_rescued for d in low.dimensions] == [0, 0]


def test_rescue_is_unknown_where_the_overall_score_is_judged(make_table, make_rubric):
    found = profile(
        make_table, [{"accuracy": 2, "clarity": 1, "overall": 2}], make_rubric({"overall": 3}, how="judged")
    )
    assert [d.n_rescued for d in found.dimensions] == [None, None]


def test_patterns_and_pairs_count_what_fails_together(make_table):
    rows = [{"accuracy": 1, "clarity": 1}] * 3 + [{"accuracy": 2, "clarity": 4}] * 2
    found = profile(make_table, rows)
    assert found.patterns == {("accuracy", "clarity"): 3, ("accuracy",): 2}
    pair = found.pairs[0]
    assert (pair.n_both, pair.n_only_first, pair.n_only_second) == (3, 2, 0)
    assert [d.n_alone for d in found.dimensions] == [2, 0]


def test_profile_of_some_rows_is_that_of_a_table_of_these_rows(make_table):
    rows = [{"accuracy": 1, "clarity": 3, "kind": "a"}, {"accuracy": 4, "clarity": 1, "kind": "b"}]
    table = make_table(rows)
    part = np.array([True, False])
    assert str(Failures(table).profile(part)) == str(Failures(table.take(part)).profile())


@given(rows=st.lists(st.fixed_dictionaries({"accuracy": SCORE, "clarity": SCORE}), min_size=1, max_size=20))
def test_every_failure_is_counted_once(make_table, rows):
    found = profile(make_table, rows)
    assert sum(found.patterns.values()) == found.n_fail
    if found.n_fail:
        explained = sum(d.binding.value for d in found.dimensions) * found.n_fail
        assert explained == pytest.approx(found.n_fail - found.n_unexplained)


def test_worst_answers_come_first_and_ties_in_input_order(make_table):
    rows = [{"accuracy": 2, "clarity": 2}, {"accuracy": 1, "clarity": 1}, {"accuracy": 2, "clarity": 2}]
    rows += [{"accuracy": 5, "clarity": 5}]
    worst = Failures(make_table(rows)).worst_items(10)
    assert [judged.item.id for judged in worst] == ["i1", "i0", "i2"]


def test_worst_answer_carries_scores_reasons_and_binding_dimension(make_table):
    rows = [{"accuracy": 1, "clarity": "unparsed", "reasons": {"accuracy": "wrong", "clarity": "no JSON"}}]
    (judged,) = Failures(make_table(rows)).worst_items(1)
    assert (judged.passed, judged.scores) == (False, {"accuracy": 1, "clarity": None})
    assert judged.reasons == {"accuracy": "wrong", "clarity": "no JSON"}
    assert judged.binding == ("accuracy",)


def test_a_rounding_error_below_the_pass_mark_is_no_shortfall(make_table, make_rubric):
    rubric = make_rubric({"overall": 3, "clarity": 3}, how="mean")
    rows = [{"accuracy": 4, "clarity": 1, "overall": 2.9999999999999996}]
    found = profile(make_table, rows, rubric)
    # The overall score passes, so that clarity alone is implicated.
    assert [d.n_below for d in found.dimensions] == [0, 1]
    assert found.n_unexplained == 0


def test_a_dimension_at_its_pass_mark_has_no_shortfall_though_the_overall_score_fails(
    make_table, make_rubric
):
    found = profile(
        make_table, [{"accuracy": 3, "clarity": 1, "overall": 2}], make_rubric({"overall": 3}, how="judged")
    )
    assert [d.n_below for d in found.dimensions] == [0, 1]


# --- dimensions of several types


def test_shortfalls_on_different_scales_are_shares_of_the_scale(make_typed):
    rubric = make_typed([{}]).rubric.model_copy(update={"pass_rule": {"truth": 3, "style": 10, "named": 1}})
    found = Failures(make_typed([{"truth": 2.0, "style": 4.0, "named": 1.0}], rubric)).profile()
    assert binding(found) == {"truth": 0, "style": 1, "named": 0}


def test_a_category_and_what_has_no_pass_mark_bind_no_failure(make_typed):
    found = Failures(make_typed([{"truth": 1.0, "fault": "major", "overall": 1.0}])).profile()
    assert [d.dimension for d in found.dimensions] == ["truth", "count"]


def test_the_top_score_rescues_by_the_dimensions_that_apply(make_typed):
    rows = [
        {"truth": 1.0, "count": "not_applicable", "overall": 1.0},
        {"truth": 1.0, "count": 1.0, "overall": 1.0, "kind": "counting"},
    ]
    truth, count = Failures(make_typed(rows)).profile().dimensions
    assert (truth.n_rescued, count.n_rescued) == (1, 1)


def test_a_penalty_rescues_where_it_does_not_apply(make_typed):
    rubric = Rubric.model_validate(
        {
            "name": "points",
            "task": "t",
            "dimensions": {
                "good": {"description": "d", "type": "binary", "points": 1},
                "bad": {"description": "d", "type": "binary", "points": -1},
            },
            "criteria": {},
            "overall": {"how": "points"},
            "pass": {"overall": 0.6, "good": 0, "bad": 0},
        }
    )
    given_criteria = [({"text": "States A."}, 1.0), ({"text": "States B."}, "refused")]
    row = {"good": 1.0, "bad": 1.0, "overall": 0.5, "given": given_criteria[:1]}
    good, bad = Failures(make_typed([row], rubric)).profile().dimensions
    assert (good.n_rescued, bad.n_rescued) == (0, 1)
    good, bad = Failures(make_typed([{**row, "given": given_criteria}], rubric)).profile().dimensions
    assert (good.n_rescued, bad.n_rescued) == (0, 0)


def test_a_case_counts_criteria_that_are_more_likely_met_than_not(make_typed, checklist):
    criteria = [{"text": "States A."}, {"text": "States B."}, {"text": "Invents C.", "points": -1}]
    table = make_typed([{"given": [*zip(criteria, (0.9, 0.2, 0.7), strict=True)], "overall": 0.1}], checklist)
    (judged,) = Failures(table).worst_items(1)
    assert judged.scores["criteria"] == "1 of 2 met, 1 of 1 penalties apply"
    assert [*judged.reasons] == ["not met: States B", "penalty: Invents C"]
