"""Event loop of a backend: in the calling thread, or in a thread of its own in notebooks."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Self, TypeVar

T = TypeVar("T")


def new_runner() -> "asyncio.Runner | ThreadRunner":
    """Return a runner; a thread with a running event loop (a notebook) needs a loop in another thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.Runner()
    return ThreadRunner()


@contextlib.contextmanager
def ctrl_c_calls(interrupt: Callable[[], None], runner: "asyncio.Runner | ThreadRunner") -> Iterator[None]:
    """Let Ctrl-C call a function within the event loop instead of interrupting the code that runs.

    If that is not possible (another thread, Windows), Ctrl-C raises `KeyboardInterrupt` as usual.
    """
    is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not (is_default and isinstance(runner, asyncio.Runner) and sys.platform != "win32"):
        yield
        return
    loop = runner.get_loop()
    loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


class ThreadRunner:
    """An `asyncio.Runner` in its own thread; the calling thread waits, so only one of them runs."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="judge")
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; Ctrl-C cancels it, as it does with `asyncio.Runner.run`."""
        started: list[asyncio.Task[Any]] = []

        async def main() -> T:
            started.extend(task for task in [asyncio.current_task()] if task)
            return await coroutine

        future = self._pool.submit(self._runner.run, main())
        try:
            return future.result()
        except KeyboardInterrupt:
            for task in started:
                self._runner.get_loop().call_soon_threadsafe(task.cancel)
            wait([future])
            raise

    def __exit__(self, *_: object) -> None:
        self._pool.submit(self._runner.close).result()
        self._pool.shutdown()
