"""How much an answer loses for more words than allowed."""

import pytest

from judge.rubric import Rubric, load_rubric, parse_rubric
from judge.scoring.backends.baseline import measure

from .test_baseline import NAMED, scores

WORDS = [f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(60)]


def _polish(n_words, max_words):
    """Score of form on 0-10 of an answer without repetition that is as long as its reference."""
    text = " ".join(WORDS[:n_words])
    rubric = Rubric.model_validate({**parse_rubric(NAMED).model_dump(by_alias=True), "max_words": max_words})
    return scores(text, rubric, reference=text)["polish"]


@pytest.mark.parametrize(
    ("n_words", "max_words", "score"),
    [(20, None, 10), (20, 20, 10), (30, 20, 5), (24, 20, 8), (40, 20, 0), (60, 20, 0)],
)
def test_form_falls_by_the_share_of_words_beyond_the_allowed_number(n_words, max_words, score):
    assert _polish(n_words, max_words) == score


def test_an_answer_of_three_times_the_length_of_its_reference_is_not_bloated():
    assert measure("a b c", "a", "").bloat == 0
    assert measure("a b c d", "a", "").bloat == 0.25


def test_the_rubric_that_is_shipped_for_inspection_limits_the_words():
    assert load_rubric("inspection").max_words is not None
