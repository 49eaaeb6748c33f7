"""`judge init`: look at answers and ratings, and write the settings that the other commands need."""

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from judge.cli.agree import columns, missing_codes, raters_in
from judge.cli.item_options import answers_in, id_from
from judge.cli.option_types import TablePath, names, pairs
from judge.cli.options import GroupedCommand, encoding, mapping, rubric, section
from judge.cli.rubric import scale as rubric_scale
from judge.cli.rubric_template import template
from judge.counting import counted
from judge.errors import InputError
from judge.rubric import Rubric, load_rubric, parse_rubric
from judge.scoring.judge import Judge
from judge.scoring.prompt import visible
from judge.scoring.score import default_out
from judge.workflows.init import ProjectFiles, inspect_files
from judge.workflows.setup.choices import Choices, TableReading
from judge.workflows.setup.settings import settings_text

FILE = "judge.toml"


@click.command(cls=GroupedCommand)
@click.argument("files", nargs=-1, required=True, type=TablePath())
@section("Answers", mapping, answers_in)
@section(
    "Ratings",
    columns,
    raters_in,
    click.option(
        "--dimension",
        "dimensions",
        default="",
        callback=names,
        metavar="DIMENSIONS",
        help="Use only the ratings on these dimensions, as in a,b: each is a column.",
    ),
    missing_codes,
    click.option("--no-ratings", is_flag=True, help="Columns of numbers beside the answers are no ratings."),
    click.option("--scale", metavar="SCALE", help="Scale of the ratings, as in 1-10."),
    click.option(
        "--rater-scale",
        "rater_scales",
        multiple=True,
        callback=pairs,
        metavar="RATER=SCALE",
        help="Scale of a rater who did not use that of the others, as in ann=1-10. May be repeated.",
    ),
)
@section(
    "Both",
    id_from,
    encoding,
    rubric("it scores the answers.  [default: one that has the dimensions of the ratings]"),
)
def command(files: tuple[str, ...], *, no_ratings: bool, **given: Any) -> None:
    """Look at FILES, and write judge.toml, with which the other commands read them.

    FILES are tables of answers, of questions, of ratings, or of all of them, and exports of rating platforms;
    book.xlsx#Sheet names a sheet. Where a table can be read in two ways you are asked; without a terminal
    both readings are listed with the options that decide, and nothing is written. An existing judge.toml is
    not overwritten.

    Example: judge init answers.xlsx ratings.csv
    """
    if os.path.lexists(FILE):
        raise InputError(
            f"{FILE} already exists and is not overwritten. Edit it, or rename it and run judge init again"
        )
    found = inspect_files(files, Choices(**given, has_ratings=not no_ratings), choose)
    commands = list(first_commands(found))
    _write(settings_text(found))
    for line in _what_was_found(found):
        click.echo(visible(line), err=True)
    click.echo(f"{FILE}: written. The next commands:", err=True)
    for words in commands:
        click.echo(shlex.join(words))


def choose(question: str, readings: Sequence[TableReading]) -> TableReading:
    """Ask which reading is right; without a terminal, fail with the options that decide.

    Raises
    ------
    UsageError
        There is no terminal on which to ask.
    """
    width = max(len(reading.text) for reading in readings)
    if not is_terminal():
        listed = [f"  {reading.text:<{width}}  {reading.options}" for reading in readings]
        head = (
            f"{question} Say which reading is right with these options; other names and values are possible:"
        )
        raise click.UsageError(visible("\n".join([head, *listed])))
    click.echo(visible(question), err=True)
    for number, reading in enumerate(readings, 1):
        click.echo(visible(f"  {number}  {reading.text:<{width}}  {reading.options}"), err=True)
    click.echo(
        "If none is right: Ctrl-C, and give one of these options with other names or values.", err=True
    )
    number = click.prompt("Which reading is right?", type=click.IntRange(1, len(readings)), err=True)
    return readings[number - 1]


def is_terminal() -> bool:
    """Whether a user can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def first_commands(found: ProjectFiles) -> Iterator[list[str]]:
    """Words of the commands to start with; the settings hold their options."""
    if found.answers is None:
        yield ["judge", "agree"]
        yield ["judge", "plan", "--statistic", "alpha"]
        return
    if (new := found.new_rubric) is not None:
        dimensions = ["--dimensions", ",".join(new.dimensions)] if new.dimensions else []
        yield ["judge", "rubric", "new", str(found.rubric), *dimensions, "--scale", new.scale]
    answers = found.answers.name
    run = str(default_out(answers, Judge("baseline", rubric=_rubric_of(found))))
    yield ["judge", "score", answers, "--dry-run"]
    yield ["judge", "score", answers]
    yield ["judge", "agree" if found.rated is not None else "report", run]


def _rubric_of(found: ProjectFiles) -> Rubric:
    """Return the rubric of the judge; one that is still to be written is made here, to find its errors."""
    name, new = str(found.rubric), found.new_rubric
    if new is None:
        return load_rubric(name)
    context = click.get_current_context()
    option = next(param for param in context.command.params if param.name == "scale")
    scale = rubric_scale(context, option, new.scale)
    return parse_rubric(template(Path(name).stem, new.dimensions, scale), where=name)


def _write(text: str) -> None:
    try:
        with Path(FILE).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{FILE} was written meanwhile, and is not overwritten") from None
    except OSError as error:
        raise InputError(f"{FILE}: cannot be written: {error.strerror}") from None


def _what_was_found(found: ProjectFiles) -> Iterator[str]:
    """Lines on the answers, the ratings, and what a user should know."""
    if found.answers is not None and found.summary is not None:
        yield f"answers: {found.answers.name}, {counted(found.summary.n_items, 'item')}"
        yield from (f"  {line}" for line in found.summary.lines())
        if found.summary.n_without_reference == found.summary.n_items:
            yield (
                "  note: no answer has a reference, and the baseline needs one; for scores, name a model in "
                f'{FILE}: judge = "openai/gpt-5"'
            )
    if found.ratings is not None and found.rated is not None:
        yield f"ratings: {found.ratings.name}"
        yield from (f"  {line}" for line in str(found.rated).splitlines())
    if found.new_rubric is not None:
        yield (
            "rubric: no shipped one has the dimensions and the scale of the ratings. The first command "
            f"writes {found.rubric}; replace its texts (fill in) before a model scores with it"
        )
    elif found.rubric is not None:
        yield f"rubric: {found.rubric}"
    yield from (f"note: {note}" for note in found.notes)
