"""What somebody should look at."""

import pytest

from judge.analysis.anomalies import find_anomalies
from judge.analysis.score_table import ScoreTable
from judge.records import Item
from judge.rubric import Overall, Rubric
from judge.scoring.parsing.echoes import ECHO

BOOLEAN = {"type": "boolean", "description": "x"}
TEXT = {"type": "text", "description": "x"}
GOOD = {"accuracy": 4, "clarity": 4}


def found(table):
    return {oddity.name: oddity.items for oddity in find_anomalies(table)}


def test_empty_answers_are_listed(make_table):
    assert found(make_table([{"answer": " \n"}, {}]))["empty"] == {"i0": "empty"}


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't see that.",
        "I’m very sorry.",
        "Sorry, no.",
        "I cannot help with this",
        "I can't tell",
        "As an AI model, I do not know.",
        "I am unable to judge the image.",
        "**I apologize**, the image is missing.",
    ],
)
def test_answer_that_opens_like_a_refusal_is_listed(make_table, answer):
    assert found(make_table([{"answer": answer}]))["refusal"] == {"i0": answer}


@pytest.mark.parametrize(
    "answer",
    [
        "The label cannot be read.",
        "I can see a scratch.",
        "A sorry state: the seal is cut.",
        "Icannot",
        "It is an AI chip.",
    ],
)
def test_answer_that_only_contains_such_words_is_no_refusal(make_table, answer):
    assert found(make_table([{"answer": answer}]))["refusal"] == {}


def test_texts_that_look_like_a_verdict_are_listed(make_table):
    rows = [{"answer": 'Say {"accuracy": 5}'}, {"answer": "{x: 5}"}]
    assert found(make_table(rows))["verdict_in_text"] == {"i0": "verdict"}


def test_scores_that_were_lost_to_a_copied_verdict_are_listed(make_table):
    table = make_table([{"accuracy": "unparsed"}, {"accuracy": "unparsed"}])
    table.reasons["accuracy"][:] = ["same_as_in_item: copied", "the reply is empty"]
    assert found(table)["copied_verdict"] == {"i0": "same_as_in_item: copied"}


def test_answers_over_the_word_limit_are_counted(make_table, make_rubric):
    rows = [{"answer": "one two three"}, {"answer": "one two three four"}]
    assert found(make_table(rows, make_rubric(max_words=3)))["too_long"] == {"i1": "4 words"}


def test_without_a_word_limit_no_answer_is_too_long(make_table):
    assert "too_long" not in found(make_table([{"answer": "a " * 9999}]))


def test_what_a_judge_writes_into_a_flag_is_no_oddity(make_table, make_rubric):
    rubric = make_rubric(flags={"reference_issue": TEXT})
    assert "reference_issue" not in found(make_table([{"reference_issue": "no dent there"}], rubric))


def test_accuracy_flag_must_agree_with_technical_accuracy(make_table, make_rubric):
    rubric = make_rubric(flags={"is_accurate": BOOLEAN}, dimensions=("technical_accuracy", "clarity"))
    rows = [
        {"is_accurate": accurate, "technical_accuracy": score, "clarity": 5}
        for accurate, score in [(1, 3), (1, 2), (0, 3), (0, 2)]
    ]
    odd = found(make_table(rows, rubric))
    assert list(odd["flag_contradicts_accuracy"]) == ["i1", "i2"]
    assert odd["passes_though_inaccurate"] == {"i2": "technical accuracy 3"}


def test_a_missing_flag_contradicts_nothing(make_table, make_rubric):
    rubric = make_rubric(flags={"is_accurate": BOOLEAN}, dimensions=("technical_accuracy", "clarity"))
    rows = [{"is_accurate": "unparsed", "technical_accuracy": 1, "clarity": 5}]
    assert found(make_table(rows, rubric))["flag_contradicts_accuracy"] == {}


def test_judged_overall_outside_its_dimensions_is_listed(make_table, make_rubric):
    rubric = make_rubric({"overall": 3}, how="judged")
    rows = [
        {**GOOD, "overall": 5},
        {**GOOD, "overall": 4},
        {**GOOD, "overall": 2},
        {"accuracy": 1, "overall": 5},
    ]
    odd = found(make_table(rows, rubric))
    assert odd["overall_above"] == {"i0": "overall 5, highest dimension 4"}
    assert odd["overall_below"] == {"i2": "overall 2, lowest dimension 4"}


def test_computed_overall_is_not_checked(make_table, make_rubric):
    assert "overall_above" not in found(make_table([GOOD], make_rubric({"overall": 3}, how="mean")))


@pytest.mark.parametrize(
    ("reason", "odd"),
    [
        ("A score of 2 fits.", True),
        ("I rate it 2/5.", True),
        ("That is 2 out of 5.", True),
        ("Score: 4", False),
        ("4 out of 5, after 2/5 at first sight.", False),
        ("It names 2 of the 3 parts.", False),
        ("Grade 2 steel is mentioned.", False),
        ("", False),
    ],
)
def test_reason_that_names_another_score_is_listed(make_table, reason, odd):
    table = make_table([{**GOOD, "reasons": {"accuracy": reason}}])
    assert bool(found(table)["reason_names_other_score"]) == odd


def test_oddity_says_how_these_answers_were_judged(make_table):
    rows = [{**GOOD, "answer": ""}, {"accuracy": 1, "clarity": 1, "answer": ""}, GOOD]
    (empty,) = (o for o in find_anomalies(make_table(rows)) if o.name == "empty")
    assert (empty.n, empty.passing.n_pass, empty.passing.n_fail) == (2, 1, 1)


# --- dimensions of several types


def test_a_judged_overall_score_is_compared_with_the_scores_that_apply_on_its_scale(make_typed):
    rubric = make_typed([{}]).rubric
    rubric = rubric.model_copy(update={"overall": Overall(how="judged")})
    rows = [
        {"truth": 2.0, "count": "not_applicable", "style": 9.0, "named": 0.0, "overall": 3.0},
        {"truth": 2.0, "count": 3.0, "style": 9.0, "overall": 3.0},
        {"truth": 2.0, "overall": 1.0},
        {"truth": 2.0, "count": 2.0, "overall": 1.0},
    ]
    listed = found(make_typed(rows, rubric))
    assert listed["overall_above"] == {"i0": "overall 3, highest dimension 2"}
    assert listed["overall_below"] == {"i3": "overall 1, lowest dimension 2"}


def test_a_judged_overall_score_without_scores_on_its_scale_is_compared_with_nothing():
    rubric = Rubric.model_validate(
        {
            "name": "b",
            "task": "t",
            "dimensions": {"named": {"description": "d", "type": "binary"}},
            "overall": {"how": "judged"},
            "pass": {"overall": 2},
        }
    )
    item = Item(id="i", question="q", answer="a")
    assert "overall_above" not in found(ScoreTable.build("run", rubric, [item], []))


def test_the_reason_of_a_label_or_criterion_states_no_score(make_typed):
    table = make_typed([{"named": 1.0, "style": 3.0}])
    table.reasons["named"][0] = "I rate it 0"
    table.reasons["style"][0] = "A score of 7, or 8 out of 10."
    listed = found(table)["reason_names_other_score"]
    assert listed == {"i0": "style 3, its reason states 7, 8"}


def test_a_reply_about_criteria_that_only_copies_a_verdict_is_listed(make_typed, checklist):
    table = make_typed([{"given": [({"text": "States A."}, "unparsed")]}] * 2, checklist)
    table.criteria.reasons[1] = f"{ECHO} the answer"
    assert [*found(table)["copied_verdict"]] == ["i1"]
