"""A new run folder is removed again if scoring fails before the first reply."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from judge.scoring.judge import Judge
from judge.scoring.run import Run

_OUR_FILES = (
    "run.db-wal",
    "run.db-shm",
    "run.db",
    "scores.jsonl",
    "run.json",
    "run.lock",
    "run.lock-journal",
)


@contextlib.contextmanager
def run_for(path: Path, judge: Judge) -> Iterator[Run]:
    """Open a run with `Run.create`; remove a new run if the block fails before the first reply."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    is_new, is_empty = not (path / "run.db").exists(), False
    try:
        with Run.create(path, judge) as run:
            try:
                yield run
            except BaseException:
                is_empty = is_new and not run.is_judged
                if is_empty:  # while this process holds the lock
                    _remove_files(path)
                raise
    finally:
        if is_empty:
            with contextlib.suppress(OSError):  # the folder contains other files
                for folder in missing:
                    folder.rmdir()


def _remove_files(path: Path) -> None:
    for name in _OUR_FILES:
        with contextlib.suppress(OSError):  # the original error is more important
            (path / name).unlink()
