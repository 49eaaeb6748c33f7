"""`judge choice`: multiple-choice answers, their letters read and counted."""

from typing import cast

import click

from judge.cli import reporting
from judge.formats import FORMATS


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    help="Files of another tool.  [default: recognised]",
)
@click.option(
    "--unreadable",
    type=click.Choice(["wrong", "drop"]),
    default="wrong",
    show_default=True,
    help="What a reply without one offered letter counts as; the number is always shown.",
)
@reporting.by
@reporting.cluster
@click.option(
    "--run",
    type=click.Path(exists=True, file_okay=False),
    help="Open answers to compare with, by the same fields.",
)
@reporting.outputs
def command(
    files: tuple[str, ...],
    format_: str | None,
    unreadable: str,
    by: tuple[str, ...],
    cluster: str | None,
    run: str | None,
    outputs: reporting.Outputs,
) -> None:
    """Read the chosen letter out of every reply in FILES, and count what is right.

    Items need `choices` and `gold`. Files of other tools are recognised; MMAD's questions and answers are
    given together.

    Example: judge choice mmad.json answers_1_shot_gpt-4o.json --by "dataset*question_type"
    """
    from judge.analysis.multiple_choice.choice import Policy, read_answers
    from judge.formats.answers import read_any
    from judge.reporting.builders.choice import build_choice
    from judge.reporting.builders.run_data import read_run

    found = read_any(files, format_)
    answers = read_answers(found.items, unreadable=cast(Policy, unreadable), name=", ".join(files))
    report = build_choice(
        answers,
        by=by or found.by,
        cluster=cluster or found.cluster,
        run=read_run(run).table if run else None,
        problems=found.problems,
    )
    reporting.deliver(report, outputs)
