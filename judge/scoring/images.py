"""Images: checked before any request is sent, scaled to a pixel budget, and encoded once.

The format (PNG, JPEG or WebP) is recognized by the content of a file, not by its name.
"""

import base64
import contextlib
import hashlib
import io
import os
import re
import struct
import threading
import warnings
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from judge.errors import InputError
from judge.files.image_metadata import without_metadata
from judge.files.images import as_8_bit, is_16_bit, is_turned, read_file, upright
from judge.records import Image, Item

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageFile import ImageFile

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_PIXELS = 80_000_000
"""An image with more pixels is refused, because a small file may decode to more than the memory holds."""
MOST_BYTES = 200_000_000
"""A larger file is refused."""

_ADDRESSES = ("http://", "https://", "data:image/")
_DECODE_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
"""Exceptions that Pillow raises for damaged files."""
_SENT_AS_IS_BYTES = 3_500_000
_PNG_PIXELS = 512 * 512
_JPEG_QUALITY = 90
_THUMBNAIL_QUALITY = 72
_CACHE_BYTES = 128 * 2**20
_N_LOCKS = 64
_DATA_URL = re.compile(r"data:image/[^,]*;base64,", re.IGNORECASE)


def check(item: Item, root: Path) -> Item:
    """Check every image of an item and fill in the hashes of the files.

    Parameters
    ----------
    item : Item
        An item with or without images.
    root : Path
        Folder that image paths are relative to; a path or a symbolic link that leads out of it is refused.

    Returns
    -------
    Item
        The item with `Image.sha256` filled in. URLs are not fetched.

    Raises
    ------
    InputError
        An image is missing, outside of `root`, damaged, too large, or of another format; one line for each.

    Notes
    -----
    Every file is decoded completely, and only once if several items share it.
    """
    checked, problems = [], []
    for image in item.images:
        try:
            checked.append(_checked(image, root))
        except InputError as error:
            problems.append(f"item {item.id!r}: {error}")
    if problems:
        raise InputError("\n".join(problems))
    return item.model_copy(update={"images": tuple(checked)})


def _checked(image: Image, root: Path) -> Image:
    if image.path is None:
        if not (image.url or "").startswith(_ADDRESSES):
            raise InputError(f"image url {image.url!r:.80}: allowed beginnings: {', '.join(_ADDRESSES)}")
        return image
    path = _resolved(image.path, root)
    try:
        facts = path.stat()
    except OSError as error:
        raise InputError(f"image {image.path}: {error.strerror} (looked in {root})") from None
    found = _inspect(path, facts.st_mtime_ns, facts.st_size)
    if found.problem:
        raise InputError(f"image {image.path}: {found.problem}")
    return image.model_copy(update={"sha256": found.sha256})


def content_of(image: Image, root: Path) -> str:
    """Return the hash of the file of an image, which is not decoded; without a file, its URL or path."""
    if image.path is None:
        return image.url or ""
    try:
        path = _resolved(image.path, root)
        facts = path.stat()
        return _hash_of(path, facts.st_mtime_ns, facts.st_size)
    except (InputError, OSError):  # `check` reports it
        return image.path


@lru_cache(maxsize=100_000)
def _hash_of(path: Path, _changed: int, _size: int) -> str:
    return hashlib.sha256(read_file(path, MOST_BYTES)).hexdigest()


def _resolved(path: str, root: Path) -> Path:
    """Resolve symbolic links, and raise `InputError` if the file is not below `root`."""
    try:
        real, base = os.path.realpath(root / path), os.path.realpath(root)
        is_inside = os.path.commonpath([real, base]) == base
    except ValueError:  # a NUL character in the path, or another drive
        is_inside = False
    if not is_inside:
        raise InputError(
            f"image {path!r:.200}: lies outside of {root}; name a folder that holds all images with "
            "image_root (--image-root)"
        )
    return Path(real)


class _Inspection:
    """Result of checking a file: its hash, or the problem."""

    def __init__(self, *, sha256: str | None = None, problem: str | None = None) -> None:
        self.sha256 = sha256
        self.problem = problem


