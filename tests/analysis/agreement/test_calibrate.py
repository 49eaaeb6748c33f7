"""Maps of scores: fitted, saved, and applied to the run that they are valid for."""

import json

import numpy as np
import pytest

from judge.analysis.agreement.calibrate import (
    apply,
    belongs_to,
    calibrate_run,
    check_has_maps,
    item_digest,
    save,
)
from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
from judge.analysis.agreement.selection import align_parts
from judge.errors import InputError
from judge.records import Item
from judge.reporting.builders.calibration import build_calibration
from judge.scoring.run import Run

from .conftest import DIMENSIONS, make_run


@pytest.fixture(scope="module")
def lenient(tmp_path_factory, quality):
    folder = tmp_path_factory.mktemp("calibrate") / "lenient"
    return make_run(folder, np.random.default_rng(1), quality, shift=(0, 0, 0, 1.5), noise=0.3)


@pytest.fixture(scope="module")
def found(lenient, ratings):
    return calibrate_run(lenient, align_inputs(AgreementInputs(str(ratings), [str(lenient)])))


@pytest.fixture
def saved(found, tmp_path):
    path = tmp_path / "maps.json"
    save(found, path, "2025-01-02")
    return path


def test_a_lenient_dimension_gets_a_map_that_lowers_its_scores(found):
    clarity = found.dimensions["clarity"]
    assert found.has_maps
    assert clarity.helps
    assert clarity.map([5.0])[0] < 5


def test_sizes_are_items_with_both_scores(found):
    assert found.n_people == 3
    assert found.n_items["clarity"] == 49  # 50 rated, one refused
    assert set(found.dimensions) >= set(DIMENSIONS)
    assert found.judge == "robot"


def test_a_file_says_what_its_maps_are_valid_for(saved, lenient):
    content = json.loads(saved.read_text())
    assert {name: content[name] for name in ("fingerprint", "rubric", "scale")} == belongs_to(lenient)
    assert (content["format"], content["date"], content["judge"], content["n_people"]) == (
        1,
        "2025-01-02",
        "robot",
        3,
    )
    assert content["scale"] == [1, 5]


def test_each_score_of_a_mapped_dimension_is_a_row_and_missing_ones_are_none(saved, lenient, found):
    rows = [row for row in apply(lenient, saved) if row["dimension"] == "clarity"]
    with Run.open(lenient) as run:
        scores = {s.item_id: s.value for s in run.scores() if s.dimension == "clarity" and s.status == "ok"}
    assert {row["item_id"]: row["value"] for row in rows} == scores
    assert "q7" not in scores
    expected = found.dimensions["clarity"].map([rows[0]["value"]])[0]
    assert rows[0]["calibrated"] == pytest.approx(float(expected), abs=1e-6)
    assert (rows[0]["rater"], rows[0]["sample"]) == ("robot", 0)


def test_a_dimension_on_which_the_judge_adds_nothing_has_no_map(saved, found):
    with_maps = json.loads(saved.read_text())["dimensions"]
    assert set(with_maps) == {name for name, one in found.dimensions.items() if not one.adds_nothing}


def test_maps_of_another_judge_are_refused(saved, noisy):
    with pytest.raises(
        InputError, match=r"its maps belong to another judge .* fit new ones: judge calibrate"
    ):
        list(apply(noisy, saved))


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("scale", [1, 7], r"another scale \(\[1, 7\]\)"),
        (
            "rubric",
            {"name": "mine", "version": 3, "digest": "abc"},
            r"another rubric \(mine version 3, abc\)",
        ),
        ("fingerprint", None, r"another judge \(None\)"),
    ],
)
def test_maps_of_another_rubric_or_scale_are_refused(saved, lenient, key, value, what):
    saved.write_text(json.dumps(json.loads(saved.read_text()) | {key: value}))
    with pytest.raises(InputError, match=what):
        list(apply(lenient, saved))


@pytest.mark.parametrize(
    "text", ["[]", "3", "null", "{}", '{"format": 2, "dimensions": {}}', '{"format": 1}']
)
def test_foreign_json_is_refused(lenient, tmp_path, text):
    path = tmp_path / "maps.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"maps.json: holds no maps of judge calibrate"):
        list(apply(lenient, path))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000])
def test_what_is_no_json_is_refused(lenient, tmp_path, text):
    path = tmp_path / "maps.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"maps.json: cannot be read as saved maps"):
        list(apply(lenient, path))


def test_a_missing_file_is_refused(lenient, tmp_path):
    with pytest.raises(InputError, match="cannot be read as saved maps"):
        list(apply(lenient, tmp_path / "none.json"))


@pytest.mark.parametrize("broken", [{}, {"map": {}}, {"map": {"kind": "shift"}}, None, 3])
def test_a_damaged_map_is_refused_before_the_first_row(saved, lenient, broken):
    content = json.loads(saved.read_text())
    content["dimensions"]["clarity"] = broken
    saved.write_text(json.dumps(content))
    with pytest.raises(InputError, match="a saved map is damaged"):
        next(apply(lenient, saved))


