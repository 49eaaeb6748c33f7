"""Tables that compare runs or systems."""

from judge.reporting.builders.comparison import build_comparison, build_leaderboard
from judge.reporting.builders.run_data import RunData

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}


def compared(make_table, a, b):
    return build_comparison(RunData(make_table(a, name="A")), RunData(make_table(b, name="B")))


def test_changes_hold_both_rates_their_difference_and_what_changed(make_table):
    found = compared(make_table, [PASS, PASS, FAIL, FAIL], [PASS, FAIL, PASS, PASS]).tables
    (row,) = found["pass_rate"].rows
    assert (row[1], row[2].value, row[3].value, row[4].value) == (4, 0.5, 0.75, 0.25)
    assert row[-2:] == (2, 1)
    assert [row[4].value for row in found["means"].rows] == [0.75, 0.0]
    assert [column.kind for column in found["means"].columns[2:5]] == ["score", "score", "change"]
    assert [column.kind for column in found["pass_rate"].columns[2:5]] == ["share", "share", "points"]


def test_slices_with_few_pairs_are_marked(make_table):
    rows = [{**PASS, "kind": "a"}] * 20 + [{**PASS, "kind": "b"}] * 19
    table = compared(make_table, rows, rows).tables["slices:kind"]
    assert [row[:2] for row in table.rows] == [("a", 20), ("b", 19)]
    assert table.small == (1,)
    assert "fewer than 20 pairs" in table.notes[-1]


def test_items_of_one_run_are_listed_with_the_run(make_table):
    a = [{**PASS, "id": "x"}, {**PASS, "id": "y"}]
    b = [{**PASS, "id": "y"}, {**PASS, "id": "z"}]
    assert compared(make_table, a, b).tables["unmatched"].rows == (("A", "x"), ("B", "z"))


def test_items_with_different_verdicts_are_listed_and_shown(make_table):
    report = compared(make_table, [PASS, FAIL, PASS], [FAIL, PASS, PASS])
    assert report.tables["flips"].rows == (("i0", "pass", "fail"), ("i1", "fail", "pass"))
    (section,) = [section for section in report.sections if section.key == "flips"]
    assert [case.note for case in section.cases] == [f"passes in {name} only" for name in ("A", "B")]


def test_standings_hold_rates_ranks_and_letters(make_table):
    rows = [
        {**(PASS if i < k else FAIL), "id": f"{s}{i}", "question": f"q{i}", "system": s}
        for s, k in (("A", 38), ("B", 4))
        for i in range(40)
    ] + [{"id": "B40", "question": "q40", "system": "B"}]
    report = build_leaderboard([RunData(make_table(rows))], system="system")
    table = report.tables["leaderboard"]
    assert [row[:4] for row in table.rows] == [(1, "A", 40, 0), (2, "B", 40, 1)]
    assert [(row[5], row[6], row[7]) for row in table.rows] == [(1, 1, "a"), (2, 2, "b")]
    assert "were not shown to differ" in table.notes[0]
    assert [row[1].value for row in report.tables["system_means"].rows] == [3.85, 1.3]
    ((better, worse, difference, *_),) = report.tables["contrasts"].rows
    assert (better, worse, round(difference.value, 6)) == ("A", "B", 0.85)


def test_a_case_shows_the_fields_and_the_system_of_its_item(make_table):
    a = [{**PASS, "kind": "x", "system": "S", "empty": None}]
    report = compared(make_table, a, [{**a[0], **FAIL}])
    (case,) = next(section.cases for section in report.sections if section.key == "flips")
    assert case.fields == {"kind": "x", "system": "S"}
    assert [j.scores["accuracy"] for j in case.judgments] == [4, 1]
