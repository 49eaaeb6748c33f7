"""Files of other tools: names of repeats, options, right answers and grades, field by field."""

import json

import pytest

from judge.errors import InputError
from judge.formats import read_foreign
from judge.formats.document import gold_letter, options_of
from judge.formats.ratings import read_ratings


@pytest.fixture
def write(tmp_path):
    def save(content, name="log.json"):
        path = tmp_path / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return save


# --- options and right answers


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (["A. lid", "B. cap"], ("lid", "cap")),
        (["A) lid", "B: cap"], ("lid", "cap")),
        (["A.", "B."], ("A.", "B.")),
        (["A. lid", "C. cap"], ("A. lid", "C. cap")),
        (["A lid", "B cap"], ("A lid", "B cap")),
        (["A. lid", "cap"], ("A. lid", "cap")),
        ("A. lid\n\n B. cap\n", ("lid", "cap")),
        ([1, 2.5], ("1", "2.5")),
        ({"B": "cap", "A": "lid"}, ("lid", "cap")),
        (None, ()),
        ("", ()),
    ],
)
def test_options_lose_their_letters_where_every_one_has_its_own(value, texts):
    assert options_of(value, "f") == texts


@pytest.mark.parametrize("value", [{"A": "x", "C": "y"}, {"a": "x"}, 3, True])
def test_options_in_another_form_are_refused(value):
    with pytest.raises(InputError, match="f: options"):
        options_of(value, "f")


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        (" b ", "B"),
        ("B. cap", "B"),
        ("B) anything", "B"),
        ("C", None),
        ("C. cap", None),
        ("cap", "B"),
        ("CAP", "B"),
        ("Bottle", None),
        ("", None),
        (2, None),
    ],
)
def test_a_right_answer_is_a_letter_or_the_text_of_one_option(answer, letter):
    assert gold_letter(answer, ("lid", "cap")) == letter


def test_a_text_of_two_options_is_no_right_answer():
    assert gold_letter("cap", ("cap", "cap")) is None
    assert gold_letter("A", ()) is None


# --- Inspect


def inspect_log(*samples, model="m"):
    return {
        "version": 2,
        "status": "success",
        "eval": {"model": model, "task": "t"},
        "samples": list(samples),
    }


def sample(number=1, answer="ANSWER: A", **more):
    output = {"choices": [{"message": {"content": answer}}], "completion": answer}
    return {"id": number, "input": "Why?", "target": "A", "choices": ["lid", "cap"], "output": output, **more}


def test_ids_of_repeated_samples_end_in_their_epoch(write):
    repeated = read_foreign(write(inspect_log(sample(1), sample(1, epoch=2))))
    assert [item.id for item in repeated.items] == ["1/1", "1/2"]
    assert [item.metadata["pair_id"] for item in repeated.items] == ["1", "1"]
    once = read_foreign(write(inspect_log(sample(1, epoch=1), sample(2))))
    assert [item.id for item in once.items] == ["1", "2"]


def test_a_sample_without_an_answer_is_counted_and_one_without_an_id_is_refused(write):
    failed = sample(2) | {"output": {"choices": [], "completion": ""}}
    found = read_foreign(write(inspect_log(sample(1), failed)))
    assert [item.id for item in found.items] == ["1"]
    assert list(found.problems.values()) == [["2"]]
    with pytest.raises(InputError, match="field 'id' is missing"):
        read_foreign(write(inspect_log(sample(None))))


@pytest.mark.parametrize(
    ("asked", "question"),
    [
        ("Why?", "Why?"),
        ([{"role": "system", "content": "s"}, {"role": "user", "content": " last "}], "last"),
        ([{"role": "user", "content": "first"}, {"role": "user", "content": "last"}], "last"),
        ([{"role": "user", "content": [{"text": "a"}, {"image": "x"}, {"text": "b"}]}], "a\n\nb"),
        ([{"role": "assistant", "content": "no"}], ""),
        (None, ""),
    ],
)
def test_the_question_is_the_last_message_of_the_user(write, asked, question):
    (item,) = read_foreign(write(inspect_log(sample() | {"input": asked}))).items
    assert item.question == question


