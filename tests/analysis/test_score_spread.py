"""The spread of a judge's distributions."""

import json

import pytest

from judge import Judge, Run
from judge.analysis.agreement.label_probabilities import label_probabilities
from judge.analysis.score_spread import score_spreads, standard_deviation
from judge.records import Completion, Item
from judge.reporting.builders.run_data import read_run
from judge.reporting.builders.single_run import build_report
from judge.rubric import Rubric
from judge.scoring.backends.decisions.routes import stored_form
from judge.scoring.loop import derive_scores
from judge.scoring.prompt import Prompter

ANCHORS = {1: "bad", 2: "middling", 3: "good"}
SCORE = {"description": "d", "anchors": ANCHORS}
DIMENSIONS = {
    "truth": SCORE,
    "kind": {"description": "d", "scale": {"min": 1, "max": 3, "level": "nominal"}, "anchors": ANCHORS},
    "fault": {"description": "d", "type": "category", "labels": ["none", "minor"]},
}
ITEMS = [Item(id=f"i{n}", question="q", answer=f"a{n}") for n in range(2)]


def rubric(**changes):
    data = {
        "name": "r",
        "task": "t",
        "scale": {"min": 1, "max": 3},
        "dimensions": DIMENSIONS,
        "overall": {"how": "weighted", "weights": {"truth": 1}},
        "pass": {"truth": 2},
    }
    return Rubric.model_validate({**data, **changes})


def answer(name, *p):
    shown = [{"value": i, "probability": x} for i, x in enumerate(p)]
    return {"type": "score", "name": name, "score": 1.0, "probabilities": shown}


def stored(path, judge, given, samples=1):
    """A run whose requests were answered: `given` returns the values of a completion."""
    with Run.create(path, judge) as run:
        run.add_items(ITEMS)
        if judge.backend == "decisions":
            run.set_fact("decisions", stored_form(judge))
        run.set_fact("samples", samples)
        prompter = Prompter(judge)
        requests = run.missing(r for item in ITEMS for r in prompter.requests(item, samples))
        run.append([Completion.of(request, **given(request)) for request in requests])
        derive_scores(run, judge.rubric)
    return path


@pytest.fixture
def decided(tmp_path):
    """Two answers by a decision model: one it is unsure of, one it is sure of; a second sample is surer still."""

    def given(request):
        p = (0.5, 0.0, 0.5) if (request.item.id, request.sample) == ("i0", 0) else (0.0, 1.0, 0.0)
        return {"reply": json.dumps({"answers": [answer("truth", *p)]})}

    return stored(tmp_path / "run", Judge("decisions:m", rubric()), given, samples=2)


def test_the_spread_is_the_mean_over_the_first_judgments_of_the_answers(decided):
    with Run.open(decided) as run:
        (found,) = score_spreads(run).values()
    assert (found.within, found.n) == (pytest.approx(0.5), 2)


def test_the_spread_of_expected_scores_of_chat_is_the_same(tmp_path):
    def given(request):
        sure = {"2": 1.0} if request.item.id == "i1" else {"1": 0.4, "3": 0.4, "2": 0.0}
        return {"reply": "2", "label_probabilities": sure}

    judge = Judge("openai/m", rubric(), scores="expected")
    with Run.open(stored(tmp_path / "run", judge, given)) as run:
        found = score_spreads(run)
    assert list(found) == ["truth"]
    assert found["truth"].within == pytest.approx(0.5)


def test_scores_that_were_read_from_text_have_no_spread(tmp_path):
    judge = Judge("openai/m", rubric())
    with Run.open(stored(tmp_path / "run", judge, lambda _: {"reply": "{}"})) as run:
        assert score_spreads(run) == {}


@pytest.mark.parametrize(
    ("probabilities", "sd"),
    [
        ({"1": 0.5, "3": 0.5}, 1.0),
        ({"1": 0.25, "3": 0.25, "X": 0.5}, 1.0),
        ({"-1": 1.0}, 0.0),
        ({"1": 0.0}, None),
        ({}, None),
    ],
)
def test_standard_deviation_of_a_distribution(probabilities, sd):
    assert standard_deviation(probabilities) == sd


def test_the_probabilities_of_a_decision_model_are_those_of_its_dimensions(decided):
    with Run.open(decided) as run:
        assert label_probabilities(run) == {
            ("truth", "i0"): {"1": 0.5, "2": 0.0, "3": 0.5},
            ("truth", "i1"): {"1": 0.0, "2": 1.0, "3": 0.0},
        }


def test_criteria_of_the_items_have_no_distribution_over_a_scale(tmp_path, monkeypatch):
    listed = [item.model_copy(update={"metadata": {"criteria": ["It is short."]}}) for item in ITEMS]
    monkeypatch.setattr(f"{__name__}.ITEMS", listed)
    without = {"dimensions": {}, "criteria": {}, "overall": {"how": "points"}, "pass": {"overall": 0.5}}
    met = {"answers": [{"type": "predicate", "name": "c1", "probability": 0.9}]}
    path = stored(
        tmp_path / "run", Judge("decisions:m", rubric(**without)), lambda _: {"reply": json.dumps(met)}
    )
    with Run.open(path) as run:
        assert run["i0"].criteria["c1"].value == pytest.approx(0.9)
        assert (label_probabilities(run), score_spreads(run)) == ({}, {})


def test_the_report_shows_expected_scores_and_their_spread(decided):
    table = build_report(read_run(decided)).tables["spread"]
    name, n, mean, within, between = table.rows[0]
    assert (name, n, mean.value, within, between) == ("truth", 2, 2.0, pytest.approx(0.5), 0.0)


def test_the_report_names_the_dialect(decided):
    assert read_run(decided).about["decision dialect"] == "decisions"
