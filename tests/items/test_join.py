"""Questions and answers in two tables."""

import json

import pytest

from judge.errors import InputError
from judge.items import load_items

QUESTIONS = [
    {"question_id": "q1", "turns": ["Why?"], "reference": ["r"], "topic": "x"},
    {"question_id": "q2", "turns": ["How?"], "topic": "y"},
]
ANSWERS = [
    {"question_id": "q2", "answer": "So.", "model_id": "m"},
    {"question_id": "q1", "answer": "", "model_id": "m"},
]


def error_of(answers, questions=QUESTIONS, **options):
    with pytest.raises(InputError) as caught:
        load_items(answers, questions=questions, **options)
    return str(caught.value)


@pytest.mark.parametrize("name", ["3.0", " 3", 3, 3.0, "3"])
def test_an_id_that_a_spreadsheet_changed_is_that_of_its_question(name):
    (item,) = load_items([{"id": name, "answer": "a"}], questions=[{"id": "3", "question": "q"}])
    assert (item.id, item.question) == ("3", "q")


def test_an_id_that_is_a_question_s_own_is_not_changed():
    questions = [{"id": "3", "question": "q"}, {"id": "3.0", "question": "r"}]
    assert load_items([{"id": "3.0", "answer": "a"}], questions=questions)[0].question == "r"


def test_answers_and_questions_need_ids():
    for answer, question in ((None, "1"), ("1", None)):
        with pytest.raises(InputError, match="row 1: the id is empty"):
            load_items([{"id": answer, "answer": "a"}], questions=[{"id": question, "question": "q"}])


def test_questions_are_joined_by_id_in_the_order_of_the_answers():
    first, second = load_items(ANSWERS, questions=QUESTIONS)
    assert (first.id, first.question, first.answer, first.reference, first.system) == (
        "q2",
        "How?",
        "So.",
        None,
        "m",
    )
    assert (second.id, second.question, second.answer, second.reference) == ("q1", "Why?", "", "r")
    assert (first.metadata, second.metadata) == ({"topic": "y"}, {"topic": "x"})


def test_files_are_joined_like_tables(tmp_path):
    for name, rows in (("q.jsonl", QUESTIONS), ("a.jsonl", ANSWERS)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert load_items(tmp_path / "a.jsonl", questions=tmp_path / "q.jsonl") == load_items(
        ANSWERS, questions=QUESTIONS
    )


def test_an_answer_without_a_question_is_an_error_of_its_row():
    bad = []
    items = load_items([*ANSWERS, {"id": "q9", "answer": "?"}], questions=QUESTIONS, on_bad=bad.append)
    assert len(items) == 2
    assert [str(error) for error in bad] == ["row 3: no question with the id 'q9' in the table"]


def test_questions_without_an_answer_are_counted_and_named():
    items = load_items(ANSWERS[:1], questions=QUESTIONS)
    assert (items.summary.unanswered, items.summary.unanswered_ids) == (1, ("q1",))
    assert "1 question without an answer ('q1')" in str(items.summary)


def test_many_questions_without_an_answer_are_not_all_named():
    questions = [*QUESTIONS, *({"id": f"n{n}", "question": "q"} for n in range(9))]
    assert "9 questions without an answer ('n0', 'n1', 'n2', 'n3', 'n4' and 4 more)" in str(
        load_items(ANSWERS, questions=questions).summary
    )


def test_two_questions_with_one_id_are_an_error():
    assert "row 3: an earlier question has the id 'q1', too" in error_of(ANSWERS, [*QUESTIONS, QUESTIONS[0]])


def test_a_question_set_without_ids_is_an_error():
    assert "row 1: no field 'id'; found: 'question'" in error_of(ANSWERS, [{"question": "q"}])
    assert "row 1: found 7" in error_of(ANSWERS, [7])


def test_answers_without_ids_are_an_error():
    assert "row 1: no field 'id'; found: 'answer'" in error_of([{"answer": "a"}])


def test_what_both_tables_say_must_agree():
    same = {**ANSWERS[0], "question": "How?", "topic": "y"}
    assert load_items([same], questions=QUESTIONS)[0].question == "How?"
    assert 'field \'question\': found "Who?", and "How?" for its question in the table' in error_of(
        [{**same, "question": "Who?"}]
    )
    assert "field 'topic': found \"z\"" in error_of([{**same, "topic": "z"}])


def test_what_one_table_leaves_empty_the_other_fills():
    answers = [
        {**ANSWERS[0], "topic": None, "reference": "r2"},
        {**ANSWERS[1], "reference": None, "topic": ""},
    ]
    first, second = load_items(answers, questions=QUESTIONS)
    assert (first.metadata, first.reference) == ({"topic": "y"}, "r2")
    assert (second.metadata, second.reference) == ({"topic": "x"}, "r")


def test_several_answers_to_one_question_get_ids_of_their_own():
    answers = [ANSWERS[0], {**ANSWERS[0], "model_id": "n"}]
    items = load_items(answers, questions=QUESTIONS, id_from=["id", "system"])
    assert [item.id for item in items] == ["q2/m", "q2/n"]


def test_fields_of_the_question_may_make_the_id():
    answers = [{"id": "q1", "answer": "a", "model": "m"}]
    assert (
        load_items(answers, questions=QUESTIONS, id_from=["topic", "question", "system"])[0].id == "x/Why?/m"
    )


def test_one_column_a_system_and_questions_in_another_file():
    items = load_items([{"id": "q1", "a": "x", "b": "y"}], questions=QUESTIONS, answers_in=["a", "b"])
    assert [(item.id, item.question, item.answer) for item in items] == [
        ("q1/a", "Why?", "x"),
        ("q1/b", "Why?", "y"),
    ]


def test_map_names_columns_of_either_table():
    questions = [{"nr": 1, "Frage": "Warum?"}]
    answers = [{"id": 1, "Antwort": "Darum."}]
    (item,) = load_items(
        answers, questions=questions, mapping={"id": "nr", "question": "Frage", "answer": "Antwort"}
    )
    assert (item.id, item.question, item.answer, item.metadata) == ("1", "Warum?", "Darum.", {})


def test_map_of_a_column_that_neither_table_has_is_an_error():
    message = error_of(ANSWERS, mapping={"gold": "x"})
    assert "no row has a field 'x', which --map asks for" in message


def test_the_summary_names_columns_of_both_tables():
    text = str(load_items(ANSWERS, questions=QUESTIONS).summary)
    assert (
        "question from 'turns', answer from 'answer', system from 'model_id', reference from 'reference'"
        in text
    )
    assert "id from 'question_id'" in text
    assert "metadata: 'topic'" in text
