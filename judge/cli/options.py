"""Options that several commands share."""

from collections.abc import Callable
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
run_argument = click.argument("run", type=click.Path(exists=True, file_okay=False))
runs_argument = click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False))


def pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """``a=b`` options as a dict; a click callback."""
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"{value!r}: allowed is name=value", ctx=ctx, param=param)
    return dict(value.split("=", 1) for value in values)


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """``1 item``, ``2,000 items``."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def decorate(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, in the order in which `--help` shows them."""

    def wrap(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return wrap
