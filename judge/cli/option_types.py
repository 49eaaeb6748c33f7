"""How values of options are read: numbers, lists, pairs and named numbers."""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from judge.errors import InputError
from judge.rows import path_and_sheet
from judge.scoring.shards import Shard

_MOST_RUNS = 5
"""Runs that are named where the folder of a run does not exist."""


class Number(click.FloatRange):
    """A finite number within a range; click's own type accepts NaN and infinity."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number; fail if it is not finite."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number; allowed: {self.allowed}", param, ctx)
        return number

    @property
    def allowed(self) -> str:
        """The range in words."""
        return self._describe_range() if (self.min, self.max) != (None, None) else "any finite number"


class TablePath(click.Path):
    """A table: a file, a sheet of a workbook (``answers.xlsx#Sheet2``), or the folder of a saved dataset."""

    def __init__(self, *, allow_dash: bool = False) -> None:
        super().__init__(exists=True, allow_dash=allow_dash)
        self.name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check that the file or folder exists, and return the value as it is given."""
        super().convert(str(path_and_sheet(value)[0]), param, ctx)
        return value


class RunPath(click.Path):
    """The folder of a run, or of runs."""

    def __init__(self) -> None:
        super().__init__(exists=True, file_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check that the folder exists; fail with what to give instead of a file of answers."""
        path, allowed = Path(value), "allowed is the folder of a run, which judge score FILE writes and names"
        if path.is_file():
            self.fail(f"{str(value)!r} is a file; {allowed}", param, ctx)
        if not path.exists():
            near = path.parent if path.parent.is_dir() else Path("runs")
            found = sorted(str(one.parent) for one in near.glob("*/run.json"))
            more = f" and {len(found) - _MOST_RUNS:,} more" if len(found) > _MOST_RUNS else ""
            there = f"; found: {', '.join(found[:_MOST_RUNS])}{more}" if found else ""
            self.fail(f"{str(value)!r} does not exist; {allowed}{there}", param, ctx)
        return super().convert(value, param, ctx)


class Repeated(click.Option):
    """An option that may be repeated; in a settings file a single value needs no list."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Accept a single value as a list of length one."""
        return super().type_cast_value(ctx, [str(value)] if isinstance(value, int | float | str) else value)


def pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """``a=b`` options as a dict; a click callback."""
    for value in values:
        if not value.partition("=")[0].strip() or "=" not in value:
            raise click.BadParameter(f"{value!r}: allowed is name=value", ctx=ctx, param=param)
    found: dict[str, str] = {}
    for name, text in (value.split("=", 1) for value in values):
        if found.setdefault(name, text) != text:
            raise click.BadParameter(
                f"{name}: given twice, with {found[name]!r} and {text!r}; give it once", ctx=ctx, param=param
            )
    return found


def only_table(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> str | None:
    """Table of ratings, which may be given once; a click callback. Click itself would take the last one."""
    if len(values) > 1:
        raise click.BadParameter(
            f"found {len(values)} files ({', '.join(values)}); allowed: one. Put all ratings into one table, "
            "with a column that names the rater, such as item_id,rater,value",
            ctx=ctx,
            param=param,
        )
    return values[0] if values else None


def words(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    """``a,b`` as a tuple of words; a click callback."""
    return _listed(ctx, param, value, "words and numbers, as in 99,unsure")


def names(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    """``a,b`` as a tuple of field names; a click callback."""
    return _listed(ctx, param, value, "names of fields, as in a,b or a*b")


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
    """``[STATISTIC=]M`` options as a dict of positive margins; a click callback."""
    found = numbers(ctx, param, values)
    for margin in found.values():
        if not margin > 0:
            raise click.BadParameter(
                f"{margin:g}: allowed is a loss of agreement above 0, such as 0.05", ctx=ctx, param=param
            )
    return found


def single_margin(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> float | None:
    """Return the margin that is given without a statistic, None if there is none; a click callback."""
    found = margins(ctx, param, values)
    if found and "" not in found:
        raise click.BadParameter(
            f"{values[0]!r}: a study is planned for one margin; allowed is a number, such as 0.05",
            ctx=ctx,
            param=param,
        )
    return found.get("")


def shard_name(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """``3/16`` as it is given; a click callback that checks it."""
    try:
        return None if value is None else str(Shard.parse(value))
    except InputError as error:
        raise click.BadParameter(str(error).partition(": ")[2], ctx, param) from None


def source_of(context: click.Context, *names: str) -> str:
    """Say where options were set (for a file also when it was last changed), for the report."""
    sources = {context.get_parameter_source(name) for name in names}
    if ParameterSource.DEFAULT_MAP in sources:
        file = next((f for f in ("judge.toml", "pyproject.toml") if Path(f).is_file()), "the settings")
        changed = Path(file).stat().st_mtime if Path(file).is_file() else 0
        return f"set in {file}, last changed {datetime.date.fromtimestamp(changed)}"
    if ParameterSource.ENVIRONMENT in sources:
        return "set in the environment"
    return "given on the command line"


def _listed(ctx: click.Context, param: click.Parameter, value: str, allowed: str) -> tuple[str, ...]:
    found = tuple(word.strip() for word in value.split(","))
    if value and not all(found):
        raise click.BadParameter(f"{value!r}: allowed are {allowed}", ctx, param)
    return found if value else ()
