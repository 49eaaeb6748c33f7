"""MMAD: questions and answers joined, options as they were shown, and domain knowledge as rules."""

import json

import pytest

from judge.errors import InputError
from judge.formats import read_foreign
from judge.formats.mmad import rules_from_knowledge
from judge.records import Item
from judge.rubric import Rule

BAD, GOOD = "DS-MVTec/bottle/image/broken_large/000.png", "DS-MVTec/bottle/image/good/001.png"
DEFECT = {"Question": "Is there any defect in the object?", "Answer": "A", "Options": {"A": "Yes", "B": "No"}, "type": "Anomaly Detection"}  # fmt: skip
KIND = {"Question": "What kind of defect?", "Answer": "C", "Options": {"A": "Hole", "B": "Dent", "C": "Crack", "D": "Stain"}, "type": "Defect Classification"}  # fmt: skip
PART = {"Question": "What is the structure?", "Answer": "B", "Options": {"A": "Flat", "B": "Round"}, "type": "Object Structure"}  # fmt: skip
QUESTIONS = {
    BAD: {
        "image": BAD,
        "similar_templates": ["DS-MVTec/bottle/image/good/009.png"],
        "conversation": [DEFECT, KIND],
    },
    GOOD: {"image": GOOD, "similar_templates": [], "conversation": [DEFECT | {"Answer": "B"}, PART]},
}


def answer(image, kind, gold, said, question=None):
    row = {"image": image, "question_type": kind, "correct_answer": gold, "gpt_answer": said}
    return row if question is None else row | {"question": question}


ANSWERS = [
    answer(BAD, "Anomaly Detection", "A", "A"),
    answer(BAD, "Defect Classification", "C", "B"),
    answer(GOOD, "Anomaly Detection", "B", "B"),
    answer(GOOD, "Object Structure", "B", "A"),
]


@pytest.fixture
def write(tmp_path):
    def save(name, content):
        path = tmp_path / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return save


def test_the_nth_answer_of_a_picture_belongs_to_its_nth_question(write):
    found = read_foreign(write("mmad.json", QUESTIONS), write("answers.json", ANSWERS))
    assert found.problems == {}
    assert [(i.question, i.choices, i.gold, i.answer) for i in found.items[:2]] == [
        ("Is there any defect in the object?", ("Yes", "No"), "A", "A"),
        ("What kind of defect?", ("Hole", "Dent", "Crack", "Stain"), "C", "B"),
    ]


def test_item_knows_dataset_object_type_and_whether_the_part_is_good(write):
    items = read_foreign(write("mmad.json", QUESTIONS), write("answers.json", ANSWERS)).items
    assert items[0].metadata | {"image": "", "number": 0} == {
        "dataset": "DS-MVTec", "object": "bottle", "defect": "broken_large", "question_type": "Anomaly Detection", "anomaly": True,
        "image": "", "number": 0,
    }  # fmt: skip
    assert items[2].metadata["anomaly"] is False


@pytest.mark.parametrize("kind", ["Object Structure", "Object Details", "Object Analysis"])
def test_object_structure_and_details_count_as_object_analysis(write, kind):
    item = read_foreign(write("a.json", [answer(GOOD, kind, "B", "B")])).items[0]
    assert item.metadata["question_type"] == "Object Analysis"


def test_shuffled_options_in_the_answers_file_count_before_those_of_mmad(write):
    asked = {
        "text": "Is there any defect in the object? \nA. No\nB. Yes\n",
        "options": {"A": "No", "B": "Yes"},
    }
    given = [answer(BAD, "Anomaly Detection", "B", "B", asked), ANSWERS[1], *ANSWERS[2:]]
    found = read_foreign(write("mmad.json", QUESTIONS), write("answers.json", given))
    assert (found.items[0].choices, found.items[0].gold) == (("No", "Yes"), "B")
    assert found.problems == {}


def test_answers_in_another_order_are_joined_by_the_text_of_the_question(write):
    texts = [f"Question: {q['Question']} \n" for q in (KIND, DEFECT)]
    given = [
        answer(BAD, "Defect Classification", "C", "C", {"text": texts[0]}),
        answer(BAD, "Anomaly Detection", "A", "A", {"text": texts[1]}),
    ]
    items = read_foreign(write("mmad.json", {BAD: QUESTIONS[BAD]}), write("a.json", given)).items
    assert [(i.id, i.choices[0]) for i in items] == [(f"{BAD}#2", "Hole"), (f"{BAD}#1", "Yes")]


def test_answers_alone_have_five_letters_and_no_texts(write):
    item = read_foreign(write("a.json", ANSWERS)).items[0]
    assert (item.choices, item.gold) == (("",) * 5, "A")


def test_missing_answers_missing_questions_and_other_golds_are_reported(write):
    other = answer("VisA/candle/test/bad/0.png", "Anomaly Detection", "A", "A")
    given = [answer(BAD, "Anomaly Detection", "B", "A"), other]
    problems = read_foreign(write("mmad.json", QUESTIONS), write("a.json", given)).problems
    assert problems == {
        "correct_answer differs from mmad.json; the answers' file counts": [f"{BAD}#1"],
        "answer without a question": ["VisA/candle/test/bad/0.png#1"],
        "question without an answer": [f"{BAD}#2", f"{GOOD}#1", f"{GOOD}#2"],
    }


@pytest.mark.parametrize("said", ["", None, 3])
def test_unreadable_answer_is_kept_as_it_is(write, said):
    item = read_foreign(write("a.json", [answer(BAD, "Anomaly Detection", "A", said)])).items[0]
    assert item.answer == ("" if said is None else str(said))


