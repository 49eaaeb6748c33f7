"""`judge compare`: two systems, two conditions or two judges on the same items."""

import click

import judge
from judge.cli import reporting
from judge.cli.options import runs_argument


@click.command()
@runs_argument
@click.option(
    "--between",
    metavar="FIELD",
    help="With one run: compare two values of a field; FIELD or FIELD=first,second.",
)
@reporting.by
@reporting.cluster
@click.option(
    "--flips", type=click.IntRange(min=0), default=5, show_default=True, help="Show N flipped answers."
)
@reporting.outputs
def command(
    runs: tuple[str, ...],
    between: str | None,
    by: tuple[str, ...],
    cluster: str | None,
    flips: int,
    outputs: reporting.Outputs,
) -> None:
    """Compare two RUNS on the same items (matched by id or pair_id): the second minus the first.

    Example: judge compare runs/old runs/new --by category
    """
    report = judge.compare(*runs, between=between, by=by, cluster=cluster, flips=flips)
    reporting.deliver(report, outputs, runs)
