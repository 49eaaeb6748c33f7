"""`judge compare`: two systems, two conditions or two judges on the same items."""

from typing import TYPE_CHECKING

import click

import judge
from judge.cli import output_options
from judge.cli.options import GroupedCommand, no_verdict, runs_argument, section, slice_options

if TYPE_CHECKING:
    from judge.analysis.ratings import NoVerdict


@click.command(cls=GroupedCommand)
@runs_argument
@section(
    "Analysis",
    click.option(
        "--between",
        metavar="FIELD[=A,B]",
        help="Compare two groups of items of one run: those with the values A and B of a field. The values "
        "may be left out if the field has only two.",
    ),
)
@slice_options
@section(
    "Analysis",
    click.option(
        "--flips",
        type=click.IntRange(min=0),
        metavar="N",
        default=5,
        show_default=True,
        help="Number of answers with different verdicts to list; 0 lists none.",
    ),
    no_verdict("answers without a verdict"),
)
@output_options.outputs
def command(
    runs: tuple[str, ...],
    between: str | None,
    by: tuple[str, ...],
    cluster: str | None,
    flips: int,
    no_verdict: "NoVerdict",
    outputs: output_options.Outputs,
) -> None:
    """Compare two RUNS on the same items, matched by id or pair_id. Differences are second minus first.

    Example: judge compare runs/old runs/new --by category
    """
    report = judge.compare(*runs, between=between, by=by, cluster=cluster, flips=flips, no_verdict=no_verdict)
    output_options.deliver(report, outputs, runs)
