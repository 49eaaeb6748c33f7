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
    """Open a run for scoring, as `Run.create`; a new one is removed where the block fails without a reply."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    is_new, is_empty = not (path / "run.db").exists(), False
    try:
        with Run.create(path, judge) as run:
            try:
                yield run
            except BaseException:
                is_empty = is_new and not run.is_judged
                if is_empty:  # removed while it is ours alone
                    _remove_files(path)
                raise
    finally:
        if is_empty:
            with contextlib.suppress(OSError):  # the folder has other files
                for folder in missing:
                    folder.rmdir()


def _remove_files(path: Path) -> None:
    for name in _OUR_FILES:
        with contextlib.suppress(OSError):  # the error that led here matters more
            (path / name).unlink()
