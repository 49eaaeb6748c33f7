"""Repeated judgments of one judge."""

import numpy as np
import pytest

from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
from judge.analysis.agreement.repeated import repeated_judgments
from judge.errors import InputError
from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run

from .conftest import make_run


def by_dimension(found):
    return {one.dimension: one for one in found}


def test_every_scored_dimension_of_every_run_is_reported(noisy, tmp_path, quality):
    other = make_run(tmp_path / "other", np.random.default_rng(1), quality, name="o", n_samples=2)
    found = repeated_judgments([noisy, other])
    assert len(found) == 2 * len(load_rubric("open_qa").scored)
    assert {(one.run, one.n_samples) for one in found} == {("noisy", 3), ("other", 2)}


def test_only_the_wanted_dimensions_are_reported(noisy):
    found = repeated_judgments([noisy], dimensions=["relevance", "clarity"])
    assert [one.dimension for one in found] == ["relevance", "clarity"]


def test_items_without_two_judgments_do_not_count(noisy):
    assert by_dimension(repeated_judgments([noisy]))["clarity"].n_items == 59  # q7 was refused throughout


def test_two_judgments_are_enough_for_an_item(tmp_path):
    items = [Item(id=name, question="?", answer="a") for name in "abc"]
    values = {"a": (1, 2), "b": (3, 3), "c": (5, None)}
    scores = [
        Score(
            item_id=name, rater="j", rater_kind="judge", dimension="clarity", sample=sample, value=value,
            status="ok" if value else "failed",
        )
        for name, pair in values.items()
        for sample, value in enumerate(pair)
    ]  # fmt: skip
    Run.imported(tmp_path / "run", load_rubric("open_qa"), items, scores, model="j").close()
    assert repeated_judgments([tmp_path / "run"], dimensions=["clarity"])[0].n_items == 2


def test_more_noise_takes_more_samples(noisy, tmp_path, quality):
    steady = make_run(
        tmp_path / "steady", np.random.default_rng(1), quality, name="s", noise=0.5, n_samples=3
    )
    a, b = (by_dimension(repeated_judgments([run]))["clarity"].worthwhile for run in (steady, noisy))
    assert 1 <= a < b


def test_the_pass_mark_is_the_given_one_else_the_rubrics(noisy):
    def verdicts(**marks):
        return repeated_judgments([noisy], dimensions=["clarity"], pass_marks=marks.get("marks"))[0].retest

    rubric = load_rubric("open_qa")
    own = rubric.pass_rule.get("clarity", rubric.pass_rule.get("overall"))
    assert verdicts() == verdicts(marks={"": own}) == verdicts(marks={"clarity": own, "": 5})
    assert verdicts(marks={"clarity": 5}) == verdicts(marks={"": 5})
    assert verdicts(marks={"": 5}) != verdicts()


@pytest.mark.parametrize("mark", [0, 6])
def test_a_pass_mark_off_the_scale_is_refused(noisy, mark):
    with pytest.raises(InputError, match=f"--pass {mark}: off the scale; allowed is a score from 1 to 5"):
        repeated_judgments([noisy], pass_marks={"": mark})


def test_items_of_a_cluster_count_together(noisy):
    alone, together = (
        repeated_judgments([noisy], dimensions=["clarity"], cluster=field)[0].retest.reliability
        for field in (None, "image")
    )
    assert together.n_clusters < alone.n_clusters
    with pytest.raises(InputError, match="no item has the field 'z'"):
        repeated_judgments([noisy], cluster="z")


def test_agreement_with_people_needs_people_scores_and_the_same_judge(noisy, run, ratings):
    one = repeated_judgments([noisy], dimensions=["clarity"])[0]
    assert one.with_humans == ()
    aligned = align_inputs(AgreementInputs(str(ratings), [str(noisy)]))
    assert len(repeated_judgments([noisy], dimensions=["clarity"], aligned=aligned)[0].with_humans) == 3
    other = align_inputs(AgreementInputs(str(ratings), [str(run)]))
    assert repeated_judgments([noisy], dimensions=["clarity"], aligned=other)[0].with_humans == ()
