"""`judge show`: single judgments with the reply of the judge."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import click

from judge.cli.option_types import names
from judge.cli.options import as_json, counted, item_id, limit, run_argument
from judge.records import STATUSES, Completion, Image, Item, Score
from judge.rubric import Rubric
from judge.scoring.item_result import ItemResult
from judge.scoring.prompt import visible
from judge.scoring.run import Run


@click.command()
@run_argument
@click.option("--status", type=click.Choice(STATUSES), help="Show only items with a score of this status.")
@click.option(
    "--fail", is_flag=True, help="Show only answers that fail; with --dimension, those below a threshold."
)
@click.option(
    "--dimension",
    "dimensions",
    default="",
    callback=names,
    metavar="DIMENSIONS",
    help="Use only the scores on these dimensions for --fail and --worst, as in a,b.",
)
@click.option(
    "--worst",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of worst answers to show: those with the lowest overall score, or the lowest scores on "
    "--dimension, lowest first.",
)
@item_id("all items")
@limit("the rest is not shown.", default=20, show_default=True)
@as_json
def command(
    run: str,
    status: str | None,
    fail: bool,
    dimensions: tuple[str, ...],
    worst: int | None,
    item_id: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show single judgments of RUN: question, answer, scores, reasons and the reply of the judge.

    Criteria of an item are shown as criteria/ID, and where they are met as yes or no.

    Example: judge show runs/answers-openai-gpt-5-open_qa --fail --dimension clarity --worst 10

    Example: judge show runs/answers-openai-gpt-5-open_qa --status unparsed
    """
    if dimensions and not fail and worst is None:
        raise click.UsageError("--dimension says what --fail or --worst is about; add one of them")
    with Run.open(run) as opened:
        allowed = opened.rubric.scored
        if unknown := [name for name in dimensions if name not in allowed]:
            raise click.UsageError(
                f"--dimension: no dimension {', '.join(unknown)} in this run; allowed: {', '.join(allowed)}"
            )
        ids = [item_id] if item_id is not None else opened.ids_with_status(status)
        if item_id is None and (fail or worst is not None):
            from judge.analysis.lowest_scores import selected_ids
            from judge.analysis.score_table import ScoreTable

            table, among = ScoreTable.of_run(opened), set(ids)
            found = selected_ids(table, dimensions, failing=fail, n_lowest=worst and len(table))
            ids = [one for one in found if one in among][:worst]
            limit = worst or limit
        for shown in ids[:limit]:
            item, scores, completions = opened.item(shown), opened.scores_of(shown), opened.completions(shown)
            click.echo(
                _json(item, scores, completions)
                if as_json
                else _text(item, scores, completions, opened.rubric)
            )
    if not ids:
        click.echo(_nothing(status, dimensions, fail=fail), err=True)
    if len(ids) > limit:
        click.echo(f"{counted(len(ids) - limit, 'more item')}; show all with --limit {len(ids)}", err=True)


def _nothing(status: str | None, dimensions: Sequence[str], *, fail: bool) -> str:
    """Why no item is shown."""
    if status:
        also = " and fails" if fail else ""
        return f"no item of this run has a score with status {status}{also}"
    if fail and dimensions:
        return f"no answer is below the threshold of {', '.join(dimensions)}"
    if fail:
        return "no answer of this run fails"
    return "this run has no items with scores"


def _json(item: Item, scores: list[Score], completions: Iterator[Completion]) -> str:
    record: dict[str, Any] = {
        "item": item.model_dump(mode="json"),
        "scores": [score.model_dump(mode="json") for score in scores],
        "completions": [completion.model_dump(mode="json") for completion in completions],
    }
    return json.dumps(record, ensure_ascii=False)


def _text(item: Item, scores: list[Score], completions: Iterator[Completion], rubric: Rubric) -> str:
    passed = ItemResult(item, tuple(scores), rubric).passes()
    verdict = {True: "pass", False: "fail", None: "no verdict"}[passed]
    lines = [f"=== {visible(item.id)}  {verdict}", f"question   {visible(item.question)}"]
    lines += [f"picture    {_picture(image)}" for image in item.images]
    lines += [f"reference  {visible(reference)}" for reference in item.references]
    lines.append(f"answer     {visible(item.answer)}")
    for score in scores:
        name = score.dimension if score.criterion is None else f"{score.dimension}/{score.criterion}"
        value = visible(_shown(score, rubric))
        lines.append(f"  {visible(name):20} {value:>9}  {visible(score.reason or '')}")
    lines += [_reply(completion) for completion in completions]
    return "\n".join([*lines, ""])


def _picture(image: Image) -> str:
    """Return the file or address of a picture, and whether it shows a reference."""
    source = image.path or image.url or ""
    shown = f"{source.partition(',')[0]},…" if source.startswith("data:") else visible(source)
    return shown if image.role == "query" else f"{shown} ({image.role})"


def _shown(score: Score, rubric: Rubric) -> str:
    """A number, a label, yes or no of a criterion, or the status of a missing score."""
    if score.value is None:
        return score.status
    if isinstance(score.value, str):
        return score.value
    dimension = rubric.dimensions.get(score.dimension)
    is_met_or_not = score.criterion is not None or (dimension is not None and dimension.type == "binary")
    return (
        {1.0: "yes", 0.0: "no"}.get(score.value, f"{score.value:g}") if is_met_or_not else f"{score.value:g}"
    )


def _reply(c: Completion) -> str:
    text = (
        c.reply
        if c.reply is not None
        else c.refusal or (f"{c.failure.kind}: {c.failure.message}" if c.failure else "")
    )
    about = (
        f"sample {c.sample}"
        + (f", {c.dimension}" if c.dimension else "")
        + (", requested again" if c.attempt else "")
    )
    end = f"finish reason {c.finish_reason or 'unknown'}"
    if c.label_probabilities is not None:  # one token was requested, so the finish reason says nothing
        end = "the most probable first token"
    return f"  reply ({about}; {end}):\n{visible(text)}"
