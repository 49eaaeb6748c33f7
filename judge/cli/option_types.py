"""Numbers with names on the command line, and who fixed them when."""

from __future__ import annotations

import datetime
import math
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
            found[name.strip()] = math.nan
        if not math.isfinite(found[name.strip()]):
            raise click.BadParameter(f"{value!r}: allowed is a number, or NAME=NUMBER", ctx=ctx, param=param)
    return found


def margins(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    """``[STATISTIC=]M`` options as a dict: margins above 0; a click callback."""
    found = numbers(ctx, param, values)
    for margin in found.values():
        if not margin > 0:
            raise click.BadParameter(
                f"{margin:g}: allowed is a loss of agreement above 0, such as 0.05", ctx=ctx, param=param
            )
    return found


def set_by(context: click.Context, *names: str) -> str:
    """Where options were fixed (a file: and when), in words, for the report that rests on them."""
    sources = {context.get_parameter_source(name) for name in names}
    if ParameterSource.DEFAULT_MAP in sources:
        file = next((f for f in ("judge.toml", "pyproject.toml") if Path(f).is_file()), "the settings")
        changed = Path(file).stat().st_mtime if Path(file).is_file() else 0
        return f"set in {file}, last changed {datetime.date.fromtimestamp(changed)}"
    if ParameterSource.ENVIRONMENT in sources:
        return "set in the environment"
    return "given on the command line"