@lru_cache(maxsize=100_000)
def _inspect(path: Path, _changed: int, _size: int) -> _Inspection:
    """Decode a file. Its time and size are part of the cache key, so that a changed file is read again."""
    try:
        data = read_file(path, MOST_BYTES)
        with _opened(data) as picture:
            _check_size(picture)
            picture.load()
            _needs_conversion(picture, data)  # also reads the metadata, which may be damaged
    except InputError as error:
        return _Inspection(problem=str(error))
    except _UnsupportedFormat:
        return _Inspection(problem=f"is none of {', '.join(FORMATS)} (by its content, not its name)")
    except _DECODE_ERRORS as error:
        return _Inspection(problem=f"cannot be decoded: {error}")
    return _Inspection(sha256=hashlib.sha256(data).hexdigest())


class _UnsupportedFormat(Exception):
    """The content is not an image of a supported format."""


@contextmanager
def _opened(data: bytes) -> Iterator["ImageFile"]:
    """Open an image; this reads its header only, and `load` decodes it."""
    import PIL.Image

    try:
        with warnings.catch_warnings():
            # The size is checked against our own, lower limit, and EXIF data are not needed.
            warnings.filterwarnings("ignore", category=PIL.Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", category=UserWarning)
            picture = PIL.Image.open(io.BytesIO(data), formats=FORMATS)
    except PIL.UnidentifiedImageError:
        raise _UnsupportedFormat from None
    except PIL.Image.DecompressionBombError as error:
        raise ValueError(str(error)) from None
    with picture:
        yield picture


def _check_size(picture: "Picture", where: str = "") -> None:
    pixels = picture.width * picture.height
    if pixels > MOST_PIXELS:
        raise InputError(f"{where}has {pixels:,} pixels; at most {MOST_PIXELS:,} are allowed")


class ImageEncoder:
    """Encode images for requests: files as data URLs, URLs as they are.

    An image is sent without being encoded again if it has at most `max_pixels` pixels and 3.5 MB, is
    upright, opaque, not animated, and 8-bit gray or RGB. Any other image is rotated upright, composited on
    white, converted to 8-bit RGB (see `as_8_bit`), scaled down with a Lanczos filter, and stored as PNG (PNG
    sources, at most 512 x 512 pixels) or as JPEG of quality 90 without chroma subsampling. EXIF data,
    comments and other text are removed; an ICC profile is kept. Only the first frame of an animation is sent.
    An image that several items share is encoded once. Thread-safe.

    Parameters
    ----------
    root : Path
        Folder that image paths are relative to.
    max_pixels : int
        Images with more pixels (width times height) are scaled down.
    """

    def __init__(self, root: Path, max_pixels: int) -> None:
        self.root = root
        self.max_pixels = max_pixels
        self._urls: OrderedDict[str, str] = OrderedDict()
        self._cached_bytes = 0
        self._lock = threading.Lock()
        self._locks = [threading.Lock() for _ in range(_N_LOCKS)]

    def encode(self, image: Image) -> str:
        """Return the data URL or the URL of an image.

        Raises
        ------
        InputError
            The file was removed, changed or damaged after it was checked.
        """
        if image.path is None:
            return self._of_data_url(image.url or "")
        key = image.sha256 or image.path
        with self._locks[hash(key) % _N_LOCKS]:  # other threads that need the same image wait for the first
            url = self._cached(key)
            if url is None:
                url = self._encoded(image)
                self._remember(key, url)
        return url

    def _cached(self, key: str) -> str | None:
        with self._lock:
            if key in self._urls:
                self._urls.move_to_end(key)
            return self._urls.get(key)

    def _remember(self, key: str, url: str) -> None:
        with self._lock:
            self._urls[key] = url
            self._cached_bytes += len(url)
            while self._cached_bytes > _CACHE_BYTES:
                _, oldest = self._urls.popitem(last=False)
                self._cached_bytes -= len(oldest)

    def _encoded(self, image: Image) -> str:
        path = _resolved(image.path or "", self.root)
        try:
            data = _read(path, f"image {image.path}: ")
            if image.sha256 and hashlib.sha256(data).hexdigest() != image.sha256:
                raise InputError(f"image {image.path}: has changed since it was checked; score again")
            return self._data_url(data, f"image {image.path}: ")
        except (_UnsupportedFormat, *_DECODE_ERRORS) as error:
            raise InputError(f"image {image.path}: cannot be decoded: {error}") from None

    def _of_data_url(self, url: str) -> str:
        """Prepare the image in a data URL like that in a file; return any other URL unchanged."""
        head = _DATA_URL.match(url)
        if head is None:
            return url
        try:
            data = base64.b64decode(url[head.end() :], validate=True)
            return self._data_url(data, f"image {url[: head.end()]}…: ")
        except (_UnsupportedFormat, *_DECODE_ERRORS):
            return url  # the provider reports the problem

    def _data_url(self, data: bytes, where: str) -> str:
        with _opened(data) as picture:
            _check_size(picture, where)
            kind, data = self._prepared(picture, data)
        return f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode()}"

    def _prepared(self, picture: "ImageFile", data: bytes) -> tuple[str, bytes]:
        """Return the format and the bytes to send, within the pixel and size limits."""
        source = picture.format or "PNG"
        fits = picture.width * picture.height <= self.max_pixels and len(data) <= _SENT_AS_IS_BYTES
        if fits and picture.mode in ("L", "RGB") and not _needs_conversion(picture, data):
            with contextlib.suppress(ValueError):  # an unusual file structure: encode the image again
                return source, without_metadata(data, source)
        scaled = _scaled(_upright_rgb(picture, data), self.max_pixels)
        is_small = scaled.width * scaled.height <= _PNG_PIXELS
        kind = "PNG" if source == "PNG" and is_small else "JPEG"
        scaled.info.pop("comment", None)  # otherwise Pillow writes it into the file
        out = io.BytesIO()
        scaled.save(out, kind, optimize=True) if kind == "PNG" else scaled.save(
            out, kind, quality=_JPEG_QUALITY, subsampling=0
        )
        return kind, out.getvalue()


