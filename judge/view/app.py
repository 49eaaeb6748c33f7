"""The server of `judge view`: routes, pages from templates, images, and the state that a page polls."""

import asyncio
import base64
import contextlib
import secrets
import socket
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from judge.errors import InputError, JudgeError
from judge.local_server import SecurityHeaders, is_loopback, static_files
from judge.records import Image, Item
from judge.scoring.images import ImageEncoder, check
from judge.scoring.prompt import visible
from judge.view.access import HEADERS, Access
from judge.view.columns import spoken
from judge.view.item_filter import ItemFilter
from judge.view.item_page import ItemPage
from judge.view.library import Library, OpenRun
from judge.view.list_page import View
from judge.view.replies import prompts_of, replies_of, totals_of, whole_text
from judge.view.texts import duration, money

_HERE = Path(__file__).parent
_MOST_PIXELS = 16_000_000
_THREADS = 4
_MOST_SHOWN_BYTES = 20_000_000


class Pages:
    """The pages of a library of runs. Each is made in a thread, which has its own connections."""

    def __init__(self, library: Library, shared_token: str | None = None) -> None:
        self.library = library
        self.shared_token = shared_token
        self.pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="page")
        self.templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters |= {
            "spoken": spoken,
            "money": money,
            "duration": duration,
            "visible": visible,
            "number": "{:,}".format,
        }

    def routes(self) -> list[Route | Mount]:
        """Routes of all pages."""
        pages: dict[str, Callable[[Request], Response]] = {
            "/": self.home,
            "/runs": self.runs,
            "/runs/{name}/": self.items,
            "/runs/{name}/item": self.item,
            "/runs/{name}/text": self.text,
            "/runs/{name}/image": self.image,
            "/runs/{name}/state": self.state,
        }
        return [
            *(Route(path, self._in_thread(page), methods=["GET"]) for path, page in pages.items()),
            Mount("/static", static_files(_HERE / "static")),
        ]

    def _in_thread(self, page: Callable[[Request], Response]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            return await asyncio.get_running_loop().run_in_executor(self.pool, partial(page, request))

        return answer

    # Pages

    def home(self, _: Request) -> Response:
        """Go to the only run, or to the list of runs."""
        names = list(self.library.paths)
        if len(names) == 1 and not self.library.folders:
            return RedirectResponse(f"{_base(names[0])}", 303)
        if len(names) == 2 and not self.library.folders:
            other = _query(names[1])
            return RedirectResponse(f"{_base(names[0])}?{other}", 303)
        return RedirectResponse("/runs", 303)

    def runs(self, request: Request) -> Response:
        """List the runs, or open the two that were chosen for comparison."""
        first, second = request.query_params.get("a"), request.query_params.get("with")
        if first in self.library.paths and second in self.library.paths and first != second:
            return RedirectResponse(f"{_base(str(first))}?{_query(str(second))}", 303)
        return self._page("runs", lines=self.library.lines(), chosen=first or "")

    def items(self, request: Request) -> Response:
        """Show the table of items of a run."""
        view = self._view(request)
        return self._page("items", **self._shared(request, view), rows=view.rows(), pages=view.pages())

    def item(self, request: Request) -> Response:
        """Show one item."""
        view = self._view(request, counts=False)
        page = ItemPage(view, self._item_id(request, view.opened))
        note, prompts = prompts_of(view.opened, page.item)
        return self._page(
            "item",
            **self._shared(request, view),
            page=page,
            replies=replies_of(view.opened, page.item.id),
            totals=totals_of(view.opened, page.item.id),
            prompt_note=note,
            prompts=prompts,
        )

    def text(self, request: Request) -> Response:
        """Send one text of an item in full, as plain text."""
        opened = self._opened(request.path_params["name"])
        item_id = self._item_id(request, opened)
        found = whole_text(opened, item_id, request.query_params.get("part", ""))
        if found is None:
            raise HTTPException(404, "this item has no such text")
        return PlainTextResponse(found.encode("utf-8", "replace"))

    def image(self, request: Request) -> Response:
        """Send an image of an item as a judge may be sent it: upright, without metadata."""
        opened = self._opened(request.path_params["name"])
        item = opened.run().item(self._item_id(request, opened))
        number = request.query_params.get("n", "")
        if not (
            number.isascii() and number.isdecimal() and len(number) < 6 and int(number) < len(item.images)
        ):
            raise HTTPException(404, "this item has no such picture")
        try:
            url = ImageEncoder(opened.image_root(), _MOST_PIXELS).encode(item.images[int(number)])
        except (InputError, OSError) as error:
            raise HTTPException(404, _why_not(item.images[int(number)], opened.image_root(), error)) from None
        head, _, data = url.partition(";base64,")
        if not head.startswith("data:image/") or not data or len(data) > 2 * _MOST_SHOWN_BYTES:
            raise HTTPException(404, "this picture is not shown: it is an address on the web, or too large")
        with contextlib.suppress(ValueError):
            return Response(base64.b64decode(data, validate=True), media_type=_media_type(head))
        raise HTTPException(404, "the data URL of this picture is damaged")

    def state(self, request: Request) -> Response:
        """Tell a page how far index and scoring are."""
        opened, other = self._runs_of(request)
        found, counts = opened.index.progress, opened.index.columns.counts
        return JSONResponse(
            {
                "items": found.items,
                "read": found.read,
                "searchable": found.searchable,
                "complete": found.is_complete and (other is None or other.index.progress.is_complete),
                "scoring": found.is_scored_now,
                "generation": _generation(opened, other),
                "problem": found.problem,
                **counts,
            }
        )

    # Parts

    def _page(self, template: str, **values: Any) -> Response:
        return HTMLResponse(self.templates.get_template(f"{template}.html").render(values))

    def _view(self, request: Request, *, counts: bool = True) -> View:
        wanted = ItemFilter.of_query(request.query_params.multi_items())
        opened, other = self._runs_of(request)
        return View(opened, wanted, other, counts=counts)

    def _runs_of(self, request: Request) -> tuple[OpenRun, OpenRun | None]:
        """The run of a page, and the one beside it."""
        name, beside = request.path_params["name"], request.query_params.get("with", "")
        opened = self._opened(name)
        return opened, self._opened(beside) if beside and beside != name else None

    def _link(self, request: Request) -> str | None:
        """The full link to a page, which opens it on another machine; None if other machines cannot."""
        if self.shared_token is None:
            return None
        return str(request.url.include_query_params(token=self.shared_token))

    def _shared(self, request: Request, view: View) -> dict[str, Any]:
        opened = view.opened
        judge = opened.run().judge
        return {
            "view": view,
            "run": opened,
            "judge": judge.name,
            "rubric": view.columns.rubric.name,
            "progress": opened.index.progress,
            "other_progress": view.other.index.progress if view.other else None,
            "generation": _generation(opened, view.other),
            "counts": view.columns.counts,
            "others": [name for name in self.library.paths if name != opened.name],
            "link": self._link(request),
            "has_list": len(self.library.paths) > 1 or bool(self.library.folders),
        }

    def _opened(self, name: str) -> OpenRun:
        if name not in self.library.paths:
            self.library.refresh()
        try:
            return self.library.open(name)
        except KeyError:
            raise HTTPException(404, "there is no run of this name") from None

    def _item_id(self, request: Request, opened: OpenRun) -> str:
        item_id = request.query_params.get("id", "")
        if not opened.run().position_of(item_id):
            raise HTTPException(404, "there is no item with this id in the run")
        return item_id

    def problem(self, _: Request, error: Exception) -> Response:
        """Show a page that says what is wrong."""
        status, text = 500, "The page cannot be made; the run is not affected."
        if isinstance(error, HTTPException):
            status, text = error.status_code, error.detail
        elif isinstance(error, JudgeError | sqlite3.Error):
            text = str(error)
        page = self.templates.get_template("problem.html").render(status=status, text=text)
        return HTMLResponse(page, status)


def create_app(library: Library, token: str, host: str = "127.0.0.1") -> Starlette:
    """Create the application; only requests with the token are answered."""
    pages = Pages(library, None if is_loopback(host) else token)
    kinds = (HTTPException, JudgeError, sqlite3.Error, 500)
    return Starlette(
        routes=pages.routes(),
        middleware=[
            Middleware(SecurityHeaders, headers=HEADERS),
            Middleware(Access, token=token, host=host),
        ],
        exception_handlers=dict.fromkeys(kinds, pages.problem),
    )


def new_token() -> str:
    """Return a new secret token for the link."""
    return secrets.token_urlsafe(24)


def serve(library: Library, listening: socket.socket, token: str, host: str) -> None:
    """Serve until interrupted. Requests are not logged."""
    config = uvicorn.Config(
        create_app(library, token, host),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is the normal way to stop the server
        uvicorn.Server(config).run(sockets=[listening])


def _media_type(head: str) -> str:
    """Type of an image that was encoded again; nothing else is sent as an image."""
    return {"png": "image/png", "webp": "image/webp"}.get(head.removeprefix("data:image/"), "image/jpeg")


def _why_not(image: Image, root: Path, error: Exception) -> str:
    """Say why an image is not shown, as scoring says it."""
    try:
        check(Item(id="-", question="", answer="", images=(image,)), root)
    except InputError as found:
        return str(found).partition(": ")[2]
    return str(error)


def _generation(opened: OpenRun, other: OpenRun | None) -> str:
    """A text that changes with everything that a page shows."""
    return f"{opened.index.generation}.{other.index.generation if other else ''}"


def _base(name: str) -> str:
    return f"/runs/{quote(name, safe='')}/"


def _query(name: str) -> str:
    return urlencode({"with": name}, errors="surrogatepass")
