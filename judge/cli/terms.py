"""Numbers with names on the command line, and who fixed them when."""

from __future__ import annotations

import datetime
from pathlib import Path

import click
from click.core import ParameterSource


def numbers(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    """``[NAME=]NUMBER`` options as a dict, ``""`` for a number without a name; a click callback."""
    found: dict[str, float] = {}
    for value in (values,) if isinstance(values, int | float | str) else values:
        name, _, number = str(value).rpartition("=")
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
