"""`judge report`: pass rates, scores, slices and failures of runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

import judge
from judge.cli import output_options
from judge.cli.agree import given_options, ratings_of_run
from judge.cli.next_steps import command as next_command
from judge.cli.next_steps import same_command
from judge.cli.options import GroupedCommand, by, no_verdict, runs_argument, section, worst

if TYPE_CHECKING:
    from judge.reporting.report import Report
    from judge.rubric import NoVerdict


@click.command(cls=GroupedCommand)
@runs_argument
@section(
    "Analysis",
    by("every field with 2 to 12 distinct values"),
    worst(5),
    no_verdict("answers without a verdict"),
)
@ratings_of_run
@output_options.outputs
def command(
    runs: tuple[str, ...],
    humans: str | None,
    by: tuple[str, ...],
    worst: int,
    no_verdict: "NoVerdict | None",
    outputs: output_options.Outputs,
    **options: Any,
) -> None:
    """Report on RUNS: pass rates with confidence intervals, scores, slices, failures, anomalies and cost.

    Several runs with the same rubric are also ranked. Runs over the same answers are also reported as a
    panel of judges.

    With --humans, people's ratings of a random part of the answers of one run, the report also says what
    people would say of all answers: pass rates and means corrected by the ratings.

    Ratings are read as by `judge agree`: its options about the file of ratings and their scale (--items,
    --column, --scale, --rubric, ...) hold here, too; `judge agree --help` lists them.

    Example: judge report runs/answers-openai-gpt-5-open_qa --by category,difficulty --html

    Example: judge report runs/demo --humans ratings.csv --fail-under corrected.pass_rate.low=0.7
    """
    given = given_options(options, humans)
    report = judge.report(runs, humans=humans, by=by, worst=worst, no_verdict=no_verdict, **given)
    output_options.deliver(report, outputs, runs, _next_steps(report, runs, outputs.has_page))


def _next_steps(report: "Report", runs: Sequence[str], has_page: bool) -> list[str]:
    """The failing answers, all answers in the browser, the systems or else the slices, and the page."""
    steps = []
    if len(runs) == 1 and report.pass_rate.value < 1:
        steps.append(next_command("show", runs[0], "--fail", "--worst", "10"))
    steps.append(next_command("view", *runs))
    if len(runs) == 1 and "leaderboard" in report.section_names:
        steps.append(next_command("leaderboard", runs[0], "--system", "system"))
    elif "slices" in report.section_names:
        steps += same_command("--sections", "slices")
    return steps if has_page else [*steps, *same_command("--open")]
