"""Pictures: checked before anything is paid, scaled to a budget, encoded once. Nothing else opens one.

A picture is what its bytes are, not what its name says: PNG, JPEG or WebP.
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
"""A picture with more is refused: a small file may unpack to all of the memory."""
MOST_BYTES = 200_000_000
"""A file with more is refused."""

_ADDRESSES = ("http://", "https://", "data:image/")
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
"""What Pillow raises on damaged files, depending on what is damaged."""
_SENT_AS_IS_BYTES = 3_500_000
_PNG_PIXELS = 512 * 512
_JPEG_QUALITY = 90
_THUMBNAIL_QUALITY = 72
_KEPT_BYTES = 128 * 2**20
_TURNS = 64
_DATA_URL = re.compile(r"data:image/[^,]*;base64,", re.IGNORECASE)


def check(item: Item, root: Path) -> Item:
    """Check every picture of an item and fill in the hashes of the files.

    Parameters
    ----------
    item : Item
        One with or without pictures.
    root : Path
        Folder that relative paths start from; no path, and no symbolic link, may lead out of it.

    Returns
    -------
    Item
        The item with `Image.sha256` filled in. Addresses are not looked up.

    Raises
    ------
    InputError
        A line for each picture that is missing, outside of `root`, damaged, too large, or of another format.

    Notes
    -----
    Every file is decoded as a whole, once, however many items share it.
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
            raise InputError(f"image url {image.url!r:.80}: allowed: {', '.join(_ADDRESSES)}")
        return image
    path = _inside(image.path, root)
    try:
        facts = path.stat()
    except OSError as error:
        raise InputError(f"image {image.path}: {error.strerror} (looked in {root})") from None
    found = _look(path, facts.st_mtime_ns, facts.st_size)
    if found.problem:
        raise InputError(f"image {image.path}: {found.problem}")
    return image.model_copy(update={"sha256": found.sha256})


def _inside(path: str, root: Path) -> Path:
    """Where the file really is; an error where that is not below `root`."""
    try:
        real, base = os.path.realpath(root / path), os.path.realpath(root)
        is_inside = os.path.commonpath([real, base]) == base
    except ValueError:  # a NUL character in the path, or another drive
        is_inside = False
    if not is_inside:
        raise InputError(
            f"image {path!r:.200}: leads out of {root}; name a folder that holds all pictures: --image-root"
        )
    return Path(real)


class _Found:
    """What looking at a file came to: its hash, or what is wrong with it."""

    def __init__(self, *, sha256: str | None = None, problem: str | None = None) -> None:
        self.sha256 = sha256
        self.problem = problem


@lru_cache(maxsize=100_000)
def _look(path: Path, _changed: int, _size: int) -> _Found:
    """Decode a file; its time and size are part of the key, so that a changed file is looked at again."""
    try:
        data = read_file(path, MOST_BYTES)
        with _opened(data) as picture:
            _check_size(picture)
            picture.load()
            _has_more(picture, data)  # reads what else is sent later
    except InputError as error:
        return _Found(problem=str(error))
    except _Unknown:
        return _Found(problem=f"is none of {', '.join(FORMATS)} (its bytes count, not its name)")
    except _BROKEN as error:
        return _Found(problem=f"cannot be decoded: {error}")
    return _Found(sha256=hashlib.sha256(data).hexdigest())


class _Unknown(Exception):
    """The bytes are no picture that we send."""


