"""Made-up pictures: one color each, so that their embedding can be the color itself."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from judge.reference_images.pool import PictureFile


def paint(path: Path, *color: int) -> Path:
    """A small picture of one color."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (2, 2), color).save(path)
    return path


def color_of(path: Path) -> list[float]:
    with Image.open(path) as picture:
        return [float(value) for value in picture.convert("RGB").getpixel((0, 0))]


class ByColor:
    """An embedder whose vector is the color of the first pixel."""

    identity = "color"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def embed(self, pictures: Sequence[PictureFile]) -> Iterator[tuple[str, np.ndarray]]:
        for picture in pictures:
            self.seen.append(picture.name)
            yield picture.sha256, np.array(color_of(picture.file), dtype=np.float32)
