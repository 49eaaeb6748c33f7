"""`judge leaderboard`: systems or runs ranked, with the uncertainty of each rank."""

import click

import judge
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
    output_options.deliver(judge.leaderboard(runs, by=by, cluster=cluster), outputs, runs)
