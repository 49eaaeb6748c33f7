"""Chunks: the requests of one batch, as lines in a temporary file."""

import io
import os
import tempfile
from array import array
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from judge.records import Request
from judge.scoring.schema import storage_errors


class Framing(NamedTuple):
    """What stands before, between and after the requests of a batch."""

    before: bytes
    between: bytes
    after: bytes


LINES = Framing(b"", b"\n", b"\n")


class _OnDisk(io.FileIO):
    """A file whose errors are those of the run; during a download, they would pass for network errors."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        super().__init__(descriptor, "r+b")
        self._folder = folder

    def write(self, content: Any) -> int:
        with storage_errors(self._folder):
            return super().write(content)


def scratch_file(folder: Path) -> BinaryIO:
    """Return a file without a name, which lies in a folder and is deleted when it is closed.

    Raises
    ------
    RunError
        The file cannot be made or, later, written.
    """
    with storage_errors(folder), tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        return io.BufferedRandom(_OnDisk(folder, os.dup(file.fileno())))


@dataclass(frozen=True, slots=True)
class BatchMember:
    """One request of a batch: what its completion needs."""

    key: str
    item_id: str
    _: KW_ONLY
    sample: int = 0
    dimension: str | None = None
    attempt: int = 0
    labels: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: Request, dropped: tuple[str, ...] = ()) -> "BatchMember":
        """Keep what identifies a request, and what was left out of it."""
        return cls(
            request.key,
            request.item.id,
            sample=request.sample,
            dimension=request.dimension,
            attempt=request.attempt,
            labels=request.labels,
            dropped=dropped,
        )


class Chunk:
    """Requests that are submitted as one batch.

    Their text lies in a file without a name, because it may have hundreds of megabytes.

    Parameters
    ----------
    folder : Path
        Where the file is made.
    framing : Framing
        What the provider expects around the requests.
    """

    def __init__(self, folder: Path, framing: Framing) -> None:
        self._folder, self._framing = folder, framing
        self._file = scratch_file(folder)
        self._file.write(framing.before)
        self._sizes = array("Q")
        self._tokens = array("Q")
        self._estimates = array("d")
        self.members: list[BatchMember] = []
        self.parts: set[str] = set()
        """Names of the parts of the requests that a provider may reject."""
        self.bytes = len(framing.before) + len(framing.after)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def tokens(self) -> int:
        """Estimated prompt tokens of all requests."""
        return sum(self._tokens)

    @property
    def estimate(self) -> float:
        """Highest cost of all requests in USD."""
        return sum(self._estimates)

    def add(self, member: BatchMember, line: bytes, tokens: int, estimate: float) -> None:
        """Append a request."""
        self._file.write((self._framing.between if self.members else b"") + line)
        self.bytes += len(line) + (len(self._framing.between) if self.members else 0)
        self.members.append(member)
        self._sizes.append(len(line))
        self._tokens.append(tokens)
        self._estimates.append(estimate)

    def open(self) -> BinaryIO:
        """Return the whole content as a file at its beginning; closing it does not lose the content."""
        self._file.seek(len(self._framing.before) + self._length)
        self._file.write(self._framing.after)
        self._file.flush()
        file = os.fdopen(os.dup(self._file.fileno()), "rb")
        file.seek(0)
        return file

    def halves(self) -> "tuple[Chunk, Chunk]":
        """Split the chunk in two, for a server that accepts less than its provider says."""
        first, second = Chunk(self._folder, self._framing), Chunk(self._folder, self._framing)
        first.parts = second.parts = self.parts
        self._file.seek(len(self._framing.before))
        for place, member in enumerate(self.members):
            if place:
                self._file.seek(len(self._framing.between), os.SEEK_CUR)
            half = first if 2 * place < len(self) else second
            line = self._file.read(self._sizes[place])
            half.add(member, line, self._tokens[place], self._estimates[place])
        return first, second

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    @property
    def _length(self) -> int:
        """Bytes of the requests and of what is between them."""
        return self.bytes - len(self._framing.before) - len(self._framing.after)
