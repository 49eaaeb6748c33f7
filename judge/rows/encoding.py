"""Encodings of text files: recognised without guessing, and passed on as UTF-8.

UTF-8 is passed on unchanged. UTF-16 is recognised by its byte order mark or by its NUL bytes, Windows-1252
(in which Excel saves a CSV) by the strict rules of `_DOUBTFUL`. All other encodings have to be named.
"""

import codecs
import io
import logging
import re
from functools import lru_cache
from typing import IO, Any, cast

from judge.errors import InputError

_log = logging.getLogger("judge.rows")

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = (
    (b"PK\x03\x04", "a spreadsheet (.xlsx) or a ZIP archive"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"SQLite format 3", "an SQLite database"),
)
_LOOK_AHEAD = 2**20
"""Bytes that are read before Windows-1252 is recognised; what follows is checked while it is read."""
_SIGNS = rb"\x80\x85\x91-\x97\x99\xa0-\xa3\xa5-\xa7\xa9-\xab\xad-\xb3\xb5-\xb7\xba-\xbf\xd7\xf7"
_LETTERS = rb"\x8c\x9c\xc0\xc1\xc4-\xcf\xd1-\xd6\xd9-\xdc\xdf-\xeb\xed-\xef\xf1-\xf6\xf9-\xfc"
_DOUBTFUL = re.compile(
    rb"[\x80-\xff](?:"  # first, so that the search passes over ASCII quickly
    rb"(?<=[\xc2-\xf4])[\x80-\xbf]"  # begins a character of UTF-8, which may be cut off
    rb"|(?<=[^\x00-\x7f" + _SIGNS + _LETTERS + rb"])"  # undefined, or a usual letter of another encoding
    rb"|(?<=[\xc0-\xff])[\xc0-\xff]{2}"  # Cyrillic, Greek, Chinese
    rb"|(?<=[a-z][\xc0-\xd6\xd8-\xde])"  # a capital after a small letter: Mac Roman
    rb"|(?<=[A-Za-z][\x80\x85\x91\x93-\x95\x99\xa1-\xac\xae-\xb6\xb8-\xbf\xd7\xf7])[A-Za-z]"  # sign in a word
    rb"|(?<=\xe2)[^A-Za-z\xc0-\xff]"  # begins most typographic signs of UTF-8
    rb")"
)
"""Bytes that are not beyond doubt Windows-1252: they may be damaged UTF-8 or another encoding."""
_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
ENCODING_ADVICE = (
    "save the file as UTF-8, or name its encoding with --encoding (in Python: encoding=), such as cp1252 for "
    "Western and cp1250 for Central European text"
)
_WORD = re.compile(r"[^\W\d_]*[^\x00-\x7f][^\W\d_]*")


def checked_encoding(encoding: str | None) -> str | None:
    """Return the name of an encoding as Python spells it.

    Raises
    ------
    InputError
        There is no such encoding of text.

    Examples
    --------
    >>> checked_encoding("Windows-1252"), checked_encoding(None)
    ('cp1252', None)
    """
    if encoding is None:
        return None
    try:
        found = codecs.lookup(encoding)
        "a".encode(found.name)
    except (LookupError, ValueError):
        raise InputError(
            f"encoding {encoding!r} is not known; allowed: an encoding of text that Python knows, such as "
            "utf-8, utf-16, cp1252, cp1250, mac-roman, shift_jis or gb18030"
        ) from None
    return found.name


def as_utf8(file: IO[bytes], name: str, encoding: str | None = None) -> IO[bytes]:
    """Return the content of a text file in UTF-8; a byte order mark stays.

    Parameters
    ----------
    file : binary file that has `peek`
        The content, unpacked.
    name : str
        Name of the file in errors.
    encoding : str or None
        The encoding; None recognises it. What was recognised, if it is not UTF-8, is logged as a warning.

    Raises
    ------
    InputError
        The file is binary, or bytes further on do not fit the encoding. Bytes that are neither UTF-8 nor
        recognised are passed on unchanged, so that the reader of lines refuses them with their place.
    """
    head = cast(io.BufferedReader, file).peek(4096)[:4096]
    if kind := next((kind for magic, kind in _BINARY if head.startswith(magic)), None):
        raise InputError(f"{name}: this is {kind}, not a text file. Give the file the ending of its format")
    known = encoding or _by_first_bytes(head)
    if known and not encoding:
        note(f"{name}: read as {known.upper()}")
    return cast(IO[bytes], io.BufferedReader(_Utf8(file, name, known), 2**16))


