"""`judge score`: score answers with one judge or a panel."""

import json
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from judge.analysis import headlines
from judge.cli.ablate import ablate, copies_note, described, with_ablations
from judge.cli.item_options import item_options
from judge.cli.judge_options import (
    connection_of,
    connection_options,
    engine_of,
    engine_options,
    judge_options,
    judges_of,
)
from judge.cli.option_types import TablePath, shard_name
from judge.cli.options import (
    GroupedCommand,
    as_json,
    counted,
    encoding,
    image_root,
    input_format,
    limit,
    out,
    section,
)
from judge.cli.progress_line import ProgressLine
from judge.cli.protect_inputs import files_of_run, refuse_inputs
from judge.cli.ray_options import ray_of, ray_options
from judge.errors import InputError, JudgeError, RunError
from judge.rows import FORMATS
from judge.scoring.judge import Judge
from judge.scoring.panel import Panel
from judge.scoring.preview import preview
from judge.scoring.prompt import message_text, visible
from judge.scoring.run import Run
from judge.scoring.run_summary import RunSummary
from judge.scoring.shards import Shard

_MOST_READ = 1_000
"""Items without a reply that are read for the first reason of each kind of failure."""
_LONGEST_REASON = 160

input_options = section(
    "Items to judge",
    *item_options,
    input_format(FORMATS, "format"),
    encoding,
    image_root("the folder of ANSWERS"),
    limit("the others are not scored.  [default: all items]"),
    click.option("--random", is_flag=True, help="Draw the --limit items at random, for a pilot run."),
    click.option(
        "--shard",
        metavar="N/COUNT",
        callback=shard_name,
        help="Score one of COUNT parts of the items, as in 3/16; judge merge combines their runs.",
    ),
    click.option("--skip-bad", is_flag=True, help="Score the other items if rows or images are invalid."),
    click.option("--retry-errors", is_flag=True, help="Ask again for items whose request failed earlier."),
)


@click.command(cls=GroupedCommand)
@click.argument("answers", type=TablePath(allow_dash=True))
@input_options
@judge_options
@ablate
@connection_options
@engine_options
@ray_options
@section(
    "Output",
    out(
        "a folder for the run; with several judges, a folder that holds their runs.  [default: "
        "runs/ANSWERS-JUDGE-RUBRIC]",
        is_folder=True,
    ),
    click.option(
        "--dry-run",
        is_flag=True,
        help="Print the first prompt, the number of requests and the estimated cost; send nothing.",
    ),
    as_json,
)
@click.pass_context
def command(
    ctx: click.Context, /, answers: str, dry_run: bool, as_json: bool, out: str | None, **values: Any
) -> None:
    """Score ANSWERS with a judge: a table in a file, or - for standard input.

    ANSWERS is JSON Lines, JSON, CSV, TSV, Parquet, an .xlsx workbook (answers.xlsx#Sheet2 names a sheet), or
    the folder of a dataset that the library datasets saved. docs/input_files.md shows each shape of table.

    An interrupted run is resumed by the same command. Stored replies are not requested again.

    Example: judge score answers.jsonl --judge openai/gpt-5 --max-cost 5
    """
    judges, options = with_ablations(judges_of(values), values["ablate"]), _options(values)
    engine = replace(engine_of(values), ray=ray_of(values))
    if len(judges) > 1 and answers == "-":
        raise click.UsageError("standard input can be read only once; with several judges, name a file")
    try:
        panel = Panel(answers, judges, out=out, connection=connection_of(values), engine=engine, **options)
    except InputError as error:
        raise click.UsageError(str(error)) from None
    for _, folder in panel.members:
        refuse_inputs(*files_of_run(str(folder)))
    if dry_run:
        for judge, folder in panel.members:
            earlier = [one for one, _ in panel.before(judge)]
            show_preview(answers, judge, {**options, "after": earlier}, folder, as_json=as_json)
        return
    panel.check()
    ctx.exit(_score(panel, answers, as_json=as_json))


def _options(values: dict[str, Any]) -> dict[str, Any]:
    names = (
        "samples",
        "limit",
        "random",
        "mapping",
        "format",
        "encoding",
        "id_from",
        "answers_in",
        "questions",
        "image_root",
        "skip_bad",
        "shard",
        "retry_errors",
        "reask",
    )
    return {name: values[name] for name in names}


