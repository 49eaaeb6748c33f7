"""`judge audit`: why answers fail, and which scores look wrong."""

from typing import TYPE_CHECKING

import click

import judge
from judge.cli import output_options
from judge.cli.next_steps import command as next_command
from judge.cli.next_steps import same_command
from judge.cli.options import GroupedCommand, no_verdict, run_argument, section, slice_options, worst

if TYPE_CHECKING:
    from judge.reporting.report import Report
    from judge.rubric import NoVerdict


@click.command(cls=GroupedCommand)
@run_argument
@slice_options
@section("Analysis", worst(10), no_verdict("answers without a verdict"))
@output_options.outputs
def command(
    run: str,
    by: tuple[str, ...],
    cluster: str | None,
    worst: int,
    no_verdict: "NoVerdict | None",
    outputs: output_options.Outputs,
) -> None:
    """Show why answers of RUN fail, which answers are the worst, and which scores are anomalous.

    The report gives the dimension that decides most failures, the dimensions that fail together, and the
    answers to read first.

    Example: judge audit runs/answers-openai-gpt-5-open_qa --by category --worst 20
    """
    report = judge.audit(run, by=by, cluster=cluster, worst=worst, no_verdict=no_verdict)
    output_options.deliver(report, outputs, [run], _next_steps(report, run, outputs.has_page))


def _next_steps(report: "Report", run: str, has_page: bool) -> list[str]:
    """The failing answers, all answers in the browser, and the page."""
    steps = (
        [next_command("show", run, "--fail", "--worst", "10")] if "failures" in report.section_names else []
    )
    steps.append(next_command("view", run))
    return steps if has_page else [*steps, *same_command("--open")]
