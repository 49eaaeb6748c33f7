"""Bodies of requests in batches, as they are for single requests; and what providers reject of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from judge.errors import BackendError
from judge.records import Request
from judge.scoring.backends.api.dialects import SYSTEM_ROLE, parts_of
from judge.scoring.backends.api.errors import Rejected
from judge.scoring.backends.api.parameters import Encode, Messages, Parameters
from judge.scoring.backends.api.providers import Endpoint

Translate = Callable[[Sequence[Any], Mapping[str, Any]], dict[str, Any]]
"""(messages, parameters) of a chat completion -> body in the form of the provider."""


class RequestBodies:
    """Makes the bodies of requests, without what the provider has rejected.

    Parameters
    ----------
    endpoint : Endpoint
        The provider and the model.
    encode : callable or None
        (item, index) -> data URL or URL of an image.
    """

    def __init__(self, endpoint: Endpoint, encode: Encode | None) -> None:
        self._endpoint = endpoint
        self._parameters = Parameters(endpoint)
        self._messages = Messages(endpoint, encode)

    async def of(self, request: Request, translate: Translate) -> dict[str, Any]:
        """Return the body of a request; a parameter that `translate` rejects is left out."""
        while True:
            messages, params = await self._messages.of(request), self._parameters.of(request)
            try:
                return translate(messages, params)
            except Rejected as rejected:
                self.reject(rejected, params, request.attempt)

    def parts(self, request: Request) -> list[str]:
        """Return the names of the parts of a request that a provider may reject."""
        has_images = any(
            not isinstance(message["content"], str) and any(p["type"] == "image" for p in message["content"])
            for message in request.messages
        )
        shown = [{"type": "image_url"}] if has_images else ""
        messages = [{"role": m["role"], "content": shown} for m in request.messages]
        return parts_of(messages, self._parameters.of(request))

    def dropped(self, request: Request) -> tuple[str, ...]:
        """Return what is left out of a request because the provider rejects it."""
        return self._parameters.dropped(request) + self._messages.dropped

    def reject(self, rejected: Rejected, sent: Mapping[str, Any], attempt: int = 0) -> None:
        """Remember what the provider rejects.

        Raises
        ------
        Failed
            The request cannot be sent without it.
        BackendError
            No request can be sent without it.
        """
        if rejected.param == SYSTEM_ROLE:
            self._messages.leave_out_system_role()
        elif rejected.param == "stream":
            raise BackendError(
                f"{self._endpoint.where} only streams replies, which a batch cannot: {rejected.message}"
            )
        else:
            self._parameters.reject(rejected, sent, attempt)


def json_line(value: Any) -> bytes:
    r"""Return JSON in one line of ASCII.

    >>> json_line({"text": "a\u2028b"})
    b'{"text":"a\\u2028b"}'
    """
    return json.dumps(value, separators=(",", ":")).encode()
