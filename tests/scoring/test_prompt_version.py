"""Runs that were asked with an earlier prompt: read as before, and never asked again in silence."""

import pytest

from judge import score
from judge.errors import BackendError, RunError
from judge.records import Completion
from judge.scoring.judge import PROMPT_VERSION, Judge
from judge.scoring.prompt import build_requests
from judge.scoring.run import Run
from judge.scoring.score import rederive

from .builders import item, reply, rubric

FIRST = Judge(model="openai/gpt-5", rubric=rubric(), prompt=1)
PRESENT = Judge(model="openai/gpt-5", rubric=rubric())


@pytest.fixture
def old(tmp_path):
    """Folder of a run that was scored with the first version of the prompt."""
    with Run.create(tmp_path / "old", FIRST) as run:
        run.add_items([item()])
        run.append([Completion.of(build_requests(item(), FIRST)[0], reply=reply(), finish_reason="stop")])
    return tmp_path / "old"


def test_scoring_into_it_is_refused_in_one_line_that_says_what_to_do(old):
    with pytest.raises(RunError, match=r"version 1 of the prompt.*another folder with out") as refused:
        Run.create(old, PRESENT)
    assert "\n" not in str(refused.value)


def test_another_judge_is_told_as_another_judge(old):
    with pytest.raises(RunError, match="belongs to another judge"):
        Run.create(old, Judge(model="openai/gpt-4o", rubric=rubric()))


def test_its_judge_has_the_first_version(old):
    with Run.open(old) as run:
        assert run.judge.prompt == 1
        assert run.judge.fingerprint == FIRST.fingerprint


def test_its_scores_are_derived_again_without_a_call(old):
    with rederive(old) as run:
        assert run.summary().completions == 1


def test_run_of_the_present_version_goes_on(tmp_path):
    for _ in range(2):
        with Run.create(tmp_path / "new", PRESENT) as run:
            run.append([Completion(key="k", item_id="i1", reply="x")])
            assert run.judge.prompt == PROMPT_VERSION


def test_judge_with_an_earlier_version_is_not_asked_with_the_present_prompt(tmp_path):
    with pytest.raises(
        BackendError, match=f"version 1 of the prompt; this release sends version {PROMPT_VERSION}"
    ):
        score([item()], judge=FIRST, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
