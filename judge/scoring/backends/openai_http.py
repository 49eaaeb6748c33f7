"""Endpoints that speak OpenAI's chat completions, asked through aiohttp (a tenth of litellm's CPU time)."""

import asyncio
import io
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from judge.errors import BackendError
from judge.scoring.backends.faults import Failed, classify, one_line, problem_of, redact
from judge.scoring.backends.providers import Endpoint

_LARGE = 1 << 20  # aiohttp wants larger bodies as a stream, which does not block the loop
_CONNECT_SECONDS = 15.0


class OpenAIHttp:
    """Asks one endpoint. Lives within one event loop."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self._endpoint = endpoint
        self._url = f"{endpoint.base}/chat/completions"
        headers = {"Content-Type": "application/json"}
        if endpoint.key:
            headers["Authorization"] = f"Bearer {endpoint.key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),  # the dispatcher bounds connections
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, _CONNECT_SECONDS)),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=proxy_for(self._url),
        )

    async def ask(self, messages: list[dict[str, Any]], params: Mapping[str, Any]) -> Any:
        """Send one request and return the JSON of its reply; raises what `classify` makes of errors."""
        body = json.dumps({"model": self._endpoint.model, "messages": messages, **params}).encode()
        try:
            async with self._session.post(
                self._url, data=io.BytesIO(body) if len(body) > _LARGE else body, allow_redirects=False
            ) as response:
                content = await response.read()
        except aiohttp.ConnectionTimeoutError:
            late = redact(
                f"{self._endpoint.base}: no connection within {self._session.timeout.sock_connect:g} s"
            )
            raise Failed("connection", late, again=True) from None
        except TimeoutError:
            late = f"no reply within {self._session.timeout.total:g} s"
            raise Failed("timeout", late, again=True, answered=False) from None
        except aiohttp.ClientConnectorCertificateError as error:
            raise BackendError(self._untrusted(error)) from None
        except aiohttp.InvalidURL:
            raise BackendError(f"{self._endpoint.where}: this is no address; check --api-base") from None
        except (aiohttp.ClientError, OSError) as error:
            sent = not isinstance(error, aiohttp.ClientConnectorError)
            raise Failed("connection", self._broken(error), again=True, answered=not sent) from None
        return self._read(response.status, content, response.headers, params)

    def _read(
        self, status: int, content: bytes, headers: Mapping[str, str], params: Mapping[str, Any]
    ) -> Any:
        try:
            data = json.loads(content)
        except ValueError:
            data = content.decode(errors="replace")
            if status == 200:
                raise Failed(
                    "reply", redact(f"the reply is no JSON: {one_line(data)!r}"), again=True
                ) from None
        if status == 200 and isinstance(data, dict) and data.get("error") and not data.get("choices"):
            code = data["error"].get("code") if isinstance(data["error"], dict) else None
            status = (
                code if isinstance(code, int) and code >= 400 else 502
            )  # a router passes on an error as a reply
        if status != 200:
            raise classify(problem_of(status, data, headers), self._endpoint, params.keys())
        return data

    def _broken(self, error: Exception) -> str:
        return redact(one_line(f"{self._endpoint.base}: {error or type(error).__name__}"))

    def _untrusted(self, error: Exception) -> str:
        return redact(
            f"{self._endpoint.where}: the server's certificate is not trusted ({one_line(str(error))}). "
            "Where it is your own, name the file of its authority in SSL_CERT_FILE"
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
        await asyncio.sleep(0)  # lets the transports close before the loop does


def proxy_for(url: str) -> str | None:
    """Proxy that the environment names for `url` (HTTPS_PROXY, NO_PROXY …), looked up once a run."""
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy and not proxy.startswith(("http://", "https://")):
        raise BackendError(
            f"the proxy {redact(proxy)} cannot be used: it speaks no HTTP. Name one that does in "
            f"{parts.scheme.upper()}_PROXY, or name {parts.hostname} in NO_PROXY"
        )
    return proxy
