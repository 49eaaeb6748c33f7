"""`judge score`: the main job."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, fields, replace
from typing import Any

import click

from judge.cli.options import as_json, counted, decorate, pairs
from judge.cli.watch import TerminalWatch
from judge.rubric import Rubric, load_rubric
from judge.scoring.job import Connection, Options, preview, score
from judge.scoring.judge import Judge
from judge.scoring.prompt import message_text
from judge.scoring.store import Run

_MOST_LABELS = 11
"""Scales with more labels are shown by their mean alone."""

judge_options = decorate(
    click.option(
        "--judge",
        "model",
        default="baseline",
        show_default=True,
        metavar="MODEL",
        help=(
            "baseline, replay:FILE, or any litellm model: openai/gpt-5, anthropic/claude-sonnet-4-5, "
            "hosted_vllm/MODEL with --api-base."
        ),
    ),
    click.option(
        "--rubric", default="open_qa", show_default=True, help="Name (judge rubric list) or YAML file."
    ),
    click.option("--temperature", type=float, help="Sent only when given."),
    click.option("--max-tokens", type=click.IntRange(min=1), help="Most tokens of one reply."),
    click.option("--seed", type=int),
    click.option("--reasoning-effort", help="For judges that think: low, medium, high, …"),
    click.option(
        "--param",
        "params",
        multiple=True,
        metavar="NAME=VALUE",
        callback=pairs,
        help="Any other parameter of the model; VALUE may be JSON.",
    ),
    click.option(
        "--structured",
        type=click.Choice(["auto", "on", "off"]),
        default="auto",
        show_default=True,
        help="Send the reply's JSON schema along.",
    ),
)
connection_options = decorate(
    click.option("--api-base", help="Address of an OpenAI-compatible server: http://localhost:8000/v1."),
    click.option(
        "--max-connections", type=click.IntRange(min=1), help="Requests in flight; adapts by default."
    ),
    click.option("--requests-per-minute", type=click.FloatRange(min=0, min_open=True)),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=600,
        show_default=True,
        help="Seconds for one try.",
    ),
    click.option(
        "--max-cost",
        type=click.FloatRange(min=0),
        metavar="USD",
        help="Most that this call may spend; it stops before.",
    ),
    click.option(
        "--transport",
        type=click.Choice(["auto", "http", "litellm"]),
        default="auto",
        show_default=True,
        help="Our own client where the server speaks OpenAI's protocol, litellm elsewhere.",
    ),
)
input_options = decorate(
    click.option("--limit", type=click.IntRange(min=1), help="Only the first N items."),
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
    "--out", type=click.Path(file_okay=False), help="Folder of the run.  [default: runs/ANSWERS-JUDGE-RUBRIC]"
)
@click.option("--samples", type=click.IntRange(min=1), default=1, show_default=True, help="Replies an item.")
@input_options
@connection_options
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
    judge, options, connection = _judge(values), _options(values), _connection(values)
    if dry_run:
        show_preview(answers, judge, options, out, as_json=as_json)
        return
    with closing(TerminalWatch(moving=sys.stderr.isatty() and not as_json)) as watch:
        run = score(answers, judge=judge, out=out, options=options, connection=connection, watch=watch)
    ctx.exit(show_result(run, watch.stopped, as_json=as_json))


def _judge(values: dict[str, Any]) -> Judge:
    names = ("temperature", "max_tokens", "seed", "reasoning_effort")
    params = {name: values[name] for name in names if values[name] is not None}
    params |= {name: _json_or_text(value) for name, value in values["params"].items()}
    judge = Judge(model=values["model"], rubric=load_rubric(values["rubric"]), params=params)
    return replace(judge, structured=_structured(judge, values["structured"], values["api_base"]))


def _structured(judge: Judge, wanted: str, api_base: str | None) -> bool:
    if wanted != "auto" or judge.backend != "api":
        return wanted == "on"
    from judge.scoring.backends.providers import supports_schema

    return supports_schema(judge.model, api_base)


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _options(values: dict[str, Any]) -> Options:
    return Options(**{name: values[name] for name in (field.name for field in fields(Options))})


def _connection(values: dict[str, Any]) -> Connection:
    return Connection(**{name: values[name] for name in (field.name for field in fields(Connection))})


def show_preview(answers: str, judge: Judge, options: Options, out: str | None, *, as_json: bool) -> None:
    """Print what a run would send."""
    seen = preview(answers, judge, options, out)
    if as_json:
        click.echo(json.dumps(asdict(seen), ensure_ascii=False))
        return
    for message in seen.first:
        click.echo(f"--- {message['role']} ---\n{message_text(message)}\n")
    cost = "price unknown" if seen.cost is None else f"about ${seen.cost:.4f}"
    answered = f" ({seen.answered:,} more are answered already)" if seen.answered else ""
    click.echo(
        f"{counted(seen.items, 'item')}, {counted(seen.requests, 'request')}{answered}, "
        f"about {seen.prompt_tokens:,} prompt tokens, {cost}. Nothing was sent.",
        err=True,
    )


def show_result(run: Run, stopped: str | None, *, as_json: bool) -> int:
    """Print how a run ended and what to do next; return the exit status."""
    with run:
        summary, counts = run.summary(), run.distribution()
        if as_json:
            facts = {"run": str(run.path), **summary, "distribution": counts, "stopped": stopped}
            click.echo(json.dumps(facts, ensure_ascii=False))
        else:
            click.echo(_headline(run, summary))
            click.echo(_table(run.rubric, counts, summary["statuses"]))
            for line in _next_steps(run, summary, stopped):
                click.echo(line, err=True)
    return 0 if summary["complete"] == summary["items"] else 3


def _headline(run: Run, summary: dict[str, Any]) -> str:
    text = (
        f"{run.path}: {summary['passed']:,} of {summary['items']:,} answers pass, {summary['failed']:,} fail"
    )
    if summary["undecided"]:
        text += f", {summary['undecided']:,} have no verdict"
    cost = "" if not summary["cost"] else f", ${summary['cost']:.4f}"
    return f"{text} ({summary['seconds']:.1f} s{cost})"


def _table(rubric: Rubric, counts: dict[str, dict[float, int]], statuses: dict[str, dict[str, int]]) -> str:
    """How often each score was given, and each answer to a flag."""
    labels = rubric.scale.labels if len(rubric.scale.labels) <= _MOST_LABELS else range(0)
    width = max(len(name) for name in statuses)
    head = f"{'mean':>6}" + "".join(f"{label:>7}" for label in labels)
    rows = [f"{'':{width}}  {head}   without a score"]
    for name, by_status in statuses.items():
        values, given = counts.get(name, {}), by_status.get("ok", 0)
        cells = _flag_cells(values, given) if name in rubric.flags else _score_cells(values, labels)
        missing = ", ".join(f"{k} {status}" for status, k in by_status.items() if status != "ok")
        rows.append(f"{name:{width}}  {cells:{len(head)}}   {missing or '-'}")
    return "\n".join(rows)


def _score_cells(values: dict[float, int], labels: range) -> str:
    """Mean and counts; a score between two labels (an overall mean) counts for the nearer one."""
    n = sum(values.values())
    mean = f"{sum(v * k for v, k in values.items()) / n:6.2f}" if n else f"{'-':>6}"
    return mean + "".join(f"{sum(k for v, k in values.items() if round(v) == label):7}" for label in labels)


def _flag_cells(values: dict[float, int], given: int) -> str:
    return f"{values.get(1.0, 0)} true, {values.get(0.0, 0)} false" if values else f"{given} texts"


def _next_steps(run: Run, summary: dict[str, Any], stopped: str | None) -> Iterator[str]:
    if stopped:
        yield f"stopped: {stopped}; go on with the same command"
    if summary["unpriced"] and run.judge.backend == "api":
        yield "note: no price is known for this model, so no cost is counted"
    for status in sorted({s for counts in summary["statuses"].values() for s in counts if s != "ok"}):
        yield f"look at them: judge show {run.path} --status {status}"
    if summary["failures"]:
        yield "ask again for what failed: the same command with --retry-errors"
    yield f"next: judge report {run.path}"
