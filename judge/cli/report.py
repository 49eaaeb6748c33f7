"""`judge report`: how many answers pass, on which dimension the rest fail, and where."""

import click

from judge.cli import reporting
from judge.cli.options import as_json, runs_argument


@click.command()
@runs_argument
@reporting.by
@reporting.cluster
@as_json
def command(runs: tuple[str, ...], by: tuple[str, ...], cluster: str | None, as_json: bool) -> None:
    """Report what RUNS found: pass rates with intervals, scores, slices, failures, oddities, cost.

    Several runs are also ranked against each other.

    Example: judge report runs/answers-openai-gpt-5-open_qa --by category,difficulty
    """
    from judge.report.build import build_report, build_runs
    from judge.report.source import read

    sources = [read(run) for run in runs]
    build = build_runs(sources, by=by, cluster=cluster) if len(runs) > 1 else None
    reporting.show(build or build_report(sources[0], by=by, cluster=cluster), as_json)
