"""Options that several commands share."""

import math
from collections.abc import Callable
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
run_argument = click.argument("run", type=click.Path(exists=True, file_okay=False))
runs_argument = click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False))


class Number(click.FloatRange):
    """A number between two ends. NaN lies between no two, and infinity is no choice that anybody means."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number and refuse what is not finite."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no number that can be used here; allowed: {self.allowed}", param, ctx)
        return number

    @property
    def allowed(self) -> str:
        """The range in words."""
        return self._describe_range() if (self.min, self.max) != (None, None) else "any finite number"


def pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """``a=b`` options as a dict; a click callback."""
    for value in values:
        if not value.partition("=")[0].strip() or "=" not in value:
            raise click.BadParameter(f"{value!r}: allowed is name=value", ctx=ctx, param=param)
    return dict(value.split("=", 1) for value in values)


def words(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    """``a,b`` as a tuple of words; a click callback."""
    found = tuple(word.strip() for word in value.split(","))
    if value and not all(found):
        raise click.BadParameter(f"{value!r}: allowed are words and numbers, as in 99,unsure", ctx, param)
    return found if value else ()


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
