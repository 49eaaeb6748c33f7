"""The report of a calibration."""

import pytest

import judge


@pytest.fixture(scope="module")
def calibrated(report_json, lenient_run):
    words = ("--humans", lenient_run / "ratings.csv", "--dimension", "clarity")
    return report_json("calibrate", lenient_run / "run", *words)


def test_the_finding_holds_the_gain_per_item(calibrated):
    gain = calibrated["figures"]["gain.clarity"]["value"]
    assert gain > 0.5
    assert f"reduces the mean distance from the human scores by {gain:.2f}" in calibrated["verdict"][0]
    assert calibrated["title"] == "Calibration of soft to 3 human raters"


def test_errors_fall_and_the_bias_goes(calibrated):
    (row,) = calibrated["tables"]["errors"]["rows"]
    assert row["bias_before"]["value"] == pytest.approx(0.897, abs=0.001)
    assert abs(row["bias_after"]["value"]) < 0.1
    assert row["mae_after"]["value"] < row["mae_before"]["value"]


def test_the_curve_maps_every_score(calibrated):
    rows = calibrated["tables"]["curve:clarity"]["rows"]
    assert sum(row["n"] for row in rows) == 120
    assert [row["mapped"] for row in rows] == sorted(row["mapped"] for row in rows)


def test_a_saved_map_is_named(report_json, lenient_run, tmp_path):
    words = ("--humans", lenient_run / "ratings.csv", "--dimension", "clarity", "--save", tmp_path / "m.json")
    found = report_json("calibrate", lenient_run / "run", *words)
    assert found["verdict"][-1].startswith(f"Saved in {tmp_path / 'm.json'}.")


def test_few_items_limit_the_kind_of_map(report_json, lenient_run, tmp_path):
    head, *rows = (lenient_run / "ratings.csv").read_text().splitlines()
    few = tmp_path / "few.csv"
    few.write_text("\n".join([head, *rows[: 3 * 99]]) + "\n")
    words = ("calibrate", lenient_run / "run", "--dimension", "clarity", "--humans")
    *notes, warning = report_json(*words, few)["warnings"]
    assert warning.startswith("Fewer than 100 items on clarity: only shift and scale")
    assert notes == ["99 of 150 items were rated by people."]
    few.write_text("\n".join([head, *rows[: 3 * 100]]) + "\n")
    assert not any("Fewer than" in text for text in report_json(*words, few)["warnings"])


def test_what_clusters_and_unknown_probabilities_change_is_said(lenient_run, tmp_path):
    head, *rows = (lenient_run / "ratings.csv").read_text().splitlines()
    ids = list(dict.fromkeys(row.split(",")[0] for row in rows))
    drawn = [f"{row},{'' if row.split(',')[0] in ids[:3] else 0.5}" for row in rows]
    (tmp_path / "drawn.csv").write_text("\n".join([f"{head},probability", *drawn]) + "\n")
    options = {"dimensions": ["clarity"], "population": "these answers"}
    report = judge.calibrate(lenient_run / "run", tmp_path / "drawn.csv", **options)
    assert any("3 of 120 rated items have no inclusion probability" in text for text in report.warnings)
    (tmp_path / "fields.csv").write_text(
        "\n".join(["id,half", *(f"{one},{one[-1] > '4'}" for one in ids)]) + "\n"
    )
    options = {"items": tmp_path / "fields.csv", "cluster": "half", "select_on": ids[:1]}
    report = judge.calibrate(lenient_run / "run", lenient_run / "ratings.csv", **options)
    assert any("items belong to the part to choose on" in text for text in report.warnings)


def test_a_judge_that_is_no_better_than_a_constant_gets_no_map(report_json, lenient_run, tmp_path):
    head, *rows = (lenient_run / "ratings.csv").read_text().splitlines()
    constant = tmp_path / "constant.csv"
    cut = [row.rpartition(",")[0] for row in rows]
    constant.write_text(
        "\n".join([head, *(f"{row},{4 if i % 10 else 5}" for i, row in enumerate(cut))]) + "\n"
    )
    words = ("calibrate", lenient_run / "run", "--dimension", "clarity", "--humans", constant)
    found = report_json(*words)
    assert "not shown to add information in these 120 items" in found["verdict"][0]
    assert "the constant 4.00" in found["verdict"][0]
    assert found["tables"]["gain"]["rows"][0]["helps"].startswith("none")


def test_without_a_pass_mark_there_are_no_errors_of_the_pass_rate(report_json, lenient_run, calibrated):
    words = ("--humans", lenient_run / "ratings.csv", "--dimension", "clarity", "--rater-scale", "ann=1-6")
    rescaled = report_json("calibrate", lenient_run / "run", *words)
    (row,) = rescaled["tables"]["errors"]["rows"]
    assert list(row) == [
        "dimension",
        *(f"{name}_{when}" for name in ("mae", "rmse", "bias") for when in ("before", "after")),
    ]
    assert "pass_before" in calibrated["tables"]["errors"]["rows"][0]
