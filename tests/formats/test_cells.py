"""A cell of a table of ratings is a number that stands there, a label of the scale, or no rating."""

import pytest

from judge.errors import InputError
from judge.formats.cells import MISSING, CellReader, way_of_writing
from judge.formats.ratings import read_ratings
from judge.formats.wanted import Wanted

LIKERT = CellReader((1, 2, 3, 4, 5))


@pytest.mark.parametrize(
    "text",
    ["1,000", "3 out of 10", "4/5", "3 or 4", "3 - 4", "2 -> 4", "4½", "1_0", "3,5", "4 stars", "four", "9" * 400],
)  # fmt: skip
def test_a_text_that_is_not_one_number_stays_a_text(text):
    assert LIKERT.value(text) == text


@pytest.mark.parametrize(
    ("raw", "number"),
    [(" 4 ", 4.0), ("4.0", 4.0), (4, 4.0), ("4: mostly right", 4.0), ("4 - good", 4.0), ("4) good", 4.0), ("-1", -1.0), ("0", 0.0), ("\u200b4\ufeff", 4.0), ("\u202a4\u202c ", 4.0), ("\u30004\xa0", 4.0)],
)  # fmt: skip
def test_a_number_is_read_with_and_without_its_label(raw, number):
    assert LIKERT.value(raw) == number


@pytest.mark.parametrize(
    "word", [*sorted(MISSING), None, float("nan"), "#N/A", "N.A.", "Unsure", "\u200b", " \ufeff\u2060 "]
)
def test_words_for_no_rating_are_no_rating(word):
    assert LIKERT.value(word) is None


@pytest.mark.parametrize("label", ["none", "NA", "unsure", "yes", "no", "?"])
def test_words_of_the_declared_scale_outrank_words_for_no_rating_and_for_one_and_zero(label):
    assert CellReader((label, "other")).value(label) == label


def test_a_label_is_known_in_any_case_unless_two_differ_by_case_only():
    assert CellReader(("Pass", "Fail")).value("PASS") == "Pass"
    assert CellReader(("a", "A")).value("A") == "A"


def test_true_in_json_is_the_label_true():
    assert CellReader(("false", "true")).value(True) == "true"


def test_yes_is_one_on_a_scale_of_0_and_1_and_no_number_on_another():
    assert CellReader((0, 1)).value("yes") == 1.0
    assert LIKERT.value("yes") == "yes"


@pytest.mark.parametrize("raw", ["99", 99, 99.0, "99.0", "dk", "DK"])
def test_codes_that_a_user_names_are_no_rating(raw):
    assert CellReader((1, 2, 3), missing=("99", "dk")).value(raw) is None


@pytest.mark.parametrize(
    ("text", "value"), [("3,5", 3.5), ("0,125", 0.125), ("1,000", "1,000"), ("3.5", 3.5)]
)
def test_a_decimal_comma_is_read_where_it_is_announced_and_cannot_mean_thousands(text, value):
    assert CellReader((0, 5), decimal_comma=True).value(text) == value


def test_a_text_that_is_no_label_of_the_scale_stays_a_text():
    assert CellReader(("bad", "good")).value("fine") == "fine"


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("4/5", "a fraction"), ("4 out of 5", "a fraction"), ("4½", "a fraction"), ("½", "a fraction"),
        ("80 %", "a percentage"), ("3,5", "a number with a decimal comma"),
        (",5", "a number with a decimal comma"),
        ("1,234", "a number with a thousands separator or a decimal comma"),
        ("1.234.567", "a number with separators"), ("01.05.2024", "a date"), ("5/1/24", "a date"),
        ("2024-05-01T10:00", "a date"), ("5-Apr", "a date"), ("05. Mai 2024", "a date"),
        ("", None), ("fine", None), ("4 stars of hope", None), ("0815-x", None), ("24/7 help", None),
    ],
)  # fmt: skip
def test_texts_that_may_be_numbers_are_recognised(text, way):
    assert way_of_writing(text) == way


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("4/5", "numbers from 1 to 5. This is written as a fraction: write numbers of the scale"),
        ("3,5", "a decimal comma: write numbers of the scale with a decimal point, or separate the cells by"),
        ("bad", "Name the codes of missing ratings"),
    ],
)
def test_an_error_about_a_text_says_how_it_is_written(cell, words):
    with pytest.raises(InputError) as error:
        list(read_ratings([{"item_id": "a", "rater": "x", "value": cell}], wanted=Wanted(cells=LIKERT)))
    assert words in str(error.value)


@pytest.mark.parametrize("word", ["k.A.", "K. A.", "keine Angabe"])
def test_german_words_for_no_answer_mark_a_missing_rating(word):
    assert CellReader((1, 2, 3, 4, 5)).value(word) is None
