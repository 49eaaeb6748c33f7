"""RobustMAD's three files: what is joined, what is scored, and that nothing is lost without a word."""

import json

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.errors import InputError
from judge.formats import read_foreign
from judge.scoring.run import Run

OPTIONS = {"A": "Scratch", "B": "Dent"}


def question(number, **fields):
    base = {
        "question_id": f"q{number}",
        "robustness_category": "standalone",
        "question": f"What is wrong with part {number}?",
        "answer": f"It has {number} holes.",
    }
    return base | fields


def image(number, questions, **fields):
    base = {
        "image_path": f"cable/{number}.png",
        "reference_image_path": "cable/good.png",
        "category": "cable",
        "specie_name": "electrical",
        "anomaly": "bent_wire",
        "difficulty": "hard",
        "dataset": "MVTec",
        "questions": questions,
    }
    return base | fields


def response(number, **fields):
    base = {
        "question_id": f"q{number}",
        "question": f"What is wrong with part {number}?",
        "mslm_answer": f"I see {number} holes.",
        "raw_response": "…",
        "robustness_category": "standalone",
        "difficulty": "hard",
        "image_path": f"cable/{number}.png",
        "reference_image_path": "cable/good.png",
    }
    return base | fields


def judged(number, judgment, **fields):
    return response(number, **fields) | {"judge": judgment}


def judgment(**fields):
    dimensions = {"technical_accuracy": 4, "comprehensiveness": 3, "relevance": 5, "style_and_clarity": 2}
    base = {
        "dimension_scores": dimensions,
        "overall_score": 4,
        "is_accurate": True,
        "explanation": "Right part, right defect.",
    }
    return base | fields


@pytest.fixture
def write(tmp_path):
    def save(name, content):
        path = tmp_path / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return save


@pytest.fixture
def questions(write):
    return write("questions.json", {"images": [image(1, [question(1)]), image(2, [question(2)])]})


def test_responses_are_joined_with_questions_in_whatever_order_the_files_come(write, questions):
    responses = write("responses.json", [response(1), response(2)])
    one, other = read_foreign(questions, responses), read_foreign(responses, questions)
    assert one == other
    assert one.problems == {}


def test_joined_item_has_the_fields_of_response_question_and_image(write, questions):
    item = read_foreign(questions, write("r.json", [response(1), response(2)])).items[0]
    assert (item.id, item.answer, item.reference) == ("q1", "I see 1 holes.", "It has 1 holes.")
    assert [(i.path, i.role) for i in item.images] == [
        ("cable/1.png", "query"),
        ("cable/good.png", "reference"),
    ]
    assert item.metadata == {
        "robustness_category": "standalone",
        "difficulty": "hard",
        "category": "cable",
        "specie_name": "electrical",
        "defect": "electrical",
        "anomaly": "bent_wire",
        "dataset": "MVTec",
        "image_path": "cable/1.png",
        "raw_response": "…",
        "condition": "clean",
        "pair_id": "q1",
    }


def test_responses_alone_are_items_too(write):
    found = read_foreign(write("r.json", [response(1, answer="It has 1 hole.")]))
    assert found.format == "robustmad"
    assert found.items[0].reference == "It has 1 hole."


def test_low_file_is_the_degraded_condition_of_the_same_pairs(write, questions):
    clean = write("responses_gpt.json", [response(1), response(2)])
    low = write("responses_gpt_low.json", [response(1), response(2)])
    items = read_foreign(questions, clean, low).items
    assert [(i.id, i.metadata["condition"], i.metadata["pair_id"]) for i in items] == [
        ("q1", "clean", "q1"),
        ("q2", "clean", "q2"),
        ("q1_low", "degraded", "q1"),
        ("q2_low", "degraded", "q2"),
    ]


def test_two_conditions_are_a_slice_and_one_is_none(write, questions):
    files = [write(f"responses_gpt{end}.json", [response(1), response(2)]) for end in ("", "_low")]
    assert read_foreign(questions, *files).by[0] == "condition"
    assert "condition" not in read_foreign(questions, files[1]).by


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("a_low.json", "degraded"),
        ("a_LOW_v2.json", "degraded"),
        ("a_lower.json", "clean"),
        ("follow.json", "clean"),
    ],
)
def test_only_low_as_a_word_of_the_name_means_degraded(write, name, condition):
    assert read_foreign(write(name, [response(1)])).items[0].metadata["condition"] == condition


