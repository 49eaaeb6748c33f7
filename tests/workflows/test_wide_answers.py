"""Answers with one column a system and without ids, from scoring to the comparison of systems and to ratings."""

import pytest

import judge
from judge.analysis.leaderboard import by_system, leaderboard
from judge.analysis.score_table import ScoreTable

QUESTIONS = [f"What does part {n} do?" for n in range(24)]
RIGHT, WRONG = "It closes the valve of the pump.", "Nothing at all."


@pytest.fixture
def table():
    """Two systems: the first is right in two thirds of its answers, the second in half of them."""
    return [
        {
            "question": q,
            "reference": RIGHT,
            "a": WRONG if n % 3 == 0 else RIGHT,
            "b": RIGHT if n % 2 else WRONG,
        }
        for n, q in enumerate(QUESTIONS)
    ]


@pytest.fixture
def run(table, tmp_path):
    with judge.score(table, answers_in=["a", "b"], out=tmp_path / "run") as made:
        yield made


def test_systems_are_compared_question_by_question(run):
    assert "24 pairs of answers" in str(judge.compare(run, between="system"))
    assert leaderboard(by_system(ScoreTable.of_run(run), "system")).matched_by == "pair_id"


def test_ratings_with_one_row_an_answer_find_their_answers(run, table):
    ratings = [
        {"question": row["question"], "answer": row[s], "model": s, "ann": 5 - (row[s] == WRONG), "ben": 4}
        for row in reversed(table)
        for s in ("b", "a")
    ]
    agreed = judge.agree(run, ratings, raters_in=["ann", "ben"], dimensions="relevance")
    assert len({score.item_id for score in run.scores()}) == 48
    assert "48 items" in str(agreed)


def test_a_third_system_in_the_table_changes_no_id(run, table, tmp_path):
    more = [{**row, "c": "Something."} for row in table]
    with judge.score(more, answers_in=["a", "b", "c"], out=tmp_path / "more") as other:
        ids = {score.item_id for score in other.scores()}
    assert {score.item_id for score in run.scores()} < ids
