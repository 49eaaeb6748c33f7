"""`judge leaderboard`: ranking of runs or systems, with the uncertainty of each rank."""

import click

import judge
from judge.cli import output_options
from judge.cli.options import GroupedCommand, cluster, runs_argument, section


@click.command(cls=GroupedCommand)
@runs_argument
@section(
    "Analysis",
    click.option(
        "--system",
        metavar="FIELD",
        help="Rank the systems within one run; FIELD of the items names the system, as in --system model.",
    ),
    cluster("`--cluster id` treats all items as independent.  [default: pair_id, if the items have it]"),
)
@output_options.outputs
def command(
    runs: tuple[str, ...], system: str | None, cluster: str | None, outputs: output_options.Outputs
) -> None:
    """Rank several RUNS, or the systems within one run, by pass rate.

    Example: judge leaderboard runs/small runs/medium runs/large
    """
    output_options.deliver(judge.leaderboard(runs, system=system, cluster=cluster), outputs, runs)
