"""Which column becomes which field."""

from shlex import quote

import pytest

from judge.errors import InputError
from judge.items import load_items

ROW = {"question": "Why?", "answer": "Because."}


def error_of(*rows, **options):
    with pytest.raises(InputError) as caught:
        load_items(list(rows), **options)
    return str(caught.value)


TOOLS = [
    pytest.param(
        {"user_input": "q", "response": "a", "reference": "r", "retrieved_contexts": []}, None, id="ragas"
    ),
    pytest.param({"question": "q", "answer": "a", "ground_truths": ["r"]}, None, id="ragas_before"),
    pytest.param({"input": "q", "actual_output": "a", "expected_output": "r"}, None, id="deepeval"),
    pytest.param({"input": "q", "ideal": "r", "completion": "a"}, None, id="openai_evals"),
    pytest.param({"input": "q", "target": "r", "output": "a", "model": "m"}, "m", id="inspect"),
    pytest.param({"prompt": "q", "generated_text": "a", "references": ["r"]}, None, id="generations"),
    pytest.param(
        {"instruction": "q", "output": "a", "generator": "m", "reference": "r"}, "m", id="alpaca_eval"
    ),
    pytest.param({"turns": ["q"], "answer": "a", "model_id": "m", "reference": ["r"]}, "m", id="mt_bench"),
    pytest.param({"question_text": "q", "candidate": "a", "ground_truth": "r"}, None, id="candidate"),
]


@pytest.mark.parametrize(("row", "system"), TOOLS)
def test_the_columns_of_well_known_tools_are_understood(row, system):
    (item,) = load_items([row])
    assert (item.question, item.answer, item.reference, item.system) == ("q", "a", "r", system)


def test_an_empty_column_contradicts_none_of_its_field():
    row = {"instruction": "q", "input": "", "output": "a", "response": None}
    (item,) = load_items([row])
    assert (item.question, item.answer) == ("q", "a")


def test_an_empty_answer_contradicts_another_one():
    assert "'output' (\"\") and 'response' (\"a\") are all names for 'answer'" in error_of(
        {"question": "q", "output": "", "response": "a"}
    )


def test_model_and_system_that_differ_are_refused():
    assert "'system' (\"a\") and 'model' (\"b\") are all names for 'system'" in error_of(
        {**ROW, "system": "a", "model": "b"}
    )


def test_missing_fields_are_named_together():
    message = error_of({"nr": 1, "Frage": "q"})
    assert "row 1: no field 'question' and no field 'answer'; found: 'nr', 'Frage'" in message
    assert "--map question=NAME --map answer=NAME" in message


@pytest.mark.parametrize("column", ["final_answer", "Answer (text)", "answr", "Answers"])
def test_a_column_that_resembles_a_field_is_proposed(column):
    assert f"--map {quote(f'answer={column}')}" in error_of({"question": "q", "nr": 1, column: "a"})


def test_several_columns_that_are_no_answer_may_be_systems():
    assert "--answers-in COLUMN,COLUMN" in error_of({"question": "q", "gpt": "a", "llama": "b"})
    assert "--answers-in" not in error_of({"question": "q", "gpt": "a"})
    assert "--answers-in" not in error_of({"question": "q", "final_answer": "a", "nr": 1})


def test_rows_that_lack_the_same_fields_share_one_error():
    bad = []
    rows = [{"id": n, "note": "x"} for n in range(5)]
    assert load_items([*rows, {"id": 9, **ROW}], on_bad=bad.append)[0].id == "9"
    assert len(bad) == 5
    assert len(set(map(id, bad))) == 1
    assert str(bad[0]).startswith("row 1: ")


def test_map_names_a_metadata_field():
    (item,) = load_items([{**ROW, "nr": 7}], mapping={"pair_id": "nr"})
    assert item.metadata == {"pair_id": 7}


def test_one_column_may_be_a_field_and_metadata():
    (item,) = load_items([{**ROW, "nr": 7}], mapping={"id": "nr", "pair_id": "nr", "n": "nr"})
    assert item.id == "7"
    assert item.metadata == {"pair_id": 7, "n": 7}


def test_two_columns_cannot_become_one_metadata_field():
    assert "there is a field 'pair_id' already, and --map pair_id=nr" in error_of(
        {**ROW, "nr": 7, "pair_id": 3}, mapping={"pair_id": "nr"}
    )


def test_map_of_a_metadata_field_that_no_row_has_is_an_error():
    assert "no row has a field 'nr', which --map asks for; found: 'topic'" in error_of(
        {**ROW, "topic": 1}, mapping={"pair_id": "nr"}
    )


def test_map_of_another_name_for_a_field_names_the_field():
    assert "write --map answer=x" in error_of(ROW, mapping={"response": "x"})


def test_map_keeps_a_column_as_metadata_under_its_own_name():
    (item,) = load_items([{**ROW, "system": "a", "model": "b"}], mapping={"model": "model"})
    assert (item.system, item.metadata) == ("a", {"model": "b"})


def test_a_name_that_only_resembles_a_field_may_be_metadata():
    (item,) = load_items([{**ROW, "x": 1}], mapping={"preference": "x"})
    assert item.metadata == {"preference": 1}


REFERENCES = [
    pytest.param("r", ("r",), id="text"),
    pytest.param(["r"], ("r",), id="one"),
    pytest.param(["r", 7, "r"], ("r", "7"), id="several"),
    pytest.param('["r", "s"]', ("r", "s"), id="json_in_a_cell"),
    pytest.param(["r", None, ""], ("r",), id="empty_ones"),
    pytest.param([], (), id="none"),
    pytest.param(None, (), id="null"),
]


@pytest.mark.parametrize(("value", "references"), REFERENCES)
def test_references_are_alternatives(value, references):
    (item,) = load_items([{**ROW, "references": value}])
    assert item.references == references
    assert item.reference == (references[0] if references else None)


@pytest.mark.parametrize("cell", ['["r", "s"]', "['r', 's']"])
def test_a_list_of_texts_in_a_cell_is_a_list_of_alternatives_and_a_note_says_so(cell):
    items = load_items([{**ROW, "reference": cell}])
    assert items[0].references == ("r", "s")
    assert "1 cell of references holds a list; its entries are alternatives" in str(items.summary)


def test_a_list_in_a_column_of_lists_needs_no_note():
    items = load_items([{**ROW, "references": "['r', 's']", "reference": ""}])
    assert items[0].references == ("r", "s")
    assert "note" not in str(items.summary)


@pytest.mark.parametrize("cell", ["[1, 2]", "['r' 's']", '["r", 1]', "[r]", "['r'"])
def test_a_reference_that_is_no_list_of_texts_stays_a_text(cell):
    items = load_items([{**ROW, "reference": cell}])
    assert items[0].references == (cell,)
    assert "note" not in str(items.summary)


def test_items_with_alternatives_are_read_as_they_were_written():
    (item,) = load_items([{**ROW, "id": 1, "references": ["r", "s"]}])
    assert load_items([item.model_dump(mode="json")]) == [item]
    assert load_items([{**item.model_dump(), "images": [], "choices": []}])[0].metadata == {}


def test_advice_for_a_column_with_spaces_can_be_copied():
    with pytest.raises(InputError, match="For another name: --map 'question=question, if any'"):
        load_items([{"question, if any": "q", "answer": "a"}])
