"""`judge report`: pass rates, scores, slices and failures of runs."""

from typing import TYPE_CHECKING

import click

import judge
from judge.cli import output_options
from judge.cli.options import GroupedCommand, no_verdict, runs_argument, section, slice_options, worst

if TYPE_CHECKING:
    from judge.analysis.ratings import NoVerdict


@click.command(cls=GroupedCommand)
@runs_argument
@slice_options
@section("Analysis", worst(5), no_verdict("answers without a verdict"))
@output_options.outputs
def command(
    runs: tuple[str, ...],
    by: tuple[str, ...],
    cluster: str | None,
    worst: int,
    no_verdict: "NoVerdict",
    outputs: output_options.Outputs,
) -> None:
    """Report on RUNS: pass rates with confidence intervals, scores, slices, failures, anomalies and cost.

    Several runs with the same rubric are also ranked. Runs over the same answers are also reported as a
    panel of judges.

    Example: judge report runs/answers-openai-gpt-5-open_qa --by category,difficulty --html
    """
    report = judge.report(runs, by=by, cluster=cluster, worst=worst, no_verdict=no_verdict)
    output_options.deliver(report, outputs, runs)
