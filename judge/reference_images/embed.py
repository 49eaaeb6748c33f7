"""Embeddings of pictures: where they come from, and how a source is named.

A source is ``clip:MODEL@WEIGHTS`` (open_clip in this process), ``file:PATH`` (computed before), or a model
behind an OpenAI-compatible endpoint, such as ``hosted_vllm/MODEL``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from judge.errors import InputError
from judge.reference_images.embedding_cache import EmbeddingCache
from judge.reference_images.pool import PictureFile
from judge.scoring.backends.connection import Connection

Vector = NDArray[np.float32]
_BATCH = 64


class Embedder(Protocol):
    """Turns pictures into vectors whose cosine says how similar they are."""

    identity: str
    """What decides the vectors, as a key of the cache; empty where nothing is computed."""

    def embed(self, pictures: Sequence[PictureFile]) -> Iterator[tuple[str, Vector]]:
        """Yield the hash of each picture and its vector, in any order.

        Raises
        ------
        JudgeError
            A picture cannot be embedded; the message names it.
        """
        ...


def load_embedder(source: str, connection: Connection, on_note: Callable[[str], None]) -> Embedder:
    """Create an embedder from its name; only the module of that embedder is imported.

    Parameters
    ----------
    source : str
        ``clip:MODEL@WEIGHTS``, ``file:PATH``, or a model behind an endpoint.
    connection : Connection
        How an endpoint is reached.
    on_note : callable
        Gets a line about weights that may be downloaded.

    Raises
    ------
    JudgeError
        The source cannot be used; the message says why.
    """
    head, _, rest = source.partition(":")
    if head == "clip":
        from judge.reference_images.clip_embedder import ClipEmbedder

        return ClipEmbedder(rest, on_note)
    if head == "file":
        from judge.reference_images.stored_embeddings import StoredEmbeddings

        return StoredEmbeddings(Path(rest))
    from judge.reference_images.endpoint_embedder import EndpointEmbedder

    return EndpointEmbedder(source, connection)


def embeddings_of(
    pictures: Sequence[PictureFile], embedder: Embedder, cache: EmbeddingCache
) -> Mapping[str, Vector]:
    """Embed pictures, each content once, and keep what arrives in the cache.

    Raises
    ------
    InputError
        A vector is zero or not finite, or two have different lengths.
    """
    wanted = {picture.sha256: picture for picture in pictures}
    found: dict[str, Vector] = dict(cache.read(embedder.identity, wanted)) if embedder.identity else {}
    batch: dict[str, Vector] = {}
    try:
        for digest, vector in embedder.embed([p for key, p in wanted.items() if key not in found]):
            batch[digest] = _checked(vector, wanted[digest])
            if len(batch) >= _BATCH:
                found |= _kept(batch, embedder, cache)
                batch = {}
    finally:  # also what was paid for before an error
        found |= _kept(batch, embedder, cache)
    if len(lengths := {len(vector) for vector in found.values()}) > 1:
        raise InputError(
            f"{embedder.identity or 'embeddings'}: have {' and '.join(map(str, sorted(lengths)))} numbers; "
            f"all "
            "must come from one model"
        )
    return found


def _kept(batch: dict[str, Vector], embedder: Embedder, cache: EmbeddingCache) -> dict[str, Vector]:
    if batch and embedder.identity:
        cache.write(embedder.identity, batch)
    return batch


def _checked(vector: Vector, picture: PictureFile) -> Vector:
    found = np.asarray(vector, dtype=np.float32)
    if found.ndim != 1 or not found.size or not np.isfinite(found).all() or not found.any():
        raise InputError(
            f"image {picture.name}: its embedding is no vector of finite numbers, of which one is not zero"
        )
    return found
