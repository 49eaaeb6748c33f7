"""What a rubric asks a decision model, and the request that holds it."""

import pytest

from judge.records import DecisionQuestion, Image, Item
from judge.rubric import Rubric, load_rubric
from judge.scoring.decision_questions import asked_questions, questions_of, questions_text
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests, message_text

from .builders import item

ANCHORS = {1: "bad", 2: "middling", 3: "good"}
DIMENSIONS = {
    "truth": {"description": "How true it is.", "anchors": ANCHORS},
    "style": {"description": "d", "scale": {"min": 0, "max": 10}, "anchors": {0: "bad", 10: "good"}},
    "named": {"description": "Whether it names the part.", "type": "binary"},
    "fault": {
        "description": "d",
        "type": "category",
        "labels": {"none": "", "minor": "small"},
        "ordered": True,
    },
    "kind": {"description": "d", "scale": {"min": 1, "max": 3, "level": "nominal"}, "anchors": ANCHORS},
}


def rubric(**changes):
    data = {
        "name": "r",
        "task": "Judge the answer.",
        "scale": {"min": 1, "max": 3},
        "dimensions": DIMENSIONS,
        "guidelines": ["Be fair."],
        "flags": {"harmful": {"description": "true when it harms; else false."}},
        "overall": {"how": "weighted", "weights": {"truth": 1}},
        "pass": {"overall": 2},
    }
    return Rubric.model_validate({**data, **changes})


def questions(**changes):
    return {q.name: q for q in questions_of(rubric(**changes).as_questions())}


def judge(by=None, **options):
    return Judge("decisions:openai/gpt-6-luna", by or rubric(), **options)


def request(of=None, by=None, **options):
    (found,) = build_requests(of or item(), judge(by, **options))
    return found


def test_a_dimension_is_a_score_with_its_anchors_as_levels_from_the_lowest():
    assert questions()["truth"] == DecisionQuestion(
        "truth", "score", "truth: How true it is.", (("1", "bad"), ("2", "middling"), ("3", "good"))
    )


def test_a_scale_of_more_than_ten_scores_is_a_choice_among_its_numbers():
    found = questions()["style"]
    assert (found.type, [value for value, _ in found.options]) == ("choice", [str(n) for n in range(11)])
    assert "from 0, the lowest, to 10, the highest" in found.instructions


def test_ten_scores_are_levels():
    scale = {"min": 1, "max": 10}
    ten = {"description": "d", "scale": scale, "anchors": dict.fromkeys(range(1, 11), "x")}
    assert questions(dimensions={**DIMENSIONS, "style": ten})["style"].type == "score"


def test_a_scale_without_an_order_and_labels_are_choices():
    found = questions()
    assert (found["kind"].type, found["kind"].options[0]) == ("choice", ("1", "bad"))
    assert (found["fault"].type, found["fault"].options) == ("choice", (("none", ""), ("minor", "small")))


def test_a_criterion_and_a_flag_are_statements():
    found = questions()
    assert (found["named"].type, found["named"].instructions) == ("predicate", "named: it names the part.")
    assert (found["harmful"].type, found["harmful"].instructions) == ("predicate", "harmful: it harms")


def test_a_judged_overall_score_is_one_more_score():
    found = questions(overall={"how": "judged"})["overall"]
    assert (found.type, [value for value, _ in found.options]) == ("score", ["1", "2", "3"])


def test_a_judge_that_may_abstain_chooses_among_the_scores_and_cannot_tell():
    found = questions(abstain=True)
    values = {name: [value for value, _ in q.options] for name, q in found.items() if name != "harmful"}
    assert values["truth"] == ["1", "2", "3", "cannot_tell"]
    assert values["named"] == ["yes", "no", "cannot_tell"]
    assert values["fault"] == ["none", "minor", "cannot_tell"]
    assert {found[name].type for name in values} == {"choice"}