def test_low_ids_that_are_already_marked_pair_with_their_clean_ones(write):
    items = read_foreign(write("r_low.json", [response(1, question_id="q1_low")])).items
    assert (items[0].id, items[0].metadata["pair_id"]) == ("q1_low", "q1")


def test_response_without_a_question_is_kept_and_reported(write, questions):
    found = read_foreign(questions, write("r.json", [response(1), response(2), response(3)]))
    assert found.problems == {"response without a question of its id": ["q3"]}
    assert len(found.items) == 3


def test_question_without_a_response_is_reported(write, questions):
    assert read_foreign(questions, write("r.json", [response(1)])).problems == {
        "question without a response": ["q2"]
    }


@pytest.mark.parametrize("answer", [None, 5, ["text"]])
def test_response_without_an_answer_is_no_item_and_reported(write, answer):
    found = read_foreign(write("r.json", [response(1, mslm_answer=answer), response(2)]))
    assert [item.id for item in found.items] == ["q2"]
    assert found.problems == {"no answer (null or no text)": ["q1"]}


def test_empty_answer_is_an_answer(write):
    assert read_foreign(write("r.json", [response(1, mslm_answer="")])).items[0].answer == ""


def test_response_that_stands_twice_counts_once(write):
    found = read_foreign(write("r.json", [response(1), response(1)]))
    assert len(found.items) == 1
    assert found.problems == {"stands twice": ["q1"]}


def test_second_answer_under_one_id_is_reported_and_the_first_counts(write):
    found = read_foreign(write("r.json", [response(1), response(1, mslm_answer="No.")]))
    assert [item.answer for item in found.items] == ["I see 1 holes."]
    assert found.problems == {"id stands again with another content; the first one counts": ["q1"]}


def test_other_wording_of_the_question_is_reported(write, questions):
    found = read_foreign(questions, write("r.json", [response(1, question="Why?"), response(2)]))
    assert list(found.problems.values()) == [["q1"]]
    assert "differs" in next(iter(found.problems))


def test_ids_that_count_anew_for_each_picture_are_told_apart_by_it(write):
    asked = write("q.json", {"images": [image(1, [question(1)]), image(2, [question(1, answer="Two.")])]})
    given = write("r.json", [response(1), response(1, image_path="cable/2.png", mslm_answer="Other.")])
    found = read_foreign(asked, given)
    assert [(i.id, i.reference) for i in found.items] == [
        ("cable/1.png#q1", "It has 1 holes."),
        ("cable/2.png#q1", "Two."),
    ]
    assert found.problems == {}


def test_other_path_prefix_in_the_responses_does_not_break_the_join(write, questions):
    moved = [response(n, image_path=f"data/cable/{n}.png") for n in (1, 2)]
    assert read_foreign(questions, write("r.json", moved)).problems == {}


@pytest.mark.parametrize(
    "options", [OPTIONS, ["Scratch", "Dent"], ["A. Scratch", "B. Dent"], "A) Scratch\nB) Dent"]
)
@pytest.mark.parametrize("gold", ["B", "b", "B. Dent", "dent"])
def test_options_become_choices_with_the_right_letter(write, options, gold):
    asked = write("q.json", {"images": [image(1, [question(1, options=options, answer=gold)])]})
    item = read_foreign(asked, write("r.json", [response(1, mslm_answer="B")])).items[0]
    assert (item.choices, item.gold) == (("Scratch", "Dent"), "B")


def test_judged_file_gives_scores_on_the_names_of_the_inspection_rubric(write):
    found = read_foreign(
        write("judged.json", {"questions": [judged(1, judgment(gt_sanity_issue="No hole."))]})
    )
    assert found.rubric == "inspection"
    assert {s.dimension: s.value for s in found.scores} == {
        "technical_accuracy": 4.0,
        "comprehensiveness": 3.0,
        "relevance": 5.0,
        "clarity": 2.0,
        "overall": 4.0,
        "is_accurate": 1.0,
        "reference_issue": "No hole.",
    }
    assert {s.rater_kind for s in found.scores} == {"judge"}
    assert next(s.reason for s in found.scores if s.dimension == "overall") == "Right part, right defect."


