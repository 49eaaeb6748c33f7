"""`judge agree`: agreement of judges with human raters."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

import judge
from judge.cli import output_options
from judge.cli.item_options import id_from
from judge.cli.next_steps import same_command
from judge.cli.option_types import (
    Number,
    Repeated,
    RunPath,
    TablePath,
    margins,
    names,
    numbers,
    only_table,
    pairs,
    source_of,
    words,
)
from judge.cli.options import (
    Decorator,
    GroupedCommand,
    by,
    cluster,
    decorate,
    encoding,
    margin,
    no_verdict,
    rubric,
    section,
    seed,
)

if TYPE_CHECKING:
    from judge.reporting.report import Report

_SHOWN_BY_AGREE = {
    *("items", "columns", "id_from", "raters_in", "encoding", "missing_codes", "raters_are", "rater_scales"),
    *("rubric", "scale", "level", "reduction", "target", "seed"),
}
"""Options about the file of ratings that reports on runs take, and that only the help of `agree` lists."""
_NEED_RATINGS = ("dimensions", "pass_mark", "sampling", "population")
_NOT_OF_RETEST = ("by", "margin", "epsilon", "worst", "no_verdict", "panel", "select_on")

columns = click.option(
    "--column",
    "columns",
    multiple=True,
    callback=pairs,
    metavar="FIELD=COLUMN",
    help="Name of the column of the ratings that holds FIELD, as in --column rater=coder. May be repeated.",
)
raters_in = click.option(
    "--raters-in",
    default="",
    callback=names,
    metavar="RATERS",
    help="Raters that have columns of their own, as in ann,ben: columns ann and ben, or ann_clarity, "
    "ben_clarity, ….  [default: recognised, as in rater_1]",
)
missing_codes = click.option(
    "--missing-codes",
    default="",
    callback=words,
    metavar="CODES",
    help="Words and numbers in the ratings that mark a missing value, as in 99,unsure.",
)
dimensions = click.option(
    "--dimension",
    "dimensions",
    default="",
    callback=names,
    metavar="DIMENSIONS",
    help="Use only the ratings on these dimensions, as in a,b. One alone is also the dimension of ratings "
    "that name none.",
)


def scale(detail: str) -> Decorator:
    """`--scale`; `detail` says how it is written."""
    return click.option("--scale", metavar="SCALE", help=f"Scale of the ratings: {detail}")


def rater_scales(detail: str) -> Decorator:
    """`--rater-scale`; `detail` says what follows from it."""
    return click.option(
        "--rater-scale",
        "rater_scales",
        multiple=True,
        callback=pairs,
        metavar="RATER=SCALE",
        help="Scale of a rater who did not use that of the others, as in ann=1-10: the ratings are rescaled "
        f"linearly, and {detail} May be repeated.",
    )


def select_on(chosen: str, default: str) -> Decorator:
    """`--select-on`; `chosen` says what is chosen, and `default` on what without it."""
    return click.option(
        "--select-on",
        metavar="PART",
        help="Part of the rated items, as FIELD=VALUE or a file with the ids of the items: on it "
        f"{chosen}; the report is about all other items.  [default: {default}]",
    )


runs = click.argument("runs", nargs=-1, type=RunPath())
humans = click.option(
    "--humans",
    cls=Repeated,
    multiple=True,
    callback=only_table,
    type=TablePath(allow_dash=True),
    metavar="FILE",
    help="Human ratings: a long or wide table, or an export of Label Studio, Argilla, Potato, "
    "Mechanical Turk, Qualtrics or Google Forms.",
)


_table_of_ratings = section(
    "Human ratings",
    humans,
    click.option(
        "--items",
        type=TablePath(),
        metavar="FILE",
        help="Table of the items, with their ids, fields and texts.",
    ),
    columns,
    id_from,
    raters_in,
    encoding,
    missing_codes,
    click.option(
        "--raters-are",
        type=click.Choice(["persons", "slots"]),
        default="persons",
        show_default=True,
        help="Whether a rater is the same person for all items, or a position in the list of "
        "ratings of an item (slots).",
    ),
)
_scale_of_ratings = section(
    "Scale",
    rubric("it declares scale and pass rule.  [default: the rubric of the run]"),
    scale("1-5, or labels in order: fail,pass."),
    click.option(
        "--level",
        type=click.Choice(["nominal", "ordinal", "interval", "ratio"]),
        help="Level of measurement of --scale.  [default: ordinal]",
    ),
    rater_scales("only interval statistics are given."),
    click.option(
        "--pass",
        "pass_mark",
        cls=Repeated,
        multiple=True,
        callback=numbers,
        metavar="[DIMENSION=]N",
        help="Lowest score that passes, for all dimensions or for one. May be repeated.  [default: "
        "the pass rule of the rubric]",
    ),
)
_reduction = click.option(
    "--reduce",
    "reduction",
    type=click.Choice(["first", "mean", "median", "majority"]),
    default="first",
    show_default=True,
    help="How to combine repeated judgments of one item.",
)
_weights = (
    click.option(
        "--sampling",
        type=click.Choice(["stratified", "poisson", "label-shift"]),
        default="stratified",
        show_default=True,
        help="How items were drawn, if the ratings have the columns probability and stratum: a fixed "
        "number within each stratum, or each item by its own probability. label-shift: the rated items come "
        "from elsewhere or were drawn by people's verdicts; pass rates of all other answers are corrected by "
        "the judge's error rates (Rogan-Gladen).",
    ),
    click.option(
        "--population",
        type=click.Choice(["answers like these", "these answers"]),
        default="answers like these",
        show_default=True,
        help="What estimates weighted by these probabilities are about.",
    ),
    click.option(
        "--target",
        multiple=True,
        callback=pairs,
        metavar="FIELD=FILE",
        help="Weight the rated items to the mix of FIELD in FILE, a table of values and shares, as "
        "of production.",
    ),
)


about_ratings = decorate(_table_of_ratings, _scale_of_ratings, section("Analysis", dimensions, *_weights))
"""How ratings are read; the settings file has a section for these options."""
ratings = decorate(
    about_ratings,
    section(
        "Analysis",
        _reduction,
        cluster,
        seed("for resampling and cross-validation.", default=0, show_default=True),
    ),
)


def ratings_of_run(command: Any) -> Any:
    """Add the same options to a report on runs.

    Its help shows those that most ratings need; the others are accepted, and in the help of `judge agree`.
    """
    command = ratings(command)
    for param in command.__click_params__:
        param.hidden = param.hidden or param.name in _SHOWN_BY_AGREE
        if param.name in _NEED_RATINGS:
            vars(param)["section"] = "Human ratings"
    return command


@click.command(cls=GroupedCommand)
@runs
@ratings
@section(
    "Analysis",
    by(),
    margin("without it no verdict on non-inferiority is given.", callback=margins),
    click.option(
        "--epsilon",
        type=Number(0, 1, max_open=True),
        metavar="E",
        help="Cost-benefit penalty of the alternative annotator test, fixed in advance: 0.2 for experts, "
        "0.15 for skilled raters, 0.1 for crowd workers.",
    ),
    no_verdict("answers to which the judge gives no verdict"),
    click.option(
        "--panel",
        type=click.Choice(["mean", "median", "majority"]),
        help="Also compare a panel of all judges with the human raters, which combines their scores in this "
        "way, and show what each judge adds to it.",
    ),
    select_on("the best judge and pass thresholds are chosen", "the same items; the report marks it"),
    click.option(
        "--retest",
        is_flag=True,
        help="Measure the agreement of the judge with itself instead; needs runs made with --samples.",
    ),
    click.option(
        "--disagreements",
        "worst",
        type=click.IntRange(min=0),
        metavar="N",
        default=3,
        show_default=True,
        help="Number of largest disagreements to list; 0 lists none.",
    ),
)
@output_options.outputs
@click.pass_context
def command(
    context: click.Context,
    /,
    runs: tuple[str, ...],
    humans: str | None,
    outputs: output_options.Outputs,
    *,
    retest: bool,
    **given: Any,
) -> None:
    """Measure the agreement of the judges of RUNS with human raters, and of the raters with each other.

    With several judges each further one is compared with the first. Runs whose items differ only in pictures
    or fields, or whose rubrics differ only in wording, are matched by id, question and answer.

    Without RUNS the scores of the judges are read from the file of ratings (rater_kind "judge"). The layouts
    of ratings that are read are shown in docs/input_files.md.

    The level of measurement of the scale determines the coefficients. Which coefficient to use when is
    described in docs/which_coefficient.md and, in Python, by help(judge.stats).

    Example: judge agree runs/answers-openai-gpt-5-open_qa --humans ratings.csv --by category --margin 0.05
    """
    read: list[str] = []
    given["on_read"] = functools.partial(_show_and_keep, read)
    if not retest:
        own = {"margin": given.pop("margin"), "set_by": source_of(context, "margin", "epsilon")}
        report: Report = judge.agree(runs, needed(humans), **own, **given)
    elif runs:
        shared = {name: value for name, value in given.items() if name not in _NOT_OF_RETEST}
        report = judge.retest(runs, humans, **shared)
    else:
        raise click.UsageError(
            "--retest compares repeated judgments of a run; name a run made with --samples 2 or more"
        )
    steps = [] if retest else _next_steps(report, outputs.has_page)
    output_options.deliver(report, outputs, runs, steps, read)


def _next_steps(report: Report, has_page: bool) -> list[str]:
    """What an option asked for and one screen does not hold, or a verdict, or disagreements; and the page."""
    if "summary" not in report.tables:  # ratings without a judge
        return []
    has_ceiling = "difference" in (column.key for column in report.tables["summary"].columns)
    asked = ",".join(name for name in report.short if name in report.section_names[1:])
    steps = same_command("--sections", asked) if asked else []
    if not steps and has_ceiling and "verdicts" not in report.tables:
        steps = same_command("--margin", "0.05")
    elif not steps and "disagreements" in report.section_names:
        steps = same_command("--sections", "disagreements")
    return steps if has_page else [*steps, *same_command("--open")]


def _show_and_keep(kept: list[str], lines: str, notes: Sequence[str]) -> None:
    kept.append(lines)
    show_read(lines, notes)


def show_read(lines: str, _notes: Sequence[str]) -> None:
    """Print what was read from a file of ratings; the notes are in the report."""
    click.echo(lines, err=True)


def show_read_and_notes(lines: str, notes: Sequence[str]) -> None:
    """Print what was read from a file of ratings, and what was left out."""
    click.echo("\n".join([lines, *(f"Note: {note}" for note in notes)]), err=True)


def given_options(options: dict[str, Any], humans: str | None) -> dict[str, Any]:
    """Keep the options that were given: commands that need no ratings refuse those about ratings.

    Without ratings, settings and environment variables about them have no effect; they are for other calls.
    """
    context = click.get_current_context()
    sources = {name: context.get_parameter_source(name) for name in options}
    no_effect = {ParameterSource.DEFAULT}
    if humans is None:
        no_effect |= {ParameterSource.DEFAULT_MAP, ParameterSource.ENVIRONMENT}
    return {
        name: value
        for name, value in options.items()
        if sources[name] not in no_effect or (name == "cluster" and value is not None)
    }


def needed(humans: str | None) -> str:
    """Return the file of human ratings; fail if it was not given."""
    if humans is None:
        raise click.UsageError("the human ratings are missing; name their file: --humans ratings.csv")
    return humans