def test_a_judge_that_needs_no_map_writes_no_file(quality, tmp_path):
    folder = make_run(tmp_path / "exact", np.random.default_rng(3), quality, noise=0)
    table = tmp_path / "ratings.csv"
    rows = [
        f"q{i},ann,clarity,{int(v)}" for i, v in enumerate(np.clip(np.round(quality[:, 3]), 1, 5)) if i != 7
    ]
    table.write_text("\n".join(["item_id,rater,dimension,value", *rows]))
    exact = calibrate_run(folder, align_inputs(AgreementInputs(str(table), [str(folder)])))
    assert not exact.has_maps
    with pytest.raises(InputError, match="not written, because no map brings this judge closer"):
        check_has_maps(exact, "maps.json")
    with pytest.raises(InputError, match="not written"):
        save(exact, tmp_path / "maps.json", "2025-01-02")
    assert not (tmp_path / "maps.json").exists()


def test_labels_cannot_be_calibrated(tmp_path):
    file = tmp_path / "r.csv"
    file.write_text("item_id,rater,rater_kind,dimension,value\na,ann,human,x,yes\na,bot,judge,x,yes\n")
    aligned = align_inputs(AgreementInputs(str(file), scale="no,yes"))
    with pytest.raises(InputError, match="people's ratings are labels, not scores"):
        calibrate_run("run", aligned)


def test_a_run_without_a_score_cannot_be_calibrated(tmp_path):
    file = tmp_path / "r.csv"
    file.write_text("item_id,rater,dimension,value\na,ann,x,1\n")
    with pytest.raises(InputError, match="run: holds no score of a judge"):
        calibrate_run("run", align_inputs(AgreementInputs(str(file), scale="1-3")))


# --- which labels the maps were fitted on


def test_a_file_names_the_items_of_its_labels_and_rows_say_which_they_are(saved, lenient):
    content = json.loads(saved.read_text())
    with Run.open(lenient) as run:
        of = {item.id: item_digest(item) for item in run.items()}
    assert set(content["fitted_on"]) <= set(of.values())
    assert len(content["fitted_on"]) == len(set(content["fitted_on"])) == 49  # one score is missing
    rows = list(apply(lenient, saved))
    assert {row["fitted_on"] for row in rows} == {True, False}
    assert all(row["fitted_on"] == (of[row["item_id"]] in content["fitted_on"]) for row in rows)


def test_rows_of_an_older_file_do_not_say_which_items_it_was_fitted_on(saved, lenient):
    content = json.loads(saved.read_text())
    del content["fitted_on"]
    saved.write_text(json.dumps(content))
    assert {row["fitted_on"] for row in apply(lenient, saved)} == {None}


def test_an_item_of_equal_id_and_other_text_is_another_item():
    one, other = (Item(id="q1", question="Why?", answer=text) for text in ("a", "b"))
    assert item_digest(one) != item_digest(other)


def test_maps_of_one_part_are_assessed_on_the_other(lenient, ratings):
    rated = sorted({line.split(",")[0] for line in ratings.read_text().splitlines()[1:]})
    first = rated[:25]
    inputs = AgreementInputs(str(ratings), [str(lenient)])
    parts = align_parts(inputs, first)
    found = calibrate_run(lenient, parts.reported_on, kind="shift", parts=parts)
    clarity = parts.chosen_on.ratings["clarity"]
    shift = np.nanmean(clarity.consensus() - clarity.judge_values[:, 0])
    assert found.dimensions["clarity"].map.parameters["shift"][0] == pytest.approx(shift)
    assert found.n_fitted["clarity"] + found.n_items["clarity"] == 49
    assert set(found.fitted_on) <= {item_digest(item) for item in parts.chosen_on.items}
    assert found.selected_on == "the listed ids"
    page = build_calibration(found)
    assert "Gain on other items than the listed ids" in str(page)
    assert "cross-validated" not in str(page).lower()
    assert set(page.tables["gain"].column("evidence")) == {"other items"}


def test_a_dimension_that_the_first_part_lacks_gets_no_map(lenient, ratings, tmp_path):
    head, *rows = ratings.read_text().splitlines()
    first = sorted({row.split(",")[0] for row in rows})[:25]
    kept = [row.rpartition(",")[0] + "," if row.split(",")[0] in first else row for row in rows]
    assert head.endswith(",clarity")
    (tmp_path / "some.csv").write_text("\n".join([head, *kept]) + "\n")
    parts = align_parts(AgreementInputs(str(tmp_path / "some.csv"), [str(lenient)]), first)
    found = calibrate_run(lenient, parts.reported_on, parts=parts)
    assert found.n_fitted["clarity"] == 0
    assert found.dimensions["clarity"].gain.reason == "no_complete_pairs"
    assert found.n_fitted["relevance"] > 0


def test_cross_validated_gains_say_so_and_a_saved_map_is_marked(found):
    page = build_calibration(found)
    assert set(page.tables["gain"].column("evidence")) == {"cross-validated"}
    assert any(
        "A saved map is fitted on all items: it is selected on this data" in text for text in page.methods
    )
