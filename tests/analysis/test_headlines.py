"""The warnings that stand at the top of `judge score`, `report`, `audit` and `agree`."""

import pytest
from click.testing import CliRunner

from judge.analysis import headlines
from judge.analysis.headlines import of_run, of_table
from judge.cli import main
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run

GOOD = {"accuracy": 4, "clarity": 4}


def rows(clarity, n=40, **more):
    """Answers whose accuracy varies; `clarity` of the first, 5 for the others."""
    return [{"accuracy": 1 + i % 5, "clarity": clarity if i == 0 else 5, **more} for i in range(n)]


def test_one_score_for_nearly_all_answers_is_told_with_share_and_dimension(make_table):
    (sentence,) = of_table(make_table(rows(clarity=2)))
    assert sentence.startswith("The judge gives nearly all answers one score: clarity is 5 in 97.5 % of 40.")
    (sentence,) = of_table(make_table(rows(clarity=5)))
    assert "clarity is 5 in all of 40" in sentence


@pytest.mark.parametrize(
    "some",
    [
        pytest.param(rows(clarity=2)[:19], id="too_few"),
        pytest.param([*rows(clarity=2), *({**GOOD, "accuracy": 1 + i % 5} for i in range(3))], id="below"),
    ],
)
def test_few_or_differing_scores_are_no_headline(make_table, some):
    assert of_table(make_table(some)) == []


def test_empty_answers_that_pass_are_a_headline_and_those_that_fail_are_none(make_table):
    empty = [{**GOOD, "answer": " "}, {"accuracy": 1, "clarity": 1, "answer": ""}, GOOD]
    assert of_table(make_table(empty)) == ["1 of 2 empty answers pass."]
    assert of_table(make_table(empty[1:])) == []


def test_items_with_known_scores_check_the_judge(make_table):
    known = [
        {**GOOD, "expected_scores": {"accuracy": [1, 2]}},
        {**GOOD, "expected_scores": {"accuracy": 4, "form": 1}},
        {**GOOD, "expected_scores": {"form": 1}},
        {"accuracy": "refused", "clarity": 4, "expected_scores": {"accuracy": 1}},
    ]
    (sentence,) = of_table(make_table(known))
    assert sentence.startswith("The judge fails 1 of 2 gold items (items with expected_scores)")


def test_flags_are_no_scores(make_table, make_rubric):
    rubric = make_rubric(flags={"is_safe": {"type": "boolean", "description": "x"}})
    varied = [{"accuracy": 1 + i % 5, "clarity": 1 + i % 4, "is_safe": 1.0} for i in range(40)]
    assert of_table(make_table(varied, rubric)) == []


@pytest.fixture
def careless(tmp_path):
    """A run that gives everything a 5, an empty answer and one with known scores included."""
    rubric = load_rubric("open_qa")
    items = [Item(id=f"q{i}", question="?", answer="!") for i in range(20)]
    items += [Item(id="empty", question="?", answer="")]
    items += [Item(id="known", question="?", answer="!", metadata={"expected_scores": {"clarity": 1}})]
    scores = [
        Score(item_id=item.id, rater="robot", rater_kind="judge", dimension=name, value=5.0)
        for item in items
        for name in rubric.scored
    ]
    Run.imported(tmp_path / "run", rubric, items, scores, model="robot").close()
    people = [f"{item.id},ann,{1 if item.id == 'known' else 4}" for item in items]
    (tmp_path / "ratings.csv").write_text("\n".join(["item_id,rater,clarity", *people]) + "\n")
    return tmp_path


def test_a_run_and_its_table_give_the_same_warnings(careless):
    with Run.open(careless / "run") as run:
        from judge.analysis.score_table import ScoreTable

        found = of_run(run)
        assert found == of_table(ScoreTable.of_run(run))
    assert len(found) == 3


@pytest.mark.parametrize("words", [("report",), ("audit",), ("parse",), ("agree", "--humans", "ratings.csv")])
def test_each_command_shows_them_at_its_top(careless, monkeypatch, words):
    monkeypatch.chdir(careless)
    if words == ("parse",):  # shows what `judge score` shows, for a run that has replies
        monkeypatch.setattr("judge.cli.parse.rederive", lambda run, _: Run.open(run))
    first = " ".join(CliRunner().invoke(main, [words[0], "run", *words[1:]]).stdout.split())
    assert "! The judge gives nearly all answers one score:" in first
    everything = ("--sections", "all") if words[0] in ("report", "agree") else ()
    shown = " ".join(CliRunner().invoke(main, [words[0], "run", *words[1:], *everything]).stdout.split())
    assert "! The judge gives nearly all answers one score:" in shown
    assert "! 1 of 1 empty answer passes." in shown or words[0] == "agree"
    assert "! The judge fails 1 of 1 gold items" in shown
    assert shown.index("nearly all answers") < (shown.index("mean") if "mean " in shown else len(shown))


def test_the_rater_who_misses_an_item_with_known_scores_is_named(careless, monkeypatch):
    monkeypatch.chdir(careless)
    text = careless.joinpath("ratings.csv").read_text().replace("known,ann,1", "known,ann,3")
    careless.joinpath("ratings.csv").write_text(text)
    shown = " ".join(CliRunner().invoke(main, ["agree", "run", "--humans", "ratings.csv"]).stdout.split())
    assert "! 1 of 1 rater failed attention checks (ann 1 of 1)." in shown


def test_the_module_loads_no_numpy():
    assert not hasattr(headlines, "np")


def test_a_criterion_that_nearly_all_answers_meet_is_no_reason_to_warn(make_typed):
    rows = [{"truth": float(1 + i % 3), "named": 1.0, "fault": "none"} for i in range(40)]
    assert not list(of_table(make_typed(rows)))


def test_gold_items_name_the_label_of_a_category(make_typed, tmp_path):
    rows = [{"fault": found, "expected_scores": {"fault": "minor"}} for found in ("minor", "major")]
    table = make_typed(rows)
    (sentence,) = of_table(table)
    assert sentence.startswith("The judge fails 1 of 2 gold items")
    scores = [
        Score(item_id=f"i{i}", rater="r", rater_kind="judge", dimension="fault", value=row["fault"])
        for i, row in enumerate(rows)
    ]
    with Run.imported(tmp_path / "run", table.rubric, table.items, scores, model="r") as run:
        assert of_run(run) == [sentence]
