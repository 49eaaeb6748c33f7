"""A run folder that is taken away again where scoring fails before anything has arrived."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from judge.scoring.store import Run

_FILES = ("scores.jsonl", "run.json", "run.db-shm", "run.db-wal", "run.db", "run.lock-journal", "run.lock")


def missing_parts(path: Path) -> list[Path]:
    """List what making a run at `path` will make: its database and folders, the innermost first."""
    return [part for part in (path / "run.db", path, *path.parents) if not part.exists()]


@contextlib.contextmanager
def discarded_on_error(run: Run, made: list[Path]) -> Iterator[None]:
    """Take the folder of `run` away where an error ends it before anything is stored.

    Nothing that was there before is touched: `made` is what `missing_parts` said before. The lock goes last,
    so that no other process takes up the run meanwhile.
    """
    try:
        yield
    except Exception:
        if run.path / "run.db" in made and not run.is_judged:
            for name in _FILES:
                (run.path / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # somebody else has put something into it
                for folder in made[1:]:
                    folder.rmdir()
        raise
