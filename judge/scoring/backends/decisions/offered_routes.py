"""Find out which decision routes a server has, without a decision that would be billed."""

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple

from judge.errors import InputError
from judge.scoring.backends.api.errors import brief, problem_of, redact
from judge.scoring.backends.api.providers import GENERIC_KEY

_ROUTES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "decisions": ("/decisions", {"input": "?", "questions": []}),
    "systemone": ("/systemone", {"state": "?", "questions": {}}),
}
"""Beginning of a judge's name -> path, and a request without questions, which no server answers or bills."""
_SERVERS = {"vllm": "hosted_vllm/", "sglang": "sglang/", "llamacpp": "llama_cpp/"}
"""Owner of the models, as a server lists them -> the provider under which its dialect is known."""
_TIMEOUT = 15.0
_MOST_BYTES = 1 << 20


class OfferedRoute(NamedTuple):
    """What a server says to an empty request at one route.

    Attributes
    ----------
    name : str
        Beginning of the judge's name: ``decisions`` or ``systemone``.
    is_offered : bool or None
        None if the server did not say.
    found : str
        What it said, for people.
    """

    name: str
    is_offered: bool | None
    found: str


def offered_routes(api_base: str, environ: Mapping[str, str] = os.environ) -> list[OfferedRoute]:
    """Send a request without questions to each decision route; a server that has the route refuses it.

    Raises
    ------
    InputError
        The address is not that of a server, or the server cannot be reached.
    """
    if not api_base.startswith(("http://", "https://")):
        raise InputError(f"--api-base: found {api_base!r}; it must start with http:// or https://")
    base, key = api_base.rstrip("/"), environ.get(GENERIC_KEY, "").strip()
    served = _served(base, key)
    model, provider = next(iter(served.items()), ("MODEL", ""))
    shown = f"{provider}{model if len(served) == 1 else 'MODEL'}"
    found = []
    for name, (path, body) in _ROUTES.items():
        status, content = _exchange(base + path, key, {"model": model, **body})
        found.append(_judged(name, f"{name}:{shown}", status, content))
    return found


def _served(base: str, key: str) -> dict[str, str]:
    """Return the models that a server lists, with the beginning of the judge's name after the route."""
    status, content = _exchange(f"{base}/models", key)
    listed = _decoded(content) if status == 200 else None
    entries = listed.get("data") if isinstance(listed, dict) else None
    return {
        entry["id"]: _SERVERS.get(str(entry.get("owned_by")), "")
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    }


def _exchange(url: str, key: str, body: Mapping[str, Any] | None = None) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    data = None if body is None else json.dumps(body).encode()
    try:
        request = urllib.request.Request(url, data, headers)
        with _OPENER.open(request, timeout=_TIMEOUT) as response:
            return response.status, response.read(_MOST_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(_MOST_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = getattr(error, "reason", None) or error
        raise InputError(f"--api-base: {redact(url)} cannot be reached: {brief(str(said))}") from None


def _judged(name: str, judge: str, status: int, content: bytes) -> OfferedRoute:
    decoded = _decoded(content)
    said = problem_of(status, content.decode(errors="replace") if decoded is None else decoded, {}).message
    if status in (400, 413, 422, 429) or (status == 404 and "model" in said.lower()):
        return OfferedRoute(name, True, f"offered: --judge {brief(judge)}")
    if status == 501:
        return OfferedRoute(name, False, f"the server has the route, but its model does not decide: {said}")
    if status in (404, 405):
        return OfferedRoute(name, False, "not offered")
    if status in (401, 403):
        return OfferedRoute(name, None, f"unknown without a key: set {GENERIC_KEY} ({said})")
    return OfferedRoute(name, None, f"unknown: status {status} ({said})")


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key must not follow a redirect to another server."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)
