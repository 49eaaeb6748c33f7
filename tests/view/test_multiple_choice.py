"""A run of multiple-choice answers in the browser."""

import pytest

import judge
from judge.view.columns import VERDICTS
from judge.view.library import Library
from judge.view.replies import prompts_of
from judge.view.run_index import RunIndex

OPTIONS = {"choices": ["lid", "cap"], "gold": "B"}
ROWS = [
    {"id": "right", "question": "1?", "answer": "B", **OPTIONS},
    {"id": "wrong", "question": "2?", "answer": "A", **OPTIONS},
    {"id": "both", "question": "3?", "answer": "A or B", **OPTIONS},
    {"id": "open", "question": "4?", "answer": "It is a cap."},
]


@pytest.fixture
def run(tmp_path):
    with judge.score(ROWS, judge="letters", rubric="multiple_choice", out=tmp_path / "run") as run:
        yield run


def test_the_page_of_an_item_says_that_there_is_no_prompt(run):
    library = Library.of([run.path])
    try:
        note, prompts = prompts_of(library.open(run.name), run.item("right"))
    finally:
        library.close()
    assert (prompts, "no prompt" in note) == ([], True)


def test_the_browser_shows_an_unreadable_answer_as_a_fail(run):
    index = RunIndex(run.path)
    index.close()
    assert [VERDICTS[code] for code in index.columns.verdicts] == [
        "pass", "fail", "fail", "not applicable",
    ]  # fmt: skip
