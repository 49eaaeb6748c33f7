"""Backend of multiple choice: the reply is the answer itself, and the parser reads the chosen letter from it.

It needs neither a key nor a network. Whether the letter is right is decided when replies are parsed, so that
`judge parse` reads them again; see `judge.scoring.parsing.chosen_letter` for the rules.
"""

import time
from collections.abc import Generator, Iterable, Sequence
from itertools import islice

from judge.records import Completion, Request
from judge.scoring.parsing.choice_answers import BACKEND

_BATCH = 256


class LettersBackend:
    """Backend that returns the answers."""

    stopped: str | None = None
    spent = 0.0

    def complete(self, requests: Iterable[Request]) -> Generator[Sequence[Completion]]:
        """Return all answers, in order, a batch at a time."""
        waiting = iter(requests)
        while batch := [_completion(request) for request in islice(waiting, _BATCH)]:
            yield batch

    def drain(self) -> Sequence[Completion]:
        """Nothing is ever in flight."""
        return ()

    def close(self) -> None:
        """Nothing is held."""


def _completion(request: Request) -> Completion:
    return Completion.of(
        request,
        reply=request.item.answer,
        finish_reason="stop",
        model=BACKEND,
        cost=0.0,
        created=time.time(),
    )
