"""`judge leaderboard`: systems or runs ranked, with the uncertainty of each rank."""

import click

from judge.cli import reporting
from judge.cli.options import runs_argument


@click.command()
@runs_argument
@click.option("--by", metavar="FIELD", help="With one run: the field that says who answered, such as system.")
@reporting.cluster
@reporting.outputs
def command(runs: tuple[str, ...], by: str | None, cluster: str | None, outputs: reporting.Outputs) -> None:
    """Rank several RUNS, or the systems within one, by pass rate.

    Example: judge leaderboard runs/small runs/medium runs/large
    """
    from judge.reporting.builders.comparison import build_leaderboard
    from judge.reporting.builders.run_data import read_run

    reporting.deliver(
        build_leaderboard([read_run(run) for run in runs], by=by, cluster=cluster), outputs, runs
    )
