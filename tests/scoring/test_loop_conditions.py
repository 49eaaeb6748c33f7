"""Scores of a run that does not say how many samples it has."""

import pytest

from judge.records import Completion
from judge.scoring.judge import Judge
from judge.scoring.loop import derive_scores
from judge.scoring.prompt import build_requests
from judge.scoring.run import Run

from .builders import item, reply, rubric

JUDGE = Judge(model="replay:x", rubric=rubric())


@pytest.mark.parametrize(("samples", "found"), [(None, {0}), (1, {0}), (2, {0, 1})])
def test_a_run_has_one_sample_an_item_unless_it_says_otherwise(tmp_path, samples, found):
    with Run.create(tmp_path / "run", JUDGE) as run:
        run.add_items([item()])
        run.append([Completion.of(build_requests(item(), JUDGE)[0], reply=reply())])
        if samples is not None:
            run.set_fact("samples", samples)
        derive_scores(run, JUDGE.rubric)
        assert {score.sample for score in run.scores()} == found
