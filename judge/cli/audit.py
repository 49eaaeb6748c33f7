"""`judge audit`: why answers fail, and which scores look wrong."""

import click

import judge
from judge.cli import output_options
from judge.cli.options import GroupedCommand, run_argument, section, slice_options, worst


@click.command(cls=GroupedCommand)
@run_argument
@slice_options
@section("Analysis", worst(10))
@output_options.outputs
def command(
    run: str, by: tuple[str, ...], cluster: str | None, worst: int, outputs: output_options.Outputs
) -> None:
    """Show why answers of RUN fail, which answers are the worst, and which scores are anomalous.

    The report gives the dimension that decides most failures, the dimensions that fail together, and the
    answers to read first.

    Example: judge audit runs/answers-openai-gpt-5-open_qa --by category --worst 20
    """
    output_options.deliver(judge.audit(run, by=by, cluster=cluster, worst=worst), outputs, [run])
