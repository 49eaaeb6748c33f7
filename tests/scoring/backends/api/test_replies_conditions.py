"""How much of an odd reply an error shows."""

import pytest

from judge.scoring.backends.api.replies import _shown


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ([[[[["five"]]]]], "[[[[['five']]]]]"),
        ([[[[[["six"]]]]]], "[[[[[[...]]]]]]"),
        (list(range(20)), str(list(range(20)))),
        (list(range(21)), f"{str(list(range(20)))[:-1]}, ...]"),
    ],
)
def test_five_levels_and_twenty_elements_of_a_reply_are_shown(data, shown):
    assert _shown(data) == shown
