"""Pictures of the items, read once when a study is made and kept inside its file.

The pages never touch the file system: a picture is served only out of the study, to whom it belongs.
"""

import base64
import binascii
import hashlib
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageOps

from judge.errors import InputError
from judge.records import Image, Item

MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
MAX_PIXELS = 100_000_000
MAX_BYTES = 100 * 2**20
MAX_SIDE = 4096
"""Larger pictures are scaled down: no rater sees more, and every phone can show it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a picture as browsers read them."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """Hash of the bytes, under which they are kept."""
        return hashlib.sha256(self.content).hexdigest()


def load(item: Item, image: Image, root: Path) -> Picture:
    """Read a picture of `item`; its path is relative to `root` and stays inside.

    Raises
    ------
    InputError
        It is missing, broken, too large, outside of `root`, or an address on the web.
    """
    where = f"item {item.id!r}, image {image.path or (image.url or '')[:60]!r}"
    content = _from_data_url(image.url, where) if image.url else _from_file(image.path or "", root, where)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", category=Pillow.DecompressionBombWarning)
            return _as_browsers_read_it(content, where)
    except (OSError, ValueError, SyntaxError, Warning, Pillow.DecompressionBombError) as error:
        raise InputError(f"{where}: no picture that can be read: {error}") from None


def _from_file(path: str, root: Path, where: str) -> bytes:
    file = (root / path).resolve()
    if not file.is_relative_to(root.resolve()):
        raise InputError(f"{where}: lies outside of {root}; name the folder that holds it with --image-root")
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"{where}: larger than {MAX_BYTES // 2**20} MB; scale it down")
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{where}: cannot be read: {error.strerror}; looked in {root}") from None


def _from_data_url(url: str, where: str) -> bytes:
    head, _, data = url.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        raise InputError(
            f"{where}: is an address on the web, which would tell that server who rates; "
            "download the picture and name its path"
        )
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise InputError(f"{where}: data URL that is not base64: {error}") from None


def _as_browsers_read_it(content: bytes, where: str) -> Picture:
    with Pillow.open(BytesIO(content)) as image:
        kind = image.format or ""
        if image.width * image.height > MAX_PIXELS:
            raise InputError(f"{where}: {image.width} x {image.height} pixels; allowed are {MAX_PIXELS:,}")
        image.load()
        if kind in MEDIA_TYPES and max(image.size) <= MAX_SIDE:
            return Picture(content, MEDIA_TYPES[kind], *image.size)
        upright = ImageOps.exif_transpose(image)
        shown = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        shown.thumbnail((MAX_SIDE, MAX_SIDE))
    stream = BytesIO()
    shown.save(stream, "PNG")
    return Picture(stream.getvalue(), "image/png", *shown.size)
