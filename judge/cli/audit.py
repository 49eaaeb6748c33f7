"""`judge audit`: which dimension makes answers fail, where, and what is odd."""

import click

import judge
from judge.cli import output_options
from judge.cli.options import run_argument


@click.command()
@run_argument
@output_options.by
@output_options.cluster
@click.option(
    "--worst", type=click.IntRange(min=0), default=10, show_default=True, help="Show N worst answers."
)
@output_options.outputs
def command(
    run: str, by: tuple[str, ...], cluster: str | None, worst: int, outputs: output_options.Outputs
) -> None:
    """Audit RUN: why answers fail, which are the worst, and what is odd.

    Names the binding dimension of the failing answers, what fails together, and what to look at.

    Example: judge audit runs/answers-openai-gpt-5-open_qa --by category --worst 20
    """
    output_options.deliver(judge.audit(run, by=by, cluster=cluster, worst=worst), outputs, [run])
