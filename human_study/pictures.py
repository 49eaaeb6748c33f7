"""Images of the items, read when a study is created and stored in its file.

The server never reads image files: an image is served from the study, and only to raters of its item.
Metadata such as EXIF and comments are removed.
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
"""Larger images are scaled down, because screens show no more and some phones cannot display them."""
_JPEG_QUALITY = 95
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, struct.error, zlib.error)
"""Errors that Pillow raises for damaged files."""


@dataclass(frozen=True, slots=True)
class StudyPicture:
    """An image in a format that browsers can display."""

    content: bytes
    media_type: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """Hash of the bytes, used as the key of the image."""
        return hashlib.sha256(self.content).hexdigest()


def load(item: Item, image: Image, root: Path) -> StudyPicture:
    """Read an image of `item`; its path is relative to `root` and must lie inside it.

    Raises
    ------
    InputError
        The image is missing, damaged, too large, outside of `root`, or a web address.
    """
    where = f"item {item.id!r}, image {image.path or (image.url or '')[:60]!r}"
    content = _from_data_url(image.url, where) if image.url else _from_file(image.path or "", root, where)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", category=UserWarning
            )  # about damaged EXIF data, which are not used
            warnings.filterwarnings("error", category=Pillow.DecompressionBombWarning)
            return _as_browsers_read_it(content, where)
    except UnidentifiedImageError:
        allowed = ", ".join(MEDIA_TYPES)
        raise InputError(
            f"{where}: not an image in one of the formats {allowed} (judged by its content, not its name)"
        ) from None
    except (*_BROKEN, Warning, Pillow.DecompressionBombError) as error:
        raise InputError(f"{where}: the image cannot be read: {error}") from None


def _from_file(path: str, root: Path, where: str) -> bytes:
    try:
        file = (root / path).resolve()
        is_inside = file.is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL character, or a loop of symbolic links
        is_inside = False
    if not is_inside:
        raise InputError(f"{where}: lies outside of {root}; set --image-root to the folder that contains it")
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
            f"{where}: neither a file nor a data URL of an image; a web address would reveal the raters to "
            "its server, so download the image and give its path"
        )
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise InputError(f"{where}: the data URL is not valid base64: {error}") from None


def _as_browsers_read_it(content: bytes, where: str) -> StudyPicture:
    with Pillow.open(BytesIO(content), formats=list(MEDIA_TYPES)) as image:
        kind = {"MPO": "JPEG"}.get(
            image.format or "", image.format or ""
        )  # MPO: a JPEG with several images; the first is used
        if image.width * image.height > MAX_PIXELS:
            raise InputError(
                f"{where}: {image.width} x {image.height} pixels; at most {MAX_PIXELS:,} are allowed"
            )
        image.load()
        is_plain = not is_turned(image) and not is_16_bit(image, content)
        if kind in MEDIA_TYPES and is_plain and max(image.size) <= MAX_SIDE:
            with contextlib.suppress(ValueError):  # an unusual file is encoded again below
                return StudyPicture(without_metadata(content, kind), MEDIA_TYPES[kind], *image.size)
        shown = as_8_bit(upright(image), content)
        if shown.has_transparency_data and shown.mode not in ("LA", "RGBA"):
            shown = shown.convert("RGBA")
        elif shown.mode not in ("L", "LA", "RGB", "RGBA"):
            shown = shown.convert("RGB")
        shown.thumbnail((MAX_SIDE, MAX_SIDE))
    stream = BytesIO()
    shown.info.pop("comment", None)  # otherwise Pillow would write it
    if kind == "JPEG":
        profile = shown.info.get("icc_profile")
        shown.save(stream, kind, quality=_JPEG_QUALITY, subsampling=0, icc_profile=profile)
    else:
        kind = "PNG"
        shown.save(stream, kind)
    return StudyPicture(stream.getvalue(), MEDIA_TYPES[kind], *shown.size)
