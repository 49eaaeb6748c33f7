"""What every request must get past, and what every reply carries."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

T = TypeVar("T")

_CHANGING = ThreadPoolExecutor(8, thread_name_prefix="changing")
"""Threads for what changes the study; one at a time gets through, the others wait."""
MAX_BODY = 64 * 1024
"""Bytes of a request's body; a rating has a few hundred."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}


class NumberConvertor(IntegerConvertor):
    """A number in an address, of so few digits that it can be counted with; any other leads nowhere."""

    regex = "[0-9]{1,9}"


register_url_convertor("number", NumberConvertor())


class SecurityHeaders:
    """Adds `HEADERS` to every reply, and forbids keeping anything but the static files."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["Cache-Control"] = "no-cache" if scope["path"].startswith("/static/") else "no-store"
            await send(message)

        return await self.app(scope, receive, send_with_headers)


def bearer(request: Request) -> str:
    """Return the secret token that came with a request.

    It stands in a header and never in an address, so that no log and no history of a proxy holds it.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise HTTPException(401, "this needs the full link that you were sent")
    return token


async def posted(request: Request) -> Any:
    """JSON that was sent from our own pages, bounded in size."""
    _check_origin(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "the body must be application/json")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"the body is larger than {MAX_BODY:,} bytes")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON") from None


async def changing(change: Callable[..., T], *values: Any) -> T:
    """Run what changes the study in a thread of its own, of which there are few.

    All of them may wait for another process that holds the file; the threads in which others read are free.
    """
    return await asyncio.get_running_loop().run_in_executor(_CHANGING, partial(change, *values))


def _check_origin(request: Request) -> None:
    """Refuse what another site made the browser send; programs without a browser send neither header."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = request.headers.get("host", "")
    if site is not None and site not in ("same-origin", "none"):
        raise HTTPException(403, "sent by another site")
    if site is None and origin is not None and urlsplit(origin).netloc != own:
        raise HTTPException(403, "sent by another site")
