"""`judge.calibrate`: maps from a judge's scores to human scores, kept only where they reduce the error."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Unpack

from judge.analysis.agreement import calibrate as analysis
from judge.analysis.agreement.inputs import align_inputs
from judge.analysis.agreement.selection import SelectOn, align_parts
from judge.reporting.builders.calibration import build_calibration
from judge.reporting.report import Report
from judge.stats.judge_human.calibration import Calibration
from judge.stats.judge_human.score_maps import MapKind
from judge.workflows.inputs import RatingOptions, RatingSource, RunSource, agreement_inputs, path


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class CalibrationReport(Report):
    """Maps from the scores of a run to human scores.

    Attributes
    ----------
    calibration : Calibrated
        All results of the analysis.
    """

    calibration: analysis.Calibrated

    @property
    def helps(self) -> bool:
        """Whether any map reduces the error on items that it was not fitted on."""
        return self.calibration.has_maps

    @property
    def dimensions(self) -> dict[str, Calibration]:
        """Map and errors by dimension."""
        return self.calibration.dimensions

    def require_map(self, path: str | Path) -> None:
        """Raise an `InputError` that names the file where no map reduces the error."""
        analysis.check_has_maps(self.calibration, path)

    def save(self, path: str | Path) -> None:
        """Write the maps as JSON, for `judge.apply_calibration`.

        Raises
        ------
        InputError
            No map reduces the error, so that there is nothing to write.
        """
        analysis.save(self.calibration, path, str(datetime.date.today()))


def calibrate(
    run: RunSource,
    humans: RatingSource,
    *,
    kind: MapKind | Literal["auto"] = "auto",
    loss: Literal["mae", "rmse"] = "mae",
    save: str | Path | None = None,
    select_on: SelectOn | None = None,
    **options: Unpack[RatingOptions],
) -> CalibrationReport:
    """Fit maps from the scores of a run to human scores; a map is kept only where it reduces the error.

    Parameters
    ----------
    run : Run or path
        The run.
    humans : path, DataFrame, list of dict or RatingsTable
        People's ratings.
    kind : {'auto', 'shift', 'linear', 'cut_points', 'proportional_odds', 'isotonic'}
        Kind of map; 'auto' chooses within the folds.
    loss : {'mae', 'rmse'}
        The error that a map has to reduce.
    save : path, optional
        Write the maps to this file where one is worth keeping.
    select_on : str, path or list of str, optional
        Items on which maps are chosen and fitted: ``"FIELD=VALUE"``, a file with the ids of the items, or a
        list of them. Gains and errors are then those of all other items. Without it they are cross-validated.
    **options
        How the ratings are read: see `judge.RatingOptions`.

    Raises
    ------
    JudgeError
        The ratings cannot be read, or hold nothing that is a number.
    """
    inputs = agreement_inputs(run, humans, options)
    parts = None if select_on is None else align_parts(inputs, select_on)
    aligned = align_inputs(inputs) if parts is None else parts.reported_on
    found = analysis.calibrate_run(path(run), aligned, kind=kind, loss=loss, seed=inputs.seed, parts=parts)
    written = str(save) if save is not None and found.has_maps else None
    report = CalibrationReport(**vars(build_calibration(found, written)), calibration=found)
    if written:
        report.save(written)
    return report


def apply_calibration(run: RunSource, maps: str | Path) -> Iterator[dict[str, Any]]:
    """Apply saved maps to the scores of a run: one row for each score of a mapped dimension.

    ``fitted_on`` in a row says whether the maps were fitted on a label of this item. Agreement of calibrated
    scores with people must be measured on the other items.

    Parameters
    ----------
    run : Run or path
        A run of the judge, rubric and scale that the maps belong to.
    maps : path
        File that `judge.calibrate` saved.

    Raises
    ------
    InputError
        The file holds no maps, or they belong to another judge, rubric or scale.
    """
    return analysis.apply(path(run), maps)
