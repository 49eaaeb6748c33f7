"""Files that are written as a whole or not at all, and cells that no spreadsheet runs."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from judge.errors import InputError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by spreadsheets."""


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a path to write to, which takes the place of `path` once all is written.

    Where anything fails, nothing is left behind and an older file stays as it was. What is no file (a device,
    a pipe) is written to directly.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    target = Path(os.path.realpath(path))  # a link goes on pointing to its file
    is_file = target.is_file() or not target.exists()
    draft = target.with_name(f".{target.name[:60]}.{os.getpid()}") if is_file else target
    try:
        yield draft
        if is_file:
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            draft.replace(target)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        if is_file:
            draft.unlink(missing_ok=True)


def write_file(path: str | Path, parts: str | Iterable[str]) -> None:
    """Write a text file as a whole, lines ending as they are given; see `whole_file`."""
    with whole_file(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        file.writelines([parts] if isinstance(parts, str) else parts)


def make_folder(folder: str | Path) -> Path:
    """Create a folder that does not exist yet, with its parents.

    Raises
    ------
    InputError
        The folder cannot be created.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: the folder cannot be created: {error.strerror}") from None
    return path


def harmless(value: Any) -> Any:
    """Put an apostrophe before a text that a spreadsheet would run; `plain` takes it away again.

    >>> harmless("=1+1"), harmless("fine"), harmless(-1.0)
    ("'=1+1", 'fine', -1.0)
    """
    return f"'{value}" if _would_run(value) else value


def plain(value: Any) -> Any:
    """Undo `harmless`.

    >>> plain("'=1+1"), plain("'tis")
    ('=1+1', "'tis")
    """
    return value[1:] if _would_run(value) and value.startswith("'") else value


def _would_run(value: Any) -> bool:
    # An apostrophe before it counts, too: otherwise the two functions would not undo each other.
    return isinstance(value, str) and value.lstrip("'").startswith(_FORMULA)
