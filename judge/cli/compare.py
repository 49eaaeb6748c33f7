"""`judge compare`: two systems, two conditions or two judges on the same items."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

import judge
from judge.cli import output_options
from judge.cli.agree import given_options, ratings_of_run
from judge.cli.next_steps import command as next_command
from judge.cli.next_steps import same_command
from judge.cli.options import GroupedCommand, by, no_verdict, runs_argument, section

if TYPE_CHECKING:
    from judge.reporting.report import Report
    from judge.rubric import NoVerdict


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
@section(
    "Analysis",
    by("every field with 2 to 12 distinct values"),
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
@ratings_of_run
@output_options.outputs
def command(
    runs: tuple[str, ...],
    humans: str | None,
    between: str | None,
    by: tuple[str, ...],
    flips: int,
    no_verdict: "NoVerdict | None",
    outputs: output_options.Outputs,
    **options: Any,
) -> None:
    """Compare two RUNS on the same items, matched by id or pair_id. Differences are second minus first.

    With --humans, people's ratings of a random part of the answers of both runs, or of both groups of
    --between, the report also has the difference that people would find between all answers. Where both runs
    have another answer under one id, the ratings need a column run, system or answer.

    Ratings are read as by `judge agree`: its options about the file of ratings and their scale (--items,
    --column, --scale, --rubric, ...) hold here, too; `judge agree --help` lists them.

    Example: judge compare runs/old runs/new --by category

    Example: judge compare runs/old runs/new --humans ratings.csv

    Example: judge compare runs/demo --between condition=clean,degraded --humans ratings.csv
    """
    given = given_options(options, humans)
    report = judge.compare(
        *runs, humans=humans, between=between, by=by, flips=flips, no_verdict=no_verdict, **given
    )
    output_options.deliver(report, outputs, runs, _next_steps(report, runs, outputs.has_page))


def _next_steps(report: "Report", runs: Sequence[str], has_page: bool) -> list[str]:
    """The answers with different verdicts, both runs side by side in the browser, and the page."""
    steps = same_command("--sections", "flips") if "flips" in report.tables else []
    steps.append(next_command("view", *runs))
    return steps if has_page else [*steps, *same_command("--open")]
