"""Client for OpenAI-compatible endpoints on aiohttp, which takes a tenth of litellm's CPU time."""

import asyncio
import io
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from judge.errors import BackendError
from judge.scoring.backends.api import logprobs
from judge.scoring.backends.api.dialects import parts_of
from judge.scoring.backends.api.errors import Failed, classify, problem_of, quoted, redact
from judge.scoring.backends.api.http_faults import http_faults
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.api.response_body import MOST_BYTES, decode

_LARGE = 1 << 20  # aiohttp sends larger bodies as a stream, which does not block the event loop
_CONNECT_SECONDS = 15.0
_EXCERPT_BYTES = 10_000


class OpenAIHttp:
    """Sends requests to one endpoint, within one event loop; to `url` instead of that of chat completions."""

    def __init__(
        self,
        endpoint: Endpoint,
        timeout: float,
        *,
        url: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._url = url or f"{endpoint.base}/chat/completions"
        self._lookups: dict[tuple[str, ...], asyncio.Task[dict[str, int]]] = {}
        if headers is None:
            headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),  # the dispatcher limits connections
            headers={"Content-Type": "application/json", **headers},
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, _CONNECT_SECONDS)),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=proxy_for(self._url),
        )

    async def ask(self, messages: list[dict[str, Any]], params: Mapping[str, Any]) -> Any:
        """Send one request and return the JSON of its reply; errors are raised as `classify` returns them."""
        body = {"model": self._endpoint.model, "messages": messages, **params}
        status, content, headers = await self._exchange(self._url, body)
        if status == 404 and self._endpoint.is_vllm:
            await self._check_model()
        return self._read(status, content, headers, messages, params)

    async def token_ids(self, wanted: Sequence[str]) -> dict[str, int] | None:
        """Return the token ids of labels; None if the server is not `vllm serve`.

        They are looked up once while other requests that need them wait, and again after a failure.

        Raises
        ------
        BackendError
            A label is not a single token, or the server does not return token ids.
        """
        if not self._endpoint.is_vllm:
            return None
        key = tuple(wanted)
        if (lookup := self._lookups.get(key)) is None:
            lookup = self._lookups[key] = asyncio.create_task(self._look_up(key))
            lookup.add_done_callback(
                lambda done: self._lookups.pop(key) if done.cancelled() or done.exception() else None
            )
        return await asyncio.shield(lookup)

    async def _look_up(self, wanted: Sequence[str]) -> dict[str, int]:
        found = {label: await self._tokenize(label) for label in wanted}
        return logprobs.only_tokens(found, self._endpoint.where)

    async def _tokenize(self, text: str) -> list[int]:
        url = f"{str(self._endpoint.base).removesuffix('/v1')}/tokenize"
        body = {"model": self._endpoint.model, "prompt": text, "add_special_tokens": False}
        status, content, headers = await self._exchange(url, body)
        if status in (404, 405):
            await self._check_model()
            raise BackendError(f"{url}: not found. {logprobs.TOO_OLD}")
        listed = self._read(status, content, headers)
        tokens = listed.get("tokens") if isinstance(listed, dict) else None
        if not isinstance(tokens, list) or not all(isinstance(token, int) for token in tokens):
            raise BackendError(f"{url}: returns no token ids. {logprobs.TOO_OLD}")
        return tokens

    async def _check_model(self) -> None:
        """Raise `BackendError` if the server lists its models and the requested one is not among them."""
        status, content, headers = await self._exchange(f"{self._endpoint.base}/models")
        listed = self._read(status, content, headers)
        entries = listed.get("data") if isinstance(listed, dict) else None
        names = [str(entry.get("id")) for entry in entries or [] if isinstance(entry, dict)]
        if names and self._endpoint.model not in names:
            raise BackendError(
                f"{self._endpoint.where}: there is no such model. The server has {', '.join(names)}: "
                f"use judge='hosted_vllm/{names[0]}' (--judge hosted_vllm/{names[0]})"
            )

    async def _exchange(
        self, url: str, content: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Send a POST request with `content`, or a GET request without."""
        body = json.dumps(content).encode() if content else b""
        with http_faults(self._endpoint, self._session.timeout):
            async with self._session.request(
                "POST" if content else "GET",
                url,
                data=io.BytesIO(body) if len(body) > _LARGE else body,
                headers=headers,
                allow_redirects=False,
            ) as response:
                return response.status, await whole_body(response), response.headers

    def _read(
        self,
        status: int,
        content: bytes,
        headers: Mapping[str, str],
        messages: Sequence[Mapping[str, Any]] = (),
        params: Collection[str] = (),
    ) -> Any:
        try:
            data = decode(content)
        except Failed:
            if status == 200:
                raise
            data = content[:_EXCERPT_BYTES].decode(errors="replace")
        if status == 200 and isinstance(data, dict) and data.get("error") and not data.get("choices"):
            status = _status_within(data["error"])  # a router may return an error with status 200
        if status != 200:
            problem = problem_of(status, data, headers)
            raise classify(problem, self._endpoint, parts_of(messages, params))
        return data

    async def close(self) -> None:
        """Close all connections."""
        lookups = list(self._lookups.values())
        for lookup in lookups:
            lookup.cancel()
        await asyncio.gather(*lookups, return_exceptions=True)
        await self._session.close()
        await asyncio.sleep(0)  # lets the transports close before the loop does


async def whole_body(response: aiohttp.ClientResponse) -> bytes:
    """Read the body up to `MOST_BYTES`; a compressed body may expand a thousandfold."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MOST_BYTES:
            response.close()
            begin = quoted((parts[0] if parts else part)[:_EXCERPT_BYTES].decode(errors="replace"))
            raise Failed("reply", f"the reply is longer than {MOST_BYTES >> 20} MiB: {begin}")
        parts.append(part)
    return b"".join(parts)


def _status_within(error: Any) -> int:
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code.isdecimal():
        code = int(code[:9])
    return code if isinstance(code, int) and 400 <= code <= 599 else 502


def proxy_for(url: str) -> str | None:
    """Return the proxy for `url` from the environment (HTTPS_PROXY, NO_PROXY …); looked up once per run."""
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy and not proxy.startswith(("http://", "https://")):
        raise BackendError(
            f"the proxy {redact(proxy)} cannot be used, because it is not an HTTP proxy. Set "
            f"{parts.scheme.upper()}_PROXY to an HTTP proxy, or add {parts.hostname} to NO_PROXY"
        )
    return proxy
