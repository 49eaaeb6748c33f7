"""How much repetition ends a reply."""

import random

import pytest

from judge.scoring.repetition import repeats_itself


def _piece(length):
    """A text that does not repeat itself."""
    return "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz ", k=length))


@pytest.mark.parametrize(("length", "repeats"), [(59, False), (60, True)])
def test_one_character_must_fill_sixty(length, repeats):
    assert repeats_itself("a" * length) is repeats
    assert repeats_itself("It is good. " + "a" * length) is repeats


@pytest.mark.parametrize("length", [1, 7, 20, 30, 60, 399, 400])
def test_a_piece_of_up_to_400_characters_counts_when_it_comes_three_times(length):
    piece = _piece(length)
    times = max(3, -(-60 // length))
    assert repeats_itself("It is good: " + piece * times)
    assert not repeats_itself("It is good: " + piece * (times - 1))


def test_a_piece_of_401_characters_is_not_looked_for():
    assert not repeats_itself(_piece(401) * 4)


def test_the_last_repetition_may_be_cut_anywhere():
    piece = _piece(40)
    assert repeats_itself(piece * 3 + piece[:17])


def test_a_repetition_that_ended_does_not_count():
    assert not repeats_itself(_piece(40) * 5 + " so much for that.")


def test_no_text_repeats_nothing():
    assert not repeats_itself("")
