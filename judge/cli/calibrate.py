"""`judge calibrate`: a map from a judge's scores to people's, if that is a gain."""

from __future__ import annotations

import json
from typing import Any

import click

import judge
from judge.cli import output_options
from judge.cli.agree import needed, ratings
from judge.cli.options import run_argument
from judge.cli.protect_inputs import refuse_inputs


@click.command()
@run_argument
@ratings
@click.option(
    "--kind",
    type=click.Choice(["auto", "shift", "linear", "cut_points", "proportional_odds", "isotonic"]),
    default="auto",
    show_default=True,
    help="Of map; auto chooses within the folds.",
)
@click.option(
    "--loss", type=click.Choice(["mae", "rmse"]), default="mae", show_default=True, help="Of the gain."
)
@click.option("--save", type=click.Path(dir_okay=False), metavar="FILE", help="Write the maps (JSON).")
@click.option(
    "--apply",
    "maps",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Instead: print RUN's scores mapped by saved maps, as JSON Lines.",
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
    """Fit maps from the scores of RUN to people's, and say whether they help; no gain, no map.

    A map must also beat one constant for all items, or the judge adds nothing. Where no map is worth keeping,
    --save writes no file and the exit status is 1.

    Example: judge calibrate runs/answers-openai-gpt-5-open_qa --humans ratings.csv --save maps.json

    Example: judge calibrate runs/answers-openai-gpt-5-open_qa --apply maps.json > calibrated.jsonl
    """
    refuse_inputs(save)
    if maps is not None:
        for row in judge.apply_calibration(run, maps):
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    report = judge.calibrate(run, needed(humans), save=save, **given)
    output_options.deliver(report, outputs, (run,))
    if save:
        report.require_map(save)
