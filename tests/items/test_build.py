"""One column for each system: every cell that is not empty is an item."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.errors import InputError
from judge.items import load_items
from judge.items.identity import RowIds

ROW = {"id": "q1", "question": "Why?", "gpt": "So.", "llama": "Thus.", "topic": "x"}


def error_of(*rows, **options):
    with pytest.raises(InputError) as caught:
        load_items(list(rows), **options)
    return str(caught.value)


def test_each_cell_is_an_item_of_its_system():
    first, second = load_items([ROW], answers_in=["gpt", "llama"])
    assert (first.id, first.system, first.answer) == ("q1/gpt", "gpt", "So.")
    assert (second.id, second.system, second.answer) == ("q1/llama", "llama", "Thus.")
    assert first.metadata == second.metadata == {"topic": "x", "pair_id": "q1"}


def test_a_comma_may_be_part_of_a_name():
    row = {"question": "q", "gpt, new": "a", "x,y": "1"}
    (item,) = load_items([row], answers_in="gpt, new", id_from="x,y")
    assert (item.system, item.id) == ("gpt, new", "1/gpt, new")
    (item,) = load_items([row], answers_in=["gpt, new"], id_from=["x,y"])
    assert (item.system, item.id) == ("gpt, new", "1/gpt, new")


def test_names_with_commas_in_python_get_advice():
    assert "'topic,system', which --id-from asks for" in error_of(
        ROW, answers_in="gpt", id_from="topic,system"
    )
    assert "In Python, several names are a list" in error_of(ROW, answers_in="gpt,llama")
    assert "In Python, several names are a list" in error_of(ROW, answers_in="gpt", id_from="topic,system")


def test_ids_and_systems_with_slashes_never_make_one_id():
    rows = [
        {"id": "a/b", "question": "q", "c": "1", "b/c": ""},
        {"id": "a", "question": "q", "c": "2", "b/c": "3"},
    ]
    ids = [item.id for item in load_items(rows, answers_in=["c", "b/c"])]
    assert ids[:2] == ["a/b/c", "a/c"]
    assert len(set(ids)) == 3


def test_ratings_of_a_system_with_a_slash_find_its_answer():
    row = {"id": "q1", "question": "q", "openai/gpt-5": "a"}
    (item,) = load_items([row], answers_in="openai/gpt-5")
    rating = {"id": "q1", "system": "openai/gpt-5", "ann": 4}
    assert RowIds(id_from=["id", "system"]).of(rating) == item.id


def test_a_pair_id_of_the_table_stays():
    (item,) = load_items([{**ROW, "pair_id": 5}], answers_in=["gpt"])
    assert item.metadata == {"llama": "Thus.", "topic": "x", "pair_id": 5}


@pytest.mark.parametrize("empty", ["", "  ", None, float("nan")])
def test_an_empty_cell_is_no_item_and_is_counted(empty):
    items = load_items([ROW, {**ROW, "id": "q2", "llama": empty}], answers_in=["gpt", "llama"])
    assert [item.id for item in items] == ["q1/gpt", "q1/llama", "q2/gpt"]
    assert items.summary.empty_answers == {"llama": 1}
    assert "1 empty cell without an answer, not scored (llama: 1)" in str(items.summary)


def test_a_column_that_a_row_lacks_is_an_empty_cell():
    short = {"id": "q2", "question": "How?", "gpt": "So."}
    items = load_items([ROW, short, {**short, "id": "q3"}], answers_in=["gpt", "llama"])
    assert items.summary.empty_answers == {"llama": 2}
    assert "2 empty cells" in str(items.summary)


def test_a_column_that_no_row_has_is_an_error_that_lists_the_others():
    message = error_of(ROW, answers_in=["gpt", "lama"])
    assert "no row has a field 'lama', which --answers-in asks for; found: 'llama', 'topic'" in message


def test_a_column_named_twice_is_an_error():
    assert "--answers-in names a column twice: gpt, gpt" in error_of(ROW, answers_in=["gpt", "gpt"])


@pytest.mark.parametrize("field", ["answer", "system"])
def test_answer_and_system_cannot_be_mapped_as_well(field):
    assert f"--map {field}=topic and --answers-in" in error_of(
        ROW, mapping={field: "topic"}, answers_in="gpt"
    )


def test_a_cell_that_is_no_text_names_its_column():
    assert "row 1: field 'llama': found [1]" in error_of({**ROW, "llama": [1]}, answers_in=["gpt", "llama"])


def test_columns_called_answer_and_model_are_metadata_beside_the_systems():
    row = {**ROW, "answer": "key", "model": "m"}
    (item,) = load_items([row], answers_in="gpt")
    assert item.metadata == {"answer": "key", "model": "m", "llama": "Thus.", "topic": "x", "pair_id": "q1"}


def test_the_systems_may_be_columns_with_known_names():
    assert [
        item.system
        for item in load_items(
            [{"question": "q", "output": "a", "response": "b"}], answers_in=["output", "response"]
        )
    ] == ["output", "response"]


def test_without_an_id_each_answer_gets_that_of_a_table_with_one_row_an_answer():
    row = {"question": "Why?", "reference": "r", "gpt": "So.", "llama": "Thus.", "image": "p.png"}
    wide = load_items([row, row], answers_in=["gpt", "llama"])
    long = [
        {"question": "Why?", "answer": answer, "model": model, "image": "p.png"}
        for model, answer in (("gpt", "So."), ("llama", "Thus."))
    ]
    first, second = (RowIds().of(rating | {"ann": 4}) for rating in long)
    assert [item.id for item in wide] == [first, second, f"{first}-2", f"{second}-2"]
    assert [item.id for item in load_items(long)] == [first, second]


def test_a_further_system_changes_no_id_and_no_pair():
    row = {"question": "Why?", "gpt": "So.", "llama": "Thus."}
    two, one = load_items([row], answers_in=["gpt", "llama"]), load_items([row], answers_in="llama")
    assert two[1].id == one[0].id
    assert len({item.metadata["pair_id"] for item in (*two, *one)}) == 1


def test_rows_of_one_question_are_one_pair_and_other_references_make_another():
    rows = [{"question": "q", "a": "1", "b": "2"}, {"question": "q", "a": "3", "b": "4"}]
    assert len({item.metadata["pair_id"] for item in load_items(rows, answers_in=["a", "b"])}) == 1
    rows[1]["reference"] = "r"
    assert len({item.metadata["pair_id"] for item in load_items(rows, answers_in=["a", "b"])}) == 2


def test_a_row_that_is_refused_gives_no_item_at_all():
    bad = []
    rows = [{"question": "q", "a": "1", "b": [1], "c": ""}, {"question": "r", "a": "1", "b": "2", "c": "3"}]
    items = load_items(rows, answers_in=["a", "b", "c"], on_bad=bad.append)
    assert [item.question for item in items] == ["r", "r", "r"]
    assert (len(bad), items.summary.empty_answers.total()) == (1, 0)


def test_chosen_fields_make_the_id_of_the_row():
    assert [
        item.id for item in load_items([ROW], answers_in=["gpt", "llama"], id_from=["topic", "system"])
    ] == [
        "x/gpt",
        "x/llama",
    ]


def test_the_summary_names_the_columns_of_the_systems():
    text = str(load_items([ROW], answers_in=["gpt", "llama"]).summary)
    assert "answer from 'gpt', 'llama', system by column" in text


cells = st.sampled_from(["", "a", "b c"])


@given(st.lists(st.fixed_dictionaries({"m1": cells, "m2": cells, "m3": cells}), max_size=8))
def test_there_are_rows_times_systems_items_but_for_empty_cells(table):
    rows = [{"question": f"q{n}", **row} for n, row in enumerate(table)]
    items = load_items(rows, answers_in=["m1", "m2", "m3"]) if rows else []
    filled = [
        (f"q{n}", system, row[system])
        for n, row in enumerate(table)
        for system in ("m1", "m2", "m3")
        if row[system]
    ]
    assert [(item.question, item.system, item.answer) for item in items] == filled
    empty = items.summary.empty_answers.total() if rows else 0
    assert len(items) + empty == 3 * len(rows)


@pytest.mark.parametrize(
    "table", [pd.DataFrame([ROW]), [ROW], iter([ROW])], ids=["frame", "list", "iterator"]
)
def test_a_table_in_memory_is_read_like_a_file(table):
    assert [item.id for item in load_items(table, answers_in=["gpt", "llama"])] == ["q1/gpt", "q1/llama"]


def test_items_are_taken_as_they_are():
    items = load_items([{"id": 1, "question": "q", "answer": "a"}])
    again = load_items(items)
    assert again == items
    assert again.summary.n_items == 1
    assert str(again.summary) == ""


def test_ids_made_from_content_do_not_depend_on_the_order_of_rows():
    rows = [{"question": "q?", "a": "red", "b": "blue"}, {"question": "q?", "a": "green", "b": "red"}]
    by_id = [{i.id: i.answer for i in load_items(r, answers_in=["a", "b"])} for r in (rows, rows[::-1])]
    assert by_id[0] == by_id[1]
    assert len(by_id[0]) == 4


def test_only_equal_rows_get_a_numbered_id():
    row = {"question": "q?", "a": "red"}
    first, second = load_items([row, row], answers_in="a")
    assert second.id == f"{first.id}-2"


def test_python_lists_in_cells_are_read():
    chat = "[{'role': 'user', 'content': 'q?'}, {'role': 'assistant', 'content': 'yo'}]"
    (item,) = load_items([{"messages": chat, "references": "['Paris', 'Lutetia']"}])
    assert (item.question, item.answer) == ("q?", "yo")
    assert {item.reference, *item.other_references} == {"Paris", "Lutetia"}


@pytest.mark.parametrize("cell", ["['Paris' 'Lutetia']", "['Paris', nan]", "['Paris"])
def test_a_cell_that_only_looks_like_a_list_is_refused(cell):
    assert "no valid list" in error_of({"question": "q?", "answer": "a", "references": cell})
