"""Tables about one judge on one dimension, slices and bias checks."""

import pytest


@pytest.fixture(scope="module")
def clarity(report_json, lenient_run):
    words = ("--humans", lenient_run / "ratings.csv", "--dimension", "clarity")
    return report_json("agree", lenient_run / "run", *words)["tables"]


def test_a_confusion_matrix_counts_every_item_once(clarity):
    found = clarity["confusion:clarity@soft"]["rows"]
    assert [row["people"] for row in found] == ["1", "2", "3", "4", "5"]
    total = sum(row[str(label)] for row in found for label in range(1, 6))
    assert total == pytest.approx(120, abs=0.5)


def test_means_by_score_show_the_point_of_leniency(clarity):
    found = {row["score"]: row["people"]["value"] for row in clarity["calibration:clarity@soft"]["rows"]}
    assert found["3"] == pytest.approx(2, abs=0.35)
    assert found["4"] == pytest.approx(3, abs=0.35)
    assert sum(row["n"] for row in clarity["calibration:clarity@soft"]["rows"]) == 120


def test_differences_are_shares_that_add_up(clarity):
    found = clarity["differences:clarity@soft"]["rows"]
    assert sum(row["share"] for row in found) == pytest.approx(1)
    mean = sum(float(row["difference"]) * row["share"] for row in found)
    assert mean == pytest.approx(0.9, abs=0.05)  # the differences are rounded to halves


def test_every_rater_is_compared_on_the_same_reference(clarity):
    found = clarity["per_person:clarity@soft"]["rows"]
    assert [row["person"] for row in found] == ["ann", "ben", "cy"]
    for row in found:
        gap = row["judge_level"]["value"] - row["level"]["value"]
        assert row["difference"]["value"] == pytest.approx(gap, abs=1e-6)


def test_thresholds_end_with_the_cross_validated_choice(clarity):
    found = clarity["thresholds:clarity@soft"]
    assert [row["cut"] for row in found["rows"]][-1] == "cross-validated choice"
    best = max(found["rows"][:-1], key=lambda row: row["tpr"]["value"] + row["tnr"]["value"])
    assert f"is at threshold {best['cut']}, selected on this data" in found["notes"][0]


def test_slices_are_marked_where_they_are_small(agreement):
    found = agreement["tables"]["slices:topic"]
    assert {row["slice"] for row in found["rows"]} == {"biology", "computing", "history", "physics"}
    assert all(row["small"] for row in found["rows"])
    assert any("interpret with caution" in note for note in found["notes"])
    assert "Holm-adjusted for" in found["notes"][0]


def test_bias_checks_say_what_is_significant(agreement):
    found = {row["what"]: row["finding"] for row in agreement["tables"]["bias"]["rows"]}
    assert found["halo, all"] == "yes"
    assert found["length, clarity"] == "no"
    assert any(note.startswith("Halo: ") for note in agreement["tables"]["bias"]["notes"])


def test_disagreements_list_both_ratings(agreement):
    found = agreement["tables"]["disagreements@replay:replies"]["rows"]
    assert len(found) == 3
    assert {"item", "dimension", "judge", "people"} <= found[0].keys()
    assert found[0]["people"].count(",") == 2
