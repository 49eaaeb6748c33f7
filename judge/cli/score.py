"""`judge score`: the main job."""

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from judge.analysis import headlines
from judge.cli.judge_options import (
    connection_of,
    connection_options,
    engine_of,
    engine_options,
    judge_options,
    judges_of,
)
from judge.cli.options import as_json, counted, decorate, pairs
from judge.cli.progress_line import ProgressLine
from judge.cli.protect_inputs import files_of_run, refuse_inputs
from judge.errors import InputError
from judge.scoring import run_views
from judge.scoring.judge import Judge
from judge.scoring.panel import Panel
from judge.scoring.prompt import message_text, visible
from judge.scoring.run import Run
from judge.scoring.run_summary import RunSummary
from judge.scoring.score import preview

input_options = decorate(
    click.option(
        "--limit", type=click.IntRange(1, 1_000_000_000), help="Score N items only, the first ones."
    ),
    click.option("--random", is_flag=True, help="With --limit: draw the N items at random (a pilot)."),
    click.option(
        "--map",
        "mapping",
        multiple=True,
        metavar="FIELD=NAME",
        callback=pairs,
        help="Where a field stands in the file: --map answer=my_column.",
    ),
    click.option("--format", help="Format of the file, where its name does not tell: jsonl, json, csv, …"),
    click.option(
        "--image-root",
        type=click.Path(exists=True, file_okay=False),
        help="Folder that image paths start from and may not leave.  [default: that of the file]",
    ),
    click.option("--skip-bad", is_flag=True, help="Score the rest where rows or pictures are broken."),
)


@click.command()
@click.argument("answers", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@judge_options
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    help="Folder of the run; for several judges, of their runs.  [default: runs/ANSWERS-JUDGE-RUBRIC]",
)
@click.option(
    "--samples", type=click.IntRange(1, 1_000), default=1, show_default=True, help="Replies an item."
)
@input_options
@connection_options
@engine_options
@click.option(
    "--dry-run", is_flag=True, help="Show the first prompt and the number of requests; send nothing."
)
@click.option("--retry-errors", is_flag=True, help="Ask again for what failed before.")
@click.option("--reask", is_flag=True, help="Ask once more where a reply cannot be read.")
@as_json
@click.pass_context
def command(
    ctx: click.Context, /, answers: str, dry_run: bool, as_json: bool, out: str | None, **values: Any
) -> None:
    """Score ANSWERS (JSON Lines, JSON, CSV, Parquet, or - for standard input) with a judge.

    Run the same command again to go on where it stopped: nothing is paid for twice.

    Example: judge score answers.jsonl --judge openai/gpt-5 --max-cost 5
    """
    judges, options = judges_of(values), _options(values)
    if len(judges) > 1 and answers == "-":
        raise click.UsageError("standard input can be read once only: give several judges a file")
    try:
        panel = Panel(
            answers, judges, out=out, connection=connection_of(values), engine=engine_of(values), **options
        )
    except InputError as error:
        raise click.UsageError(str(error)) from None
    for _, folder in panel.members:
        refuse_inputs(*files_of_run(str(folder)))
    if dry_run:
        for judge, folder in panel.members:
            show_preview(answers, judge, options, folder, as_json=as_json)
        return
    panel.check()
    ctx.exit(_score(panel, as_json=as_json))


def _options(values: dict[str, Any]) -> dict[str, Any]:
    names = (
        "samples",
        "limit",
        "random",
        "mapping",
        "format",
        "image_root",
        "skip_bad",
        "retry_errors",
        "reask",
    )
    return {name: values[name] for name in names}


def _score(panel: Panel, *, as_json: bool) -> int:
    """Score with all judges and print how each ended; return the exit status."""
    watches: list[ProgressLine] = []
    alone = len(panel.members) == 1
    told: dict[str, str] = {}
    codes: list[int] = []
    runs: list[Path] = []

    def watch_for(judge: Judge) -> ProgressLine:
        if not alone:
            limit = panel.connection.max_cost
            left = "" if limit is None else f", ${limit:.4f} of --max-cost left"
            click.echo(f"judge {judge.model}{left}", err=True)
        watches.append(ProgressLine(moving=sys.stderr.isatty() and not as_json))
        return watches[-1]

    try:
        for result in panel.score(watch_for):
            if result.run:
                runs.append(result.run.path)
                codes.append(show_result(result.run, watches[-1].stopped, as_json=as_json))
            elif result.error and alone:
                raise result.error
            elif result.error:
                _tell(told, result.judge.model, visible(str(result.error)))
                codes.append(result.error.exit_code)
    except KeyboardInterrupt:
        for watch in watches:
            watch.close()
        click.echo(f"\ninterrupted: {_stored(watches[-1].place if watches else None)}", err=True)
        raise click.exceptions.Exit(130) from None
    finally:
        for watch in watches:
            watch.close()
    if runs and not as_json:
        point_on(runs)
    return 1 if 1 in codes else max(codes)


