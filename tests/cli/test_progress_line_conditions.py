"""How much text fits beside the bar."""

import pytest

from judge.cli import progress_line
from judge.cli.progress_line import _cut, _joined


@pytest.mark.parametrize(
    ("room", "text"),
    [
        (11, "one  two  3"),
        (10, "one  two"),
        (8, "one  two"),
        (7, "one  3"),
        (6, "one  3"),
        (5, "one"),
        (3, "one"),
        (2, "o…"),
    ],
)
def test_parts_that_fit_follow_two_spaces_apart(room, text):
    assert _joined(["one", "two", "3"], room) == text


def test_no_parts_are_no_text():
    assert _joined([], 10) == ""


@pytest.mark.parametrize(("room", "text"), [(4, "abcd"), (3, "ab…"), (1, "…"), (0, "…"), (-5, "…")])
def test_a_text_that_is_cut_ends_in_an_ellipsis(room, text):
    assert _cut("abcd", room) == text


def test_the_card_is_asked_again_after_one_second(monkeypatch):
    now, asked = [1000.0], []
    monkeypatch.setattr(progress_line.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress_line.gpus, "utilization", lambda: asked.append(now[0]) or len(asked) / 10)
    card = progress_line._Card()
    found = []
    for now[0] in (1000.0, 1000.9, 1001.0, 1001.5, 1002.0):
        found.append(card.share())
    assert found == [0.1, 0.1, 0.2, 0.2, 0.3]
