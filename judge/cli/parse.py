"""`judge parse`: derive the scores again from the stored replies, without requests, and say what changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from judge.cli.options import as_json, counted, rubric, run_argument
from judge.cli.score import point_on, show_result
from judge.errors import JudgeError
from judge.scoring.prompt import visible
from judge.scoring.run import Run
from judge.scoring.score import rederive

if TYPE_CHECKING:
    from judge.analysis.score_changes import ScoreChanges

MOST_SHOWN = 4
"""Changes of one dimension that are named, the most frequent first."""


@click.command()
@run_argument
@rubric("it replaces the rubric of the run: another pass rule, overall score, points, tags or aliases.")
@as_json
@click.pass_context
def command(ctx: click.Context, /, run: str, rubric: str | None, as_json: bool) -> None:
    """Derive the scores of RUN again from the stored replies, and say what changed. No request is sent.

    Another rubric may change the pass rule, no_verdict, the overall score, points, tags, aliases and the
    text of labels. It must ask for the same types, scales, labels and criteria, under the same conditions.

    Example: judge parse runs/answers-openai-gpt-5-open_qa --rubric stricter.yaml
    """
    from judge.analysis.score_changes import score_changes
    from judge.analysis.score_table import ScoreTable

    with Run.open(run) as found:
        try:
            before = ScoreTable.of_run(found)
        except JudgeError:  # scores that cannot be read are a reason to derive them again
            before = None
    derived = rederive(run, rubric)
    changes = None if before is None else score_changes(before, ScoreTable.of_run(derived))
    if not as_json:
        click.echo("\n".join(_changed(changes)) if changes else "The earlier scores could not be read.")
    more = {"changed": changes and changes.to_dict()}
    status = show_result(derived, None, as_json=as_json, more=more)
    if not as_json:
        point_on([Path(run)])
    ctx.exit(status)


def _changed(changes: "ScoreChanges") -> Iterator[str]:
    """Scores, verdicts and statuses that changed, one line each."""
    if not changes.n_changed and not changes.verdicts:
        yield f"None of {counted(changes.n_scores, 'score')} changed."
        return
    verdicts = counted(sum(changes.verdicts.values()), "verdict")
    yield f"{changes.n_changed:,} of {counted(changes.n_scores, 'score')} and {verdicts} changed."
    for name, pairs in {**changes.scores, "verdicts": changes.verdicts}.items():
        ordered = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = [
            f"{visible(first)} -> {visible(second)} ({n:,})" for (first, second), n in ordered[:MOST_SHOWN]
        ]
        rest = f", {counted(len(ordered) - MOST_SHOWN, 'other change')}" if len(ordered) > MOST_SHOWN else ""
        if shown:
            yield f"  {name}: {', '.join(shown)}{rest}"
    before, after = changes.statuses
    if before != after:
        pairs_of = (
            f"{name} {before.get(name, 0):,} -> {after.get(name, 0):,}" for name in {**before, **after}
        )
        yield f"  statuses: {', '.join(pairs_of)}"