def _tell(told: dict[str, str], model: str, problem: str) -> None:
    """What is wrong with the answers stops every judge, and is told in full once."""
    if (first := told.setdefault(problem, model)) != model:
        problem = f"the same as for {first}"
    click.echo(f"Error: {model}: {problem}", err=True)


def _stored(place: Path | None) -> str:
    """What is kept after Ctrl-C, and how to go on."""
    if place is None or not (place / "run.db").is_file():
        return "nothing had arrived, so nothing is stored"
    with Run.open(place) as run:
        found = run.summary()
    return (
        f"{counted(found.completions, 'reply', 'replies')} stored, scores for {found.complete:,} of "
        f"{counted(found.items, 'item')} complete; the same command goes on from here"
    )


def show_preview(answers: str, judge: Judge, options: dict[str, Any], out: Path, *, as_json: bool) -> None:
    """Print what a run would send."""
    seen = preview(answers, judge, out=out, **{k: v for k, v in options.items() if k != "reask"})
    if as_json:
        click.echo(json.dumps(asdict(seen), ensure_ascii=False))
        return
    for message in seen.first:
        click.echo(f"--- {message['role']} ---\n{message_text(message)}\n")
    unpriced = "price unknown" if judge.backend == "api" else "free"
    cost = unpriced if seen.cost is None else f"about ${seen.cost:.4f}"
    answered = f" ({seen.answered:,} more are answered already)" if seen.answered else ""
    click.echo(
        f"{counted(seen.items, 'item')}, {counted(seen.requests, 'request')}{answered}, "
        f"about {seen.prompt_tokens:,} prompt tokens, {cost}. Nothing was sent.",
        err=True,
    )


def show_result(run: Run, stopped: str | None, *, as_json: bool) -> int:
    """Print how a run ended and what to do next; return the exit status."""
    with run:
        summary, counts, warnings = run.summary(), run.distribution(), headlines.of_run(run)
        if as_json:
            facts = {"run": str(run.path), **asdict(summary), "distribution": counts, "stopped": stopped}
            facts["warnings"] = warnings
            click.echo(json.dumps(facts, ensure_ascii=False))
        else:
            click.echo(run_views.headline(run, summary))
            for warning in warnings:
                click.echo(f"! {warning}")
            click.echo(run_views.distribution_table(run, summary))
            for line in _next_steps(run, summary, stopped):
                click.echo(line, err=True)
    return 0 if summary.complete == summary.items else 3


def _token_notes(summary: RunSummary) -> Iterator[str]:
    """What was read and written, how much of it cost little, and what the probabilities left out."""
    if prompt := summary.prompt_tokens:
        thought = summary.reasoning_tokens
        of_it = f" ({thought:,} of them thought)" if thought else ""
        yield (
            f"{prompt:,} prompt tokens ({(summary.cached_tokens or 0) / prompt:.0%} out of the cache), "
            f"{summary.completion_tokens:,} written{of_it}"
        )
    if summary.on_scale is not None:
        yield f"expected scores: {summary.on_scale:.1%} of the probability lay on the scale, on average"


def _copied_notes(summary: RunSummary, path: str) -> Iterator[str]:
    """An answer must not get a better score, or none, unseen, by holding something like a verdict."""
    if n := summary.with_verdict_in_text:
        yield f"warning: text that looks like a verdict stands in {counted(n, 'item')}: judge audit {path}"
    if n := summary.lost_to_copied_verdict:
        yield (
            f"warning: {counted(n, 'item')} without a score, because the reply only copies a verdict from "
            f"the item or a worked example: judge audit {path}"
        )


def _next_steps(run: Run, summary: RunSummary, stopped: str | None) -> Iterator[str]:
    yield from _token_notes(summary)
    yield from _copied_notes(summary, shlex.quote(str(run.path)))
    if stopped:
        stored = f"scores for {summary.complete:,} of {counted(summary.items, 'item')} are stored"
        yield f"stopped: {stopped}; {stored}; go on with the same command"
    if unpriced := summary.unpriced:
        yield (
            f"note: the cost of {counted(unpriced, 'reply', 'replies')} is unknown (no price is known for "
            "this model, or the server did not count the tokens); --max-cost counts an estimate instead"
        )
    for status in sorted({s for counts in summary.statuses.values() for s in counts if s != "ok"}):
        yield f"look at them: judge show {shlex.quote(str(run.path))} --status {status}"
    if summary.failures:
        yield "ask again for what failed: the same command with --retry-errors"


def point_on(runs: Sequence[Path]) -> None:
    """Say what can be asked of runs."""
    named = " ".join(shlex.quote(str(path)) for path in runs)
    click.echo(f"next: judge report {named}", err=True)
    if len(runs) > 1:
        click.echo(f"with people's ratings: judge agree {named} --humans ratings.csv", err=True)
