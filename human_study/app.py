"""The rating page and the organiser's page, as one Starlette application.

The HTML pages contain no data. Their script reads the secret token from the fragment of the link (after
``#``), which browsers never send, and requests the data from /api with the token in a header.
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

from human_study.admin_pages import AdminPages
from human_study.database import BusyError, StudyFileError
from human_study.form import label, parts
from human_study.progress import Agreement
from human_study.rater_pages import RaterPages
from human_study.request_checks import HEADERS
from human_study.store import Study
from judge import local_server
from judge.local_server import SecurityHeaders, address, listen, static_files

__all__ = ["address", "create_app", "exposure", "links", "listen", "serve"]
_HERE = Path(__file__).parent


def create_app(study: Study, agreement: Agreement | None = None) -> Starlette:
    """Create the application of one study; `agreement` is shown on the organiser's page."""
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
            Mount("/static", static_files(_HERE / "static")),
        ],
        middleware=[Middleware(SecurityHeaders, headers=HEADERS)],
        exception_handlers={HTTPException: _as_json, StudyFileError: _of_the_file, 500: _as_json},
    )


def links(study: Study, base: str) -> dict[str, str]:
    """Return the secret links of the organiser and of every rater who was not dropped."""
    raters = {r.name: f"{base}/rate#{r.token}" for r in study.raters() if r.dropped is None}
    return {"organiser": f"{base}/admin#{study.admin_token}", **raters}


def exposure(host: str, port: int) -> str | None:
    """Return a warning if other machines can reach a server on `host`, else None."""
    return local_server.exposure(host, port, "only the secret links give access to ratings")


def serve(study: Study, listening: socket.socket, agreement: Agreement | None = None) -> None:
    """Serve until interrupted. Requests and client addresses are not logged."""
    config = uvicorn.Config(
        create_app(study, agreement),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
    )
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is the normal way to stop the server
        uvicorn.Server(config).run(sockets=[listening])


def _of_the_file(_: Request, error: Exception) -> Response:
    """Log an error of the file; ask the browser to try again if the file is only locked."""
    logging.getLogger("uvicorn.error").error("%s", error)
    if isinstance(error, BusyError):
        busy = "the study is busy; your rating is kept in this browser and sent again"
        return JSONResponse({"error": busy}, 503, headers={"Retry-After": "5"})
    return _as_json(_, error)


def _as_json(_: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)
    return JSONResponse({"error": "internal error; saved ratings are not affected"}, 500)
