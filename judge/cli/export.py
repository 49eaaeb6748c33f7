"""`judge export`: the scores of a run as a table."""

import click

from judge.cli.options import out, run_argument
from judge.cli.protect_inputs import refuse_inputs
from judge.scoring.export import FORMATS, export_scores


@click.command()
@run_argument
@click.option(
    "--output-format",
    "format_",
    type=click.Choice(list(FORMATS)),
    help="Format of the output.  [default: from the suffix of --out; csv on standard output]",
)
@click.option("--wide", is_flag=True, help="Write one row per item, with one column per dimension.")
@out("a file in .csv, .jsonl or .parquet.  [default: standard output]", default="-")
def command(run: str, format_: str | None, wide: bool, out: str) -> None:
    """Write the scores of RUN as a table, with the fields of their items.

    A missing score is an empty cell (null in JSON Lines and Parquet); the column `status` gives the reason.
    The value of a category is its label. Criteria of an item have one row each, with their id in the column
    `criterion`; with --wide, the columns `criteria` and `criteria_status` hold JSON objects of all of them.

    Example: judge export runs/answers-openai-gpt-5-open_qa --wide --out scores.csv
    """
    refuse_inputs(out)
    export_scores(run, out, format_, wide=wide)
