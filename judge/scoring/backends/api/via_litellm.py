"""Client for all other providers (Anthropic, Gemini, Bedrock, Azure …), on litellm."""

import importlib
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from judge.errors import BackendError
from judge.scoring.backends.api.dialects import parts_of
from judge.scoring.backends.api.errors import Failed, Problem, brief, classify
from judge.scoring.backends.api.providers import OPENAI_COMPATIBLE, Endpoint
from judge.scoring.backends.api.retry_after import requested_wait

# litellm reads these when it is imported. Without them it downloads its price list and header tables, and
# reads keys from a .env file in the working folder.
_QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
}


def import_litellm() -> Any:
    """Import litellm with its output, downloads and telemetry switched off."""
    os.environ.update(_QUIET)
    litellm: Any = importlib.import_module("litellm")
    litellm.suppress_debug_info = True
    litellm.disable_hf_tokenizer_download = True
    litellm.turn_off_message_logging = True
    return litellm


class ViaLitellm:
    """Sends requests to one model with `litellm.acompletion`, within one event loop."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self._litellm = import_litellm()
        self._endpoint = endpoint
        name = endpoint.name
        if endpoint.provider and "/" not in name:  # such as claude-… or gpt-… alone
            name = f"{endpoint.provider}/{name}"
        # litellm's retries are off, because they would hide rate limits and Retry-After from the dispatcher.
        self._fixed: dict[str, Any] = {"model": name, "timeout": timeout, "max_retries": 0}
        if endpoint.base:
            self._fixed["api_base"] = endpoint.base
        if endpoint.key:
            self._fixed["api_key"] = endpoint.key
        elif endpoint.provider in (
            "",
            *OPENAI_COMPATIBLE,
        ):  # the user's own server; litellm requires a key
            self._fixed["api_key"] = "none"

    async def ask(self, messages: list[dict[str, Any]], params: Mapping[str, Any]) -> Any:
        """Send one request and return its reply in OpenAI's form; errors come from `fault_of`."""
        try:
            response = await self._litellm.acompletion(messages=messages, **self._fixed, **params)
            if params.get("stream"):
                response = self._litellm.stream_chunk_builder([piece async for piece in response])
            return response.model_dump()
        except Exception as error:  # noqa: BLE001 - litellm may raise any exception; each one is classified
            raise fault_of(error, self._endpoint, parts_of(messages, params)) from None

    async def token_ids(self, _wanted: Sequence[str]) -> None:
        """Return None; litellm does not give the tokenizer of a model."""

    async def close(self) -> None:
        """Close all connections."""
        cleanup = importlib.import_module("litellm.llms.custom_httpx.async_client_cleanup")
        await cleanup.close_litellm_async_clients()


_PREFIX = re.compile(r"^((litellm\.)?\w+(Error|Exception)(: | - ))+")
_ADVICE = re.compile(
    r"\s*(To drop these|If you want to use these|\.? ?Received Model Group|LiteLLM Retried).*", re.DOTALL
)

# Messages for replies that litellm could not parse, which it reports as server errors. All errors of Python's
# JSON decoder end with a position.
_UNREADABLE = re.compile(
    r"Invalid response object|Unable to get json response|Empty or invalid response from LLM endpoint"
    r"|\(char \d+\)|maximum recursion depth|codec can't decode"
)
_ARRIVED = re.compile(r"received_args=|Original Response:|Received:")

# Exceptions whose class says more than their status code, the most specific first.
_MEANINGS: Mapping[str, Failed | type[BackendError]] = {
    "ContextWindowExceededError": Failed("context", ""),
    "ContentPolicyViolationError": Failed("filter", ""),
    "GuardrailRaisedException": Failed("filter", ""),
    "BlockedPiiEntityError": Failed("filter", ""),
    "ModifyResponseException": Failed("filter", ""),
    "SensitiveDataRouteException": Failed("filter", ""),
    "ImageFetchError": Failed("image", ""),
    "Timeout": Failed("timeout", "", again=True, answered=False),
    "APITimeoutError": Failed("timeout", "", again=True, answered=False),
    "MidStreamFallbackError": Failed("server", "", again=True),
    "APIConnectionError": Failed("connection", "", again=True),
    "APIResponseValidationError": Failed("reply", "", again=True),
    "LiteLLMUnknownProvider": BackendError,
    "BudgetExceededError": BackendError,
    "ModelNotMappedError": BackendError,
}


def fault_of(error: Exception, endpoint: Endpoint, sent: Collection[str]) -> Exception:
    """Classify an exception raised by litellm as Failed, Rejected or BackendError.

    An exception that comes neither from litellm nor from a provider is a failure of this request only.
    """
    text = _PREFIX.sub("", str(getattr(error, "message", "") or error))
    if _UNREADABLE.search(text):
        return Failed("reply", _unreadable_reply(text), again=True)
    message = brief(_ADVICE.sub("", text))
    for ancestor in type(error).__mro__:
        meaning = _MEANINGS.get(ancestor.__name__)
        if isinstance(meaning, Failed):
            return replace(meaning, message=message, retry_after=requested_wait(_headers(error), text))
        if meaning is not None:
            return meaning(f"{endpoint.where}: {message}")
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return Failed("request", f"{type(error).__name__}: {message}")
    body = getattr(error, "body", None)
    places = [vars(error), body] if isinstance(body, dict) else [vars(error)]
    fields = [{name: str(v) for name, v in place.items() if isinstance(v, str | int)} for place in places]
    problem = Problem(
        status=status,
        message=message,
        code=" ".join(place.get(name, "") for place in fields for name in ("code", "type")),
        param=next((place["param"] for place in fields if place.get("param")), ""),
        retry_after=requested_wait(_headers(error), text),
    )
    return classify(problem, endpoint, sent)


def _unreadable_reply(text: str) -> str:
    """Return the reply itself if litellm includes it, without the traceback before it."""
    arrived = _ARRIVED.search(text)
    return f"litellm cannot read the reply: {brief(text[arrived.end() :] if arrived else text)}"


def _headers(error: Exception) -> Mapping[str, str]:
    headers = getattr(error, "litellm_response_headers", None)
    if headers is None:
        headers = getattr(getattr(error, "response", None), "headers", None)
    return {str(name).lower(): str(value) for name, value in (headers or {}).items()}
