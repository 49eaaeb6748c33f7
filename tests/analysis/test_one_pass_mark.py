"""Report, agree and export give one answer to the question whether an answer passes."""

import csv

import numpy as np

from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
from judge.analysis.score_table import ScoreTable
from judge.records import OVERALL, Item, Score
from judge.scoring.export import export_scores
from judge.scoring.run import Run

WEIGHTS = {"accuracy": 0.1, "clarity": 0.1, "wit": 0.1}
SCORES = {"accuracy": 1.0, "clarity": 3.0, "wit": 5.0}


def test_weights_of_a_tenth_pass_everywhere(tmp_path, make_rubric):
    rubric = make_rubric(
        {OVERALL: 3}, how="weighted", overall={"weights": WEIGHTS}, dimensions=tuple(WEIGHTS)
    )
    # Earlier versions stored the overall score with the rounding error of binary arithmetic.
    stored = {"new": rubric.overall_score(SCORES), "old": 2.9999999999999996, "low": 2.9}
    items = [Item(id=name, question=f"{name}?", answer="a") for name in stored]
    scores = [
        Score(item_id=name, rater="j", rater_kind="judge", dimension=dimension, value=value)
        for name, overall in stored.items()
        for dimension, value in {**SCORES, OVERALL: overall}.items()
    ]
    folder = tmp_path / "run"
    Run.imported(folder, rubric, items, scores, model="j").close()
    expected = {"new": True, "old": True, "low": False}

    with Run.open(folder) as run:
        assert dict(run.verdicts()) == expected
        table = ScoreTable.of_run(run)
    assert table.passed.tolist() == table.passed_on(OVERALL).tolist() == [1, 1, 0]

    ratings = tmp_path / "ratings.csv"
    rows = [f"{name},ann,{d},{v:g}" for name in stored for d, v in SCORES.items()]
    ratings.write_text("\n".join(["item_id,rater,dimension,value", *rows]))
    overall = align_inputs(AgreementInputs(str(ratings), [str(folder)])).ratings[OVERALL]
    assert overall.passed(overall.column("j")).tolist() == [1, 1, 0]
    assert np.all(overall.human_passed() == 1)

    export_scores(folder, str(tmp_path / "out.csv"), wide=True)
    with (tmp_path / "out.csv").open() as file:
        exported = {row["item_id"]: row["passes"].lower() == "true" for row in csv.DictReader(file)}
    assert exported == expected
