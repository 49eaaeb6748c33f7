"""No command writes over a file that it reads."""

from collections.abc import Iterator
from pathlib import Path

import click

from judge.cli import settings_file

_NO_INPUTS = frozenset({"html", "markdown", "latex", "csv", "junit", "out", "save", "image_root"})
"""Parameters that name what is written, or where pictures lie; all others that name a file are read."""
_OF_A_RUN = ("run.db", "run.db-wal", "run.db-shm", "run.lock", "run.json", "scores.jsonl")


def refuse_inputs(*outputs: str | Path | None) -> None:
    """Refuse to write to a file that the present command reads; ``-`` and ``*`` name no file.

    Raises
    ------
    click.UsageError
        An output is an input, or a file that belongs to a run that is read.
    """
    sources = list(_inputs())
    for output in outputs:
        if output is None or output in ("-", "*") or not _is_file(Path(output)):
            continue
        if any(Path(output).samefile(source) for source in sources):
            raise click.UsageError(
                f"{output} is read by this command and is not written over; name another file"
            )


def files_of_run(folder: str | Path) -> list[Path]:
    """Files that belong to the run in a folder, whether they are there or not."""
    return [Path(folder) / name for name in _OF_A_RUN]


def _inputs() -> Iterator[Path]:
    context = click.get_current_context()
    given = [value for name, value in context.params.items() if name not in _NO_INPUTS]
    named = [one for value in given for one in (value if isinstance(value, tuple) else (value,))]
    for path in (Path(one.removeprefix("replay:")) for one in named if isinstance(one, str)):
        yield from (file for file in (path, *files_of_run(path)) if _is_file(file))
    if file := settings_file():
        yield Path(file)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text that is no path, or too long for one
        return False
