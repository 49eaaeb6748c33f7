"""Capture the terminal output of this process and its children while an engine starts."""

import contextlib
import functools
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

_KEPT_LINES = 400
_QUIET, _MOST_WAITS = 0.2, 10
"""Seconds without output after which the output of a dead child is complete, and the number of waits."""

_BAR = re.compile(r"^\s*(?P<what>[^|]*?):?\s+(?P<percent>\d{1,3})%( Completed )?\|")
_STEPS = (
    (re.compile("safetensors checkpoint|checkpoint shards|pt checkpoint", re.IGNORECASE), "loading weights"),
    (re.compile("CUDA graph", re.IGNORECASE), "preparing the GPU"),
    (re.compile("compil", re.IGNORECASE), "compiling"),
)


class CapturedOutput:
    """Standard output and error, captured as file descriptors so that child processes are included.

    Only output through `rich`, which looks for the attribute `rich_proxied_file`, still reaches the terminal.
    The output of children and loggers that were started meanwhile is captured as long as they live, because
    the last lines of an engine say why it died.
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._on_step: Callable[[str], None] | None = None
        self._terminal: TextIO | None = None
        self._pass_on: TextIO | None = None
        self._fresh = threading.Event()
        source, self._sink = os.pipe()
        # Never closed, because a logger or a progress bar that holds it may write later.
        self._stream: Any = _writer(self._sink)
        threading.Thread(target=self._read, args=(source,), name="engine output", daemon=True).start()

    @contextlib.contextmanager
    def capturing(self, on_step: Callable[[str], None], *, pass_on: bool = False) -> Iterator[None]:
        """Capture while the block runs.

        Parameters
        ----------
        on_step : callable
            Called in another thread with the progress of the engine, such as ``loading weights 50%``.
        pass_on : bool
            Whether the output is also shown on the terminal, from now on.
        """
        _flush()
        self._lines.clear()
        saved, stderr = (os.dup(1), os.dup(2)), sys.stderr
        if self._terminal is not None:
            self._terminal.close()
        self._terminal = self._stream.rich_proxied_file = _writer(2)  # a progress line may still write to it
        self._pass_on, self._on_step = self._terminal if pass_on else None, on_step
        sys.stderr = self._stream
        for place in (1, 2):
            os.dup2(self._sink, place)
        try:
            yield
        finally:
            self._on_step = None
            _flush()
            for place, was in zip((1, 2), saved, strict=True):
                os.dup2(was, place)
                os.close(was)
            sys.stderr = stderr

    def tail(self) -> Sequence[str]:
        """Return the last lines of output, after a short wait for those of a child that has just died."""
        for _ in range(_MOST_WAITS):
            self._fresh.clear()
            if not self._fresh.wait(_QUIET):
                break
        return list(self._lines)

    def _read(self, source: int) -> None:
        rest = ""
        with open(source, "rb", buffering=0) as pipe:
            while data := pipe.read(65536):
                self._fresh.set()
                text = data.decode(errors="replace")
                if self._pass_on:
                    with contextlib.suppress(OSError, ValueError):
                        self._pass_on.write(text)
                        self._pass_on.flush()
                *lines, rest = re.split(r"[\r\n]+", rest + text)
                for line in lines:
                    self._take(line)

    def _take(self, line: str) -> None:
        if not line.strip():
            return
        step, on_step = loading_step(line), self._on_step
        if step is None:
            self._lines.append(line)
        elif on_step is not None:
            on_step(step)


@functools.cache
def captured_output() -> CapturedOutput:
    """Return the capture of this process, which objects created by the first start keep writing to."""
    return CapturedOutput()


def loading_step(line: str) -> str | None:
    """Return the step that a progress bar of the engine shows; None if the line is not a progress bar.

    >>> loading_step("Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01]")
    'loading weights 50%'
    >>> loading_step("model-00001-of-00002.safetensors:  12%|#   | 480M/4.00G")
    'downloading model-00001-of-00002.safetensors 12%'
    """
    bar = _BAR.match(line)
    if not bar:
        return None
    what = re.sub(r"^\(.*? pid=\d+\)\s*", "", bar["what"])
    known = next((step for pattern, step in _STEPS if pattern.search(what)), None)
    is_file = re.fullmatch(r"[^ ]+\.\w+", what)
    return f"{known or (f'downloading {what}' if is_file else what)} {int(bar['percent'])}%"


def _writer(place: int) -> TextIO:
    return open(os.dup(place), "w", buffering=1, errors="replace")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
