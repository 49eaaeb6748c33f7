"""`judge calibrate`: maps from the scores of a judge to human scores."""

from __future__ import annotations

import json
from typing import Any

import click

import judge
from judge.cli import output_options
from judge.cli.agree import needed, ratings, select_on, show_read
from judge.cli.options import GroupedCommand, run_argument, section
from judge.cli.protect_inputs import refuse_inputs


@click.command(cls=GroupedCommand)
@run_argument
@ratings
@section(
    "Calibration",
    click.option(
        "--kind",
        type=click.Choice(["auto", "shift", "linear", "cut_points", "proportional_odds", "isotonic"]),
        default="auto",
        show_default=True,
        help="Kind of map; auto selects one by cross-validation.",
    ),
    click.option(
        "--loss",
        type=click.Choice(["mae", "rmse"]),
        default="mae",
        show_default=True,
        help="Error by which maps are compared: mean absolute error or root mean squared error.",
    ),
    select_on("maps are chosen and fitted", "all items; gains are cross-validated"),
    click.option(
        "--save", type=click.Path(dir_okay=False), metavar="FILE", help="Write the maps to a JSON file."
    ),
    click.option(
        "--apply",
        "maps",
        type=click.Path(exists=True, dir_okay=False),
        metavar="FILE",
        help="Apply maps saved earlier instead: print the mapped scores of RUN as JSON Lines.",
    ),
)
@output_options.outputs
def command(
    run: str,
    humans: str | None,
    maps: str | None,
    save: str | None,
    outputs: output_options.Outputs,
    **given: Any,
) -> None:
    """Fit maps from the scores of RUN to human scores, and report whether they reduce the error.

    A map is kept only if it has a smaller cross-validated error than the raw scores and than one constant
    score for all items. If no map is kept, --save writes no file and the exit status is 1.

    Example: judge calibrate runs/answers-openai-gpt-5-open_qa --humans ratings.csv --save maps.json

    Example: judge calibrate runs/answers-openai-gpt-5-open_qa --apply maps.json > calibrated.jsonl
    """
    refuse_inputs(save)
    if maps is not None:
        fitted = set()
        for row in judge.apply_calibration(run, maps):
            click.echo(json.dumps(row, ensure_ascii=False))
            fitted |= {row["item_id"]} if row["fitted_on"] else set()
        if fitted:
            click.echo(
                f"Note: the maps were fitted on labels of {len(fitted):,} of these items (fitted_on: true). "
                "Agreement of their calibrated scores with people is selected on this data.",
                err=True,
            )
        return
    report = judge.calibrate(run, needed(humans), save=save, on_read=show_read, **given)
    output_options.deliver(report, outputs, (run,))
    if save:
        report.require_map(save)
