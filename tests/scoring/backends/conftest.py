"""What the tests of API judges share."""

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from judge.records import Completion, Item, Request
from judge.scoring.backends.api.backend import ApiBackend, Retry
from judge.scoring.backends.connection import Connection

QUICK = Retry(first_delay=0.001, longest_delay=0.002, jitter=random.Random(0))
"""Tries again at once: tests do not sleep."""


@pytest.fixture
def ask_for() -> Callable[..., Request]:
    """Makes a request for one made-up item."""

    def make(
        number: int = 0,
        schema: dict[str, Any] | None = None,
        content: Any = None,
        labels: str = "",
        **params: Any,
    ) -> Request:
        item = Item(id=f"i{number}", question="Why?", answer=f"Because of {number}.")
        system = {"role": "system", "content": "Judge the answer."}
        user = {"role": "user", "content": content or item.answer}
        return Request(
            item,
            [system, user],
            model="m",
            params=params,
            schema=schema,
            key=f"key of {number}",
            dimension="clarity" if labels else None,
            labels=tuple(labels.split()),
        )

    return make


@pytest.fixture
def backend_for(mock: Any) -> Callable[..., ApiBackend]:
    """Makes a backend that asks the mock server."""

    def make(model: str = "openai/mock-judge", **options: Any) -> ApiBackend:
        given = {name: options.pop(name) for name in list(options) if hasattr(Connection, name)}
        connection = Connection(**{"api_base": mock.api_base} | given)
        return ApiBackend(model, **{"connection": connection, "retry": QUICK} | options)

    return make


@pytest.fixture
def complete() -> Callable[[ApiBackend, Iterable[Request]], list[Completion]]:
    """All completions of some requests."""
    return lambda backend, requests: [c for batch in backend.complete(requests) for c in batch]
