"""`judge score`: the main job."""

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from math import floor
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
from judge.cli.watch import TerminalWatch
from judge.errors import JudgeError
from judge.rubric import Rubric
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.factory import check_backend
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.judge import Judge
from judge.scoring.prompt import message_text, visible
from judge.scoring.run import Run
from judge.scoring.run_summary import RunSummary
from judge.scoring.score import default_out, folder_name, preview, score

_MOST_LABELS = 11
"""Scales with more labels are shown by their mean alone."""

input_options = decorate(
    click.option("--limit", type=click.IntRange(min=1), help="Score N items only, the first ones."),
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
    places = [(judge, _folder(out, judge, len(judges))) for judge in judges]
    _check_apart(answers, places)
    if dry_run:
        for judge, place in places:
            show_preview(answers, judge, options, place, as_json=as_json)
        return
    connection, engine = connection_of(values), engine_of(values)
    for judge in judges:  # all of them before the first is paid
        check_backend(judge, connection)
    panel = Panel(answers, options, connection, engine, as_json, alone=len(judges) == 1)
    found = [panel.score(judge, place) for judge, place in places]
    if panel.runs and not as_json:
        point_on(panel.runs)
    ctx.exit(1 if 1 in found else max(found))


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


def _folder(out: str | None, judge: Judge, judges: int) -> str | None:
    """Where a judge's run goes: each of several has a folder of its own in --out."""
    return (
        out
        if out is None or judges == 1
        else str(Path(out) / folder_name(f"{judge.name}-{judge.rubric.name}"))
    )


def _check_apart(answers: str, places: list[tuple[Judge, str | None]]) -> None:
    """Two names may mean one folder: of one model twice, or of two whose paths end alike."""
    taken: dict[str, str] = {}
    for judge, place in places:
        folder = place or str(default_out(answers, judge))
        if folder in taken:
            raise click.UsageError(
                f"--judge {taken[folder]} and --judge {judge.model} would both score into {folder}. Where "
                "they are one, name it once; where not, give each a command of its own with --out"
            )
        taken[folder] = judge.model


class Panel:
    """One judge or several over the same answers, in turn."""

    def __init__(
        self,
        answers: str,
        options: dict[str, Any],
        connection: Connection,
        engine: EngineOptions,
        as_json: bool,
        *,
        alone: bool,
    ) -> None:
        self._answers = answers
        self._options = options
        self._connection = connection
        self._engine = engine
        self._as_json = as_json
        self._alone = alone
        self.runs: list[Path] = []
        """Those that were scored."""
        self._told: dict[str, str] = {}

    def score(self, judge: Judge, out: str | None) -> int:
        """Score with one judge and print how that ended; return the exit status.

        Where one of several judges cannot go on, the others still do.
        """
        if not self._alone:
            limit = self._connection.max_cost
            left = "" if limit is None else f", ${limit:.4f} of --max-cost left"
            click.echo(f"judge {judge.model}{left}", err=True)
        try:
            return self._score(judge, out)
        except JudgeError as error:
            if self._alone:
                raise
            self._tell(judge.model, visible(str(error)))
            return error.exit_code

    def _tell(self, model: str, problem: str) -> None:
        """What is wrong with the answers stops every judge, and is told in full once."""
        if (first := self._told.setdefault(problem, model)) != model:
            problem = f"the same as for {first}"
        click.echo(f"Error: {model}: {problem}", err=True)

    def _score(self, judge: Judge, out: str | None) -> int:
        with closing(TerminalWatch(moving=sys.stderr.isatty() and not self._as_json)) as watch:
            try:
                run = score(
                    self._answers,
                    judge=judge,
                    out=out,
                    **self._options,
                    connection=self._connection,
                    engine=self._engine,
                    callback=watch,
                )
            except KeyboardInterrupt:
                watch.close()
                click.echo(f"\ninterrupted: {_stored(watch.place)}", err=True)
                raise click.exceptions.Exit(130) from None
            finally:
                self._spend(watch.charged)
        self.runs.append(run.path)
        return show_result(run, watch.stopped, as_json=self._as_json)

    def _spend(self, cost: float) -> None:
        """What one judge has spent, the next ones have not left."""
        if (limit := self._connection.max_cost) is not None:
            self._connection = replace(self._connection, max_cost=max(0.0, limit - cost))


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


def show_preview(
    answers: str, judge: Judge, options: dict[str, Any], out: str | None, *, as_json: bool
) -> None:
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
            click.echo(_headline(run, summary))
            for warning in warnings:
                click.echo(f"! {warning}")
            click.echo(_table(run.rubric, counts, summary.statuses))
            for line in _next_steps(run, summary, stopped):
                click.echo(line, err=True)
    return 0 if summary.complete == summary.items else 3


def _headline(run: Run, summary: RunSummary) -> str:
    text = f"{run.path}: {summary.passed:,} of {summary.items:,} answers pass, {summary.failed:,} fail"
    if summary.undecided:
        text += f", {summary.undecided:,} have no verdict"
    cost = "" if not summary.cost else f", ${summary.cost:.4f}"
    return f"{text} ({summary.seconds:.1f} s{cost})"


def _table(rubric: Rubric, counts: dict[str, dict[float, int]], statuses: dict[str, dict[str, int]]) -> str:
    """How often each score was given, and each answer to a flag."""
    labels = rubric.scale.labels if len(rubric.scale.labels) <= _MOST_LABELS else range(0)
    width = max((len(name) for name in statuses), default=0)
    head = f"{'mean':>6}" + "".join(f"{label:>7}" for label in labels)
    rows = [f"{'':{width}}  {head}   without a score"]
    for name, by_status in statuses.items():
        values, given = counts.get(name, {}), by_status.get("ok", 0)
        cells = _flag_cells(values, given) if name in rubric.flags else _score_cells(values, labels)
        missing = ", ".join(f"{k} {status}" for status, k in by_status.items() if status != "ok")
        rows.append(f"{name:{width}}  {cells:{len(head)}}   {missing or '-'}")
    return "\n".join(rows)


def _score_cells(values: dict[float, int], labels: range) -> str:
    """Mean and counts; a score between two labels (a mean) counts with the lower one, as in the report."""
    n = sum(values.values())
    mean = f"{sum(v * k for v, k in values.items()) / n:6.2f}" if n else f"{'-':>6}"
    return mean + "".join(f"{sum(k for v, k in values.items() if floor(v) == label):7}" for label in labels)


def _flag_cells(values: dict[float, int], given: int) -> str:
    return f"{values.get(1.0, 0)} true, {values.get(0.0, 0)} false" if values else f"{given} texts"


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
