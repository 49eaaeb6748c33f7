"""`judge leaderboard`: ranking of runs or systems, with the uncertainty of each rank."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

import judge
from judge.cli import output_options
from judge.cli.agree import given_options, ratings_of_run
from judge.cli.next_steps import command as next_command
from judge.cli.next_steps import same_command
from judge.cli.options import GroupedCommand, no_verdict, runs_argument, section

if TYPE_CHECKING:
    from judge.rubric import NoVerdict


@click.command(cls=GroupedCommand)
@runs_argument
@section(
    "Analysis",
    click.option(
        "--system",
        metavar="FIELD",
        help="Rank the systems within one run; FIELD of the items names the system, as in --system model.",
    ),
    no_verdict("answers without a verdict"),
)
@ratings_of_run
@output_options.outputs
def command(
    runs: tuple[str, ...],
    humans: str | None,
    system: str | None,
    no_verdict: "NoVerdict | None",
    outputs: output_options.Outputs,
    **options: Any,
) -> None:
    """Rank several RUNS, or the systems within one run, by pass rate.

    With --humans, people's ratings of a random part of the answers of each run, or of each system in one run,
    these are also ranked by the pass rate that people would give to all answers. Where runs have another
    answer under one id, the ratings need a column run, system or answer.

    Ratings are read as by `judge agree`: its options about the file of ratings and their scale (--items,
    --column, --scale, --rubric, ...) hold here, too; `judge agree --help` lists them.

    Example: judge leaderboard runs/small runs/medium runs/large

    Example: judge leaderboard runs/small runs/large --humans ratings.csv

    Example: judge leaderboard runs/demo --system system --humans ratings.csv
    """
    given = given_options(options, humans)
    report = judge.leaderboard(runs, humans=humans, system=system, no_verdict=no_verdict, **given)
    output_options.deliver(report, outputs, runs, _next_steps(runs, outputs.has_page))


def _next_steps(runs: Sequence[str], has_page: bool) -> list[str]:
    """Two runs compared in detail, all answers in the browser, and the page."""
    steps = [next_command("compare", *runs)] if len(runs) == 2 else []
    steps.append(next_command("view", *runs))
    return steps if has_page else [*steps, *same_command("--open")]
