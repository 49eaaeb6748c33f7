"""`judge choice`: multiple-choice answers, their letters read and counted."""

from typing import TYPE_CHECKING, cast

import click

import judge
from judge.cli import output_options
from judge.formats import FORMATS

if TYPE_CHECKING:
    from judge.analysis.multiple_choice.choice import Policy


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    help="Files of another tool.  [default: recognised]",
)
@click.option(
    "--unreadable",
    type=click.Choice(["wrong", "drop"]),
    default="wrong",
    show_default=True,
    help="What a reply without one offered letter counts as; the number is always shown.",
)
@output_options.by
@output_options.cluster
@click.option(
    "--run",
    type=click.Path(exists=True, file_okay=False),
    help="Open answers to compare with, by the same fields.",
)
@output_options.outputs
def command(
    files: tuple[str, ...],
    format_: str | None,
    unreadable: str,
    by: tuple[str, ...],
    cluster: str | None,
    run: str | None,
    outputs: output_options.Outputs,
) -> None:
    """Read the chosen letter out of every reply in FILES, and count what is right.

    Items need `choices` and `gold`. Files of other tools are recognised; MMAD's questions and answers are
    given together.

    Example: judge choice mmad.json answers_1_shot_gpt-4o.json --by "dataset*question_type"
    """
    report = judge.choice(
        files, format=format_, unreadable=cast("Policy", unreadable), by=by, cluster=cluster, run=run
    )
    output_options.deliver(report, outputs)
