"""What a reader says about the columns that it read."""

import pytest

from judge.items import InputSummary, load_items
from judge.items.summary import reference_warning

ROW = {"prompt": "Why?", "output": "Because.", "topic": "x"}


def test_columns_and_metadata_are_named_in_two_lines():
    assert load_items([ROW]).summary.lines() == [
        "columns: question from 'prompt', answer from 'output', no system, no reference, "
        "id from the content (no id column)",
        "metadata: 'topic'",
    ]


def test_there_are_at_most_three_lines():
    rows = [
        {"id": 1, "question": "q", "a": "", "b": "x", **{f"f{n}": n for n in range(30)}},
        {"id": 2, "question": "q", "a": "y"},
    ]
    lines = load_items(rows, answers_in=["a", "b"]).summary.lines()
    assert len(lines) == 3
    assert "'f11' and" in lines[1]


def test_all_columns_of_a_field_are_named():
    summary = load_items([{"id": 1, **ROW}, {"id": 2, "question": "q", "answer": "a"}]).summary
    assert summary.columns["question"] == ("prompt", "question")
    assert "question from 'prompt' or 'question'" in str(summary)
    assert "id from 'id'" in str(summary)


def test_fields_that_make_the_id_are_named():
    assert "id from topic and question" in str(load_items([ROW], id_from=["topic", "question"]).summary)


def test_items_without_a_reference_are_counted():
    summary = load_items([ROW, {**ROW, "output": "other", "expected": "r"}]).summary
    assert (summary.n_items, summary.n_without_reference) == (2, 1)


def test_a_missing_reference_is_worth_a_warning_where_the_rubric_refers_to_one():
    none = InputSummary(n_items=3, n_without_reference=3)
    some = InputSummary(n_items=3, n_without_reference=1)
    every = InputSummary(n_items=3)
    assert "no item has a reference answer, and rubric r refers to one" in reference_warning(
        none, "r", refers=True
    )
    assert "--map reference=NAME" in reference_warning(none, "r", refers=True)
    assert "1 of 3 items have no reference answer" in reference_warning(some, "r", refers=True)
    assert reference_warning(every, "r", refers=True) is None
    assert reference_warning(none, "r", refers=False) is None


@pytest.mark.parametrize(
    "system",
    ["You are a helpful assistant.", "Answer briefly.\nBe polite and exact.", "answer " + "very " * 20],
)
def test_a_prompt_in_a_column_of_systems_gets_a_note(system):
    items = load_items([{**ROW, "system": system}, {**ROW, "system": "gpt-4"}])
    assert f"1 row names a system such as {system[:40]!a}, which looks like a prompt" in str(items.summary)
    mapped = load_items([{**ROW, "system": system}], mapping={"system_message": "system"})
    assert (mapped[0].system, mapped[0].metadata["system_message"]) == (None, system)
    assert "prompt;" not in str(mapped.summary)


@pytest.mark.parametrize(
    "system",
    [
        "GPT 4o mini (high, 2024-05-13)",
        "openai/gpt-5-long-name-of-a-model.v2",
        "Team A of B",
        "The baseline with RAG, v. 2.1 (a)",
    ],
)
def test_a_name_of_a_system_with_spaces_gets_no_note(system):
    assert "looks like" not in str(load_items([{**ROW, "system": system}]).summary)


def test_items_without_a_question_and_words_for_none_are_counted():
    rows = [
        {"id": 1, "question": "2 + 2?", "answer": "nan", "reference": "N/A"},
        {"id": 2, "question": "3 + 3?", "answer": "", "reference": "6"},
        {"id": "Total", "question": "", "answer": "2", "reference": "NaN"},
    ]
    note = load_items(rows).summary.lines()[-1]
    assert "1 item has an empty question" in note
    assert "2 answers are empty or a word such as NaN" in note
    assert "2 references are empty or a word such as NaN" in note
