"""Human disagreement as signal: which distribution of the judge is scored, and against whom."""

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import judge
from judge.analysis.agreement.label_probabilities import label_probabilities, on_points
from judge.analysis.agreement.prediction import prediction_scores
from judge.cli import main
from judge.records import Completion, Item
from judge.rubric import load_rubric
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests
from judge.scoring.run import Run
from judge.stats import ranked_probability_score
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Scale

from .conftest import make_aligned, make_ratings

RNG = np.random.default_rng(5)
PEOPLE = RNG.integers(1, 6, (60, 4)).astype(float)
JUDGE = RNG.integers(1, 6, 60).astype(float)
LABELS = ("1", "2", "3", "4", "5")


def study(people=PEOPLE, scores=JUDGE, **more):
    return make_ratings(people, {"j": scores}, **more)


def scored(ratings, **more):
    return prediction_scores(replace(make_aligned(ratings), **more))


def test_a_single_score_is_scored_as_certain():
    (found,) = scored(study())
    assert (found.judge, found.dimension, found.source) == ("j", "clarity", "single score")
    assert found.scores == ranked_probability_score(PEOPLE, JUDGE)


def test_repeated_judgments_are_scored_as_a_sample_of_the_judge():
    ratings = study()
    samples = np.full((60, 5, 3), np.nan)
    samples[:, :4, 0] = PEOPLE
    samples[:, 4] = RNG.integers(1, 6, (60, 3))
    (found,) = scored(replace(ratings, samples=samples))
    assert found.source == "repeats"
    assert found.scores == ranked_probability_score(PEOPLE, samples[:, 4])


def test_probabilities_of_the_points_are_scored_where_they_are_known():
    shares = RNG.dirichlet(np.ones(5), 60)
    known = {("clarity", f"i{i}"): dict(zip(LABELS, row, strict=True)) for i, row in enumerate(shares)}
    (found,) = scored(study(), label_probabilities={"j": known})
    assert found.source == "probabilities"
    assert found.scores == ranked_probability_score(PEOPLE, shares, points=[1, 2, 3, 4, 5])


def test_probabilities_of_another_dimension_are_not_used():
    known = {("accuracy", "i0"): {"1": 1.0}}
    (found,) = scored(study(), label_probabilities={"j": known})
    assert found.source == "single score"


def test_labels_have_no_points_to_arrange_probabilities_on():
    known = {("clarity", "i0"): {"1": 1.0}}
    assert on_points(known, "clarity", ["i0"], Scale(("low", "high"), "ordinal")) is None
    assert on_points(known, "clarity", ["i0", "i1"], Scale.integers(1, 2)).tolist()[0][0] == 1.0


@pytest.mark.parametrize(
    "ratings",
    [
        study(PEOPLE[:, :2]),
        study(PEOPLE % 2, JUDGE % 2, scale=Scale(("a", "b", "c"), "nominal")),
        study(PEOPLE % 2, JUDGE % 2, scale=Scale.integers(0, 1), dimension="passes"),
        replace(study(), criteria=tuple(f"c{i}" for i in range(60))),
    ],
    ids=["two people", "labels without order", "verdicts", "criteria"],
)
def test_nothing_is_scored_without_an_order_or_three_people(ratings):
    assert scored(ratings) == ()


def test_people_alone_and_judges_without_scores_are_left_out():
    assert scored(make_ratings(PEOPLE)) == ()
    assert scored(study(scores=np.full(60, np.nan))) == ()


def test_drawn_items_are_weighted():
    design = SamplingDesign(np.linspace(0.1, 1, 60), name="poisson")
    (found,) = scored(replace(study(), design=design))
    weights = 1 / np.linspace(0.1, 1, 60)
    distances = abs(PEOPLE - JUDGE[:, None]).mean(axis=1)
    assert found.scores.judge.value == pytest.approx(np.average(distances, weights=weights))


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Three answers with expected scores: the judge is sure of a 4, two labels having no probability."""
    folder = tmp_path_factory.mktemp("expected")
    by = Judge(model="openai/x", rubric=load_rubric("open_qa"), scores="expected")
    items = [Item(id=f"q{i}", question=f"q{i}?", answer="a", reference="a") for i in range(3)]
    with Run.create(folder / "run", by) as run:
        run.add_items(items)
        for item in items:
            requests = list(run.missing(build_requests(item, by)))
            found = {"3": 0.1, "4": 0.7, "5": 0.1}
            run.append([Completion.of(r, reply="4", label_probabilities=found) for r in requests])
    assert CliRunner().invoke(main, ["parse", str(folder / "run")]).exit_code == 0
    rows = [f"q{i},{person},{4 + (k == i)}" for i in range(3) for k, person in enumerate("abc")]
    (folder / "ratings.csv").write_text("\n".join(["item_id,rater,clarity", *rows]) + "\n")
    return folder


def test_probabilities_are_read_from_a_run_with_expected_scores(expected):
    with Run.open(expected / "run") as run:
        found = label_probabilities(run)
    assert found["clarity", "q0"] == {"3": 0.1, "4": 0.7, "5": 0.1}


def test_agree_scores_the_probabilities_of_the_run(expected):
    report = judge.agree(expected / "run", expected / "ratings.csv", dimensions="clarity")
    (found,) = report.agreement.prediction_scores
    people = [[5, 4, 4], [4, 5, 4], [4, 4, 5]]
    direct = ranked_probability_score(people, [[0, 0, 1, 7, 1]] * 3, points=[1, 2, 3, 4, 5])
    assert found.source == "probabilities"
    assert found.scores.judge.value == pytest.approx(direct.judge.value)
    table = report.tables["prediction"]
    assert table.rows[0][-1] == "probabilities of the scale's points"
    assert "ranked probability score" in report.to_text("prediction").lower()
    assert {"gneiting2007", "ferro2014"} <= {one.key for one in report.references}


def test_without_expected_scores_no_probabilities_are_read(run):
    with Run.open(run) as opened:
        assert label_probabilities(opened) == {}


def test_the_section_is_not_among_the_first_ones(run, ratings):
    report = judge.agree(run, ratings)
    assert "prediction" in report.section_names
    assert "prediction" not in report.short
