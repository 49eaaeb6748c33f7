"""Several runs on one page: systems in order, a panel of judges, or runs that cannot be ranked."""

from dataclasses import replace

import pytest

from judge.errors import InputError
from judge.reporting.builders.comparison import build_comparison, build_leaderboard
from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.several_runs import build_runs
from judge.reporting.builders.single_run import build_report
from judge.rubric import RubricScale

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}


def said(report):
    return " ".join((*report.verdict, *report.warnings))


def marks(n_pass, n, **more):
    return [{**(PASS if i < n_pass else FAIL), **more} for i in range(n)]


@pytest.fixture
def panel(make_table):
    names = {"mild": 30, "middle": 28, "strict": 20}
    return [RunData(replace(make_table(marks(k, 40), name=n), rater=f"judge {n}")) for n, k in names.items()]


def test_judges_of_the_same_answers_are_a_panel_and_not_ranked(panel):
    report = build_runs(panel)
    assert report.title == "A panel of 3 judges on 40 answers"
    assert "leaderboard" not in report.tables
    assert report.tables["panel"].column("run") == ["mild", "middle", "strict"]
    assert report.tables["panel"].column("judge") == ["judge mild", "judge middle", "judge strict"]
    assert not any(word in said(report) for word in ("leads", "first in"))


def test_a_panel_says_how_often_all_give_the_same_verdict(panel):
    report = build_runs(panel)
    assert report.estimates["same_verdict"].value == 30 / 40
    assert "the same verdict on 75.0 %" in said(report)
    assert "Pass rates range from 50.0 % (strict) to 75.0 % (mild)." in said(report)


def test_every_two_judges_of_a_panel_are_compared(panel):
    pairs = build_runs(panel).tables["panel_pairs"]
    assert [(a, b, round(e.value, 3)) for a, b, _, e, *_ in pairs.rows] == [
        ("mild", "middle", 0.95),
        ("mild", "strict", 0.75),
        ("middle", "strict", 0.8),
    ]


def test_the_order_of_the_items_in_a_run_makes_no_other_panel(panel):
    turned = replace(panel[1], table=panel[1].table.take(range(39, -1, -1)))
    assert build_runs([panel[0], turned]).estimates["same_verdict"].value == 38 / 40


def test_a_leaderboard_of_runs_over_the_same_answers_says_what_it_ranks(panel):
    assert "which judge is most lenient, not which system is best" in said(build_leaderboard(panel))


def test_runs_of_different_answers_are_ranked(make_table):
    runs = [RunData(make_table(marks(k, 40, answer=name), name=name)) for name, k in (("a", 30), ("b", 10))]
    report = build_runs(runs)
    assert report.title == "2 runs"
    assert "a has the highest pass rate, 75.0 %" in said(report)


def test_runs_of_different_rubrics_are_shown_and_not_ranked(make_table, make_rubric):
    runs = [
        RunData(make_table(marks(30, 40, answer=name), make_rubric({"accuracy": least}), name=name))
        for name, least in (("a", 3), ("b", 4))
    ]
    report = build_runs(runs)
    assert "different rubrics, so they are not ranked" in said(report)
    assert "leaderboard" not in report.tables
    assert {"a/pass_rates", "b/pass_rates"} <= set(report.tables)


@pytest.mark.parametrize("build", [build_runs, build_leaderboard, lambda runs: build_comparison(*runs)])
def test_scales_that_differ_are_refused_with_both(make_table, make_rubric, build):
    wide = make_rubric().model_copy(update={"scale": RubricScale(min=0, max=10)})
    runs = [
        RunData(make_table([PASS] * 3, name="narrow")),
        RunData(make_table([PASS] * 3, wide, name="wide")),
    ]
    with pytest.raises(InputError, match="scale from 1 to 5, wide on a scale from 0 to 10"):
        build(runs)


def test_answers_of_several_systems_to_one_question_are_one_group(make_table):
    rows = [
        {**(PASS if i % 3 else FAIL), "id": f"{s}{i}", "question": f"q{i}", "system": s, "answer": s}
        for s in "xyz"
        for i in range(20)
    ]
    report = build_report(RunData(make_table(rows)))
    rate = report.estimates["pass_rate"]
    assert (rate.n_items, rate.n_clusters) == (60, 20)
    assert "answers that share one question (text, pictures and reference) form a cluster" in " ".join(
        report.methods
    )
    assert "(60 answers in 20 clusters)" in " ".join(report.methods)
    apart = build_report(RunData(make_table(rows)), cluster="id").estimates["pass_rate"]
    assert apart.high - apart.low < rate.high - rate.low


@pytest.mark.parametrize("other", [{"reference": "another"}, {"question": "another"}])
def test_another_question_or_reference_is_another_group(make_table, other):
    rows = [{**PASS, "question": "q", "reference": "r"}, {**FAIL, "question": "q", "reference": "r"}, PASS]
    same, apart = make_table(rows), make_table([rows[0], rows[1] | other, rows[2]])
    assert (same.n_questions, apart.n_questions) == (2, 3)


def test_pair_id_comes_before_the_question(make_table):
    rows = [{**PASS, "question": "same", "pair_id": i // 2} for i in range(8)]
    assert build_report(RunData(make_table(rows))).estimates["pass_rate"].n_clusters == 4


def test_answers_to_one_question_alone_come_with_a_warning(make_table):
    rows = [{**PASS, "question": "same"} for _ in range(40)]
    report = build_report(RunData(make_table(rows)))
    assert "All answers are to one question" in said(report)
    assert report.estimates["pass_rate"].n_clusters == 40


def test_a_tie_at_the_top_is_a_tie(make_table):
    # Of eight answers each, the first two systems pass the same seven, the others five and two.
    rows = [
        {**(PASS if i < k else FAIL), "id": f"{s}{i}", "question": f"q{i}", "system": s, "answer": s}
        for s, k in (("A", 7), ("B", 7), ("C", 5), ("D", 2))
        for i in range(8)
    ]
    verdict = build_leaderboard([RunData(make_table(rows))], system="system").verdict
    assert verdict[0].startswith("A and B share the highest pass rate, 87.5 %")
    assert "resamples" not in verdict[0]
    assert verdict[1] == "No significant difference was found from C, D."


def test_a_tie_of_all_systems_is_a_tie_of_all(make_table):
    rows = [
        {**PASS, "id": f"{s}{i}", "question": f"q{i}", "system": s, "answer": s}
        for s in "ABC"
        for i in range(8)
    ]
    (only,) = build_leaderboard([RunData(make_table(rows))], system="system").verdict
    assert only.startswith("A, B and C share the highest pass rate, 100.0 %")


@pytest.mark.parametrize("n", [1, 3])
def test_one_shared_question_is_too_little_to_compare_systems(make_table, n):
    rows = [
        {**score, "id": f"{s}{i}", "question": "Q1", "system": s, "answer": s}
        for s, score in (("A", PASS), ("B", FAIL))
        for i in range(n)
    ]
    source = RunData(make_table(rows))
    (verdict,) = build_leaderboard([source], system="system").verdict
    assert "all answers are to one question" in verdict
    (section,) = [s for s in build_report(source).sections if s.key == "leaderboard"]
    assert "all answers are to one question" in section.lead[0]
