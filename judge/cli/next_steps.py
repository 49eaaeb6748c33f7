"""What to do next: commands that run as they are printed, on standard error."""

import math
import shlex
import shutil
from collections.abc import Iterable, Iterator, Sequence

import click

OUTPUT = "Output"
"""Heading of the options that say where and how much is written; no next step repeats them."""
_ARGUMENTS = "judge.arguments"
_STDIN = "-"


def remember_arguments(context: click.Context, arguments: Sequence[str]) -> None:
    """Keep the arguments of a command for `same_command`."""
    context.meta[_ARGUMENTS] = [context.command.name or "", *arguments]


def same_command(*more: str) -> list[str]:
    """The command that runs, with further options and without those about its output.

    Nothing where it cannot be repeated or has these options.
    """
    context = click.get_current_context()
    arguments = context.meta.get(_ARGUMENTS, [])
    given = {argument.partition("=")[0] for argument in arguments}
    if not arguments or _STDIN in arguments or given & {word for word in more if word.startswith("--")}:
        return []
    return [shlex.join(["judge", *_without_outputs(context.command, arguments), *more])]


def _without_outputs(command: click.Command, arguments: Sequence[str]) -> Iterator[str]:
    """Leave out options about the output, and their values: words that do not begin with a dash."""
    outputs = {
        name: param
        for param in command.params
        if isinstance(param, click.Option) and vars(param).get("section") == OUTPUT
        for name in param.opts
    }
    has_value = False
    for word in arguments:
        if has_value and not word.startswith("-"):
            has_value = False
            continue
        name, equals, _ = word.partition("=")
        has_value = name in outputs and not equals and not outputs[name].is_flag
        if name not in outputs:
            yield word


def command(*words: str) -> str:
    """Another command, as it is written in a shell."""
    return shlex.join(["judge", *words])


def n_lines(texts: Iterable[str]) -> int:
    """Number of lines that texts take in the terminal."""
    width = shutil.get_terminal_size().columns
    return sum(max(1, math.ceil(len(line) / width)) for text in texts for line in text.splitlines())


def as_notes(steps: Iterable[str]) -> list[str]:
    """The lines that show the steps."""
    return [f"next: {step}" for step in steps]
