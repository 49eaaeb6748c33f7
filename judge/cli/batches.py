"""`judge batches`: the provider batches of a run."""

import json

import click

from judge.cli.judge_options import api_base
from judge.cli.options import as_json, run_argument
from judge.scoring.prompt import visible


@click.command()
@run_argument
@api_base
@click.option("--cancel", is_flag=True, help="Cancel the open batches; what they have answered is kept.")
@as_json
def command(run: str, api_base: str | None, cancel: bool, as_json: bool) -> None:
    """Show the batches of RUN: state, counts and cost.

    Results are collected by the command that submitted the batches: judge score with --batch.

    Example: judge batches runs/answers-openai-gpt-5-open_qa --cancel
    """
    from judge.scoring.batch_overview import look_at_batches

    found = look_at_batches(run, api_base=api_base, cancel=cancel)
    click.echo(json.dumps(found.to_dict(), ensure_ascii=False) if as_json else visible(str(found)))
