"""`judge report`: pass rates, scores, slices and failures of runs."""

import click

import judge
from judge.cli import output_options
from judge.cli.options import GroupedCommand, runs_argument, section, slice_options, worst


@click.command(cls=GroupedCommand)
@runs_argument
@slice_options
@section("Analysis", worst(5))
@output_options.outputs
def command(
    runs: tuple[str, ...],
    by: tuple[str, ...],
    cluster: str | None,
    worst: int,
    outputs: output_options.Outputs,
) -> None:
    """Report on RUNS: pass rates with confidence intervals, scores, slices, failures, anomalies and cost.

    Several runs with the same rubric are also ranked. Runs over the same answers are also reported as a
    panel of judges.

    Example: judge report runs/answers-openai-gpt-5-open_qa --by category,difficulty --html
    """
    output_options.deliver(judge.report(runs, by=by, cluster=cluster, worst=worst), outputs, runs)
