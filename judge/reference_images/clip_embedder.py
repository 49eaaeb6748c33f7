"""Embeddings by a CLIP model of open_clip, in this process."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.errors import InputError, MissingExtraError
from judge.files.images import as_8_bit, read_file, upright
from judge.reference_images.pool import PictureFile
from judge.scoring.images import MOST_BYTES, MOST_PIXELS

_BATCH = 32
_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
_CONFIG = "open_clip_config.json"
_FORM = (
    "write clip:MODEL@WEIGHTS, such as clip:ViT-B-32@laion2b_s34b_b79k; WEIGHTS are the name of published "
    f"weights, a file of weights, or a folder with {_CONFIG} and {_WEIGHTS[0]}"
)


class ClipEmbedder:
    """Embeds pictures with the image half of a CLIP model, on a GPU where there is one.

    Parameters
    ----------
    name : str
        ``MODEL@WEIGHTS``: the name of published weights, which open_clip reads from its cache or downloads; a
        file; or a folder in the form in which open_clip publishes a model.
    on_note : callable
        Gets a line before published weights are loaded, because they may be downloaded.

    Raises
    ------
    InputError
        The model or its weights are not known.
    MissingExtraError
        open_clip is not installed.
    """

    def __init__(self, name: str, on_note: Callable[[str], None]) -> None:
        model, _, weights = name.partition("@")
        if not model or not weights:
            raise InputError(f"embedder clip:{name}: names no weights; {_FORM}{_published(model)}")
        try:
            import open_clip
            import torch
        except ImportError:
            raise MissingExtraError("open_clip_torch", "clip", "the embedder clip") from None
        path = Path(weights).expanduser()
        if path.exists():
            file = _weights_file(path)
            facts = file.stat()
            self.identity = f"clip:{model}@{file.resolve()}:{facts.st_size}:{facts.st_mtime_ns}"
            source = (f"local-dir:{path.resolve()}", None) if path.is_dir() else (model, str(file))
        else:
            if weights not in open_clip.list_pretrained_tags_by_model(model):
                raise InputError(f"embedder clip:{name}: no such weights; {_FORM}{_published(model)}")
            on_note(f"weights {weights} of {model}: open_clip downloads them unless they are in its cache")
            self.identity, source = f"clip:{model}@{weights}", (model, weights)
        self._torch: Any = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        found = open_clip.create_model_and_transforms(source[0], pretrained=source[1], device=self._device)
        self._model, self._prepared = found[0].eval(), found[2]

    def embed(self, pictures: Sequence[PictureFile]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Yield the hash and the vector of each picture."""
        for start in range(0, len(pictures), _BATCH):
            batch = pictures[start : start + _BATCH]
            pixels = self._torch.stack([self._prepared(opened(picture)) for picture in batch])
            with self._torch.inference_mode():
                vectors = self._model.encode_image(pixels.to(self._device)).float().cpu().numpy()
            yield from zip((picture.sha256 for picture in batch), vectors, strict=True)


def opened(picture: PictureFile) -> Any:
    """Decode a picture as the judge is shown it: upright, with 8 bits for each color.

    Raises
    ------
    InputError
        It cannot be decoded, or is too large.
    """
    import PIL.Image

    try:
        data = read_file(picture.file, MOST_BYTES)
        with PIL.Image.open(io.BytesIO(data)) as found:
            if (pixels := found.width * found.height) > MOST_PIXELS:
                raise InputError(f"has {pixels:,} pixels; at most {MOST_PIXELS:,} are allowed")
            return as_8_bit(upright(found), data).convert("RGB")
    except (InputError, OSError, SyntaxError, ValueError) as error:
        raise InputError(f"image {picture.name}: cannot be embedded: {error}") from None


def _weights_file(path: Path) -> Path:
    if path.is_file():
        return path
    found = [path / name for name in _WEIGHTS if (path / name).is_file()]
    if not found or not (path / _CONFIG).is_file():
        raise InputError(f"{path}: needs {_CONFIG} and {' or '.join(_WEIGHTS)}; {_FORM}")
    return found[0]


def _published(model: str) -> str:
    """Say which weights open_clip knows for a model, or that it does not know the model."""
    try:
        import open_clip
    except ImportError:
        return ""
    if tags := open_clip.list_pretrained_tags_by_model(model):
        return f". Published weights of {model}: {', '.join(tags)}"
    return f". open_clip knows no model {model!r}; it has {', '.join(open_clip.list_models()[:5])}, …"
