"""Embeddings by a model behind an OpenAI-compatible endpoint, as `vllm serve` offers it for images.

A request to ``/embeddings`` has one chat message with one image, and the reply has one vector. OpenAI's own
embedding models take no images.
"""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.errors import BackendError, InputError
from judge.records import Image, Item, Request
from judge.reference_images.pool import PictureFile
from judge.scoring.backends.api import pricing
from judge.scoring.backends.api.backend import ApiBackend
from judge.scoring.backends.api.errors import Failed, Rejected
from judge.scoring.backends.api.openai_http import OpenAIHttp
from judge.scoring.backends.api.providers import Endpoint, check_keyless, resolve
from judge.scoring.backends.connection import Connection
from judge.scoring.images import ImageEncoder

MOST_PIXELS = 1_572_864
"""Larger images are scaled down before they are sent, as for a judge."""
_MESSAGES = [{"role": "user", "content": [{"type": "image", "image": 0}]}]


class EndpointEmbedder:
    """Asks an endpoint for the vector of each picture, with the pacing and the retries of an API judge.

    Parameters
    ----------
    model : str
        ``hosted_vllm/MODEL``, or another provider's model that takes images.
    connection : Connection
        Address and time limits.

    Raises
    ------
    BackendError
        The address is unknown, a key is missing, or one would be sent to an unconfirmed address.
    """

    def __init__(self, model: str, connection: Connection) -> None:
        self._model, self._connection = model, connection
        endpoint = resolve(model, connection.api_base, "http")
        if connection.unconfirmed is not None:
            check_keyless(endpoint, connection.unconfirmed)
        self.identity = f"{endpoint.base}#{endpoint.model}"

    def embed(self, pictures: Sequence[PictureFile]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Yield the hash and the vector of each picture, as the replies arrive."""
        names = {picture.sha256: picture.name for picture in pictures}
        backend = _EmbeddingBackend(self._model, connection=self._connection, encode=_encoded)
        for batch in backend.complete(map(self._request, pictures)):
            for completion in batch:
                if completion.failure:
                    raise InputError(
                        f"image {names[completion.key]}: no embedding: {completion.failure.message}"
                    )
                yield completion.key, np.array(json.loads(completion.reply or "[]"), dtype=np.float32)
        if backend.stopped:
            raise BackendError(f"{backend.endpoint.where}: {backend.stopped}; the same command continues")

    def _request(self, picture: PictureFile) -> Request:
        image = Image(path=str(picture.file.resolve()), sha256=picture.sha256)
        item = Item(id=picture.sha256, question="", answer="", images=(image,))
        return Request(
            item=item, messages=_MESSAGES, model=self._model, params={}, schema=None, key=picture.sha256
        )


def _encoded(item: Item, index: int) -> str:
    """Return the data URL of an image, whose path is absolute."""
    image = item.images[index]
    file = Path(image.path or "")
    return ImageEncoder(file.parent, MOST_PIXELS).encode(image.model_copy(update={"path": file.name}))


class _EmbeddingBackend(ApiBackend):
    """An API judge whose replies are vectors."""

    def _resolved(self, model: str, connection: Connection) -> tuple[Endpoint, pricing.Prices | None]:
        return resolve(model, connection.api_base, "http"), None

    async def _connect(self) -> OpenAIHttp:
        url = f"{self.endpoint.base}/embeddings"
        return OpenAIHttp(self.endpoint, self._connection.timeout, url=url)

    async def _send(self, request: Request, client: Any) -> dict[str, Any]:
        try:
            data = await client.ask(await self._messages.of(request), {"encoding_format": "float"})
        except Rejected as error:
            raise BackendError(f"{self.endpoint.where}: {error.param} was refused: {error.message}") from None
        return {"reply": json.dumps(_vector(data)), "created": time.time()}


def _vector(data: Any) -> list[float]:
    """Vector of a reply to one image.

    Raises
    ------
    Failed
        The reply holds none.
    """
    entries = data.get("data") if isinstance(data, dict) else None
    first = entries[0] if isinstance(entries, list) and len(entries) == 1 else None
    vector = first.get("embedding") if isinstance(first, dict) else None
    if not isinstance(vector, list) or not all(isinstance(value, int | float) for value in vector):
        raise Failed("reply", "the reply has not one embedding as a list of numbers", again=True)
    return vector
