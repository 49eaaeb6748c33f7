"""What this process and its children write to the terminal, caught for as long as an engine starts."""

import contextlib
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TextIO

_KEPT_LINES = 400
_PATIENCE = 2.0
"""Seconds to wait for the last lines of a child that has just died."""

_BAR = re.compile(r"^\s*(?P<what>[^|]*?):?\s+(?P<percent>\d{1,3})%(\||\s)")
_STEPS = (
    (re.compile("safetensors checkpoint|checkpoint shards|pt checkpoint", re.IGNORECASE), "loading weights"),
    (re.compile("CUDA graph", re.IGNORECASE), "preparing the card"),
    (re.compile("compil", re.IGNORECASE), "compiling"),
)


class CaughtOutput:
    """Standard output and error, caught at the level of the system, where children write, too.

    Only what leads through `rich` still reaches the terminal: it looks for the attribute `rich_proxied_file`.
    A child that was started meanwhile is heard for as long as it lives: its last words say why it died.

    Parameters
    ----------
    on_step : callable
        Hears what an engine does while it starts, such as ``loading weights 50%``; called by another thread.
    pass_on : bool
        Whether everything is shown on standard error, too.
    """

    def __init__(self, on_step: Callable[[str], None], *, pass_on: bool = False) -> None:
        self._on_step: Callable[[str], None] | None = on_step
        self._pass_on = pass_on
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._saved: tuple[int, int] = (-1, -1)
        self._stderr: TextIO | None = None

    def __enter__(self) -> Self:
        _flush()
        self._saved = os.dup(1), os.dup(2)
        source, sink = os.pipe()
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.close(sink)
        self._stderr = sys.stderr
        # Never closed: who got hold of either (a logger, a progress line) may write later.
        ours: Any = open(2, "w", buffering=1, errors="replace", closefd=False)
        terminal = open(os.dup(self._saved[1]), "w", buffering=1, errors="replace")
        ours.rich_proxied_file = terminal
        sys.stderr = ours
        self._reader = threading.Thread(
            target=self._read, args=(source, terminal), name="engine output", daemon=True
        )
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._on_step = None
        _flush()
        for place, saved in zip((1, 2), self._saved, strict=True):
            os.dup2(saved, place)
            os.close(saved)
        if self._stderr is not None:
            sys.stderr = self._stderr
        if kind is not None:
            self._reader.join(_PATIENCE)

    def tail(self) -> Sequence[str]:
        """The last lines that were written."""
        return list(self._lines)

    def last_words(self) -> Sequence[str]:
        """The last lines of a child that has just died."""
        self._reader.join(_PATIENCE)
        return self.tail()

    def _read(self, source: int, terminal: TextIO) -> None:
        rest = ""
        with open(source, "rb", buffering=0) as pipe:
            while data := pipe.read(65536):
                if self._pass_on:
                    with contextlib.suppress(OSError, ValueError):
                        terminal.write(data.decode(errors="replace"))
                        terminal.flush()
                *lines, rest = re.split(r"[\r\n]+", rest + data.decode(errors="replace"))
                for line in lines:
                    self._hear(line)
        self._hear(rest)

    def _hear(self, line: str) -> None:
        if not line.strip():
            return
        step, on_step = told_step(line), self._on_step
        if step is None:
            self._lines.append(line)
        elif on_step is not None:
            on_step(step)


def told_step(line: str) -> str | None:
    """What a progress bar of the engine tells; None where a line is none.

    >>> told_step("Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01]")
    'loading weights 50%'
    >>> told_step("model-00001-of-00002.safetensors:  12%|#   | 480M/4.00G")
    'downloading model-00001-of-00002.safetensors 12%'
    """
    bar = _BAR.match(line)
    if not bar:
        return None
    what = re.sub(r"^\(.*? pid=\d+\)\s*", "", bar["what"])
    known = next((step for pattern, step in _STEPS if pattern.search(what)), None)
    return f"{known or f'downloading {what}'} {int(bar['percent'])}%"


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
