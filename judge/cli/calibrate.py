"""`judge calibrate`: maps from the scores of a judge to human scores."""

from __future__ import annotations

import datetime
import json
from typing import Any

import click

from judge.cli import output_options
from judge.cli.agree import needed, ratings
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
def command(run: str, outputs: output_options.Outputs, maps: str | None, **given: Any) -> None:
    """Fit maps from the scores of RUN to human scores, and report whether they reduce the error.

    A map is kept only if it has a smaller cross-validated error than the raw scores and than one constant
    score for all items. If no map is kept, --save writes no file and the exit status is 1.

    Example: judge calibrate runs/answers-openai-gpt-5-open_qa --humans ratings.csv --save maps.json

    Example: judge calibrate runs/answers-openai-gpt-5-open_qa --apply maps.json > calibrated.jsonl
    """
    refuse_inputs(given["save"])
    if maps is not None:
        from judge.analysis.agreement.calibrate import apply

        for row in apply(run, maps):
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    _fit(run, outputs, **given)


def _fit(
    run: str, outputs: output_options.Outputs, kind: Any, loss: Any, save: str | None, **given: Any
) -> None:
    from judge.analysis.agreement.calibrate import calibrate_run, check_worth
    from judge.analysis.agreement.calibrate import save as save_maps
    from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
    from judge.reporting.builders.calibration import build_calibration

    asked = AgreementInputs(runs=(run,), **given | {"humans": needed(given["humans"])})
    found = calibrate_run(run, align_inputs(asked), kind=kind, loss=loss, seed=asked.seed)
    written = save if save and found.ships else None
    if written:
        save_maps(found, written, str(datetime.date.today()))
    output_options.deliver(build_calibration(found, written), outputs, (run,))
    if save:
        check_worth(found, save)
