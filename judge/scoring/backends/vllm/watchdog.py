"""Processes that must not outlive this one, whatever ends it."""

import subprocess
from collections.abc import Callable, Iterable


def kill_with_parent(pids: Iterable[int]) -> Callable[[], None]:
    """Have processes killed when this one is gone; return what calls that off.

    An engine whose owner was killed waits for ever and keeps the card. Who is killed can end nothing, so
    a shell waits for the end of a pipe that this process alone holds open.
    """
    command = ["sh", "-c", 'read -r _; kill -9 "$@"', "guard", *map(str, pids)]
    guard = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is not for it
    )

    def cancel() -> None:
        guard.kill()
        guard.communicate()

    return cancel
