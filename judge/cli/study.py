"""`judge study`: collect human ratings in the browser."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from human_study.export_formats import WRITERS, Layout
from human_study.plan import StudyOptionError
from human_study.progress import StudyProgress, as_plain, measure
from human_study.source import text_in
from human_study.store import Study
from human_study.workflows import alpha, create_study, export_study, import_into_study, study_progress
from judge.cli.agree import (
    columns,
    dimensions,
    missing_codes,
    rater_scales,
    raters_in,
    scale,
    show_read_and_notes,
)
from judge.cli.item_options import id_from, item_options
from judge.cli.option_types import Number, TablePath
from judge.cli.options import (
    GroupedCommand,
    as_json,
    counted,
    encoding,
    image_root,
    out,
    per_item,
    rubric,
    section,
    seed,
    select,
)
from judge.cli.protect_inputs import refuse_inputs
from judge.scoring.prompt import visible

existing = TablePath()
study_argument = click.argument("study", type=click.Path(dir_okay=False))
which_items = section(
    "Items",
    rubric("it defines the questions.  [default: the rubric of the run, or open_qa]"),
    *item_options,
    encoding,
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
        help="Use the listed items: one id per line, or a table with the columns id, "
        "probability and stratum, as judge plan --select writes it.",
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
    seed("for drawing items and assigning raters.", default=0, show_default=True),
)
rating_page = section(
    "Rating page",
    click.option(
        "--name",
        default="Rating answers",
        show_default=True,
        metavar="TITLE",
        help="Title of the study on the page.",
    ),
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
    click.option(
        "--show-verdict",
        is_flag=True,
        help="Show the scores and reasons of the judge, which raters approve or contest. Such ratings are "
        "anchored: judge agree reports their approval rate, and no agreement of independent ratings.",
    ),
)


@click.group()
def command() -> None:
    """Collect human ratings in the browser.

    Raters are blind to the system and to the ratings of others, their workloads are balanced, and the whole
    study is one file.

    Example: judge study new answers.jsonl && judge study serve study.db
    """


@command.command(cls=GroupedCommand, short_help="Create a study from a run or a file of answers.")
@click.argument("source", type=TablePath())
@which_items
@who_rates
@rating_page
@section("Output", out("the file of the study.", default="study.db", show_default=True))
def new(source: str, **options: Any) -> None:
    """Create a study of the answers in SOURCE: a run, a file of answers, or tasks of Label Studio.

    Example: judge study new runs/answers-openai-gpt-5-open_qa --select 200 --stratify score
    """
    options["introduction"] = text_in(options["introduction"]) if options["introduction"] else ""
    with _usage_errors(), create_study(source, **options) as study:
        _report_new(study)
        if options["stratify"]:
            _report_strata(study)


@command.command(short_help="Serve the rating page and print the links of the raters.")
@study_argument
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on; 0.0.0.0 accepts connections from other machines.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=8080,
    show_default=True,
    help="Port to listen on; 0 chooses a free port.",
)
@click.option("--url", metavar="URL", help="Public address for the links, if the server is behind a proxy.")
def serve(study: str, host: str, port: int, url: str | None) -> None:
    """Serve the rating page of STUDY until Ctrl-C, and print the secret link of each rater.

    Example: judge study serve study.db
    """
    from human_study import app

    with Study.open(study) as opened, app.listen(host, port) as listening:
        taken = listening.getsockname()[1]
        names = opened.settings.real_names
        for who, link in app.links(opened, (url or app.address(host, taken)).rstrip("/")).items():
            click.echo(f"{who:10} {link}" + (f"  {visible(names[who])}" if who in names else ""))
        if exposed := app.exposure(host, taken):
            click.echo(f"Note: {exposed}.", err=True)
        click.echo("Serving until Ctrl-C. Each rating is saved immediately.", err=True)
        app.serve(opened, listening, alpha)


@command.command(short_help="Show the progress of a study.")
@study_argument
@as_json
def status(study: str, as_json: bool) -> None:
    """Show the progress of each rater of STUDY, the attention checks, and the agreement so far.

    Example: judge study status study.db
    """
    with Study.open(study, read_only=True) as opened:
        progress = study_progress(opened)
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
    help="Layout of the output: one row per score, one row per rating, Label Studio tasks or labeling "
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
def export_command(study: str, layout: Layout, out: str, after_discussion: bool) -> None:
    """Write the ratings of STUDY as the long table that `judge agree` reads, or in another layout.

    Example: judge study export study.db --out ratings.csv
    """
    refuse_inputs(out)
    with _usage_errors():
        target = sys.stdout if out == "-" else out
        n = export_study(study, target, layout=layout, after_discussion=after_discussion)
    click.echo(f"{n:,} written" if out == "-" else f"{out}: {n:,} written", err=True)


@command.command("import", cls=GroupedCommand, short_help="Import ratings that were collected elsewhere.")
@study_argument
@click.argument("file", type=TablePath())
@section(
    "Ratings",
    click.option("--rater", metavar="NAME", help="Name of the rater, for a file without a column for it."),
    columns,
    id_from,
    raters_in,
    encoding,
    missing_codes,
    dimensions,
)
@section(
    "Scale",
    scale(
        "0-4, where it is not that of the study. The ratings are rescaled linearly, and each must be a score "
        "of the study."
    ),
    rater_scales("each must be a score of the study."),
)
def import_command(study: str, file: str, rater: str | None, **given: Any) -> None:
    """Import ratings from FILE into STUDY: a long or wide table, or the export of a rating platform.

    Example: judge study import study.db ratings.csv
    """
    for name, count in import_into_study(
        study, file, rater=rater, on_read=show_read_and_notes, **given
    ).items():
        click.echo(f"{name}: {count} new ratings")


@contextmanager
def _usage_errors() -> Iterator[None]:
    try:
        yield
    except StudyOptionError as error:
        raise click.UsageError(str(error)) from None


def _report_new(study: Study) -> None:
    progress, design = measure(study), study.design
    parts = [f"{row.rater.name} {row.total}" for row in progress.raters]
    click.echo(
        f"{study.path}: {counted(progress.n_items, 'item')}, each rated by {design.per_item} of "
        f"{design.raters}; answers per rater: {', '.join(parts)}"
    )
    if design.per_item == 1:
        click.echo("Note: each item is rated once, so agreement between raters cannot be measured.", err=True)
    for event in study.events():
        click.echo(f"Note: {event['about']} left out: {event['reason']}.", err=True)
    if idle := sum(not row.total for row in progress.raters):
        click.echo(
            f"Note: {counted(idle, 'rater')} get no answers; ask fewer (--raters), or have each item rated "
            "by more (--per-item).",
            err=True,
        )
    if not progress.raters[0].training[1]:
        why = "the rubric has no worked example for these items"
        if study.rubric.criteria:
            why = "a worked example of the rubric has no criteria to practise on (add some with --training)"
        click.echo(f"Note: {why}, so there is no practice round.", err=True)
    click.echo(f"Next: judge study serve {study.path}", err=True)


def _report_strata(study: Study) -> None:
    main = [task for task in study.tasks() if task.kind == "main"]
    drawn = Counter({task.item.id: (task.stratum, task.probability) for task in main}.values())
    for (stratum, probability), n in sorted(drawn.items(), key=lambda one: (one[0][0], one[0][1] or 0)):
        name = stratum or "all items"
        known = "probability unknown" if probability is None else f"each with probability {probability:.3g}"
        click.echo(f"  {name}: {n} drawn, {known}")
    if len({probability for _, probability in drawn}) > 1:
        click.echo(
            "Note: probability and stratum are exported with the ratings, and judge agree weights by them.",
            err=True,
        )


def _print_status(study: Study, progress: StudyProgress) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from judge.reporting.render.text import clean

    console = Console(highlight=False)
    size = f"{counted(progress.n_items, 'item')}, {counted(study.design.per_item, 'rater')} per item"
    console.print(Text(f"{clean(study.name)}: {size}"))
    table = Table(
        "rater", "done", "skipped", "practice", "checks failed", "same score in repeats", "s per answer"
    )
    for row in progress.raters:
        given = study.settings.real_names.get(row.rater.name)
        name = (
            clean(row.rater.name)
            + (f" {clean(given)}" if given else "")
            + ("" if row.rater.dropped is None else " (dropped)")
        )
        cells = (name, f"{row.done + row.skipped}/{row.total}", str(row.skipped))
        shares = (_share(row.training), _share(row.checks), _share(row.repeats))
        seconds = "" if row.seconds is None else f"{row.seconds:.0f}"
        table.add_row(*(Text(cell) for cell in (*cells, *shares, seconds)))
    console.print(table)
    for rater in (row.rater for row in progress.raters if row.rater.dropped is not None):
        console.print(Text(f"{clean(rater.name)} was dropped: {clean(rater.reason)}"))
    abstained = ("cannot tell",) if study.rubric.abstain else ()
    agreement = ("approved",) if study.is_anchored else ("exact agreement", "Krippendorff's alpha (95 %)")
    questions = Table("question", "ratings", *abstained, *agreement)
    for one in progress.questions:
        counts = (sum(one.counts.values()), *((one.abstained,) if abstained else ()))
        figures = (one.approved,) if study.is_anchored else (one.exact, one.agreement)
        shown = ("" if f is None else f"{f:.0%}" if isinstance(f, float) else str(f) for f in figures)
        questions.add_row(clean(one.question.label), *map(str, counts), *shown)
    console.print(questions)
    apart = "scores two points apart, or different labels or criteria"
    if study.is_anchored:
        apart = "a score that some approve and others contest"
        console.print(Text("Raters saw the judge's verdict first: ratings are anchored."))
    console.print(Text(f"disputed items ({apart}): {len(progress.disputes)}"))


def _share(part: tuple[int, int]) -> str:
    return f"{part[0]}/{part[1]}" if part[1] else ""
