"""`judge study`: collect human ratings in the browser."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
from pydantic import ValidationError

from human_study import gold_items, import_ratings
from human_study.export_formats import SUFFIXES, WRITERS
from human_study.plan import Design, DrawnItem, StudyPlan, choose, pick, plan_study
from human_study.progress import Agreement, StudyProgress, as_plain, measure
from human_study.store import Study
from judge.cli.agree import columns, raters_in, show_read_and_notes
from judge.cli.item_options import id_from, item_options
from judge.cli.option_types import Number
from judge.cli.options import (
    GroupedCommand,
    as_json,
    image_root,
    out,
    per_item,
    rubric,
    section,
    seed,
    select,
)
from judge.cli.protect_inputs import refuse_inputs
from judge.cli.study_source import StudySource, listed_ids, text_in
from judge.files.writing import whole_file
from judge.items import load_items
from judge.rubric import Rubric

existing = click.Path(exists=True, dir_okay=False)
study_argument = click.argument("study", type=click.Path(dir_okay=False))
which_items = section(
    "Items",
    rubric("it defines the questions.  [default: the rubric of the run, or open_qa]"),
    *item_options,
    image_root("the folder of the run, or of the file"),
    select("drawn at random.  [default: all items]"),
    click.option(
        "--stratify",
        metavar="FIELD",
        help="Draw equally many items from each value of a field, or of `score` or `passed` of the run.",
    ),
    click.option(
        "--ids",
        type=existing,
        metavar="FILE",
        help="Use the listed items: one id per line, or a table with the columns id and probability.",
    ),
)
who_rates = section(
    "Raters",
    click.option(
        "--raters",
        type=click.IntRange(1, 500),
        metavar="N",
        default=5,
        show_default=True,
        help="Number of raters in the study.",
    ),
    per_item("at most --raters.", default=3, show_default=True),
    click.option(
        "--repeats",
        type=Number(0, 0.5),
        metavar="SHARE",
        default=0.05,
        show_default=True,
        help="Share of the items of a rater that are shown twice, to measure consistency.",
    ),
    click.option(
        "--checks",
        type=Number(0, 0.5),
        metavar="SHARE",
        default=0.03,
        show_default=True,
        help="Attention checks, as a share of the items of a rater.",
    ),
    click.option(
        "--check-items",
        type=existing,
        metavar="FILE",
        help="Attention checks: items with a field expected_scores.  [default: made from the answers]",
    ),
    click.option(
        "--training",
        type=existing,
        metavar="FILE",
        help="Practice items with a field expected_scores.  [default: the worked examples of the rubric]",
    ),
    seed("for drawing items and assigning raters.", min=None, default=0, show_default=True),
)
rating_page = section(
    "Rating page",
    click.option("--name", help="Title of the study on the page.  [default: Rating answers]"),
    click.option(
        "--introduction",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        metavar="FILE",
        help="Text file that raters read first; - is standard input.",
    ),
    click.option(
        "--reference/--no-reference",
        default=True,
        show_default=True,
        help="Whether to show the reference answer.",
    ),
)


@click.group()
def command() -> None:
    """Collect human ratings in the browser.

    Raters see neither the system nor the ratings of others, all have equally many items, and the study is
    kept in one file.

    Example: judge study new answers.jsonl && judge study serve study.db
    """


@command.command(cls=GroupedCommand, short_help="Create a study from a run or a file of answers.")
@click.argument("source", type=click.Path(exists=True))
@which_items
@who_rates
@rating_page
@section("Output", out("the file of the study.", default="study.db", show_default=True))
def new(source: str, rubric: str | None, name: str | None, out: str, **options: Any) -> None:
    """Create a study of the answers in SOURCE: a run, a file of answers, or tasks of Label Studio.

    Example: judge study new runs/answers-openai-gpt-5-open_qa --select 200 --stratify score
    """
    reading = ("mapping", "id_from", "answers_in", "questions")
    found = StudySource.read(source, rubric, **{name: options[name] for name in reading})
    design = _design(options)
    plan = plan_study(
        name or "Rating answers",
        found.rubric,
        design,
        _chosen(found, design, options),
        checks=_gold_items(options["check_items"], found.rubric),
        training=_gold_items(options["training"], found.rubric),
        introduction=text_in(options["introduction"]).strip() if options["introduction"] else "",
    )
    with Study.create(out, plan, options["image_root"] or found.image_root) as study:
        _report_new(study, out)
        if options["stratify"]:
            _report_strata(plan)


@command.command(short_help="Serve the rating page and print the links of the raters.")
@study_argument
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on; 0.0.0.0 admits other machines.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 chooses a free port.",
)
@click.option("--url", metavar="URL", help="Address used in the links if a proxy is in front of this server.")
def serve(study: str, host: str, port: int, url: str | None) -> None:
    """Serve the rating page of STUDY until Ctrl-C, and print the secret link of each rater.

    Example: judge study serve study.db
    """
    from human_study import app

    with Study.open(study) as opened, app.listen(host, port) as listening:
        taken = listening.getsockname()[1]
        for who, link in app.links(opened, (url or app.address(host, taken)).rstrip("/")).items():
            click.echo(f"{who:10} {link}")
        if exposed := app.exposure(host, taken):
            click.echo(f"Note: {exposed}.", err=True)
        click.echo("Serving until Ctrl-C. Every rating is saved immediately.", err=True)
        app.serve(opened, listening, _alpha(opened.rubric))


@command.command(short_help="Show the progress of a study.")
@study_argument
@as_json
def status(study: str, as_json: bool) -> None:
    """Show the progress of each rater of STUDY, the attention checks, and the agreement so far.

    Example: judge study status study.db
    """
    with Study.open(study, read_only=True) as opened:
        progress = measure(opened, _alpha(opened.rubric))
        if as_json:
            click.echo(json.dumps(as_plain(progress), indent=2))
        else:
            _print_status(opened, progress)


@command.command("export", short_help="Write the ratings for judge agree, or the whole study.")
@study_argument
@click.option(
    "--layout",
    type=click.Choice(list(WRITERS)),
    default="long",
    show_default=True,
    help="What is written: one row per score, one row per rating, Label Studio tasks or labeling "
    "configuration, or the whole study without the secret links.",
)
@out(
    "a file in .csv or .jsonl for tables, .json or .xml for the other layouts.  [default: standard output]",
    default="-",
)
@click.option(
    "--after-discussion",
    is_flag=True,
    help="Use the ratings after a discussion instead of the first ones.",
)
def export_command(study: str, layout: str, out: str, after_discussion: bool) -> None:
    """Write the ratings of STUDY as the long table that `judge agree` reads, or in another layout.

    Example: judge study export study.db --out ratings.csv
    """
    refuse_inputs(out)
    allowed = SUFFIXES.get(layout, (".json",))
    if out != "-" and not out.endswith(allowed):
        raise click.UsageError(
            f"--out {out}: --layout {layout} is written to a file in {' or '.join(allowed)}"
        )
    with Study.open(study, read_only=True) as opened, _output(out) as stream:
        n = WRITERS[layout](opened, stream, out.endswith(".jsonl"), after_discussion)
    click.echo(f"{n:,} written" if out == "-" else f"{out}: {n:,} written", err=True)


@command.command("import", short_help="Import ratings that were collected elsewhere.")
@study_argument
@click.argument("file", type=click.Path(exists=True))
@click.option("--rater", help="Name of the rater, for a file without a column for it.")
@columns
@id_from
@raters_in
def import_command(study: str, file: str, rater: str | None, **given: Any) -> None:
    """Import ratings from FILE into STUDY: a long or wide table, or the export of a rating platform.

    Example: judge study import study.db ratings.csv
    """
    with Study.open(study) as opened:
        counts = import_ratings.import_file(opened, file, rater, on_read=show_read_and_notes, **given)
        for name, count in counts.items():
            click.echo(f"{name}: {count} new ratings")


def _design(options: dict[str, Any]) -> Design:
    names = ("raters", "per_item", "repeats", "checks", "seed")
    given = {name: options[name] for name in names}
    try:
        return Design(**given, items=options["select"], show_reference=options["reference"])
    except ValidationError as error:
        raise click.UsageError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def _chosen(source: StudySource, design: Design, options: dict[str, Any]) -> list[DrawnItem]:
    if options["ids"]:
        if options["select"] or options["stratify"]:
            raise click.UsageError(
                "--ids lists the items; --select and --stratify draw them: use one of the two"
            )
        return pick(source.items, dict(listed_ids(Path(options["ids"]))))
    return choose(source.items, design, source.strata(options["stratify"]) if options["stratify"] else None)


def _gold_items(path: str | None, rubric: Rubric) -> list[gold_items.GoldItem]:
    return gold_items.from_items(load_items(path), rubric, path) if path else []


def _alpha(rubric: Rubric) -> Agreement:
    """Krippendorff's alpha on the rubric's scale, with its interval over items."""
    from judge.stats.coefficients.alpha import krippendorff_alpha

    return lambda ratings: krippendorff_alpha(ratings, level=rubric.scale.level)


def _report_new(study: Study, out: str) -> None:
    progress = measure(study)
    parts = [f"{row.rater.name} {row.total}" for row in progress.raters]
    click.echo(
        f"{out}: {progress.n_items} items, each rated by {study.design.per_item} of {study.design.raters}; "
        f"answers per rater: {', '.join(parts)}"
    )
    if study.design.per_item == 1:
        click.echo("Note: each item is rated once, so agreement between raters cannot be measured.", err=True)
    if not progress.raters[0].training[1]:
        click.echo(
            "Note: the rubric has no worked example for these items, so there is no practice round.", err=True
        )
    click.echo(f"Next: judge study serve {out}", err=True)


def _report_strata(plan: StudyPlan) -> None:
    drawn = Counter((one.stratum, one.probability) for one in plan.chosen)
    for (stratum, probability), n in sorted(drawn.items()):
        click.echo(f"  {stratum}: {n} drawn, each with probability {probability:.3g}")
    if len({probability for _, probability in drawn}) > 1:
        click.echo(
            "Note: estimates for all items need the design weight 1 / probability; probability is exported.",
            err=True,
        )


def _print_status(study: Study, progress: StudyProgress) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from judge.reporting.render.text import clean

    console = Console(highlight=False)
    size = f"{progress.n_items} items, {study.design.per_item} raters per item"
    console.print(Text(f"{clean(study.name)}: {size}"))
    table = Table("rater", "done", "skipped", "practice", "checks failed", "same score again", "s per answer")
    for row in progress.raters:
        name = clean(row.rater.name) + ("" if row.rater.dropped is None else " (dropped)")
        cells = (name, f"{row.done + row.skipped}/{row.total}", str(row.skipped))
        shares = (_share(row.training), _share(row.checks), _share(row.repeats))
        seconds = "" if row.seconds is None else f"{row.seconds:.0f}"
        table.add_row(*(Text(cell) for cell in (*cells, *shares, seconds)))
    console.print(table)
    for rater in (row.rater for row in progress.raters if row.rater.dropped is not None):
        console.print(Text(f"{clean(rater.name)} was dropped: {clean(rater.reason)}"))
    questions = Table("question", "ratings", "same score", "Krippendorff's alpha (95 %)")
    for one in progress.questions:
        same = "" if one.exact is None else f"{one.exact:.0%}"
        figures = (str(sum(one.counts.values())), same, str(one.agreement or ""))
        questions.add_row(one.question.label, *figures)
    console.print(questions)
    console.print(Text(f"items with ratings at least two points apart: {len(progress.disputes)}"))


def _share(part: tuple[int, int]) -> str:
    return f"{part[0]}/{part[1]}" if part[1] else ""


@contextmanager
def _output(out: str) -> Iterator[IO[str]]:
    if out == "-":
        yield sys.stdout
        return
    with whole_file(out) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        yield stream
