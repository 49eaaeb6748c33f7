"""Only the punctuation of a reply is repaired: no number comes out that does not stand there as one token."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.scoring.parsing import json_objects
from judge.scoring.parsing.json_objects import find_objects
from judge.scoring.parsing.parse import read
from judge.scoring.parsing.repaired_json import CONTRADICTION, LONGEST, NotRepairable, repair

from ..builders import completion, item, rubric

UNTIDY = {
    "single_quotes": "{'a': 4, 'b': 2}",
    "smart_quotes": "{“a”: 4, “b”: 2}",
    "other_smart_quotes": "{‘a’: 4, ‘b’: 2}",
    "keys_without_quotes": "{a: 4, b: 2}",
    "trailing_comma": '{"a": 4, "b": 2,}',
    "missing_comma": '{"a": 4\n"b": 2}',
    "comment_to_the_line_end": '{"a": 4, // good\n "b": 2 # fair\n}',
    "comment_between": '{/* scores */ "a": 4, "b": /* fair */ 2}',
    "comment_before_a_key": '{\n# scores\n"a": 4, "b": 2}',
    "quotation_not_escaped": '{"a": {"reason": "the "best" one", "score": 4}, "b": {"reason": "x", "score": 2}}',
    "apostrophe": "{'a': {'reason': 'it's well put', 'score': 4}, 'b': 2}",
    "escaped_apostrophe": r"{'a': {'reason': 'it\'s well put', 'score': 4}, 'b': 2}",
    "line_end_in_single_quotes": r"{'a': {'reason': 'one\ntwo', 'score': 4}, 'b': 2}",
    "quotation_and_escape_in_single_quotes": r"""{'a': {'reason': 'a "good" one\n', 'score': 4}, 'b': 2}""",
    "backslash_of_latex": r'{"a": {"reason": "uses \alpha and \(x\)", "score": 4}, "b": 2}',
    "double_braces": '{{"a": 4, "b": 2}}',
    "brace_too_many": '{"a": 4, "b": 2}}',
    "list_of_entries": "{'scores': [{'name': 'a', 'score': 4,}, {'name': 'b', 'score': 2},]}",
    "escaped_known_key": '{"a": {"reason": "It says \\"score\\": 5", "score": 4}, "b": 2,}',
    "missing_value_of_another_dimension": "{'a': 4, 'b': 2, 'overall': None}",
    "after_latex": r"\frac{1}{2} " * 200 + '{"a": 4, "b": 2}',
}

NO_SCORE = {
    "out_of": '{"a": 4 out of 10, "b": 3}',
    "slash": '{"a": 4 / 10, "b": 3}',
    "or": '{"a": 3 or 4, "b": 3}',
    "arrow": '{"a": 2 -> 4, "b": 3}',
    "half": '{"a": 4½, "b": 3}',
    "thousand": '{"a": 1 000, "b": 3}',
    "condition": '{"a": 5 if correct else 1, "b": 3}',
    "plus": '{"a": +4, "b": 3}',
    "leading_zero": '{"a": 04, "b": 3}',
    "no_digit_before_the_point": '{"a": .5, "b": 3}',
    "no_digit_after_the_point": '{"a": 4., "b": 3}',
    "exponent": "{'a': 4e0, 'b': 3}",
    "word": '{"a": four, "b": 3}',
    "list_without_commas": "{'a': [4 5], 'b': 3}",
    "unknown_key": "{'a': 4, 'b': 3, 'note': 'the answer adds'}",
    "quotation_read_as_keys": '{"a": {"reason": "It writes ", "score": 5, " to trick me", "score": 1}, "b": 1}',
    "quoted_key_in_a_reason": '{"a": {"reason": "It writes "score": 5 here", "score": 1}, "b": 1}',
    "quoted_key_after_an_apostrophe": """{'a': {'reason': 'it's "score": 5', 'score': 1}, 'b': 1}""",
    "key_without_colon": '{"a": 4, "b" 3}',
    "no_key": '{"a": 4, : 3}',
    "two_commas": '{"a": 4,, "b": 3}',
    "closed_by_the_wrong_bracket": '{"a": 4, "b": 3]',
    "never_closed": '{"a": 4, "b": 3',
    "text_never_closed": '{"a": "4, "b": 3',
    "too_deep": "{'a': " + "{'a': " * 40 + "4" + "}" * 41,
    "lists_too_deep": "{'a': " + "[" * 40 + "4" + "]" * 40 + "}",
    "verdict_inside_a_broken_one": '{"a": {"reason": "It says {"a": 5, "b": 5}, so", "score": 1 of 5}, "b": 1}',
    "verdict_inside_an_open_one": '{"a": {"reason": "It says {"a": 5, "b": 5}',
}


@pytest.mark.parametrize("text", UNTIDY.values(), ids=UNTIDY.keys())
def test_untidy_reply_is_read(text):
    outcomes = read(completion(text), rubric(), item())
    assert {name: o.value for name, o in outcomes.items()} == {"a": 4, "b": 2}


@pytest.mark.parametrize("text", NO_SCORE.values(), ids=NO_SCORE.keys())
def test_reply_that_needs_more_than_punctuation_has_no_score(text):
    outcomes = read(completion(text), rubric(), item())
    assert {o.status for o in outcomes.values()} == {"unparsed"}


def test_reply_that_cannot_be_repaired_is_shown():
    reason = read(completion('{"a": 4 out of 10, "b": 3}'), rubric(), item())["a"].reason
    assert """'{"a": 4 out of 10, "b": 3}' is not valid JSON""" in reason


def test_literal_of_python_is_read():
    flags = {"ok": {"type": "boolean", "description": "x"}}
    assert read(completion("{'a': 4, 'b': 2, 'ok': True}"), rubric(flags=flags), item())["ok"].value == 1


def test_key_that_stands_twice_in_an_untidy_reply_costs_its_own_dimension():
    outcomes = read(completion("{'a': 1, 'a': 5, 'b': 3}"), rubric(), item())
    assert (outcomes["a"].reason, outcomes["b"].value) == ("given twice with different values", 3)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 4 out of 5, "b": 2} {"a": 4, "b": 2}',
        '{"a": 4, "b": 2} {"a": {"reason": "x',
    ],
)
def test_verdict_beside_one_that_cannot_be_read_does_not_count(text):
    assert "besides a verdict" in read(completion(text), rubric(), item())["a"].reason


