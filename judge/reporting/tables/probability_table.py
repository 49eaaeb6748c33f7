"""Table of an agreement report on the probabilities of judges."""

from __future__ import annotations

from judge.analysis.agreement.agree import Agreement
from judge.reporting.document import Column, Row, Table
from judge.reporting.tables.agreement_tables import Labels


def probabilities(found: Agreement, labels: Labels) -> Table | None:
    """Calibration of the judge's probabilities of a pass, and whether it errs less where it is sure."""
    if not found.probability_calibrations:
        return None
    columns = (
        *labels.columns,
        Column("n", "items", "count"),
        Column("brier", "Brier score", "score"),
        Column("base_rate", "of the base rate", "score"),
        Column("difference", "judge minus base rate", "change"),
        Column("miscalibration", "miscalibration", "score"),
        Column("discrimination", "discrimination", "score"),
        Column("confidence", "confidence (AUC)", "number"),
    )
    rows: tuple[Row, ...] = tuple(
        (
            *labels.cells(one.dimension, one.judge),
            one.calibration.brier.n_items,
            one.calibration.brier,
            one.calibration.base_rate,
            one.calibration.difference,
            one.calibration.miscalibration,
            one.calibration.discrimination,
            one.calibration.confidence,
        )
        for one in found.probability_calibrations
    )
    notes = (
        "Brier score: mean squared distance of the judge's probability of a pass from the verdict of a "
        "person; 0 is perfect. Base rate: the same for the share of all rated answers that people pass. If "
        "the judge is not below it, its probabilities say nothing about single answers. Miscalibration is "
        "what a monotone recalibration would gain, discrimination what it then gains over the base rate.",
        "Confidence: area under the ROC curve of the distance of the probability from 1/2, for verdicts that "
        "people share. At 0.5 the judge errs as often where it is sure.",
    )
    return Table("probabilities", "Probabilities of the judge", columns, rows, notes)
