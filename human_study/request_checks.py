"""Checks of every request, and the security headers of the pages."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request

from judge import local_server

T = TypeVar("T")

_CHANGING = ThreadPoolExecutor(8, thread_name_prefix="changing")
"""Threads for changes of the study. Only one at a time writes; the others wait."""
MAX_BODY = 256 * 1024
"""Maximum size of a request body in bytes; a rating has a few hundred, or one for each criterion."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    **local_server.HEADERS,
}


class NumberConvertor(IntegerConvertor):
    """A number of at most nine digits in a URL; longer ones do not match any route."""

    regex = "[0-9]{1,9}"


register_url_convertor("number", NumberConvertor())


def bearer(request: Request) -> str:
    """Return the secret token of a request.

    The token is sent in a header and never in a URL, so that logs and proxies do not record it.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise HTTPException(401, "the link is incomplete; open the full link that you were sent")
    return token


async def posted(request: Request) -> Any:
    """Return the JSON body of a request from our own pages, limited in size."""
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
    """Run a change of the study in a separate thread pool.

    If all its threads wait for a lock of another process, the threads that serve readers stay free.
    """
    return await asyncio.get_running_loop().run_in_executor(_CHANGING, partial(change, *values))


def _check_origin(request: Request) -> None:
    """Refuse cross-site requests of a browser; programs other than browsers send neither header."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = request.headers.get("host", "")
    if site is not None and site not in ("same-origin", "none"):
        raise HTTPException(403, "the request comes from another site")
    if site is None and origin is not None and urlsplit(origin).netloc != own:
        raise HTTPException(403, "the request comes from another site")
