"""`judge export`: the scores of a run as a table."""

import click

from judge.cli.options import run_argument
from judge.cli.protect_inputs import refuse_inputs
from judge.scoring.export import FORMATS, export_scores


@click.command()
@run_argument
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    help="[default: what the name of --out says; csv on stdout]",
)
@click.option("--wide", is_flag=True, help="One row an item, one column a dimension.")
@click.option(
    "--out", type=click.Path(dir_okay=False, writable=True), default="-", help="File.  [default: stdout]"
)
def command(run: str, format_: str | None, wide: bool, out: str) -> None:
    """Write the scores of RUN with the fields of their items.

    Missing scores are empty cells (null in JSON Lines and Parquet) beside their status.

    Example: judge export runs/answers-openai-gpt-5-open_qa --wide --out scores.csv
    """
    refuse_inputs(out)
    export_scores(run, out, format_, wide=wide)
