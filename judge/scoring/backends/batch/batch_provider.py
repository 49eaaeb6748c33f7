"""What the batch API of a provider can do, and values of its answers."""

import re
from collections.abc import Collection, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, BinaryIO, Protocol

from judge.records import Request
from judge.scoring.backends.api.errors import Problem, brief
from judge.scoring.backends.batch.chunks import Chunk, Framing
from judge.scoring.backends.batch.journal import StoredBatch


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Largest batch that a provider takes."""

    requests: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """State of a batch at the provider."""

    id: str
    said: str
    """The provider's word for it."""
    is_ended: bool = False
    is_cancelled: bool = False
    total: int = 0
    done: int = 0
    failed: int = 0
    files: tuple[str, ...] = ()
    """Names of the files with results and errors."""
    problem: str | None = None
    """Why no request of the batch was processed."""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one request: a reply, an error, or nothing (`unasked` says why)."""

    key: str
    _: KW_ONLY
    data: Any = None
    """The reply as a chat completion."""
    problem: Problem | None = None
    unasked: str | None = None


@dataclass(frozen=True, slots=True)
class FoundBatch:
    """A batch found by what was recorded before its submission."""

    state: BatchState | None = None
    is_undecided: bool = False
    """Whether a batch may be the one that is looked for, which only its results will show."""


def name_in(value: Any) -> str:
    """Return an id that a provider gave.

    Raises
    ------
    ValueError
        It is no text with content, nor a number.
    """
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise ValueError(f"found the id {brief(repr(value))}")
    return str(value)


def word_in(value: Any) -> str:
    """Return a provider's word for a state, without what a terminal must not show.

    >>> word_in("in_progress"), word_in(None)
    ('in_progress', 'unknown')
    """
    return _NO_WORD.sub("?", str(value or "unknown"))[:_LONGEST_WORD]


def count_in(value: Any) -> int:
    """Return a count; 0 for what is none.

    >>> count_in(3), count_in("12"), count_in(None), count_in(-1)
    (3, 12, 0, 0)
    """
    text = str(value)
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else 0


def fields_in(value: Any) -> Mapping[str, Any]:
    """Return the fields of an object; none of anything else."""
    return value if isinstance(value, dict) else {}


_NO_WORD = re.compile(r"[^\w .:-]")
_LONGEST_WORD, _MOST_DIGITS = 40, 12


@dataclass(eq=False)
class Refused(Exception):
    """The provider answered that it did not accept an upload or a batch; nothing was created."""

    status: int
    error: Exception
    """As `classify` returns it."""


class BatchProvider(Protocol):
    """The batch API of one provider and model, within one event loop."""

    limits: BatchLimits
    framing: Framing

    async def line(self, request: Request) -> bytes:
        """Return the request as one line of a batch; raise `Failed` if it cannot be made."""
        ...

    async def prepare(self, chunk: Chunk, token: str) -> str:
        """Do what precedes the creation of a batch (an upload); it may be repeated.

        Returns
        -------
        str
            What `create` and `find` need: the name of the uploaded file, for instance. Never empty.
        """
        ...

    async def create(self, chunk: Chunk, token: str, prepared: str) -> BatchState:
        """Create the batch. It is never called again before `find` has looked for the batch.

        Raises
        ------
        Refused
            The provider answered that there is no batch.
        Failed
            Whether there is a batch is not known.
        """
        ...

    async def find(self, batch: StoredBatch, keys: Collection[str], known: Collection[str]) -> FoundBatch:
        """Look for a batch whose creation was not confirmed.

        Parameters
        ----------
        batch : StoredBatch
            What was recorded before its creation.
        keys : collection of str
            Keys of its requests.
        known : collection of str
            Ids of the other batches of the run.
        """
        ...

    async def state(self, batch_id: str) -> BatchState:
        """Return the state of a batch."""
        ...

    async def download(self, state: BatchState, file: BinaryIO) -> None:
        """Write all results of a batch that has ended into a file, one per line."""
        ...

    def result(self, line: Mapping[str, Any]) -> BatchResult:
        """Read one line of the results; a missing field raises `LookupError` or `TypeError`."""
        ...

    async def cancel(self, batch_id: str) -> None:
        """Cancel a batch; what it has answered until then is kept."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