KNOWLEDGE = {
    "MVTec": {"bottle": {"good": " <Normal>\n Round.", "broken": "A gap."}, "cable": {"cut": "A cut."}}
}


def test_knowledge_becomes_one_rule_for_each_defect_of_each_object(write):
    rules = rules_from_knowledge(write("knowledge.json", KNOWLEDGE))
    assert len(rules) == 3
    assert rules[0]["text"] == "A good part of the object 'bottle': <Normal> Round."


def test_only_rules_that_concern_an_item_match_it(write):
    rules = [Rule.model_validate(rule) for rule in rules_from_knowledge(write("knowledge.json", KNOWLEDGE))]
    item = read_foreign(write("a.json", ANSWERS)).items[0]
    assert [rule.text for rule in rules if rule.matches(item)] == [
        "A good part of the object 'bottle': <Normal> Round.",
        "The defect 'broken' of the object 'bottle': A gap.",
    ]
    elsewhere = Item(id="1", question="?", answer="", metadata={"dataset": "VisA", "object": "bottle"})
    assert not any(rule.matches(elsewhere) for rule in rules)


def test_knowledge_by_part_becomes_one_rule_for_each_part(write):
    known = {"VisA": {"candle": {"melt": {"location": "The rim.", "effect": "It  burns unevenly."}}}}
    first, second = rules_from_knowledge(write("knowledge.json", known))
    assert first["when"]["question_type"] == ["location", "Defect Localization"]
    assert second["text"] == "The defect 'melt' of the object 'candle', effect: It burns unevenly."


def test_knowledge_can_be_left_out_of_a_rubric(write):
    assert {rule["part"] for rule in rules_from_knowledge(write("knowledge.json", KNOWLEDGE))} == {
        "knowledge"
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "found a list; it must be an object"),
        ({"MVTec": {"bottle": "round"}}, "MVTec: bottle: found a text"),
        ({"MVTec": {"bottle": {"good": 1}}}, "good: found a number; it must be a text"),
        (
            {"MVTec": {"bottle": {"cut": {"colour": "x"}}}},
            "cut: found 'colour'; allowed parts: location, appea",
        ),
        ({"MVTec": {"bottle": {"cut": {"cause": 1}}}}, "cut: cause: found a number; it must be a text"),
        ({}, "holds no knowledge"),
    ],
)
def test_knowledge_of_another_form_says_what_was_found(write, content, message):
    with pytest.raises(InputError, match=message):
        rules_from_knowledge(write("knowledge.json", content))


def read_several(write, *names, **options):
    files = [write(name, ANSWERS) for name in names]
    return read_foreign(write("mmad.json", QUESTIONS), *files, **options)


def test_files_of_several_models_are_a_system_each(write):
    found = read_several(write, "answers_1_shot_gpt.json", "answers_1_shot_llava.json")
    first, n = found.items[0], len(ANSWERS)
    assert [item.system for item in found.items] == ["gpt"] * n + ["llava"] * n
    assert (first.id, first.metadata["shots"]) == (f"{first.metadata['pair_id']}/gpt", 1)
    assert found.problems == {}


def test_files_with_other_numbers_of_shots_share_pairs(write):
    items = read_several(write, "answers_0_shot_gpt.json", "answers_1_shot_gpt.json").items
    zero, one = ([item for item in items if item.metadata["shots"] == n] for n in (0, 1))
    assert [item.metadata["pair_id"] for item in zero] == [item.metadata["pair_id"] for item in one]
    assert {item.id for item in zero}.isdisjoint({item.id for item in one})
    assert zero[0].id.endswith("/0-shot")


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (["answers_1_shot_gpt.json"], []),
        (["answers_1_shot_gpt.json", "answers_1_shot_llava.json"], ["system"]),
        (["answers_0_shot_gpt.json", "answers_1_shot_gpt.json"], ["shots"]),
    ],
)
def test_several_systems_and_numbers_of_shots_are_slices(write, names, first):
    assert [*read_several(write, *names).by] == [*first, "dataset*question_type"]


def test_a_file_whose_name_says_nothing_of_shots_is_told_apart_too(write):
    found = read_several(write, "answers_0_shot_gpt.json", "gpt.json")
    assert {item.metadata.get("shots") for item in found.items} == {0, None}
    assert found.items[-1].id.endswith("/shots unknown")


def test_files_with_answers_to_other_questions_stay_one_system(write):
    files = [write(f"part_{i}.json", [row]) for i, row in enumerate(ANSWERS[::2])]
    items = read_foreign(*files).items
    assert {item.system for item in items} == {None}


@pytest.mark.parametrize(
    ("templates", "normal"), [("similar", ["good/1.png"]), ("random", ["good/9.png"]), ("none", [])]
)
def test_the_reference_picture_is_the_template_that_is_asked_for(write, templates, normal):
    picture = {**QUESTIONS[BAD], "similar_templates": ["good/1.png"], "random_templates": ["good/9.png"]}
    files = write("mmad.json", {**QUESTIONS, BAD: picture}), write("answers.json", ANSWERS)
    item = read_foreign(*files, templates=templates).items[0]
    assert [image.path for image in item.images if image.role == "reference"] == normal


def test_templates_are_refused_for_other_formats(write):
    row = {"question_id": 1, "mslm_answer": "B", "robustness_category": "x", "question": "?"}
    with pytest.raises(InputError, match="templates"):
        read_foreign(write("r.json", [row]), templates="random")