@contextmanager
def _opened(data: bytes) -> Iterator["ImageFile"]:
    """Only the head is read; `load` decodes."""
    import PIL.Image

    try:
        with warnings.catch_warnings():
            # The size is checked against our own, lower limit, and EXIF data are not needed.
            warnings.filterwarnings("ignore", category=PIL.Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", category=UserWarning)
            picture = PIL.Image.open(io.BytesIO(data), formats=FORMATS)
    except PIL.UnidentifiedImageError:
        raise _Unknown from None
    except PIL.Image.DecompressionBombError as error:
        raise ValueError(str(error)) from None
    with picture:
        yield picture


def _check_size(picture: "Picture", where: str = "") -> None:
    pixels = picture.width * picture.height
    if pixels > MOST_PIXELS:
        raise InputError(f"{where}has {pixels:,} pixels; at most {MOST_PIXELS:,} are allowed")


class ImageEncoder:
    """Turns pictures into what goes into a request: a data URL, or the address that was given.

    The pixels go out as they are stored where they can: at most `max_pixels`, upright, 8-bit gray or RGB, at
    most 3.5 MB. Any other picture is turned upright, put on white where it is transparent, brought to 8-bit
    RGB (see `as_8_bit`) and scaled down with a Lanczos filter; then it is stored as PNG (lossless sources, up
    to 512 x 512 pixels) or as JPEG of quality 90 without color subsampling. EXIF, comments and other text
    never go out; an ICC profile does. Of an animation the first picture counts. What many items share is
    encoded once. May be called from several threads.

    Parameters
    ----------
    root : Path
        Folder that relative paths start from.
    max_pixels : int
        Width times height that a picture is scaled down to.
    """

    def __init__(self, root: Path, max_pixels: int) -> None:
        self.root = root
        self.max_pixels = max_pixels
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()
        self._turns = [threading.Lock() for _ in range(_TURNS)]

    def encode(self, image: Image) -> str:
        """Data URL or address of a picture.

        Raises
        ------
        InputError
            The file has gone, changed or broken since it was checked.
        """
        if image.path is None:
            return self._of_data_url(image.url or "")
        key = image.sha256 or image.path
        with self._turns[hash(key) % _TURNS]:  # other threads that need the same image wait for the first
            url = self._recalled(key)
            if url is None:
                url = self._encoded(image)
                self._keep(key, url)
        return url

    def _recalled(self, key: str) -> str | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: str, url: str) -> None:
        with self._lock:
            self._kept[key] = url
            self._kept_bytes += len(url)
            while self._kept_bytes > _KEPT_BYTES:
                _, oldest = self._kept.popitem(last=False)
                self._kept_bytes -= len(oldest)

    def _encoded(self, image: Image) -> str:
        path = _inside(image.path or "", self.root)
        try:
            data = _read(path, f"image {image.path}: ")
            if image.sha256 and hashlib.sha256(data).hexdigest() != image.sha256:
                raise InputError(f"image {image.path}: has changed since it was checked; score again")
            return self._data_url(data, f"image {image.path}: ")
        except (_Unknown, *_BROKEN) as error:
            raise InputError(f"image {image.path}: cannot be decoded: {error}") from None

    def _of_data_url(self, url: str) -> str:
        """The picture in a data URL, brought to what a file is brought to; any other address as it is."""
        head = _DATA_URL.match(url)
        if head is None:
            return url
        try:
            data = base64.b64decode(url[head.end() :], validate=True)
            return self._data_url(data, f"image {url[: head.end()]}…: ")
        except (_Unknown, *_BROKEN):
            return url  # the provider reports what is wrong with it

    def _data_url(self, data: bytes, where: str) -> str:
        with _opened(data) as picture:
            _check_size(picture, where)
            kind, data = self._fitted(picture, data)
        return f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode()}"

    def _fitted(self, picture: "ImageFile", data: bytes) -> tuple[str, bytes]:
        """Format and bytes of a picture that keeps to the budget."""
        source = picture.format or "PNG"
        fits = picture.width * picture.height <= self.max_pixels and len(data) <= _SENT_AS_IS_BYTES
        if fits and picture.mode in ("L", "RGB") and not _has_more(picture, data):
            with contextlib.suppress(ValueError):  # an odd file is encoded again
                return source, without_metadata(data, source)
        scaled = _scaled(_upright_rgb(picture, data), self.max_pixels)
        is_small = scaled.width * scaled.height <= _PNG_PIXELS
        kind = "PNG" if source == "PNG" and is_small else "JPEG"
        scaled.info.pop("comment", None)  # Pillow would write it
        out = io.BytesIO()
        scaled.save(out, kind, optimize=True) if kind == "PNG" else scaled.save(
            out, kind, quality=_JPEG_QUALITY, subsampling=0
        )
        return kind, out.getvalue()


def _read(path: Path, where: str = "") -> bytes:
    """The bytes of a file; an error of ours begins with `where`."""
    try:
        return read_file(path, MOST_BYTES)
    except InputError as error:
        raise InputError(f"{where}{error}") from None


def _has_more(picture: "ImageFile", data: bytes) -> bool:
    """Whether it is turned, transparent, animated, or has more than 8 bits."""
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
    """A small JPEG for people to look at, as a data URL."""

    url: str
    width: int
    height: int


def thumbnail(image: Image, root: Path, max_pixels: int = 160 * 120) -> Thumbnail:
    """Make a picture small enough for a page.

    Raises
    ------
    InputError
        The picture is an address, or its file has gone, changed or broken since it was checked.
    """
    if image.path is None:
        raise InputError("given as an address, which is not looked up")
    try:
        data = _read(_inside(image.path, root))
        if image.sha256 and hashlib.sha256(data).hexdigest() != image.sha256:
            raise InputError("has changed since it was judged")
        with _opened(data) as picture:
            _check_size(picture)
            small = _scaled(_upright_rgb(picture, data), max_pixels)
    except (_Unknown, *_BROKEN) as error:
        raise InputError(
            "is not there" if isinstance(error, FileNotFoundError) else "cannot be read"
        ) from None
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_THUMBNAIL_QUALITY, optimize=True)
    url = f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
    return Thumbnail(url, small.width, small.height)
