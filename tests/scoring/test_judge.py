"""A judge is everything that decides a score."""

from dataclasses import replace

import pytest

from judge.scoring.judge import ENGINE_DECIDES, Judge

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


def test_another_version_of_the_prompt_is_another_judge():
    assert replace(JUDGE, prompt=1).fingerprint != JUDGE.fingerprint


def test_first_version_of_the_prompt_is_left_out_as_it_was_then():
    assert "prompt" not in replace(JUDGE, prompt=1).description


@pytest.mark.parametrize("name", ["structured_outputs_config", "logits_processors", "logprobs_mode"])
def test_engine_argument_that_decides_a_reply_belongs_to_the_judge(name):
    assert name in ENGINE_DECIDES


@pytest.mark.parametrize(
    ("model", "is_on_vllm"), [("vllm:a/b", True), ("hosted_vllm/b", True), ("openai/b", False)]
)
def test_judge_knows_whether_vllm_serves_it(model, is_on_vllm):
    assert Judge(model=model, rubric=rubric()).is_on_vllm == is_on_vllm
