"""HTTP client of the batch APIs: JSON, uploads and downloads of files of any size."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, BinaryIO

import aiohttp

from judge.errors import BackendError
from judge.scoring.backends.api.errors import Failed, Rejected, classify, problem_of
from judge.scoring.backends.api.http_faults import http_faults
from judge.scoring.backends.api.openai_http import proxy_for, whole_body
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.api.response_body import decode
from judge.scoring.backends.batch.batch_provider import Refused

_CONNECT_SECONDS = 15.0
_MOST_BYTES = 16 << 20
_UNDECIDED = frozenset({408, 409, 425, 429})
"""Statuses below 500 that may pass; whether something was created is looked up."""


class BatchHttp:
    """Sends requests to one endpoint, within one event loop.

    Parameters
    ----------
    endpoint : Endpoint
        The endpoint; its `base` is the address that paths are added to.
    headers : mapping of str to str
        Headers of every request, such as the key.
    timeout : float
        Longest time in seconds without any data from the server.
    """

    def __init__(self, endpoint: Endpoint, headers: Mapping[str, str], timeout: float) -> None:
        self._endpoint, self._headers = endpoint, dict(headers)
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=min(timeout, _CONNECT_SECONDS), sock_read=timeout
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=proxy_for(str(endpoint.base)),
        )

    async def ask(self, method: str, path: str, content: Any = None) -> Any:
        """Send a request that may be repeated, and return the JSON of the reply.

        Raises
        ------
        Failed
            There was no usable reply; it may be asked for again.
        BackendError
            The request cannot succeed.
        """
        try:
            data, _ = await self.submit(method, path, content)
        except Refused as refused:
            raise _lasting(refused.error) from None
        return data

    async def submit(
        self,
        method: str,
        path: str,
        content: Any = None,
        *,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Any, Mapping[str, str]]:
        """Send a request that creates something, and return the JSON and the headers of the reply.

        Parameters
        ----------
        method : str
            HTTP method.
        path : str
            Path below the base, or an address.
        content : Any
            Content that is sent as JSON.
        data : Any
            Content that is sent as it is: a file, or a form.
        headers : mapping of str to str or None
            Further headers. With an address, only these are sent, since it may belong to another server.

        Raises
        ------
        Refused
            The server answered that it does not accept the request.
        Failed
            What became of the request is not known.
        """
        more = dict(headers or {})
        if content is not None:
            data, more["Content-Type"] = json.dumps(content).encode(), "application/json"
        async with self._response(method, path, data, more) as response:
            body = await whole_body(response)
            if response.status >= 300:
                raise self._refusal(response.status, body, response.headers)
            return _read(body), response.headers

    async def save(self, path: str, file: BinaryIO) -> None:
        """Append the content of a file at the server to a local one, complete or not at all."""
        start = file.tell()
        try:
            async with self._response("GET", path, None, {}) as response:
                if response.status >= 300:
                    body = await whole_body(response)
                    raise _as_failure(self._refusal(response.status, body, response.headers))
                async for part in response.content.iter_any():
                    file.write(part)
                file.write(b"\n")  # the last line may lack its end
        except BaseException:
            file.seek(start)
            file.truncate()
            raise

    async def first_line(self, path: str) -> bytes:
        """Return the first line of a file at the server."""
        async with self._response("GET", path, None, {}) as response:
            if response.status >= 300:
                body = await whole_body(response)
                raise _as_failure(self._refusal(response.status, body, response.headers))
            begin = b""
            async for part in response.content.iter_any():
                begin += part
                if b"\n" in begin or len(begin) > _MOST_BYTES:
                    break
            return begin.split(b"\n")[0]

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    @asynccontextmanager
    async def _response(
        self, method: str, path: str, data: Any, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        is_elsewhere = path.startswith(("http://", "https://"))
        url = path if is_elsewhere else f"{self._endpoint.base}{path}"
        sent = headers if is_elsewhere else {**self._headers, **headers}
        with http_faults(self._endpoint, self._session.timeout):
            async with self._session.request(
                method, url, data=data, headers=sent, allow_redirects=False
            ) as response:
                yield response

    def _refusal(self, status: int, body: bytes, headers: Mapping[str, str]) -> Refused | Failed:
        try:
            data = decode(body)
        except Failed:
            data = body[:10_000].decode(errors="replace")
        problem = problem_of(status, data, headers)
        error = classify(problem, self._endpoint, ())
        if status >= 500 or status in _UNDECIDED:
            if isinstance(error, Failed):
                return error
            said = str(error) if isinstance(error, BackendError) else problem.message
            return (
                Refused(status, error) if status == 429 else Failed("server", f"{status}: {said}", again=True)
            )
        return Refused(status, error)


def _read(body: bytes) -> Any:
    """Return the JSON of a reply; an empty one is an empty object."""
    return decode(body) if body.strip() else {}


def _as_failure(error: Refused | Failed) -> Exception:
    return _lasting(error.error) if isinstance(error, Refused) else error


def _lasting(error: Exception) -> Exception:
    """Return an error of a request that is not about one item; no other request would succeed."""
    if isinstance(error, Failed | Rejected) and not (isinstance(error, Failed) and error.again):
        return BackendError(error.message)
    return error
