"""The rating page and the organiser's page, as one Starlette application.

The two pages are empty shells that hold nothing secret. Their script reads the secret token from behind the
``#`` of the link, which browsers never send, and asks /api for the rest with the token in a header.
"""

import contextlib
import logging
import socket
from pathlib import Path

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from human_study.admin_pages import AdminPages
from human_study.database import BusyError, StudyFileError
from human_study.form import label, parts
from human_study.progress import Agreement
from human_study.rater_pages import RaterPages
from human_study.request_checks import SecurityHeaders
from human_study.store import Study
from judge.errors import InputError

_HERE = Path(__file__).parent
_WAITING = 1024
_ANYWHERE = ("0.0.0.0", "::")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def create_app(study: Study, agreement: Agreement | None = None) -> Starlette:
    """Make the application of one study; `agreement` measures how far raters agree, for the organiser."""
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"label": label, "parts": parts}

    def shell(name: str) -> Route:
        page = templates.get_template(f"{name}.html").render()

        def answer(_: Request) -> Response:
            return HTMLResponse(page)

        return Route("/" if name == "home" else f"/{name}", answer, methods=["GET"])

    return Starlette(
        routes=[
            *(shell(name) for name in ("home", "rate", "admin")),
            Mount("/api/rater", routes=RaterPages(study, templates).routes()),
            Mount("/api/admin", routes=AdminPages(study, templates, agreement).routes()),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={HTTPException: _as_json, StudyFileError: _of_the_file, 500: _as_json},
    )


def links(study: Study, base: str) -> dict[str, str]:
    """Give the organiser's link and that of every rater who was not dropped; each is a secret."""
    raters = {r.name: f"{base}/rate#{r.token}" for r in study.raters() if r.dropped is None}
    return {"organiser": f"{base}/admin#{study.admin_token}", **raters}


def address(host: str, port: int) -> str:
    """Give the address under which a server on `host` is reached; from elsewhere, by this machine's name."""
    named = socket.gethostname() if host in _ANYWHERE else host
    return f"http://{f'[{named}]' if ':' in named else named}:{port}"


def exposure(host: str, port: int) -> str | None:
    """Say who can reach a server on `host`; None where only this machine can."""
    if host in _LOOPBACK:
        return None
    who = "everyone who can reach this machine" if host in ("0.0.0.0", "::") else f"all who can reach {host}"
    return (
        f"{who} on port {port} can open the pages; the secret links decide who may rate. Links travel "
        "unencrypted over http: outside of a network that you trust, put a proxy with https before it"
    )


def listen(host: str, port: int) -> socket.socket:
    """Take the port, so that a taken one is a clear error and not a stack trace.

    Raises
    ------
    InputError
        The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(_WAITING)  # whoever opens a link before the server is up waits, and is not refused
    except OSError as error:
        taken.close()
        reason = error.strerror or error
        raise InputError(f"{host}:{port}: {reason}; choose another --port or --host") from None
    return taken


def serve(study: Study, listening: socket.socket, agreement: Agreement | None = None) -> None:
    """Serve until interrupted. No request is logged, and nothing about who asked."""
    config = uvicorn.Config(
        create_app(study, agreement),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
    )
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how one stops it, and no error
        uvicorn.Server(config).run(sockets=[listening])


def _of_the_file(_: Request, error: Exception) -> Response:
    """Tell the organiser what is wrong with the file, and the browser to try again where that may help."""
    logging.getLogger("uvicorn.error").error("%s", error)
    if isinstance(error, BusyError):
        busy = "the study is busy; what you entered is kept in your browser and sent again"
        return JSONResponse({"error": busy}, 503, headers={"Retry-After": "5"})
    return _as_json(_, error)


def _as_json(_: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)
    return JSONResponse({"error": "something went wrong here; what was saved is safe"}, 500)
