"""Write the body of a request in the dialect of a provider. Pure but for the encoding of images."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

from judge.errors import BackendError, JudgeError
from judge.records import DecisionQuestion, Request
from judge.scoring.backends.api.errors import Failed, redact
from judge.scoring.backends.api.parameters import Encode
from judge.scoring.backends.decisions.routes import Route, Target

_DATA_URL = re.compile(r"data:image/([\w.+-]+);base64,(.*)", re.DOTALL | re.IGNORECASE)
Part = str | int
"""A text, or the position of an image in the item."""


class Bodies:
    """Writes the bodies of requests for one route.

    Parameters
    ----------
    target : Target
        The route, and the name of the model.
    encode : callable or None
        (item, index) -> data URL or URL of an image; required if items have images.
    """

    def __init__(self, target: Target, encode: Encode | None) -> None:
        self._target = target
        self._encode = encode
        self._written: tuple[Sequence[DecisionQuestion], Any] = ((), None)

    async def of(self, request: Request) -> dict[str, Any]:
        """Return the body of a request: the input, all questions, and the parameters of the judge.

        Raises
        ------
        Failed
            An image cannot be encoded, or not in a form that the provider takes.
        """
        route = self._target.route
        system, parts = _parts(request)
        images = {n: await self._image(request, n) for n in parts if isinstance(n, int)}
        params = {name: value for name, value in request.params.items() if value is not None}
        body: dict[str, Any] = {"model": self._target.model}
        if route.shape == "openai":
            body |= {"input": _messages(system, parts, images, route)}
        else:
            body |= _state(system, parts, images, route)
        return {**body, "questions": self._questions(request.questions), **params}

    def _questions(self, questions: Sequence[DecisionQuestion]) -> Any:
        """Return the questions as they are sent; items with the same ones usually follow each other."""
        if self._written[0] is not questions:
            if self._target.route.shape == "openai":
                self._written = questions, [_openai_question(q) for q in questions]
            else:
                self._written = questions, {q.name: _systemone_question(q) for q in questions}
        return self._written[1]

    async def _image(self, request: Request, index: int) -> str:
        if self._encode is None:
            raise BackendError(f"item {request.item.id!r} has images, but the backend has no image encoder")
        try:  # in a thread, because scaling an image would block all connections
            url = await asyncio.to_thread(self._encode, request.item, index)
        except (JudgeError, OSError) as error:
            raise Failed("image", redact(str(error))) from error
        _check_form(url, self._target.route)
        return url


def _parts(request: Request) -> tuple[str, Sequence[Part]]:
    """Return the text that all items share, and what is said of the item: texts and images in their order."""
    system, user = request.messages[:2]
    content = user["content"]
    if isinstance(content, str):
        return system["content"], [content]
    return system["content"], [p["image"] if p["type"] == "image" else p["text"] for p in content]


def _check_form(url: str, route: Route) -> None:
    match = _DATA_URL.fullmatch(url)
    if match is None and not route.fetches_images:
        raise Failed("image", "this provider fetches no images from an address; use image files instead")
    kind = match[1].lower().replace("jpg", "jpeg") if match else route.image_formats[0]
    if kind not in route.image_formats:
        raise Failed(
            "image", f"found an image in {kind}; this provider takes {', '.join(route.image_formats)}"
        )


def _messages(
    system: str, parts: Sequence[Part], images: Mapping[int, str], route: Route
) -> str | list[dict[str, Any]]:
    """Return the input of OpenAI's format; without a system role, its text is the beginning of the user's."""
    content: Any = parts[0]
    if images:
        content = [
            {"type": "input_image", "image_url": images[part]}
            if isinstance(part, int)
            else {"type": "input_text", "text": part}
            for part in parts
        ]
    if route.has_system:
        return [{"role": "system", "content": system}, {"role": "user", "content": content}]
    return [{"role": "user", "content": f"{system}\n\n{content}"}]


def _state(system: str, parts: Sequence[Part], images: Mapping[int, str], route: Route) -> dict[str, Any]:
    """Return the state of System One and its images, with the text that items share in front."""
    if images and route.images == "state":
        items = [
            {"type": "image_url", "image_url": {"url": images[part]}}
            if isinstance(part, int)
            else {"type": "text", "text": part}
            for part in (system, *parts)
        ]
        return {route.state_field: items}
    marks = {n: f"IMG-{place}" for place, n in enumerate(images, start=1)}
    said = [f"[{marks[part]}]" if isinstance(part, int) else part for part in parts]
    if route.images != "assets":  # the images stand in a list of their own, in this order
        said = [part for part in parts if isinstance(part, str)]
    state = {route.state_field: "\n\n".join([system, "\n".join(said)])}
    if not images:
        return state
    if route.images == "assets":
        return {**state, "assets": {marks[n]: _asset(url) for n, url in images.items()}}
    if route.images == "base64":
        return {**state, "images": [url.partition(",")[2] for url in images.values()]}
    return {**state, "images": list(images.values())}


def _asset(url: str) -> dict[str, str]:
    head, _, data = url.partition(",")
    return {"type": "image", "format": "png" if "png" in head.lower() else "jpg", "data_base64": data}


def _openai_question(question: DecisionQuestion) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "type": question.type,
        "name": question.name,
        "instructions": question.instructions,
    }
    key = {"score": "label", "choice": "value"}.get(question.type)
    options = [
        {key: value, "description": text} if text else {key: value} for value, text in question.options if key
    ]
    names = {"score": "levels", "choice": "choices"}
    return {**asked, names[question.type]: options} if key else asked


def _systemone_question(question: DecisionQuestion) -> dict[str, Any]:
    asked: dict[str, Any] = {"type": question.type, "instructions": question.instructions}
    if question.type == "predicate":
        return {**asked, "type": "noul"}
    if question.type == "choice":
        return {**asked, "criteria": {value: text or None for value, text in question.options}}
    # A level has no label of its own, and servers number the levels from 0.
    levels = [f"score {value}: {text}" if text else f"score {value}" for value, text in question.options]
    return {**asked, "criteria": levels}
