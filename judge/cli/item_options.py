"""Options of commands that read items: which columns are read, and what makes an id."""

import csv

import click

from judge.cli.option_types import TablePath
from judge.cli.options import mapping


def _fields(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:
    """``a,b`` as a tuple of names; one that holds a comma stands in quotes, as in a CSV."""
    try:
        found = [
            cell.strip() for cell in next(csv.reader([value or ""], skipinitialspace=True, strict=True), [])
        ]
    except csv.Error:
        found = [""]
    if not all(found):
        raise click.BadParameter(
            f"{value!r}: allowed are names of columns, as in a,b; one that holds a comma stands in "
            "quotes, as in "
            "'\"a, b\",c'",
            ctx,
            param,
        )
    return tuple(found)


id_from = click.option(
    "--id-from",
    metavar="FIELDS",
    callback=_fields,
    help="Fields whose values make the id of an item, as in question,system.  [default: a column of ids, or "
    "else the content]",
)
answers_in = click.option(
    "--answers-in",
    metavar="COLUMNS",
    callback=_fields,
    help="Columns that hold the answers of one system each, as in model_a,model_b. Empty cells make no item.",
)
questions = click.option(
    "--questions",
    type=TablePath(),
    metavar="FILE",
    help="File with the questions, joined to the answers by id.",
)
item_options = (mapping, id_from, answers_in, questions)