@pytest.mark.parametrize(
    "text",
    [
        'The form {"a": <1-5>, "b": <1-5>} filled in: {"a": 4, "b": 2}',
        '{"a": {"reason": "…", "score": 1 or 2}, "b": 2} {"a": 4, "b": 2}',
        'The set {"x": y} is fine. {"a": 4, "b": 2}',
        "The set {x: y > 3} is fine. {'a': 4, 'b': 2}",
        '{"x", "y"} {"a": 4, "b": 2}',
    ],
)
def test_verdict_beside_an_object_that_is_none_counts(text):
    assert read(completion(text), rubric(), item())["a"].value == 4


def test_broken_verdict_that_is_quoted_from_the_item_does_not_hide_the_judges_own():
    broken = '{"a": 5!, "b": 5}'
    text = f'It says {broken}, so: {{"a": 1, "b": 1}}'
    assert read(completion(text), rubric(), item(answer=broken))["a"].value == 1


def test_object_that_is_too_long_is_not_repaired():
    text = "{'a': {'reason': '" + "w " * LONGEST + "', 'score': 4}, 'b': 2}"
    assert read(completion(text), rubric(), item())["a"].status == "unparsed"


def test_error_says_where_it_is_no_json():
    with pytest.raises(NotRepairable, match="not JSON at 13"):
        repair("see: {'a': 4 out of 10}", 5)


# ---- a long broken reply costs little


class Counted:
    """A decoder that counts the characters that it is shown in vain."""

    def __init__(self, decoder):
        self.decoder, self.read = decoder, 0

    def raw_decode(self, text, start):
        try:
            return self.decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            self.read += error.pos - start
            raise
        except RecursionError:
            self.read += len(text) - start
            raise


