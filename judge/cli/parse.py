"""`judge parse`: derive the scores again from the stored replies, without requests."""

from pathlib import Path

import click

from judge.cli.options import as_json, rubric, run_argument
from judge.cli.score import point_on, show_result
from judge.scoring.score import rederive


@click.command()
@run_argument
@rubric("it replaces the rubric of the run: another pass rule, overall score, points, tags or aliases.")
@as_json
@click.pass_context
def command(ctx: click.Context, /, run: str, rubric: str | None, as_json: bool) -> None:
    """Derive the scores of RUN again from the stored replies. No request is sent.

    Another rubric may change the pass rule, the overall score, points, tags, aliases and the text of labels.
    It must ask for the same types, scales, labels and criteria, under the same conditions.

    Example: judge parse runs/answers-openai-gpt-5-open_qa --rubric stricter.yaml
    """
    status = show_result(rederive(run, rubric), None, as_json=as_json)
    if not as_json:
        point_on([Path(run)])
    ctx.exit(status)
