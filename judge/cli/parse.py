"""`judge parse`: derive the scores again from the stored replies."""

from pathlib import Path

import click

from judge.cli.options import as_json, run_argument
from judge.cli.score import point_on, show_result
from judge.scoring.score import rederive


@click.command()
@run_argument
@click.option("--rubric", help="Score by this rubric from now on: another pass rule, other caps or aliases.")
@as_json
@click.pass_context
def command(ctx: click.Context, /, run: str, rubric: str | None, as_json: bool) -> None:
    """Derive the scores of RUN again from the stored replies. No call is made and nothing is paid.

    Example: judge parse runs/answers-openai-gpt-5-open_qa --rubric stricter.yaml
    """
    status = show_result(rederive(run, rubric), None, as_json=as_json)
    if not as_json:
        point_on([Path(run)])
    ctx.exit(status)
