"""What to do next: commands that run as they are printed, on standard error."""

import math
import shlex
import shutil
from collections.abc import Iterable, Sequence

import click

_ARGUMENTS = "judge.arguments"
_STDIN = "-"


def remember_arguments(context: click.Context, arguments: Sequence[str]) -> None:
    """Keep the arguments of a command for `same_command`."""
    context.meta[_ARGUMENTS] = [context.command.name or "", *arguments]


def same_command(*more: str) -> list[str]:
    """The command that runs, with further options; nothing where it cannot be repeated or has them."""
    arguments = click.get_current_context().meta.get(_ARGUMENTS, [])
    given = {argument.partition("=")[0] for argument in arguments}
    if not arguments or _STDIN in arguments or given & {word for word in more if word.startswith("--")}:
        return []
    return [shlex.join(["judge", *arguments, *more])]


def n_lines(texts: Iterable[str]) -> int:
    """Number of lines that texts take in the terminal."""
    width = shutil.get_terminal_size().columns
    return sum(max(1, math.ceil(len(line) / width)) for text in texts for line in text.splitlines())


def as_notes(steps: Iterable[str]) -> list[str]:
    """The lines that show the steps."""
    return [f"next: {step}" for step in steps]
