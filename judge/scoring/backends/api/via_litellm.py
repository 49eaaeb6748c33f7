"""Providers with a wire format of their own (Anthropic, Gemini, Bedrock, Azure …), through litellm."""

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

# Read once, when litellm is imported: without them it fetches its price list and header tables from the
# network, and reads keys from a .env file that happens to lie in the working folder.
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
    """Asks one model through `litellm.acompletion`. Lives within one event loop."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self._litellm = import_litellm()
        self._endpoint = endpoint
        name = endpoint.name
        if endpoint.provider and "/" not in name:  # a bare claude-… or gpt-…
            name = f"{endpoint.provider}/{name}"
        # Its own retries are off: they would hide a 429 and its Retry-After from our pace.
        self._fixed: dict[str, Any] = {"model": name, "timeout": timeout, "max_retries": 0}
        if endpoint.base:
            self._fixed["api_base"] = endpoint.base
        if endpoint.key:
            self._fixed["api_key"] = endpoint.key
        elif endpoint.provider in ("", *OPENAI_COMPATIBLE):  # a server of one's own; litellm insists on a key
            self._fixed["api_key"] = "none"

    async def ask(self, messages: list[dict[str, Any]], params: Mapping[str, Any]) -> Any:
        """Send one request and return its reply in OpenAI's form; raises what `fault_of` makes of errors."""
        try:
            response = await self._litellm.acompletion(messages=messages, **self._fixed, **params)
            if params.get("stream"):
                response = self._litellm.stream_chunk_builder([piece async for piece in response])
            return response.model_dump()
        except Exception as error:  # noqa: BLE001 - litellm lets any exception through; each is given a meaning
            raise fault_of(error, self._endpoint, parts_of(messages, params)) from None

    async def token_ids(self, _wanted: Sequence[str]) -> None:
        """None: through litellm no tokenizer is known."""

    async def close(self) -> None:
        """Close all connections."""
        cleanup = importlib.import_module("litellm.llms.custom_httpx.async_client_cleanup")
        await cleanup.close_litellm_async_clients()


_PREFIX = re.compile(r"^((litellm\.)?\w+(Error|Exception)(: | - ))+")
_ADVICE = re.compile(
    r"\s*(To drop these|If you want to use these|\.? ?Received Model Group|LiteLLM Retried).*", re.DOTALL
)

# What it says where a reply came and could not be read, which it takes for a fault of the server. Python's
# JSON reader ends all of its complaints with the place.
_ODD_REPLY = re.compile(
    r"Invalid response object|Unable to get json response|Empty or invalid response from LLM endpoint"
    r"|\(char \d+\)|maximum recursion depth|codec can't decode"
)
_ARRIVED = re.compile(r"received_args=|Original Response:|Received:")

# What has a meaning beyond its status code, by the name of its class, most special first.
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
    """Decide what an exception out of litellm means: Failed, Rejected or BackendError.

    What is no exception of litellm's or of a provider's concerns this one request alone.
    """
    told_by_litellm = _PREFIX.sub("", str(getattr(error, "message", "") or error))
    if _ODD_REPLY.search(told_by_litellm):
        return Failed("reply", _odd_reply(told_by_litellm), again=True)
    message = brief(_ADVICE.sub("", told_by_litellm))
    for ancestor in type(error).__mro__:
        meaning = _MEANINGS.get(ancestor.__name__)
        if isinstance(meaning, Failed):
            return replace(
                meaning, message=message, retry_after=requested_wait(_headers(error), told_by_litellm)
            )
        if meaning is not None:
            return meaning(f"{endpoint.where}: {message}")
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return Failed("request", f"{type(error).__name__}: {message}")
    body = getattr(error, "body", None)
    places = [vars(error), body] if isinstance(body, dict) else [vars(error)]
    told = [{name: str(v) for name, v in place.items() if isinstance(v, str | int)} for place in places]
    problem = Problem(
        status=status,
        message=message,
        code=" ".join(place.get(name, "") for place in told for name in ("code", "type")),
        param=next((place["param"] for place in told if place.get("param")), ""),
        retry_after=requested_wait(_headers(error), told_by_litellm),
    )
    return classify(problem, endpoint, sent)


def _odd_reply(told: str) -> str:
    """The reply itself, where litellm tells it, and not the traceback before it."""
    arrived = _ARRIVED.search(told)
    return f"litellm cannot read the reply: {brief(told[arrived.end() :] if arrived else told)}"


def _headers(error: Exception) -> Mapping[str, str]:
    headers = getattr(error, "litellm_response_headers", None)
    if headers is None:
        headers = getattr(getattr(error, "response", None), "headers", None)
    return {str(name).lower(): str(value) for name, value in (headers or {}).items()}
