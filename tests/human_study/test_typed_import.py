"""Import of ratings of every type: labels, criteria, cannot tell, and what does not apply."""

from pathlib import Path
from typing import Any

import pytest

from human_study.form import Form
from human_study.import_ratings import _draft, _drafts, read_ratings, summary
from human_study.study_records import RatingDraft
from judge.errors import InputError
from judge.formats.rating_cell import RatingCell
from judge.records import Score
from judge.rubric import Rubric, parse_rubric

from .builders import TYPED


def cell(dimension: str, value: Any = None, **more: Any) -> RatingCell:
    """A rating as the reader of files gives it."""
    fields = {"item_id": "q0", "rater": "A", "rater_kind": "human", "dimension": dimension, "value": value}
    status = {"status": "ok" if value is not None else "abstained"}
    note = more.pop("note", "")
    return RatingCell(Score.model_validate({**fields, **status, **more}), "r.csv:2", value, note=note)


@pytest.fixture
def form() -> Form:
    return Form(parse_rubric(TYPED))


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (cell("fault", "minor"), {"fault": "minor"}),
        (cell("style", 10.0), {"style": 10}),
        (cell("named", 0.0), {"named": 0}),
        (cell("criteria", 1.0, criterion="year"), {"criteria/year": 1}),
        (cell("criteria", criterion="year"), {"criteria/year": "cannot_tell"}),
        (cell("truth"), {"truth": "cannot_tell"}),
        (cell("overall"), {}),
        (cell("overall", 2.5), {}),
    ],
    ids=["label", "scale", "binary", "criterion", "abstained", "cannot tell", "no overall", "overall"],
)
def test_a_score_answers_the_question_of_its_type(
    form: Form, given: RatingCell, values: dict[str, Any]
) -> None:
    assert _draft(given, form).values == values


def test_what_does_not_apply_is_no_answer_and_its_reason_no_note(form: Form) -> None:
    given = cell("count", status="not_applicable", reason="kind is comparison", note="kind is comparison")
    assert _draft(given, form) == RatingDraft("r.csv:2")


def test_a_rater_may_abstain_only_where_the_rubric_allows_it(rubric: Rubric) -> None:
    with pytest.raises(InputError, match=r"r\.csv:2: accuracy: found 'cannot_tell'; allowed: 1, 2, 3, 4, 5"):
        _draft(cell("accuracy"), Form(rubric))


def test_a_status_of_judges_is_refused(form: Form) -> None:
    with pytest.raises(InputError, match="'unparsed'; allowed in human ratings: ok, skipped, abstained"):
        _draft(cell("truth", status="unparsed"), form)


def test_criteria_are_no_question_where_items_have_none(rubric: Rubric) -> None:
    with pytest.raises(InputError, match="'criteria/year' is not a question of this study"):
        list(_drafts(iter([cell("criteria", 1.0, criterion="year")]), Form(rubric), None))


def test_what_was_read_counts_criteria_and_abstentions(form: Form) -> None:
    draft = RatingDraft("r.csv:2", {"truth": "cannot_tell", "fault": "minor", "criteria/year": 1})
    lines = summary({("A", "q0", 0): draft}, form)
    assert "6 dimensions" in lines
    assert "2 ratings" in lines
    assert "declared" not in lines


def test_one_scale_for_a_rubric_of_several_is_refused(form: Form, tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("item_id,rater,dimension,value\nq1,Ann,clarity,3\n")
    with pytest.raises(InputError, match=r"--scale and --rater-scale: .* several scales"):
        read_ratings(path, form, scale="0-4")
