"""Who may see the pages: the secret token of the link, which becomes a cookie, and the name of the server."""

import ipaddress
import secrets
import socket
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from judge import local_server

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    **local_server.HEADERS,
}


class Access:
    """Middleware that answers only GET and HEAD, under the names of this machine, and with the token."""

    def __init__(self, app: ASGIApp, token: str, host: str) -> None:
        self.app = app
        self.token = token
        self.names = {host.strip("[]").lower(), "localhost", socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        refusal = self._refusal(scope)
        return await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("only GET and HEAD are answered", 405, headers={"Allow": "GET, HEAD"})
        headers = Headers(scope=scope)
        host, port = _split(headers.get("host", ""))
        if not self._is_ours(host):
            return PlainTextResponse("this server has another name; open the link that was printed", 400)
        name = f"judge_view_{port}"  # cookies of one machine are shared by all its ports
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if given := dict(pairs).get("token"):
            if not secrets.compare_digest(given.encode(), self.token.encode()):
                return _unknown()
            return self._with_cookie(scope, name, urlencode([pair for pair in pairs if pair[0] != "token"]))
        cookie = HTTPConnection(scope).cookies.get(name, "")
        return None if secrets.compare_digest(cookie.encode(), self.token.encode()) else _unknown()

    def _with_cookie(self, scope: Scope, name: str, query: str) -> Response:
        """Send the browser to the same page without the token, so that it is not in its history."""
        path = "/" + scope["raw_path"].decode("latin-1").partition("?")[0].lstrip("/")
        response = RedirectResponse(path + (f"?{query}" if query else ""), 303)
        response.set_cookie(name, self.token, httponly=True, samesite="lax")
        return response

    def _is_ours(self, host: str) -> bool:
        """Whether a request names this machine; a page elsewhere may let its own name point here."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return host.lower().removesuffix(".local") in self.names
        return True


def _unknown() -> Response:
    return PlainTextResponse(
        "the link is incomplete or from an earlier start; open the full link that judge view printed", 401
    )


def _split(host: str) -> tuple[str, str]:
    """Split the Host header into the name and the port."""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, rest.removeprefix(":") or "80"
    name, _, port = host.partition(":")
    return name, port if port.isdecimal() else "80"
