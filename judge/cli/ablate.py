"""The option `--ablate`: score once more without each of some parts of the rubric."""

from collections.abc import Sequence
from dataclasses import replace

import click

from judge.cli.option_types import names
from judge.cli.options import section
from judge.scoring.judge import Judge

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
        A part is named twice, or the batches of the first run are not waited for.
    RubricError
        The rubric has no part of a name.
    """
    if len(set(parts)) < len(parts):
        raise click.UsageError("--ablate names a part twice; each is left out once")
    if parts and click.get_current_context().params.get("no_wait"):
        raise click.UsageError(
            "--no-wait and --ablate: replies to identical requests are copied from the run with the whole "
            "rubric, "
            "which must have them first; leave out --no-wait"
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
