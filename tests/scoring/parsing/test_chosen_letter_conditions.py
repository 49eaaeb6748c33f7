"""Denied options, typography and the limits of what counts as a letter."""

import pytest

from judge.scoring.parsing.chosen_letter import LETTERS, read_letter

TWO, FOUR = ("dent", "hole"), ("lid", "cap", "body", "neck")


def read(reply, choices=TWO):
    found = read_letter(reply, choices)
    return found.letter or found.reason


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("No dent is visible here", "no_choice"),
        ("A dent is visible here", "A"),
        ("I see no dent here", "no_choice"),
        ("I see a hole without any dent here", "B"),
        ("I see a dent and a hole here", "several"),
        ("Nothing denting is visible here", "no_choice"),
    ],
)
def test_an_option_text_counts_unless_it_is_denied(reply, expected):
    assert read(reply) == expected


def test_a_denial_far_before_the_text_does_not_reach_it():
    assert (
        read("I am not certain about all of the many marks that are on this surface, but a dent is visible")
        == "A"
    )


def test_a_text_within_a_longer_option_is_not_an_option_of_its_own():
    assert read("One can see a deep scratch there", ("scratch", "deep scratch")) == "B"
    assert read("One can see a scratch there", ("scratch", "deep scratch")) == "A"


@pytest.mark.parametrize(("n", "letter"), [(1, "A"), (2, "B"), (26, "Z")])
def test_the_last_offered_letter_is_readable_and_the_next_is_not(n, letter):
    choices = [f"option number {k}" for k in range(n)]
    assert read(letter, choices) == letter
    if n < 26:
        assert read(LETTERS[n], choices) == "not_offered"


@pytest.mark.parametrize("n", [0, 27])
def test_choices_are_one_to_twenty_six(n):
    with pytest.raises(ValueError, match=f"got {n}"):
        read_letter("A", ["x"] * n)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("<think>It is A", "truncated"),
        ("<think>It is A</think>B", "B"),
        ("<think>It is A</think> ", "truncated"),
        ("B<think>or A", "B"),
        ("   ", "empty"),
        ("**B**", "B"),
        ("B\u200b", "B"),
        (r"\text{B}", "B"),
        (r"\boxed{A} or rather \boxed{B}", "B"),
        ("[[B]]", "B"),
        ("<answer>dent", "A"),
    ],
)
def test_thoughts_and_typography_are_set_aside(reply, expected):
    assert read(reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Yes, there is", "A"),
        ("Yep. There is one", "A"),
        ("Nope, all is well", "B"),
        ("Nein, alles gut", "B"),
    ],
)
def test_words_for_yes_and_no_are_the_options_yes_and_no(reply, expected):
    assert read(reply, ("Yes", "No")) == expected
    assert read(reply, ("No", "Yes")) == "BA"["AB".index(expected)]


@pytest.mark.parametrize("reply", ["Yep. There is one", "Nope, all is well"])
def test_words_for_yes_and_no_are_no_options_beside_a_third(reply):
    assert read(reply, ("Yes", "No", "Unclear")) == "no_choice"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("A and B", "several"),
        ("The answer is A or C.", "several"),
        ("The answer is A. No, the answer is C.", "C"),
        ("A: lid\nB: cap\nThe answer is B", "B"),
        ("A. lid\nB. cap", "several"),
        ("C is correct", "C"),
        ("Not A. It is (D), clearly", "D"),
        ("F", "not_offered"),
        ("it lies at the top.B", "B"),
        ("I cannot tell", "refused"),
        ("Maybe (C) then", "C"),
    ],
)
def test_rules_from_the_strongest_to_the_weakest(reply, expected):
    assert read(reply, FOUR) == expected
