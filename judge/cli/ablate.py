"""The option `--ablate`: score once more without each of some parts of the rubric."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from judge.cli.option_types import names
from judge.cli.options import section
from judge.counting import counted
from judge.scoring.judge import Judge
from judge.scoring.panel import Panel
from judge.scoring.shared_replies import count_shared

ablate = section(
    "Judge",
    click.option(
        "--ablate",
        metavar="PARTS",
        default="",
        callback=names,
        help="Score once with the whole rubric and once without each part, to measure what it contributes: "
        "reference (images), reasons, and parts that rules of the rubric name, such as knowledge.",
    ),
)


def with_ablations(judges: Sequence[Judge], parts: Sequence[str]) -> list[Judge]:
    """Put after each judge the same one without each of the parts of its rubric.

    Raises
    ------
    click.UsageError
        A part is named twice, the batches of the first run are not waited for, or a judge asks no model.
    RubricError
        The rubric has no part of a name.
    """
    if len(set(parts)) < len(parts):
        raise click.UsageError("--ablate names a part twice; each is left out once")
    if parts and click.get_current_context().params.get("no_wait"):
        raise click.UsageError(
            "--no-wait and --ablate: replies to identical requests are copied from the run with the whole "
            "rubric, which must have them first; leave out --no-wait"
        )
    if parts and (judge := next((one for one in judges if one.backend in ("baseline", "letters")), None)):
        raise click.UsageError(
            f"--ablate: the judge {judge.model} reads neither the rubric's text nor images, so that leaving "
            "out a part changes none of its scores; name a model with --judge"
        )
    return [
        one
        for judge in judges
        for one in (judge, *(replace(judge, rubric=judge.rubric.leaving_out(part)) for part in parts))
    ]


def described(judge: Judge) -> str:
    """Name of a judge in messages, with the parts that its rubric leaves out."""
    without = ", ".join(judge.rubric.without)
    return f"{judge.model} without {without}" if without else judge.model


def copies_note(panel: Panel, judge: Judge, run: Path) -> str | None:
    """Say how many requests of a run without a part are those of the whole rubric; None if none are."""
    whole = next((folder for one, folder in panel.before(judge) if not one.rubric.without), None)
    if whole is None or not judge.rubric.without or not (whole / "run.db").is_file():
        return None
    shared, total = count_shared(run, whole)
    without = judge.rubric.without[-1]
    if shared == total:
        return (
            f"! {without} concerns no item: every request is that of the whole rubric, so that this run "
            "measures nothing"
        )
    requests = counted(total, "request")
    return (
        f"{without} does not concern {shared:,} of {requests}, whose replies were copied" if shared else None
    )