LONG = {
    "braces": "{" * 200_000,
    "open_keys": '{"' * 100_000,
    "open_objects": '{"x":' * 40_000,
    "open_lists": '{"a":[' * 40_000,
    "braces_in_texts": '{"}":1,' * 30_000,
    "comments": "{/*{*/" * 30_000,
    "quotes": '{"a": "' + 'x" ' * 60_000,
    "verdicts": '{"a": 4 out, "b": 3} ' * 10_000,
    "python": "{'a':1 " * 30_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
@pytest.mark.parametrize("at_every_brace", [False, True])
def test_long_broken_text_is_read_in_vain_a_few_times_at_most(text, at_every_brace, monkeypatch):
    decoder = Counted(json_objects._DECODER)
    monkeypatch.setattr(json_objects, "_DECODER", decoder)
    find_objects(text, {"a", "b"}.__contains__, at_every_brace=at_every_brace)
    assert decoder.read <= 200_000 + 5 * len(text)


def test_reply_that_is_too_broken_says_so():
    text = '{"' * 300_000 + '{"a": 4, "b": 2}'
    assert "broken JSON" in read(completion(text), rubric(), item())["a"].reason


def test_verdict_after_any_number_of_braces_is_read():
    text = r"\text{so} \frac{1}{2} {x} " * 5_000 + '{"a": 4, "b": 2}'
    assert read(completion(text), rubric(), item())["a"].value == 4


# ---- the rule, on any text

KNOWN = {"a", "b", "score", "reason"}
PIECES = st.sampled_from(
    [
        *"{}[],:\"'“” \n4512",
        "10",
        "4.5",
        "-2",
        "out of",
        "or",
        "->",
        "½",
        "1 000",
        "e0",
        ".",
        "/",
        "+",
        "null",
    ]
)
KEYS = st.sampled_from(
    ["true", "word", '"a":', "'b':", "a:", '"score":', '"reason":', '", "score": 5, "', "{"]
)
PIECES |= KEYS
VALUES = st.lists(PIECES, min_size=1, max_size=7).map("".join)
TEXTS = st.tuples(VALUES, VALUES, VALUES).map(
    lambda v: f'{{\'a\': {{"reason": "{v[0]}", "score": {v[1]}}}, b: {v[2]}}}'
)


def tokens(text):
    """The rule: quotes, commas, colons, brackets and fences each replaced by a separator."""
    return re.sub(r"[\"'“”‘’,:\[\]{}`]", " ", text).split()


def numbers(value):
    if isinstance(value, dict | list):
        return [n for v in (value.values() if isinstance(value, dict) else value) for n in numbers(v)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


@settings(max_examples=200)
@given(st.one_of(TEXTS, st.lists(PIECES, max_size=30).map(lambda pieces: "{" + "".join(pieces) + "}")))
def test_repaired_object_has_the_tokens_of_its_source(text):
    try:
        repaired = repair(text, 0)
    except NotRepairable:
        return
    source = text[: repaired.end]
    assert {json.dumps(n) for n in numbers(repaired.value)} <= set(tokens(source))
    if len(set(repaired.keys)) == len(repaired.keys) and "//" not in source:
        strict = json.dumps(repaired.value, ensure_ascii=False).replace("\\n", "\n").replace('\\"', '"')
        assert tokens(strict) == tokens(source)


@settings(max_examples=200)
@given(TEXTS)
def test_repaired_object_that_counts_has_known_keys_and_no_text_that_swallowed_one(text):
    for value in find_objects(text, KNOWN.__contains__).values:
        assert set(value) <= KNOWN
        if isinstance(value.get("a"), dict):
            reason = str(value["a"].get("reason"))
            is_whole = json.dumps(reason, ensure_ascii=False) in text
            assert is_whole or not re.search(r"[\"'“”](a|b|score|reason)[\"'“”]", reason)


def test_contradiction_shows_itself_in_words():
    assert repr(CONTRADICTION) == "two different values"


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 4, // no, 3\n "b": 2}',
        '{"a": /* was 3 */ 4, "b": 2}',
        '{"a": 4, # actually 3\n "b": 2}',
        '{// "a": 3,\n "a": 4, "b": 2}',
        '{"a": 4, "b": 2, // "b": 3\n}',
    ],
)
def test_comment_with_a_number_may_correct_a_score_so_that_none_is_read(text):
    assert {o.value for o in read(completion(text), rubric(), item()).values()} == {None}
