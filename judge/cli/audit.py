"""`judge audit`: which dimension makes answers fail, where, and what is odd."""

import click

from judge.cli import reporting
from judge.cli.options import run_argument


@click.command()
@run_argument
@reporting.by
@reporting.cluster
@click.option(
    "--worst", type=click.IntRange(min=0), default=10, show_default=True, help="Show N worst answers."
)
@reporting.outputs
def command(
    run: str, by: tuple[str, ...], cluster: str | None, worst: int, outputs: reporting.Outputs
) -> None:
    """Audit RUN: why answers fail, which are the worst, and what is odd.

    Names the binding dimension of the failing answers, what fails together, and what to look at.

    Example: judge audit runs/answers-openai-gpt-5-open_qa --by category --worst 20
    """
    from judge.reporting.builders.run_data import read_run
    from judge.reporting.builders.single_run import build_audit

    reporting.deliver(build_audit(read_run(run), by=by, cluster=cluster, n_worst=worst), outputs, [run])
