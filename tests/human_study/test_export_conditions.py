"""What an export holds unless it is asked for more."""

from human_study.export import long_rows, scores, wide_rows
from human_study.store import Study

from .builders import MakeStudy, rate, rate_all


def _discussed(make_study: MakeStudy) -> Study:
    """Two raters differ on every item and settle on 3 for the first one."""
    study = make_study(raters=2, per_item=2)
    rate_all(study, "R01", lambda _: 2)
    rate_all(study, "R02", lambda _: 4)
    study.open_discussion(["secret-id-0"])
    for task in [task for task in study.tasks() if task.kind == "discussion"]:
        rate(study, task.rater, task.n, {"accuracy": 3, "clarity": 3})
    return study


def test_ratings_are_those_from_before_a_discussion(make_study: MakeStudy) -> None:
    study = _discussed(make_study)
    assert {score.value for score in scores(study)} == {2.0, 4.0}
    assert {row["value"] for row in long_rows(study)} == {2.0, 4.0}
    assert {row["accuracy"] for row in wide_rows(study)} == {2, 4}
