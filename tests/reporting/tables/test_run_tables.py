"""Tables of a report about one run."""

from dataclasses import replace

import pytest

from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.single_run import build_audit, build_report
from judge.reporting.document import Column, Table
from judge.reporting.tables.run_tables import cost, marked
from judge.scoring.run_summary import RunSummary

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}


def tables(table):
    return build_report(RunData(table)).tables


def titles(table):
    return [column.title for column in table.columns]


def test_statuses_have_a_column_for_each_status_that_occurs(make_table):
    found = tables(make_table([PASS] * 3 + [{"accuracy": "refused", "clarity": 4}, {}]))["missing"]
    assert [column.key for column in found.columns] == ["what", "ok", "refused", "unscored"]
    assert found.rows == (("verdict", 3, 1, 1), ("accuracy", 3, 1, 1), ("clarity", 4, 0, 1))


def test_dimensions_with_equal_statuses_are_one_row(make_table):
    found = tables(make_table([PASS] * 3 + [{}]))["missing"]
    assert found.rows == (("verdict", 3, 1), ("every dimension", 3, 1))


def test_a_complete_run_has_no_table_of_statuses_and_no_bounds(make_table):
    found = tables(make_table([PASS] * 3))
    assert "missing" not in found
    assert [column.detail for column in found["pass_rates"].columns][-2:] == [True, True]
    with_gap = tables(make_table([PASS] * 3 + [{}]))["pass_rates"]
    assert [column.detail for column in with_gap.columns][-2:] == [False, False]
    assert with_gap.rows[0][-2:] == (0.75, 1.0)


def test_failing_answers_say_which_dimension_would_save_them(make_table):
    found = tables(make_table([PASS] * 2 + [FAIL] * 3))["failures"]
    assert [column.key for column in found.columns] == ["dimension", "binding", "below", "alone", "rescued"]
    assert found.rows[0][2:] == (3, 3, 3)
    assert found.rows[1][2:] == (0, 0, 0)
    assert "Of 3 failing answers." in found.notes[0]
    assert "0 ties" in found.notes[0]


def test_an_overall_score_of_the_judge_hides_what_would_save_an_answer(make_table, make_rubric):
    rubric = make_rubric({"overall": 3}, how="judged")
    rows = [{**PASS, "overall": 4}] * 2 + [{**FAIL, "overall": 2}, {**PASS, "overall": 1}]
    found = tables(make_table(rows, rubric))["failures"]
    assert [column.key for column in found.columns] == ["dimension", "binding", "below", "alone"]
    assert {len(row) for row in found.rows} == {4}
    assert any(note.startswith("1 fail although every dimension reaches") for note in found.notes)
    assert any("unknown which dimension" in note for note in found.notes)


def test_ties_for_the_binding_dimension_are_counted(make_table):
    found = tables(make_table([{"accuracy": 1, "clarity": 1}, FAIL]))["failures"]
    assert "1 tie split equally" in found.notes[0]
    assert [row[1].value for row in found.rows] == [0.75, 0.25]


def test_sets_and_pairs_of_dimensions_below_their_thresholds(make_table):
    found = tables(make_table([{"accuracy": 1, "clarity": 1}] * 3 + [FAIL]))
    assert found["patterns"].rows == (("accuracy, clarity", 3, 0.75), ("accuracy", 1, 0.25))
    assert found["pairs"].rows == (("accuracy", "clarity", 3, 1, 0),)
    assert found["pairs"].detail
    audit = build_audit(RunData(make_table([{"accuracy": 1, "clarity": 1}])))
    assert not audit.tables["pairs"].detail


def test_binding_dimensions_by_slice_mark_the_small_ones(make_table):
    rows = [{**FAIL, "kind": "a"}] * 20 + [{**FAIL, "kind": "b"}] * 19 + [{**PASS, "kind": "b"}]
    found = tables(make_table(rows))["failures:kind"]
    assert [row[:2] for row in found.rows] == [("a", 20), ("b", 19)]
    assert found.small == (1,)
    assert "fewer than 20 failing answers" in found.notes[-1]


