"""Sentences of reports about runs: which condition says what, with which figure."""

import pytest

from judge.reporting.builders.comparison import build_comparison, build_leaderboard
from judge.reporting.builders.run_data import RunData
from judge.reporting.builders.single_run import build_report

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}


def warnings(table, **more):
    return " ".join(build_report(RunData(table), **more).warnings)


@pytest.mark.parametrize(("n_missing", "warned"), [(5, False), (6, True)])
def test_missing_verdicts_are_a_warning_above_five_percent(make_table, n_missing, warned):
    found = warnings(make_table([PASS] * (100 - n_missing) + [{}] * n_missing))
    assert (f"{n_missing}.0 % of verdicts are missing" in found) is warned


@pytest.mark.parametrize(("n", "warned"), [(29, True), (30, False)])
def test_fewer_than_thirty_verdicts_are_a_warning(make_table, n, warned):
    assert (f"Only {n} verdicts" in warnings(make_table([PASS] * n))) is warned
    assert "Only 0 verdicts" not in warnings(make_table([{}] * n))


@pytest.mark.parametrize(("n", "warned"), [(9, True), (10, False)])
def test_fewer_than_ten_clusters_are_a_warning(make_table, n, warned):
    rows = [{**PASS, "image": i % n} for i in range(60)]
    assert (f"Only {n} groups" in warnings(make_table(rows), cluster="image")) is warned


def test_one_question_is_a_warning(make_table):
    same = [{**PASS, "question": "Q"}, {**FAIL, "question": "Q"}]
    assert "not to other questions" in warnings(make_table(same), cluster="id")
    assert "not to other questions" not in warnings(make_table([PASS, FAIL]), cluster="id")
    assert "not to other questions" not in warnings(make_table([{**PASS, "question": "Q"}]), cluster="id")


def test_binding_dimensions_from_five_percent_are_named_with_their_shares(make_table):
    both = {"accuracy": 2, "clarity": 1}
    found = build_report(RunData(make_table([FAIL] * 94 + [both] * 6))).verdict[1]
    assert found.startswith("Binding dimension: accuracy in 94.0 %")
    assert found.endswith(", clarity in 6.0 %.")
    rare = build_report(RunData(make_table([FAIL] * 96 + [both] * 4))).verdict[1]
    assert "clarity" not in rare


def test_no_failing_answers_no_binding_dimension(make_table):
    assert "binding" not in " ".join(build_report(RunData(make_table([PASS] * 40))).verdict)


def test_the_three_largest_differences_are_named(make_table):
    def row(i):
        return {f"f{k}": "ab"[i < 21 + 5 * k] for k in range(4)}

    rows = [{**(FAIL if i < 20 else PASS), **row(i)} for i in range(80)]
    found = [text for text in build_report(RunData(make_table(rows))).verdict if "pass rate is lower" in text]
    assert [text.split(" where ")[1][:7] for text in found] == ["f0 is b", "f1 is b", "f2 is b"]
    assert "95.2 percentage points below all other items" in found[0]


def compared(make_table, a, b):
    return build_comparison(RunData(make_table(a, name="A")), RunData(make_table(b, name="B")))


def test_a_significant_difference_says_which_run_passes_more_and_by_how_much(make_table):
    a, b = [FAIL] * 20 + [PASS] * 20, [PASS] * 36 + [FAIL] * 4
    found = " ".join(compared(make_table, a, b).verdict)
    assert "B passes more: +40.0" in found
    assert "20 answers pass only in B, 4 only in A" in found
    assert "B passes fewer: -40.0" in " ".join(compared(make_table, b, a).verdict)
    assert "accuracy +1.20" in found


def test_equal_verdicts_and_pairs_without_a_verdict(make_table):
    assert compared(make_table, [PASS, FAIL], [PASS, FAIL]).verdict[1] == "All verdicts are equal."
    (only,) = compared(make_table, [PASS, {}], [{}, PASS]).verdict
    assert only.startswith("No pair has a verdict on both sides")


def test_the_slice_that_changed_most_is_named(make_table):
    a = [{**FAIL, "kind": "x"}] * 30 + [{**PASS, "kind": "y"}] * 30
    b = [{**PASS, "kind": "x"}] * 30 + [{**PASS, "kind": "y"}] * 30
    assert "By kind, the pass rates differ most for x: +100.0" in " ".join(compared(make_table, a, b).verdict)


def test_different_questions_and_items_of_one_run_are_warnings(make_table):
    a = [{**PASS, "id": "1"}, {**PASS, "id": "2"}, {**PASS, "id": "3"}]
    b = [{**PASS, "id": "1", "question": "other"}, {**PASS, "id": "2", "question": "q1?"}]
    found = compared(make_table, a, b).warnings
    assert found[0].startswith("1 item is in one run only")
    assert "(1 of A, 0 of B)" in found[0]
    assert found[1].startswith("1 of 2 pairs have different questions")


def board(make_table, counts, n=40, skip=()):
    rows = [
        {**(PASS if i < k else FAIL), "id": f"{s}{i}", "question": f"q{i}", "system": s}
        for s, k in counts.items()
        for i in range(n)
        if (s, i) not in skip
    ]
    return build_leaderboard([RunData(make_table(rows))], system="system")


def test_a_clear_leader_differs_significantly(make_table):
    first, second = board(make_table, {"A": 39, "B": 5}).verdict
    assert first.startswith("A has the highest pass rate, 97.5 %")
    assert "ranks first in 100.0 % of resamples" in first
    assert second == "It differs significantly from B."
    assert board(make_table, {"A": 39, "B": 5, "C": 4}).verdict[1].endswith("from every other system.")


def test_shared_leaders_differ_together(make_table):
    assert board(make_table, {"A": 39, "B": 39, "C": 5}).verdict[1] == ("They differ significantly from C.")


def test_systems_without_all_questions_are_a_warning(make_table):
    found = board(make_table, {"A": 39, "B": 5}, skip={("B", 0), ("B", 1)}).warnings
    assert "38 are shared, of 38 to 40 per system" in " ".join(found)
    assert "are shared" not in " ".join(board(make_table, {"A": 39, "B": 5}).warnings)


def test_methods_name_the_pass_rule_and_the_clusters(make_table):
    rows = [{**PASS, "image": i % 12} for i in range(60)]
    found = " ".join(build_report(RunData(make_table(rows)), cluster="image").methods)
    assert "accuracy >= 3 and clarity >= 3" in found
    assert "share one image form a cluster (60 answers in 12 clusters)" in found
    alone = " ".join(build_report(RunData(make_table(rows)), cluster="id").methods)
    assert "Items are treated as independent" in alone
