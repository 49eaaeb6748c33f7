"""Advice on columns of ratings that can be read in two ways, or that were not read."""

import shlex
from collections.abc import Iterable, Sequence

from judge.formats.wide import RatingColumn, crossed
from judge.items.columns import plain

_MODELS = ("judge", "model", "llm", "gpt")


def if_ratings(columns: Sequence[str], ratings: Sequence[RatingColumn]) -> str:
    """What to do if columns that were not read hold ratings after all."""
    first = ratings[0]
    if not first.rater:
        return "if they are dimensions, name all dimensions with --dimension."
    if first.dimension:
        return (
            f"if they hold the ratings of another rater, name this rater in the column, as {first.column!r} "
            "does."
        )
    raters = shlex.quote(",".join(dict.fromkeys((*(one.column for one in ratings), *columns))))
    return f"if they are raters, name all raters: --raters-in {raters}."


def raters_or_dimensions(columns: Sequence[str]) -> str:
    """Both readings of columns with ratings in a table that does not say who rated."""
    names = shlex.quote(",".join(columns))
    found = (
        "no column says who rated (if one does, name it: --column rater=NAME), and columns "
        f"{listed(columns)} hold ratings. "
    )
    both = crossed(columns)
    if both is not None:
        left, right = (",".join(side) for side in both)
        return (
            f"{found}They combine {left} with {right}. Say which of these are the raters: --raters-in "
            f"{shlex.quote(left)} or --raters-in {shlex.quote(right)}; or, if one person rated them all, "
            f"--dimension {names}"
        )
    models = [name for name in columns if plain(name).startswith(_MODELS)]
    hint = (
        f". If {listed(models)} are models: one row for each rating, with columns rater, rater_kind (judge) "
        "and value"
        if models
        else ""
    )
    return (
        f"{found}Each may be a rater (one column for each rater) or a dimension (all rated by one person). "
        f"Say which they are: --raters-in {names} or --dimension {names}{hint}"
    )


def as_list(names: Sequence[str]) -> str:
    """How to write names in Python, for a text that holds several; empty for others."""
    several = next((name for name in names if "," in name), None)
    parts = [part.strip() for part in several.split(",")] if several else []
    return f". Names are not split at commas; in Python they are a list: {parts}" if parts else ""


def listed(names: Iterable[str]) -> str:
    """Names in quotes, with commas between them."""
    return ", ".join(map(repr, names))