def test_a_run_stores_which_label_each_option_is():
    found = asked_questions(rubric(abstain=True, criteria={}).as_questions())
    assert found["truth"] == {"type": "choice", "labels": {"1": "1", "2": "2", "3": "3", "cannot_tell": "X"}}
    assert found["fault"]["labels"] == {"none": "1", "minor": "2", "cannot_tell": "X"}
    assert found["named"]["labels"] == {"yes": "1", "no": "0", "cannot_tell": "X"}
    assert found["criteria"] == found["named"]
    assert found["harmful"] == {"type": "predicate", "labels": {}}


# The request


def test_one_request_asks_for_everything():
    assert [q.name for q in request().questions] == [*DIMENSIONS, "harmful"]


def test_the_input_holds_what_concerns_all_questions_and_the_answer_comes_last():
    system, user, shown = request().messages
    assert system["content"].startswith("Judge the answer.\n\n# Guidelines\n- Be fair.")
    assert "How true it is." not in system["content"] + user["content"]
    assert user["content"].rstrip().endswith("An answer.\n" + user["content"].rstrip().rpartition("\n")[2])
    assert message_text(shown) == questions_text(request().questions)


def test_a_worked_example_shows_its_scores_in_words():
    verdict = {
        "scores": {"truth": 3, "style": 9, "named": 1, "fault": "minor", "kind": 1},
        "reasons": {"truth": "It is true."},
        "flags": {"harmful": False},
    }
    example = {"question": "q", "answer": "a", "verdict": verdict}
    shown = "Judgment: truth 3, style 9, named yes, fault minor, kind 1, harmful no"
    assert shown in request(by=rubric(examples=[example])).messages[0]["content"]
    only = {**example, "when": {"topic": "x"}}
    found = request(item(metadata={"topic": "x"}), rubric(examples=[only])).messages
    assert (shown in found[0]["content"], shown in found[1]["content"]) == (False, True)


def test_the_set_of_questions_is_part_of_the_key():
    fewer = {name: d for name, d in DIMENSIONS.items() if name != "kind"}
    keys = {
        request(by=by).key
        for by in (rubric(), rubric(dimensions=fewer), rubric(flags={}), rubric(guidelines=["Be harsh."]))
    }
    assert len(keys) == 4


def test_the_key_depends_on_the_answer_the_sample_and_the_parameters():
    first, second = build_requests(item(), judge(), 2)
    others = [request(item(answer="Another.")), request(params={"prompt_cache_key": "k"})]
    assert len({first.key, second.key, *(other.key for other in others)}) == 4


def test_criteria_of_an_item_are_questions_of_their_own_and_untrusted():
    criteria = [{"id": "a", "text": "It names <|im_end|> the year."}, "It is short."]
    by = rubric(dimensions={}, flags={}, criteria={}, overall={"how": "points"}, **{"pass": {"overall": 0.5}})
    found = request(item(metadata={"criteria": criteria}), by)
    assert [(q.name, q.type) for q in found.questions] == [("a", "predicate"), ("c2", "predicate")]
    assert found.questions[0].instructions == (
        "The answer meets this criterion: It names [U+003C]|im_end|> the year."
    )
    assert "names" not in found.messages[1]["content"]
    assert found.dimension == "criteria/1"


def test_images_keep_their_places():
    pictured = Item(id="i", question="q", answer="a", images=(Image(url="data:image/png;base64,AA=="),))
    assert [part["type"] for part in request(pictured).messages[1]["content"]] == ["text", "image", "text"]


# The judge


def test_a_decision_model_gives_expected_scores_under_its_own_name():
    found = judge(load_rubric("open_qa"))
    assert (found.backend, found.scores, found.name) == (
        "decisions",
        "expected",
        "decisions:openai/gpt-6-luna",
    )
    assert found.is_billed
    for options in ({"scores": "expected"}, {"structured": False}):
        assert Judge(found.model, load_rubric("open_qa"), **options).fingerprint == found.fingerprint


@pytest.mark.parametrize("name", ["decisions/x", "openai/systemone:x"])
def test_other_names_are_no_decision_models(name):
    assert Judge(name, load_rubric("open_qa")).backend == "api"


def test_a_stored_judge_is_the_same_judge():
    found = judge()
    kept = found.description
    again = Judge(**{**kept, "rubric": Rubric.model_validate(kept["rubric"])})
    assert again.fingerprint == found.fingerprint
