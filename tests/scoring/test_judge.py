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
        {"scores": "expected"},
        {"engine": {"dtype": "float16"}},
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


@pytest.mark.parametrize("folder", ["/models/tiny", "./tiny", "~/tiny"])
def test_judge_out_of_a_folder_is_named_after_it(folder):
    assert Judge(model=f"vllm:{folder}", rubric=rubric()).name == "vllm:tiny"


@pytest.mark.parametrize("folder", [".", "./", "../tiny", "./a/.."])
def test_judge_out_of_the_folder_at_hand_is_named_after_it(folder, tmp_path, monkeypatch):
    (tmp_path / "tiny").mkdir()
    monkeypatch.chdir(tmp_path / "tiny")
    assert Judge(model=f"vllm:{folder}", rubric=rubric()).name == "vllm:tiny"


def test_judge_from_a_hub_keeps_its_whole_name():
    assert Judge(model="vllm:Qwen/Qwen3-4B", rubric=rubric()).name == "vllm:Qwen/Qwen3-4B"


def test_expected_scores_are_another_rater_than_those_read_out_of_a_text():
    assert replace(JUDGE, scores="expected").name == "openai/gpt-5 expected"


def test_description_of_a_judge_gives_the_judge_back():
    judge = replace(
        JUDGE, scores="expected", engine={"dtype": "float16"}, rubric=rubric(overall={"how": "judged"})
    )
    kept = judge.description
    again = Judge(**{**kept, "rubric": type(judge.rubric).model_validate(kept["rubric"])})
    assert again.fingerprint == judge.fingerprint