def _read(path: Path, where: str = "") -> bytes:
    """Read a file; the message of an `InputError` starts with `where`."""
    try:
        return read_file(path, MOST_BYTES)
    except InputError as error:
        raise InputError(f"{where}{error}") from None


def _needs_conversion(picture: "ImageFile", data: bytes) -> bool:
    """Whether an image is rotated, transparent, animated, or has more than 8 bits per channel."""
    is_plain = not (is_turned(picture) or picture.has_transparency_data or is_16_bit(picture, data))
    return not is_plain or getattr(picture, "n_frames", 1) > 1


def _upright_rgb(picture: "Picture", data: bytes) -> "Picture":
    picture = as_8_bit(upright(picture), data)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    if picture.mode not in ("LA", "RGBA"):
        picture = picture.convert("RGBA")
    transparent = picture.getchannel("A").point(lambda opaque: 255 - opaque)
    shown = picture.convert("RGB")
    shown.paste("white", mask=transparent)
    return shown


def _scaled(picture: "Picture", max_pixels: int) -> "Picture":
    from PIL.Image import Resampling

    width, height = picture.size
    if width * height <= max_pixels:
        return picture
    factor = (max_pixels / (width * height)) ** 0.5
    size = max(1, int(width * factor)), max(1, int(height * factor))
    return picture.resize(size, Resampling.LANCZOS, reducing_gap=3.0)


@dataclass(frozen=True)
class Thumbnail:
    """A small JPEG for display in a page, as a data URL."""

    url: str
    width: int
    height: int


def thumbnail(image: Image, root: Path, max_pixels: int = 160 * 120) -> Thumbnail:
    """Scale an image down for display in a page.

    Raises
    ------
    InputError
        The image is a URL, or its file was removed, changed or damaged after it was checked.
    """
    if image.path is None:
        raise InputError("given as a URL, which is not fetched")
    try:
        data = _read(_resolved(image.path, root))
        if image.sha256 and hashlib.sha256(data).hexdigest() != image.sha256:
            raise InputError("has changed since it was judged")
        with _opened(data) as picture:
            _check_size(picture)
            small = _scaled(_upright_rgb(picture, data), max_pixels)
    except (_UnsupportedFormat, *_DECODE_ERRORS) as error:
        raise InputError(
            "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
        ) from None
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_THUMBNAIL_QUALITY, optimize=True)
    url = f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
    return Thumbnail(url, small.width, small.height)
