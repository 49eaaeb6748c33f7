"""`judge leaderboard`: ranking of runs or systems, with the uncertainty of each rank."""

from typing import TYPE_CHECKING

import click

import judge
from judge.cli import output_options
from judge.cli.options import GroupedCommand, cluster, no_verdict, runs_argument, section

if TYPE_CHECKING:
    from judge.analysis.ratings import NoVerdict


@click.command(cls=GroupedCommand)
@runs_argument
@section(
    "Analysis",
    click.option(
        "--system",
        metavar="FIELD",
        help="Rank the systems within one run; FIELD of the items names the system, as in --system model.",
    ),
    cluster(
        "`--cluster id` treats all items as independent.  [default: pair_id, or the question, if shared]"
    ),
    no_verdict("answers without a verdict"),
)
@output_options.outputs
def command(
    runs: tuple[str, ...],
    system: str | None,
    cluster: str | None,
    no_verdict: "NoVerdict",
    outputs: output_options.Outputs,
) -> None:
    """Rank several RUNS, or the systems within one run, by pass rate.

    Example: judge leaderboard runs/small runs/medium runs/large
    """
    report = judge.leaderboard(runs, system=system, cluster=cluster, no_verdict=no_verdict)
    output_options.deliver(report, outputs, runs)
