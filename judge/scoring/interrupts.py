"""Ctrl-C deferred: for the duration of a block, or until the caller checks for it."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back while the block runs; it comes right after.

    Where it is ignored (a job in the background) it stays so.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):
        yield
        return
    pressed: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        pressed.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


class Noted:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.times = 0

    def __bool__(self) -> bool:
        return self.times > 0


@contextlib.contextmanager
def noted() -> Iterator[Noted]:
    """Note Ctrl-C while the block runs, which looks by itself; pressed again it breaks in as ever.

    Where another has a say in it already (not the main thread, a handler of its own), nothing is changed.
    """
    pressed = Noted()
    usual = threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not usual:
        yield pressed
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        pressed.times += 1
        if pressed.times > 1:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
