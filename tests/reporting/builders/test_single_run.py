"""Runs -> Report: words, tables and JSON."""

import json
from dataclasses import replace

import pytest

from judge.records import Item
from judge.reporting.builders.comparison import build_comparison, build_leaderboard
from judge.reporting.builders.run_data import RunData, read_run
from judge.reporting.builders.several_runs import build_runs
from judge.reporting.builders.single_run import build_audit, build_report, default_fields
from judge.scoring.judge import Judge
from judge.scoring.run import Run
from judge.scoring.run_summary import RunSummary
from judge.stats.engine.estimate import Estimate

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}


def said(report):
    return " ".join((*report.verdict, *report.warnings))


@pytest.fixture(scope="module")
def rows():
    """Of 120 answers 80 pass; the hard ones fail, on accuracy."""
    easy = [{**PASS, "level": "easy", "kind": "ab"[i % 2]} for i in range(60)]
    hard = [{**(PASS if i % 3 == 0 else FAIL), "level": "hard", "kind": "ab"[i % 2]} for i in range(60)]
    return easy + hard


def test_verdict_says_how_many_pass_and_which_dimension_fails_and_where(make_table, rows):
    first, second, third = build_report(RunData(make_table(rows))).verdict
    assert (
        first
        == "66.7 % [57.8, 74.5] of answers pass: 80 of 120 with a verdict; 40 fail, most often on accuracy."
    )
    assert second.startswith("Binding dimension: accuracy in 100.0 % [no variation]")
    assert "where level is hard: 33.3 %" in third
    assert "66.7 percentage points below" in third
    assert third.endswith("(p < .001, Holm-adjusted for 2 tests).")


def test_missing_verdicts_are_counted_by_status_with_bounds(make_table):
    report = build_report(RunData(make_table([PASS] * 40 + [{"accuracy": "refused"}, {}])))
    assert report.verdict[1].startswith("2 of 42 have no verdict (1 refused, 1 unscored).")
    assert "95.2 % if all of them were fails and 100.0 % if all were passes" in report.verdict[1]


@pytest.mark.parametrize("build", [build_report, build_audit])
def test_verdicts_in_items_and_what_was_lost_to_them_are_warnings(make_table, build):
    counts = RunSummary(with_verdict_in_text=3, lost_to_copied_verdict=1)
    said_first = build(RunData(make_table([PASS] * 40), counts)).warnings
    first, second = (text for text in said_first if "verdict" in text)
    assert first.startswith("3 items hold text that looks like a verdict of the judge")
    assert second.startswith("No score for 1 item, because the reply only copies a verdict")


def test_no_verdict_at_all_is_said_plainly(make_table):
    assert (
        build_report(RunData(make_table([{}, {}])))
        .verdict[0]
        .startswith("None of the 2 answers has a verdict")
    )


