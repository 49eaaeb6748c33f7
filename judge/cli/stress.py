"""`judge stress`: test a judge without people's ratings."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from judge.cli import output_options
from judge.cli.item_options import item_options
from judge.cli.judge_options import (
    connection_of,
    connection_options,
    engine_of,
    engine_options,
    judge_options,
    judges_of,
)
from judge.cli.next_steps import command as next_command
from judge.cli.next_steps import same_command
from judge.cli.option_types import TablePath, names
from judge.cli.options import GroupedCommand, counted, encoding, image_root, input_format, limit, out, section
from judge.cli.progress_line import ProgressLine
from judge.cli.protect_inputs import refuse_inputs
from judge.reporting.builders.stress import build_stress
from judge.rows import FORMATS
from judge.scoring.checked_items import BadItems
from judge.scoring.run import Run
from judge.scoring.run_summary import IngestCounts
from judge.stress_testing.probes import ALL
from judge.stress_testing.scoring import StressPart
from judge.stress_testing.stress_test import StressOptions, StressResult, StressTest

_INCOMPLETE = 3
_READING = ("mapping", "format", "encoding", "id_from", "answers_in", "questions", "image_root")


@click.command(cls=GroupedCommand)
@click.argument("answers", type=TablePath())
@section(
    "Stress test",
    limit(
        "they are drawn at random, or of a run in equal numbers of each score, and every probe changes each "
        "of them once.",
        default=100,
        show_default=True,
    ),
    click.option(
        "--probes",
        default=ALL,
        show_default=True,
        metavar="NAME,…",
        callback=names,
        help="Probes or families of probes: must_lower, must_not_change, injection, reference, or single "
        "names as in the report.",
    ),
    click.option(
        "--with-model",
        metavar="MODEL",
        help="Model that writes paraphrases; without it, probes that need one are left out.",
    ),
    click.option(
        "--draw-seed",
        type=click.IntRange(min=0),
        metavar="SEED",
        default=0,
        show_default=True,
        help="Random seed of the drawn items and of the changes.",
    ),
    out("a folder for the stress test.  [default: runs/ANSWERS-JUDGE-RUBRIC-stress]", is_folder=True),
)
@section(
    "Items to judge",
    *item_options,
    input_format(FORMATS, "format"),
    encoding,
    image_root("the folder of ANSWERS"),
    click.option("--retry-errors", is_flag=True, help="Ask again for items whose request failed earlier."),
)
@judge_options
@connection_options
@engine_options
@section(
    "Output",
    click.option(
        "--dry-run", is_flag=True, help="Print the number of requests and the estimated cost; send nothing."
    ),
)
@output_options.outputs
def command(
    answers: str, dry_run: bool, out: str | None, outputs: output_options.Outputs, **values: Any
) -> None:
    """Change some of ANSWERS in ways whose effect is known, and report whether the scores of a judge respond.

    ANSWERS is a file as in `judge score`, or the folder of a run: items are then drawn in equal numbers of
    each score, and the replies of the run are used again. The same command resumes an interrupted test.

    Scores must fall for blank, wrong, truncated and other answers and for other pictures; they must not
    change for white space, lists, empty phrases, a paraphrased task or the order of dimensions; and they must
    not rise for instructions hidden in an answer. `docs/stress.md` describes every probe.

    Example: judge stress answers.jsonl --judge openai/gpt-5 --limit 100 --max-cost 10

    Example: judge stress runs/answers-openai-gpt-5-open_qa --judge openai/gpt-5 --probes injection
    --fail-under injection.held=0.95
    """
    judges = judges_of(values)
    if len(judges) > 1:
        raise click.UsageError("--judge: one judge is tested at a time; name one")
    if values["samples"] > 1:
        raise click.UsageError("--samples: each item is judged once, and once more for noise; leave it out")
    folder, with_model = Path(out) if out else None, values["with_model"]
    options = StressOptions(values["limit"], values["probes"], values["draw_seed"], folder, with_model)
    reading = {name: values[name] for name in _READING}
    test = StressTest(answers, judges[0], options, reading, connection_of(values), engine_of(values))
    refuse_inputs(*(str(test.out / part) for part in ("items", "stress.json")))
    if dry_run:
        show_preview(test, as_json=outputs.as_json)
        return
    watches: list[_PartLine] = []
    result = _run(test, values, watches, as_json=outputs.as_json)
    output_options.deliver(build_stress(result), outputs, [result.out], _next_steps(result, outputs.has_page))
    if reason := next((watch.stopped for watch in watches if watch.stopped), None):
        click.echo(f"stopped: {reason}; the same command resumes the test", err=True)
    if result.n_incomplete:
        raise click.exceptions.Exit(_INCOMPLETE)


class _PartLine(ProgressLine):
    """Notes and progress of one part; its run also holds the changed items of earlier calls."""

    def on_run_start(self, run: Run, counts: IngestCounts, bad: BadItems, requests: int) -> None:
        """Leave out the note on items that this call does not score."""
        super().on_run_start(run, replace(counts, elsewhere=0), bad, requests)


def _run(
    test: StressTest, values: dict[str, Any], watches: list[_PartLine], *, as_json: bool
) -> StressResult:
    """Score all parts with a progress line each; say what is stored after Ctrl-C."""

    def watch_for(_part: StressPart) -> _PartLine:
        for watch in watches:
            watch.close()
        moving = sys.stderr.isatty() and not as_json
        watches.append(_PartLine(moving=moving, shows_input=False, shows_judge=not watches))
        return watches[-1]

    try:
        return test.run(watch_for, retry_errors=values["retry_errors"], reask=values["reask"])
    except KeyboardInterrupt:
        stored = f"the replies that had arrived are stored in {test.out}"
        click.echo(f"\ninterrupted: {stored}; the same command resumes the test", err=True)
        raise click.exceptions.Exit(130) from None
    finally:
        for watch in watches:
            watch.close()


def _next_steps(result: StressResult, has_page: bool) -> list[str]:
    """The dimensions, all items in the browser, and the page."""
    steps = [*same_command("--sections", "responses"), next_command("view", str(result.runs[0]))]
    return steps if has_page else [*steps, *same_command("--open")]


def show_preview(test: StressTest, *, as_json: bool) -> None:
    """Print the size of a stress test, without sending anything."""
    parts, n_items = test.preview(), len(test.drawn.items)
    n_requests = sum(part.requests for part in parts)
    costs = [part.cost for part in parts]
    cost = None if None in costs else sum(c for c in costs if c is not None)
    total = {
        "items": n_items,
        "changed": sum(part.items for part in parts) - n_items,
        "requests": n_requests,
        "answered": sum(part.answered for part in parts),
        "prompt_tokens": sum(part.prompt_tokens for part in parts),
        "cost": cost,
    }
    if as_json:
        click.echo(json.dumps({**total, "parts": [asdict(part) for part in parts]}, ensure_ascii=False))
        return
    unpriced = "price unknown" if test.judge.is_billed else "free"
    answered = f" ({n:,} more are answered already or equal to another)" if (n := total["answered"]) else ""
    click.echo(
        f"{counted(n_items, 'item')} and {total['changed']:,} changed ones, "
        f"{counted(n_requests, 'request')}{answered}, about {total['prompt_tokens']:,} prompt "
        f"tokens, {unpriced if cost is None else f'about ${cost:.4f}'}. Nothing was sent.",
        err=True,
    )
