"""Client for decision routes: one POST with one JSON body, on the connections of the built-in client."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from judge.errors import BackendError
from judge.scoring.backends.api.dialects import PICTURES
from judge.scoring.backends.api.errors import (
    Failed,
    Problem,
    Rejected,
    brief,
    classify,
    problem_of,
    quoted,
    redact,
)
from judge.scoring.backends.api.openai_http import OpenAIHttp
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.api.response_body import EVERY_VALUE, decode
from judge.scoring.backends.decisions.routes import BODY_FIELDS, Target

_EXCERPT_BYTES = 10_000
_QUOTA = re.compile(
    r"(exceeded|used up|exhausted).{0,20}\bquota|\bquota\b.{0,20}(exceeded|used up|exhausted)", re.I
)
"""A quota that is used up; with a time to wait it is a rate limit (Google's has this text, too)."""
_BAD_QUESTION = ("questions", "body.questions", "question ")
"""Beginnings of the place or the message of an error that concerns a question, not the item."""


class DecisionHttp(OpenAIHttp):
    """Sends requests to one decision route, within one event loop."""

    def __init__(self, target: Target, endpoint: Endpoint, timeout: float) -> None:
        key, header = endpoint.key, target.route.key_header
        value = f"Bearer {key}" if header == "Authorization" else str(key)
        url = target.url(str(endpoint.base))
        super().__init__(endpoint, timeout, url=url, headers={header: value} if key else {})
        self._target = target

    async def decide(
        self, body: Mapping[str, Any], *, has_images: bool, is_of_rubric: bool
    ) -> dict[str, Any]:
        """Send one request and return the JSON of its answers, without an envelope around it.

        Parameters
        ----------
        body : mapping
            The request.
        has_images : bool
            Whether images are sent along.
        is_of_rubric : bool
            Whether its questions are those of the rubric, so that a question that is refused dooms the run.
        """
        headers = self._target.route.image_headers if has_images else {}
        status, content, answered = await self._exchange(self._url, body, headers)
        try:
            data = decode(content, EVERY_VALUE)
        except Failed:
            if status == 200:
                raise
            data = content[:_EXCERPT_BYTES].decode(errors="replace")
        if status == 200 and (found := self._unwrapped(data)) is not None:
            return found
        if status in (404, 405, 501):
            raise await self._without_route(status, problem_of(status, _as_openai(data), answered))
        problem = problem_of(status if status != 200 else 502, _as_openai(data), answered)
        sent = body.keys() - BODY_FIELDS | ({PICTURES} if has_images else set())
        raise self._classified(problem, sent, is_of_rubric=is_of_rubric)

    def _unwrapped(self, data: Any) -> dict[str, Any] | None:
        """Return the answers; None if the body is an error that came with status 200.

        Raises
        ------
        Failed
            There are no answers.
        """
        inner = data.get("result") if self._target.route.is_wrapped and isinstance(data, dict) else data
        if isinstance(inner, dict) and isinstance(inner.get("response"), dict):  # Databricks' ai_decide
            inner = {**inner, **inner["response"]}
        answers = inner.get("answers") if isinstance(inner, dict) else None
        is_error = isinstance(data, dict) and (data.get("error") or data.get("success") is False)
        if is_error and not answers:  # what was answered is billed, whatever stands beside it
            return None
        if isinstance(answers, list | dict) or _is_declined(inner):
            return inner
        raise Failed("reply", f"the reply has no answers: {quoted(_shown(data))}", again=True)

    def _classified(self, problem: Problem, sent: Collection[str], *, is_of_rubric: bool) -> Exception:
        if problem.status == 413:
            return Failed("context", f"413: {redact(problem.message)}")
        if problem.status == 429 and problem.retry_after is None and _QUOTA.search(problem.message):
            problem = replace(problem, code="insufficient_quota")  # System One's errors have no code
        found, where = classify(problem, self._endpoint, sent), self._endpoint.where
        if is_of_rubric and _is_about_question(problem, found):
            return BackendError(
                f"{where}: a question was refused ({redact(problem.message)}). All items get the same "
                "questions: change the rubric, or use another judge"
            )
        if isinstance(found, Rejected):
            return BackendError(
                f"{where}: the parameter {found.param} was refused ({found.message}); leave it out"
            )
        return found

    async def _without_route(self, status: int, problem: Problem) -> BackendError:
        """Explain that the model or the address does not decide, and which models do."""
        route, said = self._target.route, redact(problem.message)
        listed = f". Models that decide: {route.models}" if route.models else ""
        if status == 501:
            return BackendError(f"{self._endpoint.where}: this model answers no decisions ({said}){listed}")
        names = await self._served()
        has = f". The server has {', '.join(names)}" if names and self._endpoint.model not in names else ""
        return BackendError(
            f"{self._endpoint.where}: no such model or route at {redact(self._url)} ({said}){has}{listed}. "
            "To see which decision routes a server has: judge doctor --api-base "
            f"{redact(str(self._endpoint.base))}"
        )

    async def _served(self) -> list[str]:
        """Return the models that a server lists; none if it lists none."""
        try:
            status, content, _ = await self._exchange(f"{self._endpoint.base}/models")
            listed = decode(content) if status == 200 else None
        except (Failed, BackendError):
            return []
        entries = listed.get("data") if isinstance(listed, dict) else None
        found = [entry.get("id") for entry in entries or [] if isinstance(entry, dict)]
        return [brief(name) for name in found if isinstance(name, str)]


def _is_about_question(problem: Problem, found: Exception) -> bool:
    """Whether a bad request concerns a question, which is the same for all items."""
    if problem.status not in (400, 422) or isinstance(found, BackendError):
        return False
    if isinstance(found, Failed) and found.kind in ("context", "filter"):
        return False
    return any(text.lower().startswith(_BAD_QUESTION) for text in (problem.param, problem.message))


def _is_declined(reply: Any) -> bool:
    """Whether a whole input was declined (Google): feedback in place of answers."""
    return isinstance(reply, dict) and reply.get("answers") is None and bool(reply.get("prompt_feedback"))


def _shown(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


def _as_openai(data: Any) -> Any:
    """Return an error body in OpenAI's form: of Cloudflare's envelope, and of a list of validation errors."""
    if not isinstance(data, dict):
        return data
    errors = data.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return {"error": {"message": errors[0].get("message"), "code": errors[0].get("code")}}
    detail = data.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        place = detail[0].get("loc")
        where = ".".join(map(str, place)) if isinstance(place, list) else ""
        message = f"{where}: {detail[0].get('msg')}" if where else detail[0].get("msg")
        return {"error": {"message": message, "code": detail[0].get("type"), "param": where}}
    return data
