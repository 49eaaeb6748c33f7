"""Test-retest agreement on a rubric with several types, and on criteria of the items."""

import pytest

import judge
from judge.analysis.agreement.repeated import repeated_judgments
from judge.errors import InputError
from judge.records import Item, Score
from judge.scoring.run import Run

from .test_types import LISTED, POINTS, RUBRIC

SAMPLES = {
    "clarity": [(1, 1), (3, 4), (5, 5), (2, 2)],
    "depth": [(0, 1), (9, 10), (4, 4), (7, 7)],
    "named": [(1, 1), (0, 1), (0, 0), (1, 1)],
    "fault": [("none", "none"), ("minor", "major"), ("minor", "minor"), ("none", "major")],
    "count": [(1, 2), (3, 3), (5, 5), (2, 2)],
    "overall": [(1, 1), (3, 4), (5, 5), (2, 2)],
}


def score(item, dimension, sample, value, **more):
    value = value if isinstance(value, str) else float(value)
    return Score(
        item_id=item, rater="m", rater_kind="judge", dimension=dimension, sample=sample, value=value, **more
    )


@pytest.fixture
def run(tmp_path):
    items = [Item(id=f"q{n}", question="q", answer="a", metadata={"kind": "counting"}) for n in range(4)]
    scores = [
        score(f"q{n}", name, sample, value)
        for name, pairs in SAMPLES.items()
        for n, pair in enumerate(pairs)
        for sample, value in enumerate(pair)
    ]
    Run.imported(tmp_path / "run", RUBRIC, items, scores, model="m").close()
    return tmp_path / "run"


@pytest.fixture
def found(run):
    return {one.dimension: one for one in repeated_judgments([run])}


def test_every_type_has_the_share_of_equal_judgments(found):
    shares = {name: one.retest.exact.value for name, one in found.items()}
    assert shares == {
        "clarity": 0.75,
        "depth": 0.5,
        "named": 0.75,
        "fault": 0.5,
        "count": 0.75,
        "overall": 0.75,
    }


def test_labels_without_an_order_have_neither_distances_nor_a_reliability(found):
    of = found["fault"]
    undefined = (of.retest.within_one, of.retest.reliability, of.retest.sd_within)
    assert [one.reason for one in undefined] == ["not_applicable"] * 3
    assert of.worthwhile is None
    assert found["named"].retest.reliability.defined


def test_the_report_of_repeated_judgments_has_a_row_of_every_type(run):
    text = str(judge.retest(run))
    assert all(name in text for name in SAMPLES)


def test_labels_alone_have_no_table_of_reliability_by_samples(run):
    assert "curve" not in judge.retest(run, dimensions="fault").tables
    assert "curve" in judge.retest(run, dimensions="named").tables


def test_a_pass_mark_off_the_scale_of_its_dimension_is_refused(run):
    with pytest.raises(InputError, match="from 0 to 10"):
        repeated_judgments([run], dimensions=["depth"], pass_marks={"depth": 11})


def test_a_pass_mark_for_all_holds_for_scores_only(run):
    marks = {one.dimension: one.retest.flip_rate for one in repeated_judgments([run], pass_marks={"": 3})}
    assert marks["named"] is None
    assert marks["depth"] is not None


def test_criteria_are_pooled_over_items(tmp_path):
    items = [Item(id=i, question="q", answer="a", metadata={"criteria": c}) for i, c in LISTED.items()]
    scores = [
        score(item, "criteria", sample, met, criterion=one["id"])
        for item, listed in LISTED.items()
        for one in listed
        for sample, met in enumerate((1, 0) if (item, one["id"]) == ("a", "y") else (1, 1))
    ]
    scores += [score(item, "overall", sample, 0.5) for item in LISTED for sample in (0, 1)]
    Run.imported(tmp_path / "run", POINTS, items, scores, model="m").close()
    (of,) = repeated_judgments([tmp_path / "run"], dimensions=["criteria"])
    assert of.retest.exact.value == pytest.approx(4 / 5)
    assert (of.n_items, of.retest.exact.n_clusters) == (3, 3)
