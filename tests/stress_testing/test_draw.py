"""Draw of the items, and the file that keeps it."""

import json

import pytest

import judge
from judge.errors import InputError, RunError
from judge.records import Item
from judge.rubric import load_rubric
from judge.scoring.judge import Judge
from judge.stress_testing.draw import draw_items, scores_of, shares_of
from judge.stress_testing.plan_file import read_drawn, write_drawn

ITEMS = [Item(id=f"q{n}", question="?", answer="!") for n in range(40)]
SCORES = {f"q{n}": str(1 + (n > 3) + (n > 11)) for n in range(38)}
"""Four items with 1, eight with 2, 26 with 3, and two without a score."""


def ids(drawn):
    return [item.id for item in drawn.items]


def test_each_score_gets_an_equal_share_as_far_as_it_has_items():
    drawn = draw_items(ITEMS, 22, 0, SCORES)
    assert drawn.strata == {"1": (4, 4), "2": (8, 8), "3": (8, 26), "no score": (2, 2)}
    assert len(drawn.items) == 22


def test_what_small_strata_cannot_give_goes_to_the_others():
    assert shares_of({"a": 30, "b": 1, "c": 30}, 21) == {"a": 10, "b": 1, "c": 10}


def test_all_items_are_drawn_where_there_are_fewer():
    assert ids(draw_items(ITEMS, 100, 0)) == [item.id for item in ITEMS]


def test_without_scores_the_draw_is_simple():
    drawn = draw_items(ITEMS, 5, 0)
    assert (len(drawn.items), drawn.strata, drawn.n_input) == (5, {}, 40)


def test_drawn_items_keep_the_order_of_the_input():
    drawn = ids(draw_items(ITEMS, 20, 0, SCORES))
    assert drawn == sorted(drawn, key=lambda name: int(name[1:]))


def test_the_same_seed_draws_the_same_items_and_another_seed_others():
    assert ids(draw_items(ITEMS, 9, 3)) == ids(draw_items(ITEMS, 9, 3))
    assert ids(draw_items(ITEMS, 9, 3)) != ids(draw_items(ITEMS, 9, 4))


@pytest.mark.parametrize("scores", [None, SCORES])
def test_a_stored_draw_is_read_again(tmp_path, scores):
    drawn = draw_items(ITEMS, 9, 3, scores)
    write_drawn(tmp_path / "new", drawn, 9, "answers.jsonl")
    assert read_drawn(tmp_path / "new", ITEMS[::-1], 9, 3) == drawn


def test_a_new_folder_holds_no_draw(tmp_path):
    assert read_drawn(tmp_path, ITEMS, 9, 3) is None


@pytest.mark.parametrize(("n", "seed"), [(8, 3), (9, 4)])
def test_another_size_or_seed_is_refused(tmp_path, n, seed):
    write_drawn(tmp_path, draw_items(ITEMS, 9, 3), 9, "x")
    with pytest.raises(RunError, match=f"of 9 items drawn with seed 3, and {n} items with seed {seed}"):
        read_drawn(tmp_path, ITEMS, n, seed)


def test_an_input_without_a_drawn_item_is_refused(tmp_path):
    drawn = draw_items(ITEMS, 40, 0)
    write_drawn(tmp_path, drawn, 40, "x")
    with pytest.raises(InputError, match="the item 'q39', which this one lacks"):
        read_drawn(tmp_path, ITEMS[:-1], 40, 0)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", json.dumps({"wanted": 1, "seed": 0, "items": [], "strata": {"a": 1}})]
)
def test_a_file_that_holds_no_draw_is_refused(tmp_path, text):
    (tmp_path / "stress.json").write_text(text)
    with pytest.raises(RunError, match=r"stress\.json: cannot be read"):
        read_drawn(tmp_path, ITEMS, 1, 0)


def test_items_of_a_run_without_an_overall_score_are_drawn_by_their_verdict(tmp_path):
    rubric = load_rubric("multiple_choice")
    assert rubric.overall.how == "none"
    rows = [
        {"id": str(n), "question": f"{n}?", "choices": ["x", "y"], "answer": "AAB"[n % 3], "gold": "A"}
        for n in range(9)
    ]
    with judge.score(rows, judge=Judge("letters", rubric), out=tmp_path / "run") as run:
        assert sorted(scores_of(run).values()) == ["fail"] * 3 + ["pass"] * 6


def test_items_of_a_run_are_drawn_by_their_overall_score(tmp_path):
    rows = [
        {"id": str(n), "question": f"{n}?", "answer": "Steel." if n else "", "reference": "Steel."}
        for n in range(3)
    ]
    with judge.score(rows, judge="baseline", out=tmp_path / "run") as run:
        assert scores_of(run) == {"0": "1", "1": "5", "2": "5"}
