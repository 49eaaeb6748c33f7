"""Two runs compared, and systems ranked."""

import pytest

from judge.errors import InputError
from judge.records import Item, Score
from judge.reporting.builders.comparison import build_comparison, build_leaderboard, read_pair
from judge.reporting.builders.run_data import RunData
from judge.scoring.run import Run

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}


@pytest.fixture
def folder(tmp_path, make_rubric):
    def make(name):
        rubric = make_rubric()
        items = [Item(id=f"{i}", question="?", answer="a", metadata={"pair_id": i // 2, "side": "lr"[i % 2]}) for i in range(4)]  # fmt: skip
        scores = [
            Score(item_id=item.id, rater="m", rater_kind="judge", dimension=d, value=4.0)
            for item in items
            for d in rubric.scored
        ]
        path = tmp_path / name / "run"
        Run.imported(path, rubric, items, scores, model="m").close()
        return str(path)

    return make


@pytest.mark.parametrize(
    ("n", "between"), [(1, None), (3, None), (0, None), (2, "side")], ids=["one", "three", "none", "two and a field"]
)  # fmt: skip
def test_other_than_two_runs_or_one_run_and_a_field_is_refused(folder, n, between):
    runs = [folder(f"r{i}") for i in range(n)]
    with pytest.raises(InputError, match="give two runs, or one run and --between FIELD"):
        read_pair(runs, between)


def test_two_runs_of_one_name_are_told_apart(folder):
    a, b = read_pair([folder("x"), folder("y")])
    assert (a.table.name, b.table.name) == ("run", "run (2)")


def test_one_run_is_split_by_a_field(folder):
    a, b = read_pair([folder("x")], "side")
    assert {a.table.name, b.table.name} == {"l", "r"}
    assert (len(a.table), len(b.table)) == (2, 2)
    assert a.about["run"] == b.about["run"] == "run"


def test_figures_are_differences_of_the_second_run_minus_the_first(make_table):
    a, b = make_table([PASS, FAIL], name="A"), make_table([PASS, PASS], name="B")
    report = build_comparison(RunData(a), RunData(b))
    values = {name: estimate.value for name, estimate in report.estimates.items()}
    assert values == {"pass_rate.a": 0.5, "pass_rate.b": 1.0, "difference": 0.5, "difference.accuracy": 1.5, "difference.clarity": 0.0}  # fmt: skip
    assert report.title == "B compared with A: 2 pairs of answers"


def test_only_so_many_changed_items_are_shown_in_full(make_table):
    a, b = make_table([PASS] * 4, name="A"), make_table([FAIL] * 4, name="B")
    report = build_comparison(RunData(a), RunData(b), n_flips=3)
    section = next(s for s in report.sections if s.key == "flips")
    assert (len(section.cases), len(section.tables[0].rows)) == (3, 4)


def test_sections_appear_only_where_there_is_something_to_show(make_table):
    a, b = make_table([PASS] * 4, name="A"), make_table([PASS] * 4, name="B")
    sections = {s.key: s for s in build_comparison(RunData(a), RunData(b)).sections}
    assert sections.keys() == {"overview", "flips"}
    assert sections["flips"].tables == ()


def test_provenance_is_shared_or_given_for_each_run(make_table):
    a = RunData(make_table([PASS], name="A"), about={"run": "A", "judge": "m", "rubric": "r"})
    b = RunData(make_table([PASS], name="B"), about={"run": "B", "judge": "n", "rubric": "r"})
    assert build_comparison(a, b).about == {"judge of A": "m", "judge of B": "n", "rubric": "r"}


def test_systems_within_several_runs_are_refused(make_table):
    with pytest.raises(InputError, match="ranks the systems within one run; found 2 runs"):
        build_leaderboard([RunData(make_table([PASS]))] * 2, system="system")


def test_a_ranking_names_what_is_ranked(make_table):
    rows = [{**PASS, "id": f"{s}{i}", "question": f"q{i}", "system": s} for s in "AB" for i in range(3)]
    report = build_leaderboard([RunData(make_table(rows))], system="system")
    assert report.title == "Leaderboard of 2 systems by system"
    assert {name: e.value for name, e in report.estimates.items()} == {"pass_rate.A": 1.0, "pass_rate.B": 1.0}
    two = [RunData(make_table([PASS, FAIL], name=name)) for name in "AB"]
    assert build_leaderboard(two).title == "Leaderboard of 2 runs"
