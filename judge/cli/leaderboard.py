"""`judge leaderboard`: systems or runs ranked, with the uncertainty of each rank."""

import click

from judge.cli import output_options
from judge.cli.options import runs_argument


@click.command()
@runs_argument
@click.option("--by", metavar="FIELD", help="With one run: the field that says who answered, such as system.")
@output_options.cluster
@output_options.outputs
def command(
    runs: tuple[str, ...], by: str | None, cluster: str | None, outputs: output_options.Outputs
) -> None:
    """Rank several RUNS, or the systems within one, by pass rate.

    Example: judge leaderboard runs/small runs/medium runs/large
    """
    from judge.reporting.builders.run_data import read
    from judge.reporting.builders.single_run import build_leaderboard

    output_options.deliver(
        build_leaderboard([read(run) for run in runs], by=by, cluster=cluster), outputs, runs
    )