def test_slices_end_with_both_averages(make_table):
    rows = [{**PASS, "kind": "a"}] * 30 + [{**FAIL, "kind": "b"}] * 10 + [{"kind": "b"}]
    found = tables(make_table(rows))["slices:kind"]
    assert [row[:3] for row in found.rows] == [
        ("a", 30, 0),
        ("b", 10, 1),
        ("all items", 40, 1),
        ("slice mean", 40, 1),
    ]
    assert [row[3].value for row in found.rows] == [1.0, 0.0, 0.75, 0.5]
    assert "Holm-adjusted for 1 test." in found.notes[0]  # two slices of a field are one test
    assert found.small == (1,)


def test_means_and_thresholds_by_slice(make_table):
    rows = [{**PASS, "kind": "a"}] * 30 + [{**FAIL, "kind": "b"}] * 10
    found = tables(make_table(rows))
    means = found["means:kind"]
    assert [row[1].value for row in means.rows] == [4.0, 1.0, 3.25, 2.5]
    assert [row[1].value for row in found["bars:kind"].rows] == [1.0, 0.0]
    assert found["bars:kind"].detail


def test_scores_between_labels_count_with_the_lower_one(make_table, make_rubric):
    rubric = make_rubric({"overall": 3}, how="mean")
    rows = [{"accuracy": 4, "clarity": 5, "overall": 4.5}, {"accuracy": 2, "clarity": 2, "overall": 2.0}]
    found = tables(make_table(rows, rubric))["scores"]
    overall = found.rows[-1]
    assert overall[1] == 2
    assert overall[4:] == (0.0, 0.5, 0.0, 0.5, 0.0)
    assert "lower one" in found.notes[0]
    assert tables(make_table([PASS, FAIL]))["scores"].notes == ()


def test_a_dimension_outside_the_pass_rule_borrows_the_threshold_of_the_overall_score(
    make_table, make_rubric
):
    rubric = make_rubric({"overall": 3}, how="judged")
    found = tables(make_table([{**PASS, "overall": 4}], rubric))["pass_rates"]
    assert "no threshold for accuracy, clarity" in found.notes[0]
    assert found.column("bar") == [None, 3, 3, 3]


SUMMARY = RunSummary(
    items=4,
    completions=8,
    prompt_tokens=1000,
    cached_tokens=0,
    completion_tokens=10,
    reasoning_tokens=2,
    cost=0.123456,
    seconds=0,
    unpriced=0,
)


def test_cost_is_shown_in_total_and_per_item():
    found = cost(SUMMARY)
    assert found.rows == (
        ("replies", 8, 2.0),
        ("prompt tokens", 1000, 250.0),
        ("completion tokens", 10, 2.5),
        ("  of which reasoning", 2, 0.5),
        ("cost in USD", 0.1235, 0.03086),
    )
    assert found.notes == ()


@pytest.mark.parametrize(("n", "text"), [(1, "1 reply"), (3, "3 replies")])
def test_replies_without_a_price_are_named(n, text):
    assert text in cost(replace(SUMMARY, unpriced=n)).notes[0]


def test_only_tables_with_small_rows_get_the_note():
    plain = Table("t", "T", (Column("a", "a"),), (("x",),))
    assert marked(plain, "Few.").notes == ()
    assert marked(Table("t", "T", plain.columns, plain.rows, small=(0,)), "Few.").notes == ("Few.",)


def test_anomalies_are_counted_and_listed(make_table):
    found = tables(make_table([PASS] * 3 + [{**PASS, "answer": ""}]))
    row = next(row for row in found["anomalies"].rows if row[0] == "Answer is empty")
    assert row[1:3] == (1, 4)
    assert row[4] == "i3"
    assert found["anomaly:empty"].rows == (("i3", "empty"),)
