"""A judge is everything that decides a score."""

from dataclasses import replace

import pytest

from judge.scoring.judge import Judge

from .builders import rubric

JUDGE = Judge(model="openai/gpt-5", rubric=rubric())


@pytest.mark.parametrize(
    "other",
    [
        {"model": "openai/gpt-5-mini"},
        {"params": {"temperature": 0}},
        {"structured": False},
        {"max_pixels": 1000},
        {"rubric": rubric(guidelines=["Be strict."])},
    ],
    ids=lambda other: next(iter(other)),
)
def test_whatever_decides_a_score_changes_the_fingerprint(other):
    assert replace(JUDGE, **other).fingerprint != JUDGE.fingerprint


def test_equal_judges_have_one_fingerprint():
    assert Judge(model="openai/gpt-5", rubric=rubric()).fingerprint == JUDGE.fingerprint


@pytest.mark.parametrize("file", ["replies.jsonl", "some/where/replies.jsonl"])
def test_recorded_judge_is_named_after_its_file(file):
    assert Judge(model=f"replay:{file}", rubric=rubric()).name == "replay:replies"
