"""Folders that appear as a whole or not at all."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from judge.errors import InputError, JudgeError


def check_free(out: Path) -> None:
    """Raise `InputError` unless `out` does not exist yet, or is an empty folder."""
    if (out / "run.db").exists():
        raise InputError(f"{out}: a run already exists; choose another folder with --out")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            f"{out}: already exists and is not an empty folder; choose another folder with --out"
        )


def unfinished(out: Path) -> list[Path]:
    """Hidden folders that processes left which were killed while they wrote to `out`."""
    drafts = sorted(out.parent.glob(f".{glob.escape(out.name)}.*"))
    return [draft for draft in drafts if draft.suffix[1:].isdigit()]


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Yield a draft folder that is renamed to `out` at the end, and removed after an error.

    Raises
    ------
    JudgeError
        An error of the block; its message names `out` instead of the draft.
    InputError
        The folder cannot be written.
    """
    made = [folder for folder in out.parents if not folder.exists()]
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        yield draft
        draft.replace(out)
    except BaseException as error:
        # BaseException: the draft is also removed after Ctrl-C.
        shutil.rmtree(draft, ignore_errors=True)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError | JudgeError):
            raise _about(out, error, draft) from None
        raise


def _about(out: Path, error: OSError | JudgeError, draft: Path) -> JudgeError:
    """Replace the draft by the requested path in the message of an error."""
    if isinstance(error, JudgeError):
        return type(error)(str(error).replace(str(draft), str(out)))
    return InputError(f"{out}: cannot be written: {error.strerror or error}")
