"""API of the organiser's page: progress, raters, export, completion code, discussions."""

import io
import secrets
from typing import TypeVar

from jinja2 import Environment
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from human_study.export_formats import WRITERS, Layout
from human_study.form import MAX_TEXT
from human_study.progress import Agreement, measure
from human_study.questions import label
from human_study.request_checks import bearer, changing, posted
from human_study.store import Study


class Decision(BaseModel):
    """Request to drop or readmit a rater: the reason, and whether to invite a replacement."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(min_length=1, max_length=MAX_TEXT)
    replace: bool = False


class Discussion(BaseModel):
    """Request to open items for discussion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: list[str] = Field(min_length=1, max_length=10_000)


class RealName(BaseModel):
    """Request to give a rater a name that only the organiser sees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(max_length=100)


class CompletionCode(BaseModel):
    """Request to show raters a code after their last answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(max_length=200)


DOWNLOADS: dict[Layout, str] = {"long": "text/csv", "wide": "text/csv", "everything": "application/json"}
"""Layouts that the page offers, with their media types."""
Order = TypeVar("Order", Decision, Discussion, RealName, CompletionCode)


class AdminPages:
    """The routes under /api/admin."""

    def __init__(self, study: Study, templates: Environment, agreement: Agreement | None) -> None:
        self.study = study
        self.templates = templates
        self.agreement = agreement

    def routes(self) -> list[Route]:
        """All routes with their methods."""
        return [
            Route("/overview", self.overview, methods=["GET"]),
            Route("/raters/{name:path}/drop", self.drop, methods=["POST"]),
            Route("/raters/{name:path}/readmit", self.readmit, methods=["POST"]),
            Route("/raters/{name:path}/name", self.name, methods=["POST"]),
            Route("/export/{layout}", self.export, methods=["GET"]),
            Route("/completion", self.complete, methods=["POST"]),
            Route("/discussions", self.discuss, methods=["POST"]),
        ]

    def overview(self, request: Request) -> Response:
        """The content of the page, and the links of the raters."""
        self._check(request)
        page = self.templates.get_template("overview.html").render(
            study=self.study,
            progress=measure(self.study, self.agreement),
            events=self.study.events(),
            names=self.study.settings.real_names,
            code=self.study.settings.completion_code,
            label=label,
        )
        links = {rater.name: f"/rate#{rater.token}" for rater in self.study.raters() if not rater.dropped}
        return JSONResponse({"study": self.study.name, "page": page, "links": links})

    async def drop(self, request: Request) -> Response:
        """Drop a rater and, on request, invite a replacement for the same items."""
        decision = await self._order(request, Decision)
        name = await self._rater_name(request)
        await changing(self.study.drop, name, decision.reason)
        invited = await changing(self.study.replace, name) if decision.replace else None
        return JSONResponse({"dropped": name, "invited": invited.name if invited else None})

    async def readmit(self, request: Request) -> Response:
        """Readmit a dropped rater."""
        decision = await self._order(request, Decision)
        name = await self._rater_name(request)
        await changing(self.study.readmit, name, decision.reason)
        return JSONResponse({"readmitted": name})

    async def name(self, request: Request) -> Response:
        """Give a rater a name that only the organiser sees."""
        order = await self._order(request, RealName)
        rater = await self._rater_name(request)
        await changing(self.study.settings.set_real_name, rater, order.name)
        return JSONResponse({"named": rater})

    async def complete(self, request: Request) -> Response:
        """Set the code that raters see after their last answer."""
        order = await self._order(request, CompletionCode)
        await changing(self.study.settings.set_completion_code, order.code)
        return JSONResponse({"code": order.code.strip()})

    def export(self, request: Request) -> Response:
        """Return the ratings so far, as `judge study export` writes them."""
        self._check(request)
        layout = next((one for one in DOWNLOADS if one == request.path_params["layout"]), None)
        if layout is None:
            raise HTTPException(404, f"no such layout; allowed: {', '.join(DOWNLOADS)}")
        stream = io.StringIO()
        WRITERS[layout](self.study, stream, False, False)
        return Response(stream.getvalue(), media_type=DOWNLOADS[layout])

    async def discuss(self, request: Request) -> Response:
        """Return items to the raters who rated them, for a discussion."""
        order = await self._order(request, Discussion)
        known = {item.id for item in await run_in_threadpool(self.study.items)}
        if unknown := [item for item in order.items if item not in known]:
            raise HTTPException(404, f"no item {unknown[0]!r:.80} in this study")
        return JSONResponse({"added": await changing(self.study.open_discussion, order.items)})

    def _check(self, request: Request) -> None:
        if not secrets.compare_digest(bearer(request).encode(), self.study.admin_token.encode()):
            raise HTTPException(401, "this link is not valid; open the organiser's link")

    async def _order(self, request: Request, model: type[Order]) -> Order:
        self._check(request)
        try:
            return model.model_validate(await posted(request))
        except ValidationError as error:
            detail = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in detail["loc"])[:200]
            raise HTTPException(400, f"{place or 'body'}: {detail['msg']}") from None

    async def _rater_name(self, request: Request) -> str:
        name = str(request.path_params["name"])
        if await run_in_threadpool(self.study.rater, name) is None:
            raise HTTPException(404, "no such rater")
        return name
