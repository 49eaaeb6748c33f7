"""`judge calibrate`: a map from a judge's scores to people's, if that is a gain."""

from __future__ import annotations

import datetime
import json
from typing import Any

import click

from judge.cli import reporting
from judge.cli.agree import needed, ratings
from judge.cli.options import run_argument


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
@reporting.outputs
def command(run: str, outputs: reporting.Outputs, maps: str | None, **given: Any) -> None:
    """Fit maps from the scores of RUN to people's, and say whether they help; no gain, no map.

    A map must also beat one constant for all items, or the judge adds nothing. Where no map is worth keeping,
    --save writes no file and the exit status is 1.

    Example: judge calibrate runs/answers-openai-gpt-5-open_qa --humans ratings.csv --save maps.json

    Example: judge calibrate runs/answers-openai-gpt-5-open_qa --apply maps.json > calibrated.jsonl
    """
    if maps is not None:
        from judge.analysis.agreement.calibrate import apply

        for row in apply(run, maps):
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    _fit(run, outputs, **given)


def _fit(run: str, outputs: reporting.Outputs, kind: Any, loss: Any, save: str | None, **given: Any) -> None:
    from judge.analysis.agreement.calibrate import calibrate_run, check_has_maps
    from judge.analysis.agreement.calibrate import save as save_maps
    from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
    from judge.reporting.builders.calibration import build_calibration

    asked = AgreementInputs(runs=(run,), **given | {"humans": needed(given["humans"])})
    found = calibrate_run(run, align_inputs(asked), kind=kind, loss=loss, seed=asked.seed)
    written = save if save and found.has_maps else None
    if written:
        save_maps(found, written, str(datetime.date.today()))
    reporting.deliver(build_calibration(found, written), outputs, (run,))
    if save:
        check_has_maps(found, save)
