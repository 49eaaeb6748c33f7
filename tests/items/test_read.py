import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.errors import InputError
from judge.items import ALIASES, load_items, read_items
from judge.records import Image, Item

BASE = {"id": "q1", "question": "Why?", "answer": "Because."}


@pytest.fixture
def read(tmp_path):
    """Items of a file with the given rows."""

    def items(*rows, name="t.jsonl", **options):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return list(read_items(path, **options))

    return items


@pytest.fixture
def error_of(read):
    def message(row, **options):
        with pytest.raises(InputError) as caught:
            read(row, **options)
        return str(caught.value)

    return message


def test_an_item_has_its_fields_and_keeps_the_others_as_metadata(read):
    assert read({**BASE, "reference": "So.", "system": "s", "topic": "x", "n": [1, {"a": None}]}) == [
        Item(**BASE, reference="So.", system="s", metadata={"topic": "x", "n": [1, {"a": None}]})
    ]


@pytest.mark.parametrize("field", [*ALIASES])
def test_every_alias_is_understood(read, field):
    values = {"images": "p.png", "choices": ["x", "y"], "gold": "A"}
    for alias in ALIASES[field]:
        row = {name: value for name, value in BASE.items() if name != field}
        (item,) = read({**row, alias: values.get(field, "v")})
        assert getattr(item, field) not in (None, ())
        assert item.metadata == {}


@pytest.mark.parametrize("name", ["Answer", " ANSWER ", "Model Answer", "model-answer"])
def test_case_spaces_and_hyphens_of_a_name_do_not_matter(read, name):
    assert read({"id": "1", "question": "q", name: "a"})[0].answer == "a"


def test_order_of_fields_does_not_matter(read):
    items = read({**BASE, "topic": 1}, dict(reversed({**BASE, "topic": 1}.items())))
    assert items[0] == items[1]


def test_rows_of_one_file_may_have_different_fields(read):
    items = read(BASE, {"item_id": 2, "prompt": "p", "output": "o", "x": 1}, {**BASE, "reference": "r"})
    assert [(item.id, item.answer, item.reference) for item in items] == [
        ("q1", "Because.", None),
        ("2", "o", None),
        ("q1", "Because.", "r"),
    ]


def test_more_shapes_of_rows_than_are_remembered_are_read(read):
    assert [item.metadata for item in read(*({**BASE, f"f{n}": n} for n in range(300)))] == [
        {f"f{n}": n} for n in range(300)
    ]


def test_two_names_for_one_field_may_say_the_same(read):
    assert read({**BASE, "response": "Because."})[0].answer == "Because."


def test_two_names_for_one_field_may_not_differ(error_of):
    message = error_of({**BASE, "response": "Why not?"})
    assert ":1: 'answer' (\"Because.\") and 'response' (\"Why not?\") are all names for 'answer'" in message
    assert message.endswith("--map answer=answer")


def test_map_reads_a_field_of_another_name(read):
    (item,) = read({"id": 1, "question": "q", "my_field": "a"}, mapping={"answer": "my_field"})
    assert (item.answer, item.metadata) == ("a", {})


def test_map_turns_the_other_names_of_a_field_into_metadata(read):
    (item,) = read({**BASE, "mslm_answer": "m"}, mapping={"answer": "mslm_answer"})
    assert (item.answer, item.metadata) == ("m", {"answer": "Because."})


def test_map_may_give_a_known_name_another_meaning(read):
    (item,) = read({**BASE, "mslm_answer": "m"}, mapping={"answer": "mslm_answer", "reference": "answer"})
    assert (item.answer, item.reference) == ("m", "Because.")


def test_map_of_a_misspelt_field_names_the_known_ones(error_of):
    message = error_of(BASE, mapping={"anser": "x"})
    assert message.startswith("--map anser=x: no such field, but there is 'answer'")
    assert "id, question, answer, reference, images, choices, gold, system" in message


def test_map_to_a_name_that_a_row_lacks_lists_what_it_has(error_of):
    assert ":1: no field 'x', which --map answer=x asks for; found: 'id', 'question', 'answer'" in error_of(
        BASE, mapping={"answer": "x"}
    )


def test_map_of_an_optional_field_that_no_row_has_is_an_error(error_of):
    assert "no row has a field 'gt', which --map asks for" in error_of(BASE, mapping={"reference": "gt"})


def test_map_of_an_optional_field_that_some_rows_have_is_fine(read):
    items = read(BASE, {**BASE, "gt": "r"}, mapping={"reference": "gt"})
    assert [item.reference for item in items] == [None, "r"]


