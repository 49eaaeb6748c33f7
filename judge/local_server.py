"""A server of pages on this machine: its address, who can reach it, and its security headers."""

import socket
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from judge.errors import InputError

_WAITING = 1024
_ANYWHERE = ("0.0.0.0", "::")
_ELSEWHERE = ("192.0.2.1", 9)  # an address reserved for documentation
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}
"""Security headers of every page, beside its Content-Security-Policy."""


class SecurityHeaders:
    """Middleware that adds headers to every response, and allows caching of static files only."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self.app = app
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                headers["Cache-Control"] = "no-cache" if scope["path"].startswith("/static/") else "no-store"
            await send(message)

        return await self.app(scope, receive, send_with_headers)


def static_files(own: Path) -> StaticFiles:
    """Return the static files of a folder, and those that all pages share."""
    return StaticFiles(directory=own, packages=[("judge", "static")])


def address(host: str, port: int) -> str:
    """Return the address of a server on `host`; for a wildcard address one that other machines can open."""
    named = _reachable_name() if host in _ANYWHERE else host
    return f"http://{f'[{named}]' if ':' in named else named}:{port}"


def _reachable_name() -> str:
    """Return the full name of this machine, or its IP address where it has only a short name."""
    name = socket.gethostname()
    if "." in name:
        return name
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)  # sends nothing: it only selects the network interface
        except OSError:  # no network
            return name
        return str(probe.getsockname()[0])


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on `host`."""
    return host in _LOOPBACK


def exposure(host: str, port: int, protection: str) -> str | None:
    """Return a warning if other machines can reach a server on `host`, else None.

    `protection` says what keeps them from the data.
    """
    if is_loopback(host):
        return None
    machine = "this machine" if host in _ANYWHERE else host
    return (
        f"everyone who can reach {machine} on port {port} can open the pages; {protection}. http is not "
        "encrypted: outside a trusted network, use a proxy with https"
    )


def listen(host: str, port: int) -> socket.socket:
    """Bind the port, so that a port in use is a clear error.

    Raises
    ------
    InputError
        The address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(_WAITING)  # early requests wait until the server has started
    except OSError as error:
        taken.close()
        reason = error.strerror or error
        raise InputError(f"{host}:{port}: {reason}; choose another --port or --host") from None
    return taken
