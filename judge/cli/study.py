"""`judge study`: collect people's ratings in the browser."""

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
from judge.cli.options import Number, as_json, decorate, pairs
from judge.cli.protect_inputs import refuse_inputs
from judge.cli.study_source import StudySource, listed_ids, text_in
from judge.files.writing import whole_file
from judge.items import load_items
from judge.rubric import Rubric

existing = click.Path(exists=True, dir_okay=False)
study_argument = click.argument("study", type=click.Path(dir_okay=False))
which_items = decorate(
    click.option("--items", type=click.IntRange(min=1), help="How many items to draw.  [default: all]"),
    click.option(
        "--stratify",
        metavar="FIELD",
        help="Draw as many from each value of a field, or by the run's scores: 'score' or 'passed'.",
    ),
    click.option("--ids", type=existing, help="Take these: one id a line, or a table with id, probability."),
    click.option(
        "--map",
        "mapping",
        multiple=True,
        metavar="FIELD=NAME",
        callback=pairs,
        help="Where a field stands in the file: --map answer=my_column.",
    ),
    click.option(
        "--image-root",
        type=click.Path(exists=True, file_okay=False),
        help="Folder of the pictures.  [default: the run's, or the file's]",
    ),
)
who_rates = decorate(
    click.option(
        "--raters", type=click.IntRange(1, 500), default=5, show_default=True, help="How many people rate."
    ),
    click.option(
        "--per-item",
        type=click.IntRange(min=1),
        default=3,
        show_default=True,
        help="How many rate each item.",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Repeats the draw and the dealing."),
)
what_they_see = decorate(
    click.option(
        "--repeats",
        type=Number(0, 0.5),
        default=0.05,
        show_default=True,
        help="Share of a list that comes twice.",
    ),
    click.option(
        "--checks",
        type=Number(0, 0.5),
        default=0.03,
        show_default=True,
        help="Attention checks, as a share.",
    ),
    click.option("--check-items", type=existing, help="Own checks: items with expected_scores."),
    click.option("--training", type=existing, help="Practice items.  [default: the rubric's]"),
    click.option(
        "--reference/--no-reference", default=True, show_default=True, help="Show the reference answer."
    ),
    click.option(
        "--introduction",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        help="File with the text that raters read first.",
    ),
)


@click.group()
def command() -> None:
    """Collect people's ratings in the browser: blind, balanced, kept in one file.

    Example: judge study new answers.jsonl && judge study serve study.db
    """


@command.command(short_help="Plan a study of a run, or of a file of answers.")
@click.argument("source", type=click.Path(exists=True))
@click.option("--rubric", help="Name or file.  [default: the run's, or open_qa]")
@which_items
@who_rates
@what_they_see
@click.option("--name", help="Title that raters see.  [default: Rating answers]")
@click.option("--out", type=click.Path(dir_okay=False), default="study.db", show_default=True)
def new(source: str, rubric: str | None, name: str | None, out: str, **options: Any) -> None:
    """Plan a study of the answers in SOURCE: a run, or a file of answers (Label Studio's tasks, too).

    Example: judge study new runs/answers-openai-gpt-5-open_qa --items 200 --stratify score
    """
    found = StudySource.read(source, rubric, options["mapping"])
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


@command.command(short_help="Serve the pages, and print everybody's secret link.")
@study_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 lets other machines in.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one."
)
@click.option("--url", metavar="URL", help="Address for the links, where a proxy stands before this server.")
def serve(study: str, host: str, port: int, url: str | None) -> None:
    """Serve the rating page of STUDY until Ctrl-C, and print everybody's secret link.

    Example: judge study serve study.db
    """
    from human_study import app

    with Study.open(study) as opened, app.listen(host, port) as listening:
        taken = listening.getsockname()[1]
        for who, link in app.links(opened, (url or app.address(host, taken)).rstrip("/")).items():
            click.echo(f"{who:10} {link}")
        if exposed := app.exposure(host, taken):
            click.echo(f"Note: {exposed}.", err=True)
        click.echo("Serving; Ctrl-C stops it, and nothing is lost: every rating is saved at once.", err=True)
        app.serve(opened, listening, _alpha(opened.rubric))


