"""The form of an item by a rubric with every type, criteria, conditions and cannot tell."""

import pytest

from human_study.form import Form, Forms, Reply
from judge.errors import InputError
from judge.records import Item
from judge.rubric import Rubric, parse_rubric

from .builders import RUBRIC, TYPED, rubric_of, typed_items, typed_values

COUNTING, COMPARISON = typed_items(2)


@pytest.fixture
def forms() -> Forms:
    return Forms(parse_rubric(TYPED))


def rows_of(forms: Forms, item: Item, **changed: int | str) -> dict[str, tuple[object, str]]:
    rows = forms.of(item).scores(item.id, "R01", Reply(values=typed_values(item, **changed)))
    return {f"{r.dimension}/{r.criterion}" if r.criterion else r.dimension: (r.value, r.status) for r in rows}


def test_an_item_gets_the_dimensions_that_apply_and_its_own_criteria(forms: Forms) -> None:
    shared = ("truth", "style", "named", "fault")
    assert set(forms.of(COUNTING).scored) == {*shared, "count", "criteria/year", "criteria/error"}
    assert set(forms.of(COMPARISON).scored) == {*shared, "criteria/year"}


def test_items_with_the_same_fields_share_a_form(forms: Forms) -> None:
    first, _, third = typed_items(3)
    assert forms.of(first) is forms.of(third)


def test_no_more_forms_are_kept_than_a_fixed_number(forms: Forms) -> None:
    for number in range(1_100):
        item = COUNTING.model_copy(update={"metadata": {"checklist": [f"Criterion {number}."]}})
        assert forms.of(item).questions[-1].label == f"Criterion {number}."
    assert len(forms._known) <= 1_024


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("truth", [1, 2, 3]),
        ("style", list(range(11))),
        ("named", [1, 0]),
        ("fault", ["none", "minor", "major"]),
        ("criteria/year", [1, 0]),
    ],
)
def test_a_question_offers_the_values_of_its_type_and_cannot_tell(
    forms: Forms, name: str, values: list[int | str]
) -> None:
    question = forms.of(COUNTING).question(name)
    assert question
    assert question.values == values
    assert (question.options[-1].value, question.options[-1].key) == ("cannot_tell", "x")


def test_cannot_tell_is_offered_only_where_the_rubric_allows_it(rubric: Rubric) -> None:
    assert [option.value for option in Form(rubric).questions[0].options] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("name", "level"),
    [("truth", "ordinal"), ("named", "nominal"), ("fault", "nominal"), ("criteria/year", "nominal")],
)
def test_a_question_has_the_level_of_measurement_of_its_type(forms: Forms, name: str, level: str) -> None:
    question = forms.of(COUNTING).question(name)
    assert question
    assert question.level == level


def test_a_reply_is_done_when_all_that_applies_is_answered(forms: Forms) -> None:
    values = typed_values(COMPARISON)
    assert forms.of(COMPARISON).state(Reply(values=values)) == "done"
    assert forms.of(COUNTING).state(Reply(values=values)) == "open"


def test_a_value_of_a_dimension_that_does_not_apply_is_refused(forms: Forms) -> None:
    with pytest.raises(InputError, match="'count' does not apply to this item: kind is comparison"):
        forms.of(COMPARISON).check(Reply(values={"count": 2}))


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        ({"fault": "grave"}, "none, minor, major, cannot_tell"),
        ({"style": 11}, "9, 10, cannot_tell"),
        ({"named": 2}, "1, 0, cannot_tell"),
        ({"criteria/colour": 1}, "not a question of this study"),
    ],
    ids=["label", "scale", "binary", "criterion"],
)
def test_a_value_that_a_type_does_not_offer_is_refused(
    forms: Forms, values: dict[str, int | str], allowed: str
) -> None:
    with pytest.raises(InputError, match=allowed):
        forms.of(COUNTING).check(Reply(values=values))


def test_rows_of_a_person_are_those_of_a_judge(forms: Forms) -> None:
    assert rows_of(forms, COUNTING) == {
        "truth": (3.0, "ok"),
        "count": (1.0, "ok"),
        "style": (10.0, "ok"),
        "named": (1.0, "ok"),
        "fault": ("minor", "ok"),
        "overall": (1.5, "ok"),
        "criteria/year": (1.0, "ok"),
        "criteria/error": (0.0, "ok"),
    }


def test_a_dimension_that_does_not_apply_is_a_row_and_leaves_the_overall_score_to_the_others(
    forms: Forms,
) -> None:
    rows = rows_of(forms, COMPARISON)
    assert rows["count"] == (None, "not_applicable")
    assert rows["overall"] == (3.0, "ok")


