"""Lines of a text file, as bytes and decoded, with a bound on their length."""

from collections.abc import Callable, Iterator
from typing import IO, Any

from judge.errors import InputError
from judge.rows.encoding import ENCODING_ADVICE

Row = dict[str, Any]
OnBad = Callable[[InputError], None]
"""Receives the error of each row that cannot be read; where there is none, the first such row raises."""

Refuse = Callable[[str, str], None]
"""Refuses one row, given the place where it stands and the problem."""

LINE_LIMIT = 128 * 2**20
"""Bytes of the longest line, and characters of the longest cell of a CSV."""

UTF8_BOM = b"\xef\xbb\xbf"

ZERO_WIDTH = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
INVISIBLE = ZERO_WIDTH + "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
"""White space and zero-width marks, which are copied along with cells."""


def refusing(on_bad: OnBad | None) -> Refuse:
    """Return what refuses a row: it calls `on_bad`, or raises where there is none."""

    def refuse(where: str, problem: str) -> None:
        error = InputError(f"{where}: {problem}")
        if on_bad is None:
            raise error
        on_bad(error)

    return refuse


MOST_BLANK = 1_000_000
"""Blank lines before the first text; a pipe may give them without end."""


def byte_lines(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Lines of a file, as they stand."""
    while line := file.readline(LINE_LIMIT + 1):
        if len(line) > LINE_LIMIT:
            raise InputError(f"{name}: found a line of more than {LINE_LIMIT >> 20} MiB")
        yield line


def decoded(line: bytes) -> str:
    """Text of a line in UTF-8; a ValueError says what is wrong with it."""
    if b"\0" in line:
        raise ValueError(
            f"found a NUL byte at byte {line.index(0) + 1} of the line; remove it. If there are many, "
            f"{ENCODING_ADVICE}"
        )
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        found = " ".join(f"{byte:02x}" for byte in line[error.start : error.end])
        raise ValueError(
            f"found {found} at byte {error.start + 1} of the line, which is not UTF-8; {ENCODING_ADVICE}"
        ) from None