@pytest.mark.parametrize("field", ["question", "answer"])
def test_a_missing_field_says_what_is_there_and_which_names_are_allowed(error_of, field):
    message = error_of({name: value for name, value in BASE.items() if name != field})
    assert f":1: no field '{field}'; found: " in message
    assert f"--map {field}=NAME" in message
    assert f"{field} ({', '.join(ALIASES[field][:8])}, …)" in message


def test_an_error_lists_only_the_first_of_many_fields(error_of):
    assert "'f11' and 8 more" in error_of({f"f{n}": 1 for n in range(20)})
    assert "found: no fields." in error_of({})


TEXTS = [
    pytest.param("", "", id="empty"),
    pytest.param("  \n", "  \n", id="blank"),
    pytest.param(42, "42", id="whole_number"),
    pytest.param(-0.5, "-0.5", id="number"),
    pytest.param(10**30, str(10**30), id="large_number"),
    pytest.param("x" * 5_000_000, "x" * 5_000_000, id="5_mb"),
    pytest.param("\u0000\u202e\U000e0041", "\u0000\u202e\U000e0041", id="invisible"),
    pytest.param("\ud83d", "\ufffd", id="half_a_surrogate_pair"),
    pytest.param("👩‍👩‍👧 שלום 你好 é", "👩‍👩‍👧 שלום 你好 é", id="unicode"),
]


@pytest.mark.parametrize(("value", "text"), TEXTS)
def test_an_answer_is_taken_as_it_is(read, value, text):
    assert read({**BASE, "answer": value})[0].answer == text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(None, "null", id="null"),
        pytest.param(True, "true", id="boolean"),
        pytest.param(["x"], '["x"]', id="list"),
        pytest.param({"text": "x"}, '{"text": "x"}', id="object"),
        pytest.param(float("nan"), "NaN", id="nan"),
        pytest.param(float("inf"), "Infinity", id="infinity"),
    ],
)
@pytest.mark.parametrize("field", ["question", "answer"])
def test_a_needed_field_is_text_or_a_number(error_of, field, value, found):
    assert f":1: field '{field}': found {found}; allowed: text or a number" in error_of(
        {**BASE, field: value}
    )


def test_an_answer_that_is_null_is_told_from_an_empty_one(error_of):
    assert 'an empty one is "" and will be judged' in error_of({**BASE, "answer": None})


@pytest.mark.parametrize("value", ["", "  "])
def test_an_id_is_never_empty(error_of, value):
    assert "every item needs an id" in error_of({**BASE, "id": value})


@pytest.mark.parametrize("value", [True, ["x"], {"text": "x"}, float("inf")])
def test_an_id_is_a_text_or_a_number(error_of, value):
    assert ":1: field 'id': found" in error_of({**BASE, "id": value})


@pytest.mark.parametrize(("value", "text"), [(7, "7"), (0, "0"), (1.5, "1.5"), (" a ", " a ")])
def test_an_id_becomes_text(read, value, text):
    assert read({**BASE, "id": value})[0].id == text


def test_what_an_error_shows_is_short_and_without_control_characters(error_of):
    message = error_of({**BASE, "answer": ["\x1b[31m" + "x" * 200]})
    assert "\x1b" not in message
    assert "…" in message
    assert len(message) < 300


@pytest.mark.parametrize("field", ["reference", "system", "gold"])
@pytest.mark.parametrize("value", [None, "", float("nan")])
def test_an_optional_text_that_is_empty_is_missing(read, field, value):
    assert getattr(read({**BASE, field: value})[0], field) is None


def test_a_reference_may_be_a_number_but_no_object(read, error_of):
    assert read({**BASE, "reference": 7})[0].reference == "7"
    assert "field 'reference': found {\"a\": 7}" in error_of({**BASE, "reference": {"a": 7}})


IMAGES = [
    pytest.param("p.png", (Image(path="p.png"),), id="path"),
    pytest.param(["p.png", "q.png"], (Image(path="p.png"), Image(path="q.png")), id="paths"),
    pytest.param("https://x/p.png", (Image(url="https://x/p.png"),), id="address"),
    pytest.param("data:image/png;base64,AA==", (Image(url="data:image/png;base64,AA=="),), id="data_url"),
    pytest.param(
        {"path": "p.png", "role": "reference"}, (Image(path="p.png", role="reference"),), id="object"
    ),
    pytest.param([{"path": "p.png", "url": None}], (Image(path="p.png"),), id="null_beside_it"),
    pytest.param(
        '["p.png", {"url": "http://x"}]', (Image(path="p.png"), Image(url="http://x")), id="json_text"
    ),
    pytest.param("[1].png", (Image(path="[1].png"),), id="path_that_begins_like_json"),
    pytest.param("", (), id="empty"),
    pytest.param(None, (), id="null"),
    pytest.param([], (), id="empty_list"),
]


