"""Backends: sources of replies. Each is a module or package that is imported only when it is used."""

from collections.abc import Generator, Iterable, Sequence
from typing import Protocol

from judge.records import Completion, Request


class Backend(Protocol):
    """Sends requests and yields their completions in any order."""

    stopped: str | None
    """Why requests were left out without an error: the budget is used up, or the rate limit persists."""

    @property
    def spent(self) -> float:
        """Cost so far in USD, as far as it is known."""
        ...

    def complete(self, requests: Iterable[Request]) -> Generator[Sequence[Completion]]:
        """Send all requests and yield completions in batches, as they arrive.

        Requests are pulled lazily: as many as are in flight, never all at once. A batch is everything that
        arrived since the last one; the caller stores it before it requests the next. The failure of one
        request is a Completion with a `failure`; an error that affects the whole run raises `BackendError`.
        Closing the iterator cancels the requests in flight.
        """
        ...

    def drain(self) -> Sequence[Completion]:
        """Return the completions that arrived while the iterator was being closed."""
        ...

    def close(self) -> None:
        """Release resources that are kept between calls of `complete`, such as the memory of a model."""
        ...
