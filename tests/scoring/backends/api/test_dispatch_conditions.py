"""How often a server that never answered is tried."""

from collections import Counter

import pytest

from judge.scoring.backends.api.errors import Failed
from judge.scoring.backends.api.pacing import Pace

from .test_dispatch import dispatch, loop  # noqa: F401


def test_a_server_that_never_answered_is_tried_four_times(loop):  # noqa: F811
    tries = Counter()

    async def attempt(request):
        tries[request.key] += 1
        raise Failed("connection", "refused", again=True)

    dispatcher, completions, _ = dispatch(loop, attempt, 5, Pace(max_connections=1))
    assert max(tries.values()) == 4
    assert "cannot be reached" in str(dispatcher.error)
    assert completions == []


@pytest.mark.parametrize(("max_tries", "tried"), [(2, 2), (6, 6)])
def test_a_server_that_answered_before_is_tried_as_often_as_allowed(loop, max_tries, tried):  # noqa: F811
    async def attempt(request):
        if request.key == "0":
            return {"reply": "5"}
        raise Failed("connection", "reset", again=True)

    _, completions, _ = dispatch(loop, attempt, 2, Pace(max_connections=1), max_tries=max_tries)
    assert [(c.key, c.tries) for c in completions] == [("0", 1), ("1", tried)]