@pytest.mark.parametrize(("value", "images"), IMAGES)
def test_images_are_paths_addresses_or_objects(read, value, images):
    assert read({**BASE, "images": value})[0].images == images


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param(7, "found 7; an image is a path, or", id="number"),
        pytest.param([""], 'found ""; an image is a path', id="empty_path"),
        pytest.param({}, "an image needs either a path or a url", id="empty_object"),
        pytest.param({"path": "p", "url": "http://x"}, "an image needs either", id="path_and_url"),
        pytest.param({"path": "p", "role": "main"}, "role Input should be 'query' or 'reference'", id="role"),
        pytest.param({"path": "p", "size": 1}, "size Extra inputs are not permitted", id="unknown_key"),
    ],
)
def test_another_image_is_an_error(error_of, value, said):
    message = error_of({**BASE, "images": value})
    assert ":1: field 'images': " in message
    assert said in message


CHOICES = [
    pytest.param(["x", 2], ("x", "2"), id="list"),
    pytest.param({"B": "y", "A": "x"}, ("x", "y"), id="object"),
    pytest.param({"a": "x", "b": "y"}, ("x", "y"), id="small_letters"),
    pytest.param('{"A": "x", "B": "y"}', ("x", "y"), id="json_text"),
    pytest.param(None, (), id="null"),
    pytest.param("", (), id="empty"),
    pytest.param([], (), id="empty_list"),
]


@pytest.mark.parametrize(("value", "choices"), CHOICES)
def test_choices_are_a_list_or_an_object(read, value, choices):
    assert read({**BASE, "choices": value})[0].choices == choices


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param("x or y", 'found "x or y"; allowed: a list of 2 to 26 options', id="text"),
        pytest.param(["x"], "allowed: a list of 2 to 26", id="one"),
        pytest.param(["x"] * 27, "allowed: a list of 2 to 26", id="27"),
        pytest.param(
            {"A": "x", "C": "y"}, "found the keys 'A', 'C'; allowed: A, B, C, … without a gap", id="gap"
        ),
        pytest.param({"A": "x", "a": "y"}, "found the keys 'A', 'a'", id="letter_twice"),
        pytest.param(["x", None], "found null; allowed: text or a number", id="null_option"),
    ],
)
def test_other_choices_are_an_error(error_of, value, said):
    assert said in error_of({**BASE, "choices": value})


GOLD = [
    pytest.param("B", "B", id="letter"),
    pytest.param(" (b). ", "B", id="letter_with_marks"),
    pytest.param("yes", "A", id="text_of_a_choice"),
]


@pytest.mark.parametrize(("value", "letter"), GOLD)
def test_gold_is_a_letter_or_the_text_of_a_choice(read, value, letter):
    assert read({**BASE, "choices": ["yes", "no", "same", "same"], "gold": value})[0].gold == letter


@pytest.mark.parametrize("value", ["E", "1", 1, "same", "maybe", "ß"])
def test_another_gold_is_an_error(error_of, value):
    message = error_of({**BASE, "choices": ["yes", "no", "same", "same"], "gold": value})
    assert "allowed: a letter from A to D, or the text of one choice" in message


@pytest.mark.parametrize("column", ["gold", "Gold choice"])
def test_a_gold_text_without_choices_may_be_the_reference_answer(error_of, read, column):
    row = {**{name: BASE[name] for name in BASE if name != "reference"}, column: "Paris"}
    assert f"field '{column}': found" in error_of(row)
    assert f"--map reference={column}" in error_of(row)
    assert read(row, mapping={"reference": column})[0].reference == "Paris"


def test_gold_needs_no_choices_when_they_stand_in_the_question(read):
    assert read({**BASE, "gold": "z"})[0].gold == "Z"


def test_an_object_named_metadata_is_unpacked(read):
    assert read({**BASE, "metadata": {"topic": "x"}, "n": 1})[0].metadata == {"n": 1, "topic": "x"}


def test_text_named_metadata_is_kept(read):
    assert read({**BASE, "metadata": "x"})[0].metadata == {"metadata": "x"}


