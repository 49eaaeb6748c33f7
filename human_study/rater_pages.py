"""API of the rating page. Everything is looked up by the rater and the number in the rater's own list.

Raters are blind: they see neither the id, the system, the metadata nor the stratum of an item, nor whether it
is a repeat or an attention check, nor the scores of other raters. They see those of a judge only in a study
that asks whether they approve of them.
"""

from typing import Any

from jinja2 import Environment
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from human_study.request_checks import bearer, changing, posted
from human_study.store import Study
from human_study.study_records import ConflictError, LockedError, Rater, Rating, Save, Task
from judge.errors import InputError


class RaterPages:
    """The routes under /api/rater."""

    def __init__(self, study: Study, templates: Environment) -> None:
        self.study = study
        self.templates = templates

    def routes(self) -> list[Route]:
        """All routes with their methods."""
        return [
            Route("/session", self.session, methods=["GET"]),
            Route("/completion", self.completion, methods=["GET"]),
            Route("/begin", self.begin, methods=["POST"]),
            Route("/tasks/{n:number}", self.show, methods=["GET"]),
            Route("/tasks/{n:number}", self.save, methods=["PUT"]),
            Route("/tasks/{n:number}/feedback", self.feedback, methods=["GET"]),
            Route("/tasks/{n:number}/images/{number:number}", self.image, methods=["GET"]),
        ]

    def session(self, request: Request) -> Response:
        """The list of the rater, without the answers."""
        rater = self._rater(request)
        tasks = self.study.overview(rater.name)
        for task in tasks:
            kind = task.pop("kind")
            task["round"] = kind if kind in ("training", "discussion") else "study"
        return JSONResponse(
            {
                "study": self.study.name,
                "key": f"{self.study.created:.0f}-{rater.name}",
                "began": rater.began is not None,
                "tasks": tasks,
                "welcome": self._render("welcome.html", study=self.study, tasks=tasks),
            }
        )

    async def begin(self, request: Request) -> Response:
        """Record that the rater has read the instructions."""
        rater = await run_in_threadpool(self._rater, request)
        await posted(request)
        await changing(self.study.begin, rater.name)
        return JSONResponse({"began": True})

    def completion(self, request: Request) -> Response:
        """The organiser's completion code, once every answer of the rater is rated or skipped."""
        rater = self._rater(request)
        if any(task["state"] == "open" for task in self.study.overview(rater.name)):
            raise HTTPException(409, "some answers are still open")
        return JSONResponse({"code": self.study.settings.completion_code})

    def show(self, request: Request) -> Response:
        """One answer with its questions and the reply so far."""
        task = self._task(request)
        form = self.study.form_of(task.item)
        shown = self.study.rubric.images_for(task.item)
        pictures = [p for p in self.study.pictures(task.item.id, task.kind) if p["n"] in shown]
        page = self._render(
            "task.html",
            task=task,
            form=form,
            anchored=self.study.is_anchored,
            questions=form.questions,
            rubric=self.study.rubric,
            rules=self.study.rubric.rules_for(task.item),
            pictures=pictures,
            show_reference=self.study.design.show_reference,
            words=len(task.item.answer.split()),
            first=self.study.first_rating(task.rater, task.item.id) if task.kind == "discussion" else None,
        )
        images = [picture["n"] for picture in pictures]
        known = {"n": task.n, "images": images, "required": form.scored, "page": page}
        return JSONResponse({**known, **_state(task.rating)})

    async def save(self, request: Request) -> Response:
        """Save a change of a rating. It is on disk before the response is sent."""
        rater = await run_in_threadpool(self._rater, request)
        try:
            save = Save.model_validate(await posted(request))
            rating = await changing(self.study.save, rater.name, request.path_params["n"], save)
        except ValidationError as error:
            raise HTTPException(400, _readable(error)) from None
        except InputError as error:
            raise HTTPException(400, str(error)) from None
        except LookupError:
            raise HTTPException(404, "this answer is not in your list") from None
        except LockedError:
            raise HTTPException(409, "finish the practice round first") from None
        except ConflictError as conflict:
            return JSONResponse(
                {"error": "the rating was changed in another window", **_state(conflict.rating)}, 409
            )
        return JSONResponse(_state(rating))

    def feedback(self, request: Request) -> Response:
        """Comparison of a complete reply in training with the worked example."""
        task = self._task(request)
        if task.kind != "training" or task.gold is None:
            raise HTTPException(404, "there is no feedback on this answer")
        if not task.is_settled:
            raise HTTPException(409, "rate the answer first")
        given = task.rating.reply.values
        asked = {question.name: question for question in self.study.form_of(task.item).questions}
        rows = [
            {
                "label": asked[name].label,
                "given": asked[name].shown(given[name]) if name in given else None,
                "right": [asked[name].shown(value) for value in right],
                "reason": task.gold.reasons.get(name),
            }
            for name, right in task.gold.expected.items()
        ]
        missed = len(task.gold.missed(given))
        page = self._render("feedback.html", rows=rows, missed=missed, anchored=self.study.is_anchored)
        return JSONResponse({"page": page})

    def image(self, request: Request) -> Response:
        """One image of one task of the rater."""
        task = self._task(request)
        number = request.path_params["number"]
        is_shown = number in self.study.rubric.images_for(task.item)
        found = self.study.picture(task.rater, task.n, number) if is_shown else None
        if found is None:
            raise HTTPException(404, "there is no such image")
        return Response(found[1], media_type=found[0])

    def _rater(self, request: Request) -> Rater:
        rater = self.study.rater_with(bearer(request))
        if rater is None:
            raise HTTPException(401, "this link is not valid; open the link that you were sent")
        if rater.dropped is not None:
            raise HTTPException(403, "the organiser has closed your link; thank you for taking part")
        return rater

    def _task(self, request: Request) -> Task:
        rater = self._rater(request)
        task = self.study.task(rater.name, request.path_params["n"])
        if task is None:
            raise HTTPException(404, "this answer is not in your list")
        if task.kind != "training" and self.study.in_training(rater.name):
            raise HTTPException(409, "finish the practice round first")
        return task

    def _render(self, template: str, **values: Any) -> str:
        return self.templates.get_template(template).render(**values)


def _state(rating: Rating) -> dict[str, Any]:
    return {
        "revision": rating.revision,
        "state": rating.state,
        "reply": rating.reply.model_dump(),
        "seconds": rating.seconds,
    }


def _readable(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in detail['loc'])[:200] or 'body'}: {detail['msg']}"
