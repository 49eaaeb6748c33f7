"""`judge compare`: two systems, two conditions or two judges on the same items."""

import click

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
    from judge.reporting.builders.comparison import build_comparison, read_pair

    a, b = read_pair(runs, between)
    reporting.deliver(build_comparison(a, b, by=by, cluster=cluster, n_flips=flips), outputs, runs)
