"""Texts of a repaired reply, character by character."""

import pytest

from judge.scoring.parsing.repaired_json import repair


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"it\'s", "it's"),
        (r"uses \alpha", r"uses \alpha"),
        (r"one\ntwo", "one\ntwo"),
        (r"a \“quoted\” word", "a “quoted” word"),
        (", so it is fine", ", so it is fine"),
        (", 'c': two is missing", ", 'c': two is missing"),
        ("", ""),
    ],
)
def test_a_text_in_single_quotes_is_read_to_its_end_with_its_escapes(written, read):
    assert repair("{'a': '" + written + "', 'b': 2}", 0).value == {"a": read, "b": 2}
