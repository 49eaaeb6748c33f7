"""Open plain and gzipped files safely, with a limit on their unpacked size."""

import contextlib
import errno
import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from judge.errors import InputError

UNPACKED_FREELY, MOST_EXPANSION = 64 * 2**20, 200
"""Number of bytes that may always be unpacked; beyond it, the largest ratio of unpacked to packed size."""
_GZIP_MAGIC = b"\x1f\x8b"


@contextlib.contextmanager
def errors_of_files(name: str) -> Iterator[None]:
    """Raise errors of reading and unpacking a file as an `InputError` that names it."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{name}: the gzip data is damaged or cut off ({error}). Create or download the file again"
        ) from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from None


def open_file(path: Path) -> IO[bytes]:
    """Open a regular file for reading; never wait for a device or a pipe.

    Raises
    ------
    OSError
        The file is missing or may not be read, or it is a folder, a device or a pipe.
    """
    _check_is_file(path.stat().st_mode, path)  # opening a device can have side effects
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = open(os.open(path, flags), "rb")  # noqa: SIM115 - the caller closes it
    with contextlib.ExitStack() as on_error:
        on_error.callback(file.close)
        _check_is_file(os.fstat(file.fileno()).st_mode, path)  # it may have been replaced since
        on_error.pop_all()
    return file


def read_text(path: Path, most_bytes: int) -> str:
    """Read a text file in UTF-8 of limited size.

    Raises
    ------
    OSError
        The file cannot be opened (see `open_file`) or is larger than `most_bytes`.
    UnicodeDecodeError
        The file is not UTF-8.
    """
    with open_file(path) as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"it has more than {most_bytes:,} bytes", str(path))
    return data.decode("utf-8-sig")


def _check_is_file(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(
            errno.EINVAL,
            "it is a device or a pipe, which may have no end; save its output in a file",
            str(path),
        )


def check_expansion(name: str, packed: int, unpacked: int) -> None:
    """Refuse data that unpack to far more than a table or a log usually does."""
    if unpacked > UNPACKED_FREELY and unpacked > MOST_EXPANSION * packed:
        raise InputError(
            f"{name}: {packed:,} packed bytes unpack to {unpacked:,} bytes or more; allowed is "
            f"{MOST_EXPANSION} times the packed size. Unpack it first if you trust it"
        )


@contextlib.contextmanager
def opened(path: Path | None, name: str) -> Iterator[IO[bytes]]:
    """Open a file, or standard input for None, and unpack it if its first bytes say that it is gzipped."""
    with contextlib.ExitStack() as stack:
        file = sys.stdin.buffer if path is None else stack.enter_context(open_file(path))
        file = file if hasattr(file, "peek") else io.BufferedReader(cast(io.RawIOBase, file))
        if cast(io.BufferedReader, file).peek(2)[:2] == _GZIP_MAGIC:
            yield cast(IO[bytes], io.BufferedReader(_Unpacked(name, file), 2**16))
        else:
            yield file


class _Packed:
    """A gzipped file that counts the bytes read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.n_read = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.n_read += len(data)
        return data


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a gzipped file; far too many of them are an error."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self._name = name
        self._packed = _Packed(file)
        self._gzip = gzip.GzipFile(fileobj=cast(IO[bytes], self._packed), mode="rb")
        self._n_unpacked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._gzip.read1(len(buffer))
        self._n_unpacked += len(data)
        check_expansion(self._name, self._packed.n_read, self._n_unpacked)
        buffer[: len(data)] = data
        return len(data)
