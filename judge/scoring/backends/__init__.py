"""Backends: where replies come from. One file each, imported only when it is used."""

from collections.abc import Generator, Iterable, Sequence
from typing import Protocol

from judge.records import Completion, Request


class Backend(Protocol):
    """Many requests in, completions out in any order."""

    stopped: str | None
    """Why not all was asked where nothing is wrong: the budget is used up, or all is refused for haste."""

    @property
    def spent(self) -> float:
        """USD that were paid so far, as far as anybody knows."""
        ...

    def complete(self, requests: Iterable[Request]) -> Generator[Sequence[Completion]]:
        """Ask for all requests and yield what has come back, in batches as it arrives.

        Requests are pulled lazily: as many as are in flight, never all at once. A batch is whatever came
        back since the last one; the caller stores it before it asks for the next. One request's failure
        is a Completion with a `failure`; what dooms the whole run raises `BackendError`. Closing the
        iterator cancels what is in flight.
        """
        ...

    def drain(self) -> Sequence[Completion]:
        """Completions that arrived while the iterator was being closed. They were paid for, too."""
        ...

    def close(self) -> None:
        """Free what is held between two calls of `complete`: a model's memory."""
        ...