def _with_advice(answers: str, error: JudgeError) -> JudgeError:
    """Add to an error about the input that the file is one of another tool, whose names mean other things."""
    from judge.formats.answers import tool_of

    if not isinstance(error, InputError) or (tool := tool_of(answers)) is None:
        return error
    return InputError(
        f"{error}\n{answers} is a file of the format {tool}. Import its answers first, together with the "
        "files that belong to it: judge import FILES --out answers.jsonl"
    )


def _score(panel: Panel, answers: str, *, as_json: bool) -> int:
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
            click.echo(f"judge {described(judge)}{left}", err=True)
        moving = sys.stderr.isatty() and not as_json
        watches.append(ProgressLine(moving=moving, shows_input=not watches))
        return watches[-1]

    try:
        for result in panel.score(watch_for):
            if result.run:
                runs.append(result.run.path)
                codes.append(show_result(result.run, watches[-1].stopped, as_json=as_json))
                if note := copies_note(panel, result.judge, runs[-1]):
                    click.echo(note, err=True)
            elif result.error and alone:
                raise _with_advice(answers, result.error)
            elif result.error:
                _tell(told, described(result.judge), visible(str(result.error)))
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
    """Print an error of a judge; an error that all judges share is printed in full once."""
    if (first := told.setdefault(problem, model)) != model:
        problem = f"the same as for {first}"
    click.echo(f"Error: {model}: {problem}", err=True)


def _stored(place: Path | None) -> str:
    """Say what is stored after Ctrl-C, and how to resume."""
    if place is None or not (place / "run.db").is_file():
        return "no reply had arrived, so nothing is stored"
    with Run.open(place) as run:
        found = run.summary()
    scores = f", scores for {found.complete:,} of {counted(found.items, 'item')} complete"
    if found.completions and not found.complete:  # scores are derived when scoring ends
        scores = "; scores follow when the run ends"
    replies = counted(found.completions, "reply", "replies")
    return f"{replies} stored{scores}{_batches_left(place)}; the same command resumes the run"


def _batches_left(place: Path) -> str:
    """Say that batches go on at the provider."""
    from judge.scoring.backends.batch.journal import batches_of

    left = [batch for batch in batches_of(place) if batch.is_open]
    if not left:
        return ""
    requests = counted(sum(batch.requests for batch in left), "request")
    batches = f"{counted(len(left), 'batch', 'batches')} with {requests}"
    return f"; {batches} {'goes' if len(left) == 1 else 'go'} on at the provider (judge batches {place})"


def show_preview(answers: str, judge: Judge, options: dict[str, Any], out: Path, *, as_json: bool) -> None:
    """Print the first prompt and the size of the run, without sending anything."""
    seen = preview(answers, judge, out=out, **{k: v for k, v in options.items() if k != "reask"})
    if as_json:
        click.echo(json.dumps(asdict(seen), ensure_ascii=False))
        return
    for note in seen.notes:
        click.echo(visible(note), err=True)
    for message in seen.first:
        click.echo(f"--- {message['role']} ---\n{message_text(message)}\n")
    unpriced = "price unknown" if judge.is_billed else "free"
    cost = unpriced if seen.cost is None else f"about ${seen.cost:.4f}"
    if judge.backend == "api":
        in_batches = "price unknown" if seen.batch_cost is None else f"about ${seen.batch_cost:.4f}"
        cost += f" (with --batch: {in_batches})"
    answered = f" ({seen.answered:,} more are already answered)" if seen.answered else ""
    which = f"{described(judge)}: " if judge.rubric.without else ""
    click.echo(
        f"{which}{counted(seen.items, 'item')}, {counted(seen.requests, 'request')}{answered}, "
        f"about {seen.prompt_tokens:,} prompt tokens, {cost}. Nothing was sent.",
        err=True,
    )


def show_result(
    run: Run, stopped: str | None, *, as_json: bool, more: Mapping[str, Any] | None = None
) -> int:
    """Print the result of a run and the next steps; return the exit status. JSON also holds `more`."""
    with run:
        overview, warnings = run.overview(), headlines.of_run(run)
        summary = overview.summary
        if as_json:
            facts = {"run": str(run.path), **asdict(summary), "distribution": overview.distribution}
            facts |= {"stopped": stopped, "warnings": warnings, **(more or {})}
            click.echo(json.dumps(facts, ensure_ascii=False))
        else:
            click.echo(overview.headline)
            for warning in warnings:
                click.echo(f"! {warning}")
            click.echo(overview.table(shutil.get_terminal_size().columns))
            for line in _next_steps(run, summary, stopped):
                click.echo(line, err=True)
    return 0 if summary.complete == summary.items else 3


