"""`judge report`: pass rates, scores, slices and failures of runs."""

import click

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
    from judge.reporting.builders.run_data import read
    from judge.reporting.builders.several_runs import build_runs
    from judge.reporting.builders.single_run import build_report

    sources = [read(run) for run in runs]
    if len(sources) > 1:
        report = build_runs(sources, by=by, cluster=cluster)
    else:
        report = build_report(sources[0], by=by, cluster=cluster, n_worst=worst)
    output_options.deliver(report, outputs, runs)