@lru_cache(1000)
def note(message: str) -> None:
    """Log a message once."""
    _log.warning("%s", message)


def _by_first_bytes(head: bytes) -> str | None:
    """Encoding by the byte order mark or, for UTF-16, by the NUL byte in each of its ASCII characters."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    low, high = head[::2], head[1::2]
    if not low.count(0) and high.count(0) * 4 > len(high):
        return "utf-16-le"
    if not high.count(0) and low.count(0) * 4 > len(low):
        return "utf-16-be"
    return None


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder(encoding)()


class _Utf8(io.RawIOBase):
    """The bytes of a text file, recoded to UTF-8.

    As long as all bytes are ASCII the encoding is open, since it makes no difference. The first other byte
    decides: Windows-1252 if it is beyond doubt, otherwise the bytes are passed on.
    """

    def __init__(self, file: IO[bytes], name: str, encoding: str | None) -> None:
        self._file = file
        self._name = name
        self._is_open = encoding is None
        self._is_recognised = False
        self._decoder = _decoder(encoding) if encoding not in (None, "utf-8", "utf-8-sig") else None
        self._line = 1
        self._tail = b""
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not (self._left or self._is_open or self._decoder):
            return cast(io.BufferedReader, self._file).readinto1(buffer)
        while not self._left:
            data = cast(io.BufferedReader, self._file).read1(len(buffer))
            if self._is_open and not data.isascii():
                data = self._decided(data)
            self._left = self._recoded(data)
            if not data:
                break
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size

    def _recoded(self, data: bytes) -> bytes:
        if self._decoder is None:
            self._line += data.count(b"\n") if self._is_open else 0
            return data
        if self._is_recognised:
            self._refuse_doubtful(data)
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(error.encoding, "replace")
            found = error.object[error.start : error.end].hex(" ")
            raise InputError(
                f"{self._name}:{self._line + before.count(chr(10))}: found {found}, which is not "
                f"{error.encoding.upper()}; the file is damaged, or has another encoding: {ENCODING_ADVICE}"
            ) from None
        self._line += text.count("\n")
        return text.encode("utf-8", "surrogatepass")

    def _decided(self, data: bytes) -> bytes:
        """Decide by data that hold the first byte that is not ASCII; return them and what was read ahead."""
        self._is_open = False
        start = len(data) - len(data.lstrip(bytes(range(128))))
        if len(data) < start + 4:
            data += self._file.read(4)
        if _CHARACTER.match(data, start):
            return data
        data += self._file.read(_LOOK_AHEAD)
        if _DOUBTFUL.search(data):
            return data
        self._decoder, self._is_recognised = _decoder("cp1252"), True
        word = cast("re.Match[str]", _WORD.search(data[max(0, start - 30) : start + 30].decode("cp1252")))[0]
        line = self._line + data.count(b"\n", 0, start)
        note(f"{self._name}: read as Windows-1252 (cp1252), as in {word!r} on line {line}")
        return data

    def _refuse_doubtful(self, data: bytes) -> None:
        seen, self._tail = self._tail + (data or b"\n"), (self._tail + data)[-2:]
        if found := _DOUBTFUL.search(seen):
            lines = seen.count(b"\n", len(seen) - len(data), max(found.start(), len(seen) - len(data)))
            raise InputError(
                f"{self._name}:{self._line + lines}: found {found[0].hex(' ')}; up to here the file was "
                f"Windows-1252 (cp1252), which these bytes may not be: {ENCODING_ADVICE}"
            )
