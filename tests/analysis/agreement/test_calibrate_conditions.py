"""Digits of calibrated scores."""

import numpy as np
import pytest

from judge.analysis.agreement.calibrate import apply, calibrate_run, save
from judge.analysis.agreement.inputs import AgreementInputs, align_inputs

from .conftest import make_run


def test_calibrated_scores_have_six_decimals(quality, ratings, tmp_path):
    folder = make_run(tmp_path / "run", np.random.default_rng(1), quality, shift=(0, 0, 0, 1.5), noise=0.3)
    aligned = align_inputs(AgreementInputs(str(ratings), [str(folder)]))
    found = calibrate_run(folder, aligned, kind="linear")
    save(found, tmp_path / "maps.json", "2025-01-02")
    rows = [row for row in apply(folder, tmp_path / "maps.json") if row["dimension"] == "clarity"]
    mapped = found.dimensions["clarity"].map([row["value"] for row in rows])
    assert [row["calibrated"] for row in rows] == [round(float(value), 6) for value in mapped]
    assert any(
        row["calibrated"] != pytest.approx(float(value), abs=1e-9)
        for row, value in zip(rows, mapped, strict=True)
    )