@pytest.mark.parametrize(
    ("target", "reference", "gold"),
    [("A", "A", "A"), (["A"], "A", "A"), (["A", "B"], "A / B", None), (None, None, None), ("", None, None)],
)
def test_several_targets_are_one_reference_and_no_right_option(write, target, reference, gold):
    (item,) = read_foreign(write(inspect_log(sample(target=target)))).items
    assert (item.reference, item.gold) == (reference, gold)


@pytest.mark.parametrize(
    ("raw", "value"),
    [("C", 1.0), ("I", 0.0), ("P", 0.5), ("3.5", 3.5), (True, 1.0), (2, 2.0), ("maybe", None)],
)
def test_grades_of_scorers_become_numbers_or_a_reason(write, raw, value):
    log = inspect_log(sample(scores={"match": {"value": raw, "explanation": "because"}}))
    (score,) = read_foreign(write(log)).scores
    assert (score.dimension, score.rater, score.value) == ("match", "match", value)
    assert score.status == ("unparsed" if value is None else "ok")
    assert "because" in score.reason
    assert ("no grade" in score.reason) is (value is None)


def test_a_score_of_several_values_is_a_dimension_for_each_and_names_the_model_that_graded(write):
    grading = {"grading": [{"model": "first"}, {"model": "last"}, {"content": "x"}]}
    log = inspect_log(sample(scores={"qa": {"value": {"a": 1, "b": 0}, "metadata": grading}, "no": 3}))
    found = read_foreign(write(log)).scores
    assert [(s.dimension, s.rater, s.value) for s in found] == [("qa.a", "last", 1.0), ("qa.b", "last", 0.0)]


# --- MMAD

BAD = "DS-MVTec/bottle/image/broken/0.png"


def mmad(*conversation, image=BAD, templates=("t1.png", "t2.png")):
    return {image: {"similar_templates": list(templates), "conversation": list(conversation)}}


def asked(answer="A", **options):
    return {"Question": "Defect?", "Answer": answer, "Options": options or {"A": "Yes", "B": "No"}}


def replied(gold="A", said="A", image=BAD, **more):
    return {
        "image": image,
        "question_type": "Anomaly Detection",
        "correct_answer": gold,
        "gpt_answer": said,
        **more,
    }


def joined(write, questions, *answers):
    return read_foreign(write(questions, "mmad.json"), write(list(answers), "answers.json"))


def test_a_picture_is_shown_with_the_first_of_its_templates(write):
    (item,) = joined(write, mmad(asked()), replied()).items
    assert [image.path for image in item.images] == [BAD, "t1.png"]
    assert item.images[1].role == "reference"
    (alone,) = joined(write, mmad(asked(), templates=()), replied()).items
    assert [image.path for image in alone.images] == [BAD]


@pytest.mark.parametrize(("image", "thing"), [("VisA/0.png", None), ("VisA/candle/0.png", "candle")])
def test_an_object_is_the_folder_between_data_set_and_picture(write, image, thing):
    (item,) = read_foreign(write([replied(image=image)], "answers.json")).items
    assert item.metadata.get("object") == thing
    assert item.metadata["dataset"] == "VisA"


@pytest.mark.parametrize(("gold", "differs"), [("A", False), ("B", True)])
def test_right_options_without_texts_are_compared_by_their_letters(write, gold, differs):
    found = joined(write, mmad(asked("A", A="", B="")), replied(gold))
    assert any("differs" in problem for problem in found.problems) is differs


def test_right_options_with_texts_are_compared_by_them(write):
    shuffled = {"question": {"text": "Defect?\nA. No\nB. Yes\n"}}
    assert joined(write, mmad(asked("A")), replied("B", **shuffled)).problems == {}
    found = joined(write, mmad(asked("A")), replied("A", **shuffled))
    assert any("differs" in problem for problem in found.problems)


def test_a_right_answer_that_is_no_offered_letter_is_counted(write):
    found = joined(write, mmad(asked("A")), replied("E"))
    assert found.items[0].gold is None
    assert any("no offered letter" in problem for problem in found.problems)


# --- ratings


def test_an_error_about_the_columns_names_the_first_row(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("item_id,rater,comment\na,x,good\nb,x,bad\n")
    with pytest.raises(InputError, match=r"r\.csv:2: no ratings"):
        list(read_ratings(path))