def test_overall_score_of_a_judged_file_is_kept_as_given_with_its_explanation(write, tmp_path):
    dimensions = {"technical_accuracy": 3, "comprehensiveness": 3, "relevance": 2, "style_and_clarity": 5}
    rows = [judged(n, judgment(overall_score=s, dimension_scores=dimensions)) for n, s in ((1, 2.5), (2, 4))]
    path = write("judged.json", {"questions": rows})
    found = CliRunner().invoke(main, ["import", str(path), "--out", str(tmp_path / "run")])
    assert found.exit_code == 0, found.output
    with Run.open(tmp_path / "run") as run:
        kept = [s for s in run.scores() if s.dimension == "overall"]
    assert [(s.value, s.reason) for s in kept] == [
        (2.5, "Right part, right defect."),
        (4.0, "Right part, right defect."),
    ]


def test_judge_is_named_by_the_file_where_it_says_so(write):
    path = write("judged.json", {"judge_model": "gpt-5", "questions": [judged(1, judgment())]})
    assert read_foreign(path).raters == ["gpt-5"]


@pytest.mark.parametrize("overall", [0, -1, 6, None, "n/a", float("nan")])
def test_score_off_the_scale_or_no_number_is_missing_with_its_reason(write, overall):
    found = read_foreign(write("judged.json", {"questions": [judged(1, judgment(overall_score=overall))]}))
    score = next(s for s in found.scores if s.dimension == "overall")
    assert (score.value, score.status) == (None, "unparsed")
    assert score.reason


@pytest.mark.parametrize("broken", [None, {}, "error", {"dimension_scores": None}])
def test_failed_judgment_leaves_every_score_missing(write, broken):
    found = read_foreign(write("judged.json", {"questions": [judged(1, broken)]}))
    assert {s.status for s in found.scores} == {"unparsed"}
    assert len(found.scores) == 6


def test_missing_field_says_where_it_is_missing(write):
    row = response(1)
    del row["question_id"]
    path = write("r.json", [response(2), row])
    with pytest.raises(InputError, match=r"r\.json, entry 2: field 'question_id': missing"):
        read_foreign(path, format="robustmad")


def test_questions_of_no_list_say_what_was_found(write):
    path = write("q.json", {"images": [image(1, [question(1)]), image(2, "none")]})
    with pytest.raises(InputError, match=r"images, entry 2: questions: found a text; it must be a list"):
        read_foreign(path)


def test_question_that_was_answered_in_one_condition_only_is_reported_for_the_other(write, questions):
    clean = write("r.json", [response(1), response(2)])
    found = read_foreign(questions, clean, write("r_low.json", [response(2)]))
    assert found.problems == {"question without a response": ["q1_low"]}


PAIRWISE = "Anomaly Understanding and Localization (Pair-wise comparison)"
STAND_ALONE = "Anomaly Understanding and Localization (Stand-alone)"
FIRST = "The first image shows a normal reference. Is the second normal?"


@pytest.mark.parametrize(
    ("category", "shown", "asked", "roles"),
    [
        (PAIRWISE, "cable/good.png", FIRST, ["reference", "query"]),
        (PAIRWISE, "cable/good.png", "Does the part differ from the reference?", ["query", "reference"]),
        (STAND_ALONE, None, "Is it bent?", ["query"]),
        (STAND_ALONE, "cable/good.png", "Is it bent?", ["query"]),
        ("General Object Understanding", "cable/good.png", "What comes first?", ["query"]),
        ("standalone", None, "Is it bent?", ["query"]),
    ],
)
def test_the_picture_to_compare_with_goes_to_the_questions_that_show_it(write, category, shown, asked, roles):
    fields = {"robustness_category": category, "question": asked}
    questions = write("q.json", {"images": [image(1, [question(1, **fields)])]})
    responses = write("r.json", [response(1, reference_image_path=shown, **fields)])
    item = read_foreign(questions, responses).items[0]
    assert [picture.role for picture in item.images] == roles


def test_the_picture_is_a_field_by_which_items_are_clustered(write, questions):
    found = read_foreign(questions, write("r.json", [response(1), response(2)]))
    assert found.cluster == "image_path"
    assert found.items[0].metadata["image_path"] == "cable/1.png"


