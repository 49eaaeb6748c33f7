"""Chats with one question and one answer."""

import json

import pytest

from judge.errors import InputError
from judge.items import load_items

USER = {"role": "user", "content": "2 + 2?"}
REPLY = {"role": "assistant", "content": "4"}
SYSTEM = {"role": "system", "content": "Be short."}


def error_of(row):
    with pytest.raises(InputError) as caught:
        load_items([row])
    return str(caught.value)


CHATS = [
    pytest.param({"messages": [USER, REPLY]}, id="messages"),
    pytest.param({"messages": json.dumps([USER, REPLY])}, id="json_in_a_cell"),
    pytest.param(
        {"conversations": [{"from": "human", "value": "2 + 2?"}, {"from": "gpt", "value": "4"}]},
        id="sharegpt",
    ),
    pytest.param({"prompt": [USER], "response": "4"}, id="prompt_of_messages"),
    pytest.param({"prompt": [USER], "completion": [REPLY]}, id="completion_of_messages"),
    pytest.param({"prompt": "2 + 2?", "response": REPLY}, id="one_message"),
    pytest.param({"messages": [USER], "answer": "4"}, id="answer_beside_the_chat"),
    pytest.param(
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "2 + 2?"}]}, REPLY]}, id="parts"
    ),
]


@pytest.mark.parametrize("row", CHATS)
def test_a_chat_of_one_turn_is_a_question_and_an_answer(row):
    (item,) = load_items([row])
    assert (item.question, item.answer, item.metadata) == ("2 + 2?", "4", {})


def test_the_message_of_the_system_is_metadata():
    (item,) = load_items([{"messages": [SYSTEM, USER, REPLY], "topic": "sums"}])
    assert item.metadata == {"topic": "sums", "system_message": "Be short."}
    assert load_items([{"prompt": [SYSTEM, USER], "answer": "4"}])[0].metadata == {
        "system_message": "Be short."
    }


def test_a_chat_beside_the_same_question_and_answer_is_metadata():
    row = {"question": USER["content"], "answer": REPLY["content"], "messages": [USER, REPLY]}
    (item,) = load_items([row])
    assert item.metadata == {"messages": [USER, REPLY]}


@pytest.mark.parametrize(
    ("field", "chat"),
    [("question", [USER, REPLY]), ("answer", [USER, REPLY]), ("answer", json.dumps([USER, REPLY]))],
)
def test_a_chat_that_contradicts_a_column_is_an_error_until_one_is_named(field, chat):
    row = {"question": USER["content"], "answer": REPLY["content"], field: "other", "messages": chat}
    with pytest.raises(InputError, match=f"--map {field}={field}, or --map {field}=messages"):
        load_items([row])
    assert getattr(load_items([row], mapping={field: field})[0], field) == "other"
    assert getattr(load_items([row], mapping={field: "messages"})[0], field) != "other"


@pytest.mark.parametrize("chat", [[USER, REPLY, USER], "a chat", None, [USER]])
def test_a_longer_chat_or_a_text_beside_question_and_answer_contradicts_nothing(chat):
    row = {"question": USER["content"], "answer": "a", "messages": chat}
    assert load_items([row])[0].metadata == {"messages": chat}


def test_a_text_in_a_column_of_chats_is_a_question_but_no_answer():
    assert load_items([{"messages": "2 + 2?", "answer": "4"}])[0].question == "2 + 2?"
    with pytest.raises(
        InputError, match=r"row 1: field 'messages': found \"2 \+ 2\?\"; allowed: a list of mess"
    ):
        load_items([{"messages": "2 + 2?"}])


def test_an_answer_of_mt_bench_stands_in_its_only_choice():
    questions = [{"question_id": 81, "category": "writing", "turns": ["Why?"]}]
    answers = [{"question_id": 81, "model_id": "m", "choices": [{"index": 0, "turns": ["So."]}]}]
    (item,) = load_items(answers, questions=questions)
    assert (item.id, item.question, item.answer, item.system, item.choices) == ("81", "Why?", "So.", "m", ())


@pytest.mark.parametrize(
    ("choices", "found"),
    [([{"turns": ["a", "b"]}], "found 2 turns"), ([{"turns": ["a"]}, {"turns": ["b"]}], "found 2 answers")],
)
def test_several_turns_or_answers_of_mt_bench_are_an_error(choices, found):
    with pytest.raises(
        InputError, match=f"row 1: field 'choices': {found}; an item is one question with one"
    ):
        load_items([{"question": "q", "choices": choices}])


def test_a_question_in_a_cell_that_looks_like_a_chat_stays_a_text():
    text = json.dumps([SYSTEM, USER])
    (item,) = load_items([{"question": text, "answer": "a"}])
    assert (item.question, item.metadata) == (text, {})


ERRORS = [
    pytest.param(
        [USER, REPLY, USER, REPLY], "found 2 messages of the user; an item is one question", id="two_turns"
    ),
    pytest.param([REPLY, USER], "found a message of the user after that of the assistant", id="answer_first"),
    pytest.param([USER], "found no message of the", id="no_answer"),
    pytest.param([REPLY], "found no message of the", id="no_question"),
    pytest.param(
        [USER, {"role": "tool", "content": "x"}], 'found a message of "tool"; allowed roles', id="tool"
    ),
    pytest.param([USER, "4"], 'found "4"; a message is', id="text"),
    pytest.param(
        [USER, {"role": "assistant", "content": [{"type": "image_url"}]}], "Pictures belong in", id="picture"
    ),
    pytest.param([USER, {"role": "assistant", "content": None}], "found the content null", id="null"),
]


@pytest.mark.parametrize(("chat", "said"), ERRORS)
def test_another_chat_is_an_error_that_says_what_to_do(chat, said):
    message = error_of({"messages": chat})
    assert message.startswith("row 1: field 'messages': ")
    assert said in message


def test_turns_hold_one_question():
    assert load_items([{"turns": ["q"], "answer": "a"}])[0].question == "q"
    assert load_items([{"turns": '["q"]', "answer": "a"}])[0].question == "q"
    assert load_items([{"turns": "q", "answer": "a"}])[0].question == "q"
    assert "field 'turns': found 2 turns; an item is one question" in error_of(
        {"turns": ["q", "r"], "answer": "a"}
    )
    assert "field 'turns': found 0 turns" in error_of({"turns": [], "answer": "a"})


def test_map_reads_question_and_answer_from_one_chat_of_another_name():
    mapping = {"question": "dialog", "answer": "dialog"}
    (item,) = load_items([{"dialog": [USER, REPLY]}], mapping=mapping)
    assert (item.question, item.answer) == ("2 + 2?", "4")
    with pytest.raises(InputError, match="--map question=dialog --map answer=dialog"):
        load_items([{"dialog": [USER, REPLY]}], mapping={"messages": "dialog"})
