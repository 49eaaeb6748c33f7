"""`judge report`: how many answers pass, on which dimension the rest fail, and where."""

import click

import judge
from judge.cli import output_options
from judge.cli.options import runs_argument


@click.command()
@runs_argument
@output_options.by
@output_options.cluster
@click.option(
    "--worst",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Show N worst answers of one run.",
)
@output_options.outputs
def command(
    runs: tuple[str, ...],
    by: tuple[str, ...],
    cluster: str | None,
    worst: int,
    outputs: output_options.Outputs,
) -> None:
    """Report what RUNS found: pass rates with intervals, scores, slices, failures, oddities, cost.

    Several runs of one rubric are also ranked against each other; runs over the same answers are shown as a
    panel of judges.

    Example: judge report runs/answers-openai-gpt-5-open_qa --by category,difficulty --html
    """
    output_options.deliver(judge.report(runs, by=by, cluster=cluster, worst=worst), outputs, runs)
