"""YAML within bounds: sizes at the bounds and beyond, tags, aliases and keys that stand twice."""

import pytest

from judge.files import strict_yaml
from judge.files.strict_yaml import DEEPEST, LONGEST_NUMBER, load_yaml


def refused(text, message):
    with pytest.raises(ValueError, match=message):
        load_yaml(text)


def test_values_aliases_and_merges_are_read():
    text = "base: &b {x: 1, y: [2.5, true, null]}\ncopy: *b\nmore:\n  <<: *b\n  x: 3\n"
    assert load_yaml(text) == {
        "base": {"x": 1, "y": [2.5, True, None]},
        "copy": {"x": 1, "y": [2.5, True, None]},
        "more": {"x": 3, "y": [2.5, True, None]},
    }


@pytest.mark.parametrize("text", ["!!python/object:os.system x", "a: !mine 3", "- !!str 4"])
def test_tags_are_refused(text):
    refused(text, "the tag .* is not allowed")


def test_a_key_that_stands_twice_is_refused_with_its_place():
    refused("a: 1\nb:\n  c: 1\n  c: 2\n", "the key 'c' stands twice at line 4, column 3")
    assert load_yaml("a: {c: 1}\nb: {c: 2}\n") == {"a": {"c": 1}, "b": {"c": 2}}


def test_depth_is_allowed_up_to_its_bound():
    def nested(depth):
        return "[" * depth + "]" * depth

    assert load_yaml(nested(DEEPEST))
    refused(nested(DEEPEST + 1), f"more than {DEEPEST} values inside each other")


def test_depth_is_that_of_the_deepest_value_and_not_of_all_together():
    assert len(load_yaml("\n".join(["- [[[1]]]"] * DEEPEST))) == DEEPEST


def test_numbers_are_allowed_up_to_their_longest():
    assert load_yaml("1" * LONGEST_NUMBER) == int("1" * LONGEST_NUMBER)
    refused("1" * (LONGEST_NUMBER + 1), f"a number of {LONGEST_NUMBER + 1} characters")
    assert load_yaml("x" + "1" * LONGEST_NUMBER) == "x" + "1" * LONGEST_NUMBER


def test_characters_are_allowed_up_to_their_most(monkeypatch):
    monkeypatch.setattr(strict_yaml, "LARGEST_FILE", 10)
    assert load_yaml("a" * 10) == "a" * 10
    refused("a" * 11, "more than 10 characters")


@pytest.mark.parametrize(("most", "is_read"), [(10, False), (11, True)])
def test_values_count_as_often_as_aliases_repeat_them(monkeypatch, most, is_read):
    monkeypatch.setattr(strict_yaml, "MOST_NODES", most)
    text = "a: &a [1, 2]\nb: *a\nc: 1\n"  # the mapping, three keys, two lists of three, and one number
    if is_read:
        assert load_yaml(text) == {"a": [1, 2], "b": [1, 2], "c": 1}
    else:
        refused(text, "more than 10 values")


def test_an_alias_inside_what_it_stands_for_is_refused():
    refused("&a [1, *a]", "an alias stands inside")


def test_half_a_character_is_refused():
    refused(r'"\ud800"', "half a character")
    assert load_yaml(r'"\U0001F600"') == "\N{GRINNING FACE}"


@pytest.mark.parametrize("text", ["a: [1", "2024-13-45", "a: b: c"])
def test_what_is_no_yaml_is_one_line(text):
    with pytest.raises(ValueError, match="not valid YAML") as error:
        load_yaml(text)
    assert "\n" not in str(error.value)
    assert "<unicode string>" not in str(error.value)
