"""Small records for tests, every field that does not matter filled in."""

import json
from typing import Any

import pytest

from judge.records import Completion, Item, Request
from judge.rubric import Rubric, parse_rubric
from judge.scoring import score as score_module

DIMENSIONS = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")


def rubric(**changes: Any) -> Rubric:
    """Two dimensions a and b on 1-5, mean overall, pass at 3."""
    anchors = "{1: one, 2: two, 3: three, 4: four, 5: five}"
    text = f"""
name: small
task: Judge.
dimensions:
  a: {{description: first, anchors: {anchors}, aliases: [alpha]}}
  b: {{description: second, anchors: {anchors}}}
pass: {{overall: 3}}
"""
    return Rubric.model_validate({**parse_rubric(text).model_dump(by_alias=True), **changes})


def item(id: str = "i1", answer: str = "An answer.", **fields: Any) -> Item:
    return Item(id=id, question="A question?", answer=answer, **fields)


def completion(reply: str | None = None, **fields: Any) -> Completion:
    given = {"key": "k", "item_id": "i1", "finish_reason": "stop", **fields}
    return Completion(reply=reply, **given)


def reply(a: Any = 4, b: Any = 2, **more: Any) -> str:
    return json.dumps({"a": {"reason": "ra", "score": a}, "b": {"reason": "rb", "score": b}, **more})


class Scripted:
    """A backend that answers each request with what a function says, one request a batch."""

    stopped: str | None = None
    spent = 0.0

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[Request] = []
        self.late: list[Completion] = []
        self.closed = False

    def complete(self, requests: Any) -> Any:
        for request in requests:
            self.asked.append(request)
            given = self.answer(request)
            fields = given if isinstance(given, dict) else {"reply": given, "finish_reason": "stop"}
            yield [Completion.of(request, **fields)]

    def drain(self) -> list[Completion]:
        late, self.late = self.late, []
        return late

    def close(self) -> None:
        self.closed = True


def answered_by(monkeypatch: pytest.MonkeyPatch, backend: Scripted) -> Scripted:
    """Let this backend answer for every judge."""
    monkeypatch.setattr(score_module, "check_backend", lambda *_: None)
    monkeypatch.setattr(score_module, "load_backend", lambda *_, **__: backend)
    return backend