def test_cannot_tell_is_abstained_and_so_is_an_overall_score_that_needs_it(forms: Forms) -> None:
    rows = rows_of(forms, COUNTING, count="cannot_tell", fault="cannot_tell", criteria_year="cannot_tell")
    abstained = {name for name, (_, status) in rows.items() if status == "abstained"}
    assert abstained == {"count", "fault", "criteria/year", "overall"}


def test_an_overall_score_that_does_not_need_the_abstention_is_computed(forms: Forms) -> None:
    assert rows_of(forms, COUNTING, fault="cannot_tell")["overall"] == (1.5, "ok")


def test_a_skipped_item_says_not_applicable_where_nothing_was_to_be_rated(forms: Forms) -> None:
    rows = forms.of(COMPARISON).scores("q1", "R01", Reply(skip="no picture"))
    found = {(row.dimension, row.criterion): row.status for row in rows}
    assert found["count", None] == "not_applicable"
    assert found["criteria", "year"] == "skipped"


def test_points_earned_are_the_overall_score_of_criteria() -> None:
    text = (
        "name: c\ntask: Judge.\ncriteria: {field: checklist}\noverall: {how: points}\npass: {overall: 0.5}\n"
    )
    forms = Forms(parse_rubric(text))
    replies = [Reply(values={"criteria/year": 1, "criteria/error": error}) for error in (0, 1)]
    scores = [forms.of(COUNTING).scores("q0", "R01", reply)[0] for reply in replies]
    assert [(row.dimension, row.value) for row in scores] == [("overall", 1.0), ("overall", 0.0)]


def test_without_positive_points_the_overall_score_is_not_applicable() -> None:
    text = (
        "name: c\ntask: Judge.\ncriteria: {field: checklist}\noverall: {how: points}\npass: {overall: 0.5}\n"
    )
    item = COUNTING.model_copy(
        update={"metadata": {"checklist": [{"id": "e", "text": "Errs.", "points": -1}]}}
    )
    row = Forms(parse_rubric(text)).of(item).scores("q0", "R01", Reply(values={"criteria/e": 1}))[0]
    assert (row.status, row.reason) == ("not_applicable", "no criterion earns positive points")


def test_a_judged_overall_score_may_be_abstained_from() -> None:
    rubric = rubric_of(
        RUBRIC.replace("pass:", "overall: {how: judged}\nabstain: true\npass:").split("examples")[0]
    )
    values: dict[str, int | str] = {"accuracy": 4, "clarity": 4, "overall": "cannot_tell"}
    rows = {r.dimension: r.status for r in Form(rubric).scores("q", "R01", Reply(values=values))}
    assert rows == {"accuracy": "ok", "clarity": "ok", "overall": "abstained"}


@pytest.mark.parametrize(
    ("name", "found", "value"),
    [
        ("named", "yes", 1),
        ("named", "Not met", 0),
        ("named", "1.0", 1),
        ("named", True, 1),
        ("fault", "Minor", "minor"),
        ("fault", "cannot tell", "cannot_tell"),
        ("style", "10.0", 10),
        ("criteria/any", "false", 0),
    ],
)
def test_files_may_write_a_value_in_words(forms: Forms, name: str, found: object, value: int | str) -> None:
    assert Form(forms.rubric).value_of(name, found, "r.csv:2") == value


@pytest.mark.parametrize(("name", "found"), [("named", "perhaps"), ("fault", "1"), ("truth", "yes")])
def test_a_word_of_another_type_is_refused_with_its_place(forms: Forms, name: str, found: str) -> None:
    with pytest.raises(InputError, match=rf"r\.csv:2: {name}: found '{found}'"):
        Form(forms.rubric).value_of(name, found, "r.csv:2")


def test_a_file_may_name_any_criterion_where_items_have_some(forms: Forms, rubric: Rubric) -> None:
    assert Form(forms.rubric).name_of("criteria/any") == "criteria/any"
    assert Form(rubric).name_of("criteria/any") is None


def test_a_label_that_looks_like_a_number_stays_a_label() -> None:
    text = TYPED.replace('labels: {none: No fault., minor: A small one., major: ""}', 'labels: ["1", "2.0"]')
    form = Form(parse_rubric(text))
    assert form.value_of("fault", "2.0", "r.csv:2") == "2.0"
    question = form.question("fault")
    assert question
    assert question.number("2.0") == 1.0
