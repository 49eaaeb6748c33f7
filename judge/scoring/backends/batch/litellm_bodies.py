"""Bodies of Anthropic's and Google's APIs, as litellm makes them for single requests.

The reply to a request must not depend on how it was sent, so that the same code translates the schema,
the reasoning effort and the images. Only the translation is litellm's; nothing is sent by it.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from judge.errors import BackendError
from judge.scoring.backends.api.errors import redact
from judge.scoring.backends.api.via_litellm import import_litellm


def _options(provider: str, model: str, messages: Sequence[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    litellm = import_litellm()
    try:
        options: dict[str, Any] = litellm.utils.get_optional_params(
            model=model, custom_llm_provider=provider, messages=messages, **params
        )
    except Exception as error:  # noqa: BLE001 - litellm may raise any exception
        said = redact(" ".join(str(error).split())[:400])
        raise BackendError(f"{provider}/{model}: a parameter cannot be sent: {said}") from None
    return options


def anthropic_body(model: str, messages: Sequence[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request to Anthropic's Messages API for a chat completion."""
    options = _options("anthropic", model, messages, params)
    body: dict[str, Any] = (
        import_litellm()
        .AnthropicConfig()
        .transform_request(
            model=model,
            messages=copy.deepcopy(list(messages)),
            optional_params=options,
            litellm_params={},
            headers={},
        )
    )
    body.pop("json_mode", None)  # litellm's own mark
    if (schema := body.pop("output_format", None)) is not None:  # its place while it was a beta
        body["output_config"] = {**body.get("output_config", {}), "format": schema}
    return body


def gemini_body(model: str, messages: Sequence[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request to Google's generateContent for a chat completion."""
    from litellm.llms.vertex_ai.gemini import transformation

    options = _options("gemini", model, messages, params)
    body: dict[str, Any] = transformation._transform_request_body(
        messages=copy.deepcopy(list(messages)),
        model=model,
        optional_params=options,
        custom_llm_provider="gemini",
        litellm_params={},
        cached_content=None,
    )
    return body
