"""`judge choice`: accuracy on multiple-choice questions."""

from typing import TYPE_CHECKING

import click

import judge
from judge.cli import output_options
from judge.cli.item_options import item_options
from judge.cli.option_types import TablePath
from judge.cli.options import GroupedCommand, encoding, input_format, no_verdict, section, slice_options
from judge.formats import FORMATS

if TYPE_CHECKING:
    from judge.rubric import NoVerdict


@click.command(cls=GroupedCommand)
@click.argument("files", nargs=-1, required=True, type=TablePath(allow_dash=True))
@section(
    "Input",
    input_format(FORMATS),
    *item_options,
    no_verdict("replies from which no single offered letter can be read"),
    encoding,
    click.option(
        "--run",
        type=click.Path(exists=True, file_okay=False),
        metavar="RUN",
        help="Run of open-ended answers to compare with, sliced by the same fields.",
    ),
)
@slice_options
@output_options.outputs
def command(
    files: tuple[str, ...],
    format_: str | None,
    mapping: dict[str, str],
    id_from: tuple[str, ...],
    answers_in: tuple[str, ...],
    questions: str | None,
    no_verdict: "NoVerdict | None",
    encoding: str | None,
    by: tuple[str, ...],
    cluster: str | None,
    run: str | None,
    outputs: output_options.Outputs,
) -> None:
    """Read the chosen letter from each reply in FILES and report the accuracy.

    FILES are files of answers, or runs. Items need the fields `choices` and `gold`. Files of other tools are
    recognised. For MMAD, name the file with the questions and the files with the answers together. Files of
    several systems that answer the same questions are told apart by their names.

    Example: judge choice mmad.json answers_1_shot_gpt-4o.json --by "dataset*question_type"

    Example: judge choice runs/answers-letters-multiple_choice
    """
    report = judge.choice(
        files,
        format=format_,
        mapping=mapping,
        id_from=id_from,
        answers_in=answers_in,
        questions=questions,
        encoding=encoding,
        no_verdict=no_verdict,
        by=by,
        cluster=cluster,
        run=run,
    )
    output_options.deliver(report, outputs)
