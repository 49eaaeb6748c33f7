"""Bodies of Anthropic's and Google's APIs, as litellm makes them for single requests.

The reply to a request must not depend on how it was sent, so that the same code translates the schema,
the reasoning effort and the images. Only the translation is litellm's; nothing is sent by it.
"""

import copy
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from judge.scoring.backends.api.dialects import parts_of
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.api.via_litellm import fault_of, import_litellm


def _options(endpoint: Endpoint, messages: Sequence[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    litellm = import_litellm()
    try:
        options: dict[str, Any] = litellm.utils.get_optional_params(
            model=endpoint.model, custom_llm_provider=endpoint.provider, messages=messages, **params
        )
    except Exception as error:  # noqa: BLE001 - litellm may raise any exception; each one is classified
        raise fault_of(error, endpoint, parts_of(messages, params)) from None
    return options


def anthropic_body(endpoint: Endpoint, messages: Sequence[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request to Anthropic's Messages API for a chat completion.

    Raises
    ------
    Rejected
        The model does not take a parameter.
    """
    options = _options(endpoint, messages, params)
    body: dict[str, Any] = (
        import_litellm()
        .AnthropicConfig()
        .transform_request(
            model=endpoint.model,
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


def gemini_body(endpoint: Endpoint, messages: Sequence[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request to Google's generateContent for a chat completion.

    Raises
    ------
    Rejected
        The model does not take a parameter.
    """
    options = _options(endpoint, messages, params)
    transformation: Any = importlib.import_module("litellm.llms.vertex_ai.gemini.transformation")
    body: dict[str, Any] = transformation._transform_request_body(
        messages=copy.deepcopy(list(messages)),
        model=endpoint.model,
        optional_params=options,
        custom_llm_provider="gemini",
        litellm_params={},
        cached_content=None,
    )
    return body
