"""Numbers with names on the command line, and who fixed them when."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource


class Repeated(click.Option):
    """An option that may be repeated; in a settings file one value needs no list."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Take a single value for a list of one."""
        return super().type_cast_value(ctx, [str(value)] if isinstance(value, int | float | str) else value)


def numbers(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    """``[NAME=]NUMBER`` options as a dict, ``""`` for a number without a name; a click callback."""
    found: dict[str, float] = {}
    for value in values:
        name, _, number = value.rpartition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            raise click.BadParameter(
                f"{value!r}: allowed is a number, or NAME=NUMBER", ctx=ctx, param=param
            ) from None
    return found


def set_by(context: click.Context, *names: str) -> str:
    """Where and when options were fixed, in words, for the report that rests on them."""
    sources = {context.get_parameter_source(name) for name in names}
    if ParameterSource.DEFAULT_MAP in sources:
        file = next((f for f in ("judge.toml", "pyproject.toml") if Path(f).is_file()), "the settings")
        changed = Path(file).stat().st_mtime if Path(file).is_file() else 0
        return f"set in {file} ({datetime.date.fromtimestamp(changed)})"
    if ParameterSource.ENVIRONMENT in sources:
        return "set in the environment"
    return f"set on the command line ({datetime.date.today()})"
