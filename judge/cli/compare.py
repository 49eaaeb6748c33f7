"""`judge compare`: two systems, two conditions or two judges on the same items."""

import click

import judge
from judge.cli import output_options
from judge.cli.options import runs_argument


@click.command()
@runs_argument
@click.option(
    "--between",
    metavar="FIELD",
    help="With one run: compare two values of a field; FIELD or FIELD=first,second.",
)
@output_options.by
@output_options.cluster
@click.option(
    "--flips", type=click.IntRange(min=0), default=5, show_default=True, help="Show N flipped answers."
)
@output_options.outputs
def command(
    runs: tuple[str, ...],
    between: str | None,
    by: tuple[str, ...],
    cluster: str | None,
    flips: int,
    outputs: output_options.Outputs,
) -> None:
    """Compare two RUNS on the same items (matched by id or pair_id): the second minus the first.

    Example: judge compare runs/old runs/new --by category
    """
    report = judge.compare(*runs, between=between, by=by, cluster=cluster, flips=flips)
    output_options.deliver(report, outputs, runs)
