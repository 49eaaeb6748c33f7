import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from human_study.form import Form, Reply, parts
from judge.errors import InputError
from judge.records import OVERALL
from judge.rubric import Rubric, load_rubric, parse_rubric

EVERYTHING = {"technical_accuracy": 4, "comprehensiveness": 3, "relevance": 5, "clarity": 4}


@pytest.fixture
def inspection() -> Form:
    return Form(load_rubric("inspection"))


def test_a_computed_overall_score_is_not_asked_for(rubric: Rubric) -> None:
    assert Form(rubric).names == ("accuracy", "clarity")


def test_a_judged_overall_score_and_flags_are_asked_for(inspection: Form) -> None:
    assert inspection.names[-3:] == (OVERALL, "is_accurate", "reference_issue")


def test_a_flag_is_described_by_yes_and_no(inspection: Form) -> None:
    question = next(question for question in inspection.questions if question.name == "is_accurate")
    assert question.description.startswith("Yes when technical accuracy is 3 or more")
    assert question.description.endswith("else no.")


def test_names_of_questions_in_a_text_become_their_labels(inspection: Form) -> None:
    text = "Say so in `reference_issue`, and never `print` it."
    assert inspection.in_words(text) == "Say so in “Reference issue”, and never `print` it."


def test_every_anchor_of_the_rubric_is_shown(rubric: Rubric) -> None:
    question = Form(rubric).questions[0]
    assert [o.anchor for o in question.options] == [
        "false",
        "mostly false",
        "half true",
        "mostly true",
        "true",
    ]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"accuracy": 6}, "allowed: 1, 2, 3, 4, 5"),
        ({"accuracy": 0}, "allowed: 1, 2, 3, 4, 5"),
        ({"accuracy": "4"}, "allowed: 1, 2, 3, 4, 5"),
        ({"speed": 4}, "'speed' is not a question of this study; allowed: accuracy, clarity"),
        ({"overall": 4}, "not a question"),
    ],
    ids=["above", "below", "text", "unknown", "computed"],
)
def test_a_value_that_is_not_on_offer_is_refused(
    rubric: Rubric, values: dict[str, int], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        Form(rubric).check(Reply.model_validate({"values": values}))


@pytest.mark.parametrize("value", [True, 4.0, None, [4]], ids=repr)
def test_a_reply_holds_whole_numbers_and_texts_alone(value: object) -> None:
    with pytest.raises(ValidationError):
        Reply.model_validate({"values": {"accuracy": value}})


def test_a_reply_is_done_when_every_scale_is_answered(inspection: Form) -> None:
    almost = {**EVERYTHING, "overall": 3}
    assert inspection.state(Reply(values=almost)) == "open"
    assert inspection.state(Reply(values={**almost, "is_accurate": 0})) == "done"


def test_a_skip_wins_over_scores(rubric: Rubric) -> None:
    assert Form(rubric).state(Reply(values={"accuracy": 1, "clarity": 1}, skip="no picture")) == "skipped"


def test_an_unfinished_reply_gives_no_rows(rubric: Rubric) -> None:
    assert Form(rubric).scores("q1", "R01", Reply(values={"accuracy": 1})) == []


def test_a_finished_reply_gives_the_rows_that_a_judge_gives() -> None:
    rubric = load_rubric("open_qa")
    rows = Form(rubric).scores("q1", "R01", Reply(values=dict(EVERYTHING), note="fine"))
    assert {row.dimension: row.value for row in rows} == {**EVERYTHING, "overall": 4.0}
    assert {(row.rater, row.rater_kind, row.status, row.reason) for row in rows} == {
        ("R01", "human", "ok", "fine")
    }


def test_yes_and_no_become_1_and_0_and_an_empty_text_no_row(inspection: Form) -> None:
    values = {**EVERYTHING, "overall": 2, "is_accurate": 0, "reference_issue": ""}
    rows = {row.dimension: row.value for row in inspection.scores("q1", "R01", Reply(values=values))}
    assert rows["is_accurate"] == 0.0
    assert rows["overall"] == 2.0
    assert "reference_issue" not in rows


def test_a_skipped_answer_gives_a_reason_and_no_value_for_every_dimension(rubric: Rubric) -> None:
    rows = Form(rubric).scores("q1", "R01", Reply(values={"accuracy": 2}, skip="cannot tell"))
    assert [(row.dimension, row.value, row.status, row.reason) for row in rows] == [
        (name, None, "skipped", "cannot tell") for name in ("accuracy", "clarity", "overall")
    ]


@pytest.mark.parametrize("found", ["4", "4.0", 4, 4.0], ids=repr)
def test_files_may_write_a_score_as_text_or_decimal(rubric: Rubric, found: object) -> None:
    assert Form(rubric).value_of("accuracy", found, "r.csv:2") == 4


@pytest.mark.parametrize("found", ["4.5", "four", "", "nan", "inf", 1e99], ids=repr)
def test_what_is_no_score_in_a_file_is_named_with_its_place(rubric: Rubric, found: object) -> None:
    with pytest.raises(InputError, match=r"r\.csv:2: accuracy: found .*; allowed: 1, 2, 3, 4, 5"):
        Form(rubric).value_of("accuracy", found, "r.csv:2")


def test_an_alias_of_a_dimension_means_it(rubric: Rubric) -> None:
    assert Form(rubric).name_of("style") == "clarity"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", [(False, "plain")]),
        ("```\na\n```", [(True, "a")]),
        ("a\n\n```py\n  x\n\n  y\n```\n\nb", [(False, "a"), (True, "  x\n\n  y"), (False, "b")]),
        ("inline ```code``` stays", [(False, "inline ```code``` stays")]),
        ("```\nnever closed", [(False, "```\nnever closed")]),
    ],
    ids=["none", "alone", "within", "inline", "open"],
)
def test_fenced_code_is_told_from_text(text: str, expected: list[tuple[bool, str]]) -> None:
    assert parts(text) == expected


@given(st.text("`\n a!", max_size=60))
def test_no_text_is_lost_where_code_is_told_apart(text: str) -> None:
    assert "".join(part for _, part in parts(text)).count("!") == text.count("!")


def test_ten_is_chosen_by_0_where_the_scale_has_no_0() -> None:
    def keys(least: int) -> dict[int, str | None]:
        anchors = {n: str(n) for n in range(least, 11)}
        text = f"name: a\ntask: You judge.\nscale: {{min: {least}, max: 10}}\npass: {{overall: 5}}\n"
        rubric = parse_rubric(f"{text}dimensions:\n  d: {{description: d., anchors: {anchors}}}\n")
        return {option.value: option.key for option in Form(rubric).questions[0].options}

    assert keys(1) == {n: str(n % 10) for n in range(1, 11)}
    assert keys(0)[10] is None
