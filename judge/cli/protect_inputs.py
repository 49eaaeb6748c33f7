"""Protection of input files: a command never overwrites a file that it reads."""

from collections.abc import Iterator
from pathlib import Path

import click

from judge.cli import settings_file
from judge.rows import path_and_sheet

_NO_INPUTS = frozenset({"html", "markdown", "latex", "csv", "svg", "junit", "out", "save", "image_root"})
"""Parameters that name outputs or the image folder; all others that name a file are inputs."""
_OF_A_RUN = ("run.db", "run.db-wal", "run.db-shm", "run.lock", "run.json", "scores.jsonl")


def refuse_inputs(*outputs: str | Path | None) -> None:
    """Fail if an output is a file that the current command reads; ``-`` and ``*`` are not files.

    Raises
    ------
    click.UsageError
        An output is an input, or a file of a run that is an input.
    """
    sources = list(_inputs())
    for output in outputs:
        if output is None or output in ("-", "*") or not _is_file(Path(output)):
            continue
        if any(Path(output).samefile(source) for source in sources):
            raise click.UsageError(
                f"{output} is read by this command and is not overwritten; choose another file"
            )


def files_of_run(folder: str | Path) -> list[Path]:
    """Files that a run in this folder can have, whether they exist or not."""
    return [Path(folder) / name for name in _OF_A_RUN]


def _inputs() -> Iterator[Path]:
    context = click.get_current_context()
    given = [value for name, value in context.params.items() if name not in _NO_INPUTS]
    named = [one for value in given for one in (value if isinstance(value, tuple) else (value,))]
    texts = (one.removeprefix("replay:").removeprefix("file:") for one in named if isinstance(one, str))
    for path in (path_and_sheet(text)[0] for text in texts):
        yield from (file for file in (path, *files_of_run(path)) if _is_file(file))
    if file := settings_file():
        yield Path(file)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # the text is not a valid path, or too long
        return False
