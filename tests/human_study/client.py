"""Requests to an ASGI application without a network; paths go in as they stand, not tidied up."""

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message


@dataclass
class Reply:
    """What came back."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Client:
    """Whoever sends requests."""

    app: ASGIApp

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.request("GET", path, headers)

    def put(self, path: str, headers: Mapping[str, str], json: object) -> Reply:
        return self.request("PUT", path, headers, json=json)

    def post(self, path: str, headers: Mapping[str, str], json: object) -> Reply:
        return self.request("POST", path, headers, json=json)

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        json: object = None,
        content: Iterable[bytes] | None = None,
    ) -> Reply:
        sent = {"host": "testserver"} | {name.lower(): value for name, value in (headers or {}).items()}
        if content is None:
            content = [as_json(json)] if json is not None else []
            sent.setdefault("content-type", "application/json")
        return asyncio.run(self._call(method, path, sent, list(content)))

    async def _call(self, method: str, path: str, headers: dict[str, str], parts: list[bytes]) -> Reply:
        raw, _, query = path.encode().partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote_to_bytes(raw).decode(errors="replace"),
            "raw_path": raw,
            "query_string": query,
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }
        waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        waiting.append({"type": "http.request", "body": b"", "more_body": False})
        sent: list[Message] = []

        async def receive() -> Message:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        # An error inside is answered with 500 and then raised for the server's log.
        with contextlib.suppress(Exception):
            await self.app(scope, receive, send)
        start = next(message for message in sent if message["type"] == "http.response.start")
        body = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return Reply(start["status"], Headers(found), body)


class Headers(dict[str, str]):
    """Names of headers mean the same in any case."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()
