"""Kill the engine's processes when this process ends, however it ends."""

import subprocess
from collections.abc import Callable, Iterable


def kill_with_parent(pids: Iterable[int]) -> Callable[[], None]:
    """Kill processes when this process ends; return a function that cancels this.

    An engine whose parent was killed waits forever and keeps the GPU memory. A killed process cannot clean
    up, so a shell waits for the end of a pipe that only this process holds open.
    """
    command = ["sh", "-c", 'read -r _; kill -9 "$@"', "guard", *map(str, pids)]
    guard = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C must not end it
    )

    def cancel() -> None:
        guard.kill()
        guard.communicate()

    return cancel
