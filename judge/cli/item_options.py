"""Options of commands that read items: which columns are read, and what makes an id."""

import click

from judge.cli.option_types import TablePath, names
from judge.cli.options import mapping


def _fields(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:
    return names(ctx, param, value or "")


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
