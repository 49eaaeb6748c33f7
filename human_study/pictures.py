"""Pictures of the items, read once when a study is made and kept inside its file.

The pages never touch the file system: a picture is served only out of the study, to whom it belongs. Raters
see its pixels alone: EXIF, comments and other text are left out.
"""

import base64
import binascii
import contextlib
import hashlib
import struct
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from judge.errors import InputError
from judge.files.image_metadata import without_metadata
from judge.files.images import as_8_bit, is_16_bit, is_turned, read_file, upright
from judge.records import Image, Item

MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
MAX_PIXELS = 80_000_000
MAX_BYTES = 100 * 2**20
MAX_SIDE = 4096
"""Larger pictures are scaled down: no rater sees more, and every phone can show it."""
_JPEG_QUALITY = 95
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, struct.error, zlib.error)
"""What Pillow raises on damaged files, depending on what is damaged."""


@dataclass(frozen=True, slots=True)
class StudyPicture:
    """The bytes of a picture as browsers read them."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """Hash of the bytes, under which they are kept."""
        return hashlib.sha256(self.content).hexdigest()


def load(item: Item, image: Image, root: Path) -> StudyPicture:
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
            warnings.filterwarnings("ignore", category=UserWarning)  # about broken EXIF, which nobody reads
            warnings.filterwarnings("error", category=Pillow.DecompressionBombWarning)
            return _as_browsers_read_it(content, where)
    except UnidentifiedImageError:
        allowed = ", ".join(MEDIA_TYPES)
        raise InputError(f"{where}: is none of {allowed} (its bytes count, not its name)") from None
    except (*_BROKEN, Warning, Pillow.DecompressionBombError) as error:
        raise InputError(f"{where}: no picture that can be read: {error}") from None


def _from_file(path: str, root: Path, where: str) -> bytes:
    try:
        file = (root / path).resolve()
        is_inside = file.is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL character, or links that go round in a circle
        is_inside = False
    if not is_inside:
        raise InputError(f"{where}: lies outside of {root}; name the folder that holds it with --image-root")
    try:
        return read_file(file, MAX_BYTES)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
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


def _as_browsers_read_it(content: bytes, where: str) -> StudyPicture:
    with Pillow.open(BytesIO(content), formats=list(MEDIA_TYPES)) as image:
        kind = {"MPO": "JPEG"}.get(image.format or "", image.format or "")  # of several pictures, the first
        if image.width * image.height > MAX_PIXELS:
            raise InputError(f"{where}: {image.width} x {image.height} pixels; allowed are {MAX_PIXELS:,}")
        image.load()
        is_plain = not is_turned(image) and not is_16_bit(image, content)
        if kind in MEDIA_TYPES and is_plain and max(image.size) <= MAX_SIDE:
            with contextlib.suppress(ValueError):  # an odd file is encoded again
                return StudyPicture(without_metadata(content, kind), MEDIA_TYPES[kind], *image.size)
        shown = as_8_bit(upright(image), content)
        if shown.has_transparency_data and shown.mode not in ("LA", "RGBA"):
            shown = shown.convert("RGBA")
        elif shown.mode not in ("L", "LA", "RGB", "RGBA"):
            shown = shown.convert("RGB")
        shown.thumbnail((MAX_SIDE, MAX_SIDE))
    stream = BytesIO()
    shown.info.pop("comment", None)  # Pillow would write it
    if kind == "JPEG":
        profile = shown.info.get("icc_profile")
        shown.save(stream, kind, quality=_JPEG_QUALITY, subsampling=0, icc_profile=profile)
    else:
        kind = "PNG"
        shown.save(stream, kind)
    return StudyPicture(stream.getvalue(), MEDIA_TYPES[kind], *shown.size)
