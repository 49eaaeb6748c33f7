"""Deferred Ctrl-C: until the end of a block, or until the caller checks for it."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Defer Ctrl-C until the block has ended.

    If the process ignores Ctrl-C (a background job), it still does.
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


class InterruptCount:
    """How often Ctrl-C was pressed; true if it was."""

    def __init__(self) -> None:
        self.times = 0

    def __bool__(self) -> bool:
        return self.times > 0


@contextlib.contextmanager
def counted_interrupts() -> Iterator[InterruptCount]:
    """Count Ctrl-C instead of raising; the block checks the count. The second Ctrl-C raises as usual.

    Nothing changes outside the main thread, or if the process has its own handler for Ctrl-C.
    """
    pressed = InterruptCount()
    is_default = threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not is_default:
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