def test_slices_that_differ_by_chance_are_not_called_different(make_table):
    rows = [{**(PASS if i % 2 else FAIL), "kind": "ab"[i // 2 % 2]} for i in range(80)]
    assert "No slice by kind with at least 20 verdicts" in said(build_report(RunData(make_table(rows))))


def test_small_slices_are_never_in_the_verdict(make_table):
    rows = [{**PASS, "kind": "big"}] * 80 + [{**FAIL, "kind": "small"}] * 19
    assert "kind is small" not in said(build_report(RunData(make_table(rows))))


def test_slices_that_are_all_small_are_not_called_alike(make_table):
    rows = [{**PASS, "kind": "a"}] * 19 + [{**FAIL, "kind": "b"}] * 19
    assert "fewer than 20 verdicts, too few to compare" in said(build_report(RunData(make_table(rows))))


def test_of_dimensions_that_fail_equally_often_none_fails_most(make_table):
    words = said(build_report(RunData(make_table([{"accuracy": 1, "clarity": 1}] * 30))))
    assert "No dimension is shown to fail most; binding dimension: accuracy in 50.0 %" in words
    assert "clarity in 50.0 %" in words
    assert "30 fail." in words


@pytest.mark.parametrize(("n", "is_shown"), [(30, False), (45, True)])
def test_a_dimension_fails_most_only_where_its_interval_lies_above_the_others(make_table, n, is_shown):
    first, other = {"accuracy": 1, "clarity": 4}, {"accuracy": 4, "clarity": 1}
    words = said(build_report(RunData(make_table([first] * n + [other] * 20 + [PASS] * 40))))
    assert (f"{n + 20} fail, most often on accuracy." in words) is is_shown
    assert ("No dimension is shown to fail most" in words) is not is_shown


def test_of_fewer_than_ten_failing_answers_no_dimension_fails_most(make_table):
    assert "most often" not in said(build_report(RunData(make_table([FAIL] * 9 + [PASS] * 40))))
    assert "most often" in said(build_report(RunData(make_table([FAIL] * 10 + [PASS] * 40))))


def test_baseline_scores_come_with_a_warning(make_table):
    report = build_report(RunData(make_table([PASS] * 40), about={"judge": "baseline"}))
    assert "word overlap, no language model" in said(report)


def test_many_missing_verdicts_come_with_a_warning(make_table):
    assert "% of verdicts are missing" in said(build_report(RunData(make_table([PASS] * 90 + [{}] * 10))))
    assert "% of verdicts are missing" not in said(build_report(RunData(make_table([PASS] * 96 + [{}] * 4))))


def test_few_clusters_come_with_a_warning(make_table):
    rows = [{**(PASS if i % 3 else FAIL), "image": i % 4} for i in range(60)]
    assert "Only 4 groups of answers that share one image" in said(
        build_report(RunData(make_table(rows)), cluster="image")
    )


def test_json_holds_everything_and_no_nan(make_table, rows):
    data = json.loads(json.dumps(build_report(RunData(make_table(rows))).to_dict(), allow_nan=False))
    row = data["tables"]["slices:level"]["rows"][1]
    assert (row["slice"], row["n"], row["pass_rate"]["value"]) == ("hard", 60, pytest.approx(1 / 3))
    assert data["figures"]["pass_rate:level=hard"]["value"] == pytest.approx(1 / 3)
    assert data["cases"]["worst"][0]["judgments"][0]["scores"] == {"accuracy": 1, "clarity": 4}


def test_undefined_numbers_are_null_in_json(make_table):
    data = json.loads(json.dumps(build_report(RunData(make_table([PASS]))).to_dict(), allow_nan=False))
    assert data["tables"]["scores"]["rows"][0]["sd"] is None


def test_every_statistic_in_a_table_is_an_estimate(make_table, rows):
    report = build_report(RunData(make_table(rows)))
    for key, column in (
        ("pass_rates", "pass_rate"),
        ("scores", "mean"),
        ("slices:level", "difference"),
        ("failures", "binding"),
    ):
        cells = report.tables[key].column(column)
        assert all(isinstance(cell, Estimate) for cell in cells if cell is not None)


def test_keys_of_tables_are_unique(make_table, rows):
    source = RunData(make_table(rows))
    other = RunData(make_table(rows, name="other"))
    for report in (
        build_report(source),
        build_audit(source),
        build_comparison(source, other),
        build_runs([source, other]),
    ):
        keys = [table.key for section in report.sections for table in section.tables]
        assert len(keys) == len(set(keys))


def test_report_is_the_same_every_time(make_table, rows):
    source = RunData(make_table(rows))
    assert build_report(source).to_dict() == build_report(source).to_dict()


def test_rows_of_every_table_fit_their_columns(make_table, rows):
    source = RunData(make_table(rows))
    for report in (build_report(source), build_audit(source), build_comparison(source, source)):
        for table in report.tables.values():
            assert {len(row) for row in table.rows} <= {len(table.columns)}


def test_comparison_without_a_difference_does_not_claim_equality(make_table):
    a = make_table([PASS if i % 2 else FAIL for i in range(40)], name="A")
    b = make_table([PASS if i % 2 or i == 0 else FAIL for i in range(40)], name="B")
    words = said(build_comparison(RunData(a), RunData(b)))
    assert "No significant difference was found: +2.5" in words
    assert "how large a difference is still possible" in words


def test_comparison_warns_where_judges_and_answers_both_differ(make_table):
    a, b = make_table([PASS] * 3, name="A"), make_table([{**PASS, "answer": "other"}] * 3, name="B")
    words = said(build_comparison(RunData(a), RunData(replace(b, rater="other"))))
    assert "The judges differ (robot and other) and the answers differ" in words


def test_comparison_of_two_judges_says_so(make_table):
    a = make_table([PASS] * 3, name="A")
    words = said(build_comparison(RunData(a), RunData(replace(a, rater="other", name="B"))))
    assert "two judges, robot and other" in words


def test_comparison_warns_of_different_rubrics(make_table, make_rubric):
    a = make_table([PASS] * 3, make_rubric({"accuracy": 4}))
    b = make_table([PASS] * 3, make_rubric({"accuracy": 3}).as_numbers())
    assert "different rubrics" in said(build_comparison(RunData(a), RunData(b)))


def test_rubric_whose_scores_were_asked_for_one_by_one_is_no_other_rubric(make_table, make_rubric):
    rubric = make_rubric()
    a, b = make_table([PASS] * 3, rubric), make_table([PASS] * 3, rubric.as_numbers())
    assert "different rubrics" not in said(build_comparison(RunData(a), RunData(b)))


def test_report_says_how_the_scores_came_about(tmp_path, make_rubric):
    judge = Judge(
        model="vllm:m", rubric=make_rubric(), scores="expected", engine={"dtype": "half", "lora": "a"}
    )
    with Run.create(tmp_path, judge) as run:
        run.add_items([Item(id="1", question="?", answer="!")])
    about = read_run(tmp_path).about
    assert about["scores"] == "expected, over the probabilities of the scale's labels"
    assert about["engine"] == "dtype=half, lora=a"


def test_comparison_shows_flipped_items_side_by_side(make_table):
    a, b = make_table([PASS, FAIL], name="A"), make_table([FAIL, FAIL], name="B")
    (case,) = build_comparison(RunData(a), RunData(b)).sections[-1].cases
    assert (case.note, [(j.label, j.outcome) for j in case.judgments]) == (
        "passes in A only",
        [("A", "pass"), ("B", "fail")],
    )


def test_leader_that_is_not_alone_is_not_called_best(make_table):
    a = make_table([PASS] * 21 + [FAIL] * 19, name="A")
    b = make_table([FAIL] * 20 + [PASS] * 20, name="B")
    assert "A has the highest pass rate, 52.5 %" in said(build_leaderboard([RunData(a), RunData(b)]))
    assert "No significant difference was found from B." in said(build_leaderboard([RunData(a), RunData(b)]))


def test_systems_on_different_questions_come_with_a_warning(make_table):
    rows = [{**PASS, "id": f"{s}{i}", "question": f"{s}{i}", "system": s} for s in "xy" for i in range(5)]
    assert "no question in common" in said(build_leaderboard([RunData(make_table(rows))], system="system"))


def test_fields_slice_of_their_own_accord_if_they_have_few_short_values(make_table):
    rows = [
        {
            "id": f"i{i}",
            "two": i % 2,
            "many": i % 13,
            "one": 1,
            "long": "x" * (81 + i % 2),
            "pair_id": i // 10,
        }
        for i in range(40)
    ]
    assert default_fields(make_table(rows)) == ["two"]


def test_what_tells_apart_answers_to_one_question_slices_first_and_images_do_not(make_table):
    fields = dict.fromkeys(("image", "a", "b", "c", "d", "e", "f", "condition"))
    rows = [{"id": f"i{i}", **{name: f"{name} {i % 2}" for name in fields}} for i in range(40)]
    assert default_fields(make_table(rows)) == ["condition", "a", "b", "c", "d", "e"]


def test_a_field_with_the_names_of_categories_slices(make_table):
    names = ("General Object Understanding", "Anomaly Understanding and Localization (Pair-wise comparison)")
    rows = [{"id": f"i{i}", "robustness_category": names[i % 2]} for i in range(40)]
    assert default_fields(make_table(rows)) == ["robustness_category"]
