"""Durations in the units that people use."""

import pytest

from judge.scoring.run_summary import duration_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.0008, "0.0008 s"),
        (0.0312, "0.03 s"),
        (0.996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (75, "1 min 15 s"),
        (3599, "1 h"),
        (8400, "2 h 20 min"),
        (190_000, "2 d 5 h"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds, text):
    assert duration_text(seconds) == text
