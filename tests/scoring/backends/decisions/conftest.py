"""What the tests of decision models share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from judge.records import Item, Request
from judge.rubric import Rubric
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.decisions.decision_backend import DecisionBackend
from judge.scoring.judge import Judge
from judge.scoring.prompt import build_requests
from tests.support.decision_server import DecisionServer

from ..conftest import QUICK

ANCHORS = {1: "bad", 2: "middling", 3: "good"}


def rubric(**changes: Any) -> Rubric:
    data = {
        "name": "r",
        "task": "Judge the answer.",
        "scale": {"min": 1, "max": 3},
        "dimensions": {
            "truth": {"description": "How true it is.", "anchors": ANCHORS},
            "fault": {
                "description": "Which fault.",
                "type": "category",
                "labels": {"none": "", "minor": "small"},
            },
        },
        "flags": {"harmful": {"description": "Whether it harms."}},
        "pass": {"truth": 2},
        "overall": {"how": "none"},
    }
    return Rubric.model_validate({**data, **changes})


def judge(model: str = "decisions:m", by: Rubric | None = None, **options: Any) -> Judge:
    return Judge(model, by or rubric(), **options)


def request_for(
    model: str = "decisions:m", number: int = 0, by: Rubric | None = None, **fields: Any
) -> Request:
    """The request of one item."""
    params = fields.pop("params", {})
    item = Item(**{"id": f"i{number}", "question": "Why?", "answer": f"Because of {number}.", **fields})
    return build_requests(item, judge(model, by, params=params))[0]


@pytest.fixture
def server() -> Iterator[DecisionServer]:
    """A server that decides."""
    made = DecisionServer()
    yield made
    made.close()


@pytest.fixture
def backend_of(server: DecisionServer) -> Callable[..., DecisionBackend]:
    """Makes a backend that asks the server."""

    def make(model: str = "decisions:m", **options: Any) -> DecisionBackend:
        given = {name: options.pop(name) for name in list(options) if hasattr(Connection, name)}
        connection = Connection(**{"api_base": server.api_base} | given)
        return DecisionBackend(model, **{"connection": connection, "retry": QUICK} | options)

    return make