@command.command(short_help="Show progress, checks and agreement so far.")
@study_argument
@as_json
def status(study: str, as_json: bool) -> None:
    """Show how far STUDY is: progress of each rater, checks, agreement so far.

    Example: judge study status study.db
    """
    with Study.open(study, read_only=True) as opened:
        progress = measure(opened, _alpha(opened.rubric))
        if as_json:
            click.echo(json.dumps(as_plain(progress), indent=2))
        else:
            _print_status(opened, progress)


@command.command("export", short_help="Write the ratings: what judge agree reads, or all there is.")
@study_argument
@click.option("--format", "format_", type=click.Choice(list(WRITERS)), default="long", show_default=True)
@click.option(
    "--out", type=click.Path(dir_okay=False), default="-", help="A name in .csv, .jsonl …  [default: stdout]"
)
@click.option("--after-discussion", is_flag=True, help="Ratings after a discussion replace the first ones.")
def export_command(study: str, format_: str, out: str, after_discussion: bool) -> None:
    """Write the ratings of STUDY: the long table that `judge agree` reads, or another layout.

    Example: judge study export study.db --out ratings.csv
    """
    refuse_inputs(out)
    allowed = SUFFIXES.get(format_, (".json",))
    if out != "-" and not out.endswith(allowed):
        raise click.UsageError(f"--out {out}: --format {format_} is written as {' or '.join(allowed)}")
    with Study.open(study, read_only=True) as opened, _output(out) as stream:
        n = WRITERS[format_](opened, stream, out.endswith(".jsonl"), after_discussion)
    click.echo(f"{n:,} written" if out == "-" else f"{out}: {n:,} written", err=True)


@command.command("import", short_help="Take in ratings made elsewhere.")
@study_argument
@click.argument("file", type=existing)
@click.option("--rater", help="Who rated, where the file does not say.")
def import_command(study: str, file: str, rater: str | None) -> None:
    """Take ratings made elsewhere into STUDY: a long or wide table, or Label Studio's JSON export.

    Example: judge study import study.db ratings.csv
    """
    with Study.open(study) as opened:
        for name, count in import_ratings.import_file(opened, file, rater).items():
            click.echo(f"{name}: {count} new ratings")


def _design(options: dict[str, Any]) -> Design:
    names = ("raters", "per_item", "items", "repeats", "checks", "seed")
    try:
        return Design(**{name: options[name] for name in names}, show_reference=options["reference"])
    except ValidationError as error:
        raise click.UsageError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def _chosen(source: StudySource, design: Design, options: dict[str, Any]) -> list[DrawnItem]:
    if options["ids"]:
        if options["items"] or options["stratify"]:
            raise click.UsageError("--ids names the items; --items and --stratify draw them: use one")
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
        f"answers a rater: {', '.join(parts)}"
    )
    if study.design.per_item == 1:
        click.echo("Note: no item is rated twice, so agreement among people cannot be measured.", err=True)
    if not progress.raters[0].training[1]:
        click.echo("Note: the rubric has no worked example that fits: no practice round.", err=True)
    click.echo(f"Next: judge study serve {out}", err=True)


def _report_strata(plan: StudyPlan) -> None:
    drawn = Counter((one.stratum, one.probability) for one in plan.chosen)
    for (stratum, probability), n in sorted(drawn.items()):
        click.echo(f"  {stratum}: {n} drawn, each with probability {probability:.3g}")
    if len({probability for _, probability in drawn}) > 1:
        click.echo(
            "Note: figures for all items weight each with 1 / probability, a column of the export.", err=True
        )


def _print_status(study: Study, progress: StudyProgress) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from judge.reporting.render.text import clean

    console = Console(highlight=False)
    size = f"{progress.n_items} items, {study.design.per_item} raters an item"
    console.print(Text(f"{clean(study.name)}: {size}"))
    table = Table("rater", "done", "skipped", "practice", "checks failed", "repeats alike", "s an answer")
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
    console.print(Text(f"{len(progress.disputes)} items with ratings two points apart or more"))


def _share(part: tuple[int, int]) -> str:
    return f"{part[0]}/{part[1]}" if part[1] else ""


@contextmanager
def _output(out: str) -> Iterator[IO[str]]:
    if out == "-":
        yield sys.stdout
        return
    with whole_file(out) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        yield stream
