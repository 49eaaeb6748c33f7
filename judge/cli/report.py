"""`judge report`: how many answers pass, on which dimension the rest fail, and where."""

import click

from judge.cli import reporting
from judge.cli.options import runs_argument


@click.command()
@runs_argument
@reporting.by
@reporting.cluster
@click.option(
    "--worst",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Show N worst answers of one run.",
)
@reporting.outputs
def command(
    runs: tuple[str, ...], by: tuple[str, ...], cluster: str | None, worst: int, outputs: reporting.Outputs
) -> None:
    """Report what RUNS found: pass rates with intervals, scores, slices, failures, oddities, cost.

    Several runs of one rubric are also ranked against each other; runs over the same answers are shown as a
    panel of judges.

    Example: judge report runs/answers-openai-gpt-5-open_qa --by category,difficulty --html
    """
    from judge.reporting.builders.run_data import read_run
    from judge.reporting.builders.several_runs import build_runs
    from judge.reporting.builders.single_run import build_report

    sources = [read_run(run) for run in runs]
    if len(sources) > 1:
        report = build_runs(sources, by=by, cluster=cluster)
    else:
        report = build_report(sources[0], by=by, cluster=cluster, n_worst=worst)
    reporting.deliver(report, outputs, runs)