def _token_notes(summary: RunSummary) -> Iterator[str]:
    """Token counts, the share from the cache, and the probability mass on the scale."""
    if prompt := summary.prompt_tokens:
        thought = summary.reasoning_tokens
        of_it = f" ({thought:,} of them reasoning)" if thought else ""
        yield (
            f"{prompt:,} prompt tokens ({(summary.cached_tokens or 0) / prompt:.0%} from the cache), "
            f"{summary.completion_tokens:,} completion tokens{of_it}"
        )
    if summary.on_scale is not None:
        yield f"expected scores: {summary.on_scale:.1%} of the probability is on the scale, on average"


def _copied_notes(summary: RunSummary, path: str) -> Iterator[str]:
    """Warn about items that contain a verdict, because it could change their score."""
    if n := summary.with_verdict_in_text:
        yield f"warning: {counted(n, 'item')} with text that looks like a verdict: judge audit {path}"
    if n := summary.lost_to_copied_verdict:
        yield (
            f"warning: {counted(n, 'item')} without a score, because the reply only copies a verdict from "
            f"the item or a worked example; see them: judge audit {path}"
        )


def _next_steps(run: Run, summary: RunSummary, stopped: str | None) -> Iterator[str]:
    yield from _token_notes(summary)
    yield from _copied_notes(summary, shlex.quote(str(run.path)))
    if stopped:
        stored = f"scores for {summary.complete:,} of {counted(summary.items, 'item')} are stored"
        yield f"stopped: {stopped}; {stored}; the same command resumes the run"
    if shard := run.fact("shard"):
        merge = _merge_command(run.path, Shard(shard["number"], shard["of"]))
        yield f"shard {shard['number']} of {shard['of']}; when all are scored: {merge}"
    if unpriced := summary.unpriced:
        yield (
            f"note: the cost of {counted(unpriced, 'reply', 'replies')} is unknown (the model has no known "
            "price, or the server did not report the number of tokens); --max-cost uses an estimate instead"
        )
    found = {status for counts in summary.statuses.values() for status in counts}
    for status in sorted(found - {"ok", "not_applicable"}):
        yield from _first_reasons(run, summary, status)
        yield f"to see them: judge show {shlex.quote(str(run.path))} --status {status}"
    if summary.failures:
        yield "to retry failed requests: the same command with --retry-errors"


def _merge_command(path: Path, shard: Shard) -> str:
    """The command that merges the shards beside this one, if its folder has the name of a shard."""
    whole = str(path).removesuffix(f"-{shard.suffix}")
    if whole == str(path):
        return "judge merge RUN… --out RUN"
    out = shlex.quote(whole)
    return f"judge merge {out}-shard-*-of-{shard.of} --out {out}"


def _first_reasons(run: Run, summary: RunSummary, status: str) -> Iterator[str]:
    """How many items have a status, and the first reason; failed requests are counted by their kind."""
    ids = run.ids_with_status(status)
    if not ids:
        raise RunError(f"{run.path}: damaged: scores with the status {status} belong to no item of the run")
    if status != "failed":
        reason = next(score.reason for score in run.scores_of(ids[0]) if score.status == status)
        yield _with_reason(f"{counted(len(ids), 'item')} {status}", reason or "")
        return
    asked = (completion for item_id in ids[:_MOST_READ] for completion in run.completions(item_id))
    first: dict[str, str] = {}
    for failure in (completion.failure for completion in asked if completion.failure):
        first.setdefault(failure.kind, failure.message)
    for kind in sorted(summary.failures.keys() & first.keys()):
        yield _with_reason(f"{counted(summary.failures[kind], 'request')} failed ({kind})", first[kind])


def _with_reason(text: str, reason: str) -> str:
    return f"{text}; first reason: {textwrap.shorten(visible(reason), _LONGEST_REASON, placeholder=' …')}"


def point_on(runs: Sequence[Path]) -> None:
    """Print the commands that analyse the runs."""
    named = " ".join(shlex.quote(str(path)) for path in runs)
    click.echo(f"next: judge report {named}", err=True)
    if len(runs) > 1:
        click.echo(f"with human ratings: judge agree {named} --humans ratings.csv", err=True)