def test_metadata_that_contradicts_a_field_is_an_error(error_of):
    assert "'topic' stands beside 'metadata' and in it" in error_of(
        {**BASE, "topic": "y", "metadata": {"topic": "x"}}
    )


def test_nan_in_metadata_means_missing(read):
    nan = float("nan")
    assert read({**BASE, "x": nan, "y": [nan, {"z": nan}]})[0].metadata == {
        "x": None,
        "y": [None, {"z": None}],
    }


@pytest.mark.parametrize("value", [float("inf"), [float("-inf")]])
def test_infinity_in_metadata_is_an_error(error_of, value):
    assert "allowed: a finite number, text, or null" in error_of({**BASE, "x": value})


def nested(depth):
    return "x" if depth == 0 else [nested(depth - 1)]


def test_metadata_may_not_be_nested_without_end(read, error_of):
    assert read({**BASE, "x": nested(31)})[0].digest
    assert "field 'x': found more than 32 levels" in error_of({**BASE, "x": nested(33)})


def test_an_answer_that_is_nested_without_end_is_an_error(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"id": 1, "question": "q", "answer": ' + "[" * 500 + "]" * 500 + "}")
    with pytest.raises(InputError, match="field 'answer': found"):
        load_items(path)


def test_what_cannot_be_shown_is_named_by_its_type(monkeypatch):
    deep = []
    deep.append(deep)
    monkeypatch.setattr("judge.items.read.read_rows", lambda *_, **__: [("t:1", {**BASE, "answer": deep})])
    with pytest.raises(InputError, match="field 'answer': found list; allowed"):
        load_items("t")


def test_bad_rows_can_be_passed_over_and_are_all_told(tmp_path):
    path = tmp_path / "t.jsonl"
    rows = [json.dumps(BASE), "{", json.dumps({**BASE, "answer": None}), json.dumps({**BASE, "id": "q2"})]
    path.write_text("\n".join(rows))
    bad = []
    items = list(read_items(path, on_bad=bad.append))
    assert [item.id for item in items] == ["q1", "q2"]
    assert [str(error).removeprefix(str(path))[:3] for error in bad] == [":2:", ":3:"]


def test_a_csv_is_read_like_the_others(tmp_path):
    path = tmp_path / "t.csv.gz"
    text = 'id,question,answer,reference,images,choices,gold,topic\n1,q,,,p.png,"[""x"", ""y""]",a,\n'
    path.write_bytes(gzip.compress(text.encode()))
    assert load_items(path) == [
        Item(
            id="1",
            question="q",
            answer="",
            images=(Image(path="p.png"),),
            choices=("x", "y"),
            gold="A",
            metadata={"topic": ""},
        )
    ]


def test_rows_that_lack_fields_in_hundreds_of_ways_are_all_errors():
    bad = []
    load_items([BASE, *({f"f{n}": 1} for n in range(600))], on_bad=bad.append)
    assert len(set(map(str, bad))) == 600


def test_a_row_that_is_no_object_is_an_error():
    with pytest.raises(InputError, match="row 2: found a number; allowed: an Item, or a dict"):
        load_items([BASE, 7])


def test_names_of_metadata_are_kept_up_to_a_limit():
    found = load_items([{**BASE, "id": n, f"f{n}": 1} for n in range(1100)]).summary.metadata
    assert found == tuple(f"f{n}" for n in range(1000))


def test_an_encoding_may_be_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("question,answer\nWarum?,Größe\n".encode("utf-16-le"))
    assert load_items(path, encoding="utf-16-le")[0].answer == "Größe"


def test_what_we_write_we_can_read(read):
    item = Item(
        **BASE,
        reference="r",
        images=(Image(path="p.png", role="reference", sha256="0" * 64),),
        choices=("x", "y"),
        gold="B",
        system="s",
        metadata={"topic": "x"},
    )
    assert read(item.model_dump(mode="json")) == [item]


texts = st.text(max_size=20)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"id": texts.filter(str.strip), "question": texts, "answer": texts},
            optional={"reference": texts.filter(bool), "system": texts.filter(bool), "topic": texts},
        ),
        max_size=5,
    )
)
def test_items_come_back_as_they_were_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("t") / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    items = load_items(path)
    found = [
        {**item.model_dump(include={"id", "question", "answer", "reference", "system"}), **item.metadata}
        for item in items
    ]
    assert [{name: value for name, value in row.items() if value is not None} for row in found] == rows