def test_multiple_choice_responses_without_their_questions_lack_the_options(write):
    rows = [response(1, answer="B"), response(2, answer="It has 2 holes.")]
    found = read_foreign(write("r.json", rows))
    assert found.problems == {"options unknown; the file of questions has them: RobustMAD_MCQ.json": ["q1"]}


def test_the_answer_to_a_multiple_choice_question_is_the_raw_response(write):
    asked = write("q.json", {"images": [image(1, [question(1, options=OPTIONS, answer="B")])]})
    raw = "It is correctly placed.\n\nB"
    found = read_foreign(asked, write("r.json", [response(1, mslm_answer="A", raw_response=raw)]))
    assert found.items[0].answer == raw


@pytest.mark.parametrize(("said", "value"), [(1, 1.0), (0, 0.0), (True, 1.0), (False, 0.0), (1.0, 1.0)])
def test_accurate_may_be_a_number(write, said, value):
    found = read_foreign(write("j.json", {"questions": [judged(1, judgment(is_accurate=said))]}))
    assert next(s.value for s in found.scores if s.dimension == "is_accurate") == value


@pytest.mark.parametrize("said", [2, "1", "yes", None, [1]])
def test_accurate_is_nothing_but_true_or_false(write, said):
    found = read_foreign(write("j.json", {"questions": [judged(1, judgment(is_accurate=said))]}))
    assert next(s.status for s in found.scores if s.dimension == "is_accurate") == "unparsed"


def test_scores_that_no_rule_would_give_together_are_kept_as_they_are(write):
    low = {"technical_accuracy": 3, "comprehensiveness": 3, "relevance": 5, "style_and_clarity": 5}
    found = read_foreign(write("j.json", {"questions": [judged(1, judgment(dimension_scores=low))]}))
    assert {s.dimension: s.value for s in found.scores}["overall"] == 4.0


def test_questions_without_responses_are_no_answers(questions):
    with pytest.raises(InputError, match=r"questions\.json: holds 2 questions and no responses to them"):
        read_foreign(questions)


@pytest.mark.parametrize("picture", [None, 5, [], ["a.png"], {"value": "a.png"}], ids=repr)
def test_a_picture_that_is_no_text_is_no_picture_even_where_ids_count_anew_for_each(write, picture):
    asked = write(
        "q.json", {"images": [image(1, [question(1)], image_path=picture), image(2, [question(1)])]}
    )
    given = write("r.json", [response(1, image_path=picture), response(1, image_path="cable/2.png")])
    found = read_foreign(asked, given)
    assert [sum(one.role == "query" for one in item.images) for item in found.items] == [0, 1]
    assert found.problems == {}


def test_files_of_several_models_are_a_system_each_in_both_conditions(write, questions):
    names = ("MCQ_gpt_s0.json", "MCQ_gpt_s0_low.json", "MCQ_llava_s0.json", "MCQ_llava_s0_low.json")
    found = read_foreign(questions, *(write(name, [response(1), response(2)]) for name in names))
    assert [(item.id, item.system) for item in found.items[::2]] == [
        ("q1/gpt_s0", "gpt_s0"),
        ("q1_low/gpt_s0", "gpt_s0"),
        ("q1/llava_s0", "llava_s0"),
        ("q1_low/llava_s0", "llava_s0"),
    ]
    assert {item.metadata["pair_id"] for item in found.items} == {"q1", "q2"}
    assert found.by[0] == "system"
    assert found.problems == {}


def test_rows_that_name_their_model_are_a_system_each(write):
    rows = [response(1, model="gpt"), response(1, model="llava")]
    assert [item.system for item in read_foreign(write("r.json", rows)).items] == ["gpt", "llava"]


def test_files_with_answers_to_other_questions_stay_one_system(write, questions):
    files = write("part_1.json", [response(1)]), write("part_2.json", [response(2)])
    assert [item.id for item in read_foreign(questions, *files).items] == ["q1", "q2"]


def test_scores_of_several_systems_belong_to_their_own_answers(write):
    files = [
        write(f"OE_{name}_scored_batched_api.json", {"questions": [judged(1, judgment(overall_score=score))]})
        for name, score in (("gpt", 2), ("llava", 5))
    ]
    scores = [score for score in read_foreign(*files).scores if score.dimension == "overall"]
    assert [(score.item_id, score.value) for score in scores] == [("q1/gpt", 2.0), ("q1/llava", 5.0)]
