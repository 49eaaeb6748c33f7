"""Ids of items: from a column, from the content, or from chosen fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.errors import InputError
from judge.items import load_items
from judge.items.identity import RowIds, content_id, id_from_fields
from judge.records import Image

ROW = {"question": "Why?", "answer": "Because.", "topic": "x"}


def ids(*rows, **options):
    return [item.id for item in load_items(list(rows), **options)]


def error_of(*rows, **options):
    with pytest.raises(InputError) as caught:
        load_items(list(rows), **options)
    return str(caught.value)


def test_an_id_column_gives_the_id():
    assert ids({**ROW, "question_id": 7}) == ["7"]


@pytest.mark.parametrize("name", ["id", "ID"])
def test_beside_an_id_the_id_of_the_question_is_a_field(name):
    (item,) = load_items([{**ROW, name: "7/gpt-5", "question_id": 7}])
    assert (item.id, item.field("question_id")) == ("7/gpt-5", 7)


def test_two_ids_of_an_item_that_differ_are_an_error():
    assert "'id' (1) and 'item_id' (2) are all names for 'id'" in error_of({**ROW, "id": 1, "item_id": 2})


def test_in_a_table_that_is_joined_to_its_questions_both_names_are_the_id_of_the_question():
    answers = [{"id": 1, "question_id": 2, "answer": "a"}]
    assert "are all names for 'id'" in error_of(*answers, questions=[{"id": 1, "question": "Why?"}])


def test_without_an_id_column_the_id_is_twelve_digits_of_the_content():
    assert ids(ROW) == [content_id("Why?", "Because.")]
    assert len(content_id("Why?", "Because.")) == 12
    assert int(content_id("Why?", "Because."), 16)


def test_the_id_of_a_content_never_changes():
    assert content_id("2 + 2?", "4", "gpt-5", [Image(path="p.png")]) == "3d1e3471ba35"


@pytest.mark.parametrize(
    "other",
    [{"question": "How?"}, {"answer": "So."}, {"system": "a"}, {"images": "p.png"}, {"choices": ["a", "b"]}],
    ids=["question", "answer", "system", "images", "choices"],
)
def test_each_part_of_the_content_counts(other):
    assert len({*ids(ROW), *ids({**ROW, **other})}) == 2


def test_a_picture_counts_with_its_role():
    roles = [Image(path="p.png"), Image(path="p.png", role="reference")]
    assert len({content_id("q", "a", images=[image]) for image in roles}) == 2


@pytest.mark.parametrize("other", [{"topic": "y"}, {"reference": "r"}, {"answer": " Because.\r\n"}])
def test_metadata_reference_and_outer_spaces_do_not_count(other):
    assert ids({**ROW, **other}) == ids(ROW)


def test_line_ends_of_another_system_do_not_count():
    assert content_id("a\r\nb", "c\rd") == content_id("a\nb", "c\nd")


def test_rows_of_one_content_are_numbered():
    first = content_id("Why?", "Because.")
    other = {**ROW, "answer": "So."}
    assert ids(ROW, other, ROW, ROW) == [first, content_id("Why?", "So."), f"{first}-2", f"{first}-3"]


@pytest.mark.parametrize(
    "fields",
    [
        [{"reference": "r"}, {"reference": "s"}],
        [{"reference": "r"}, {}],
        [{"references": ["r", "s"]}, {"references": ["r", "t"]}],
        [{"gold": "A"}, {"gold": "B"}],
    ],
)
def test_rows_that_differ_only_in_what_is_correct_are_refused_in_any_order(fields):
    rows = [ROW | other for other in fields]
    assert "row 2: an earlier row has the same question and answer" in error_of(*rows)
    assert "--id-from question,answer,reference" in error_of(*rows[::-1])


def test_advice_for_rows_with_other_references_can_be_followed():
    rows = [{"question": "q", "a": "x", "b": "y", "reference": r} for r in ("r", "s")]
    assert error_of(*rows, answers_in=["a", "b"]).endswith("--id-from question,reference")
    found = ids(*rows, answers_in=["a", "b"], id_from=["question", "reference"])
    assert found == ["q/r/a", "q/r/b", "q/s/a", "q/s/b"]


def test_repeated_rows_are_counted_in_the_summary():
    assert load_items([ROW, ROW, ROW]).summary.repeated == 2
    assert "2 rows have the content of an earlier row" in str(load_items([ROW, ROW, ROW]).summary)
    assert "1 row has the content" in str(load_items([ROW, ROW]).summary)


def test_a_row_without_an_id_among_rows_with_one_is_an_error():
    assert "row 2: found no id, and the rows before have one" in error_of({**ROW, "id": 1}, ROW)
    assert "row 2: found an id, and the rows before have none" in error_of(ROW, {**ROW, "id": 1})


def test_an_empty_cell_of_an_id_column_is_an_error():
    assert "row 2: field 'id': found" in error_of({**ROW, "id": 1}, {**ROW, "id": ""})


def test_a_null_id_is_no_id():
    assert ids({**ROW, "id": None}) == ids({**ROW, "id": float("nan")}) == ids(ROW)
    assert "row 2: found no id, and the rows before have one" in error_of(
        {**ROW, "id": 1}, {**ROW, "id": None}
    )


def test_an_id_is_made_from_chosen_columns_in_their_order():
    assert ids({**ROW, "model": "gpt-5"}, id_from=["topic", "system"]) == ["x/gpt-5"]
    assert ids({**ROW, "model": "gpt-5"}, id_from=["model", "topic"]) == ["gpt-5/x"]


def test_a_chosen_field_may_be_named_as_the_column_or_as_the_field():
    row = {"prompt": "Why?", "output": "So.", "nr": 3}
    assert ids(row, id_from=["question", "nr"]) == ids(row, id_from=["prompt", "nr"]) == ["Why?/3"]


def test_an_id_column_that_is_not_used_stays_as_it_is():
    row = {**ROW, "question_id": 7, "model": "a"}
    assert ids(row, id_from=["question_id", "system"]) == ["7/a"]


@pytest.mark.parametrize("value", ["x" * 41, "two\nlines", "a/b", "tab\there"])
def test_a_value_that_is_long_or_has_a_slash_is_hashed(value):
    made = id_from_fields({"f": value})
    assert made != value
    assert len(made) == 12


@pytest.mark.parametrize("value", ["x" * 40, "x", "Why is it so?", "ä"])
def test_a_short_value_stands_in_the_id_as_it_is(value):
    assert id_from_fields({"f": f" {value} "}) == value


@pytest.mark.parametrize("value", [None, "", "  ", float("nan")])
def test_a_chosen_field_without_a_value_is_an_error(value):
    assert "row 1: field 'topic': found" in error_of({**ROW, "topic": value}, id_from="topic")


def test_a_chosen_field_that_is_a_list_is_hashed_and_true_is_an_error():
    assert len(ids({**ROW, "topic": [1]}, id_from="topic")[0]) == 12
    assert "row 1: field 'topic': found true" in error_of({**ROW, "topic": True}, id_from="topic")


def test_a_chosen_column_that_does_not_exist_is_an_error_that_lists_what_there_is():
    message = error_of(ROW, id_from="nr")
    assert "no field 'nr', which --id-from asks for; found: 'question', 'answer', 'topic'" in message


def test_rows_that_lack_a_chosen_column_share_one_error():
    bad = []
    load_items([ROW, {**ROW, "nr": 1}, ROW], id_from="nr", on_bad=bad.append)
    assert len(bad) == 2
    assert bad[0] is bad[1]


def test_two_rows_with_one_id_are_both_named():
    other = {**ROW, "topic": "y"}
    message = error_of(other, ROW, other, ROW, id_from="topic")
    assert message.startswith("row 3: the id 'y' is also that of row 1; name more fields with --id-from")


def test_ratings_beside_the_answers_get_the_ids_of_the_answers():
    row = {**ROW, "model": "a", "image": "p.png"}
    rating = {**row, "ann": 4, "ben": 5}
    assert [RowIds().of(rating)] == ids(row)
    assert [RowIds(id_from=["topic", "system"]).of(rating)] == ids(row, id_from=["topic", "system"])
    assert [RowIds({"answer": "topic"}).of(rating)] == ids(row, mapping={"answer": "topic"})
    assert RowIds().of({**rating, "id": "q1"}) == "q1"


def test_an_empty_id_of_ratings_is_an_error():
    with pytest.raises(ValueError, match="the id is empty; every row needs one"):
        RowIds().of({**ROW, "id": None, "ann": 4})


def test_a_field_of_ratings_that_cannot_be_read_is_named():
    with pytest.raises(ValueError, match="field 'image': found 5"):
        RowIds().of({**ROW, "image": 5, "ann": 4})


def test_ratings_without_id_question_and_answer_have_no_id():
    with pytest.raises(ValueError, match="no field 'question' and no field 'answer'; found: 'ann'"):
        RowIds().of({"ann": 4})


texts = st.text(st.characters(codec="utf-8"), max_size=3)
rows = st.lists(st.fixed_dictionaries({"question": texts, "answer": texts}), max_size=6)


@given(rows, rows)
def test_inserted_rows_change_no_other_id(before, inserted):
    known = {(row["question"].strip(), row["answer"].strip()) for row in before}
    new = [r for r in inserted if (r["question"].strip(), r["answer"].strip()) not in known]
    assert ids(*new, *before)[len(new) :] == ids(*before)


@given(rows)
def test_every_row_gets_an_id_of_its_own(table):
    assert len(set(ids(*table))) == len(table)
