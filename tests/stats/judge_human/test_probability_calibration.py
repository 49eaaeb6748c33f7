"""Calibration of the probabilities of a pass."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from judge.stats import probability_calibration
from judge.stats.engine.sampling_design import SamplingDesign

RNG = np.random.default_rng(7)
P = RNG.uniform(size=80).round(2)
VERDICTS = (RNG.uniform(size=80) < P).astype(float)


def test_brier_score_is_that_of_scikit_learn():
    assert probability_calibration(VERDICTS, P).brier.value == pytest.approx(brier_score_loss(VERDICTS, P))


def test_an_item_counts_once_however_many_people_rated_it():
    people = np.column_stack([VERDICTS, np.where(np.arange(80) < 40, 1 - VERDICTS, np.nan)])
    direct = [np.nanmean((P[i] - people[i]) ** 2) for i in range(80)]
    assert probability_calibration(people, P).brier.value == pytest.approx(np.mean(direct))


def test_parts_add_up_to_the_brier_score():
    found = probability_calibration(VERDICTS, P)
    total = found.miscalibration - found.discrimination + found.uncertainty
    assert total == pytest.approx(found.brier.value)
    assert found.miscalibration >= 0
    assert found.discrimination >= 0


def test_isotonic_recalibration_is_the_best_monotone_one():
    # By hand: 0.2 -> (1, 0), 0.5 -> (0,), 0.9 -> (1,) pools the first two to 1/3.
    found = probability_calibration([1, 0, 0, 1], [0.2, 0.2, 0.5, 0.9])
    recalibrated = (2 / 9 * 3) / 4
    assert found.discrimination == pytest.approx(0.25 - recalibrated)


def test_a_monotone_change_of_the_probabilities_changes_the_miscalibration_alone():
    one, other = probability_calibration(VERDICTS, P), probability_calibration(VERDICTS, P**3)
    assert other.discrimination == pytest.approx(one.discrimination)
    assert other.miscalibration > one.miscalibration


def test_base_rate_is_the_score_of_the_share_that_passes():
    found = probability_calibration([1, 1, 0, 1], [0.5] * 4)
    assert found.base_rate.value == pytest.approx(0.75 * 0.25) == found.uncertainty


def test_probabilities_without_information_are_not_below_the_base_rate():
    shuffled = RNG.permutation(P)
    assert probability_calibration(VERDICTS, shuffled).difference.high > 0
    assert probability_calibration(VERDICTS, P).difference.high < 0


def test_confidence_is_the_area_for_being_right():
    found = probability_calibration(VERDICTS, P)
    decided = P != 0.5
    right = (P > 0.5) == (VERDICTS == 1)
    assert found.confidence.value == pytest.approx(roc_auc_score(right[decided], abs(P - 0.5)[decided]))


def test_inverse_probability_weights_count_items_for_those_not_rated():
    design = SamplingDesign(np.where(np.arange(80) < 40, 0.2, 0.8))
    found = probability_calibration(VERDICTS, P, design=design)
    assert found.brier.value == pytest.approx(
        np.average((P - VERDICTS) ** 2, weights=1 / np.where(np.arange(80) < 40, 0.2, 0.8))
    )
    total = found.miscalibration - found.discrimination + found.uncertainty
    assert total == pytest.approx(found.brier.value)


def test_missing_verdicts_and_probabilities_are_left_out():
    verdicts, p = np.append(VERDICTS, [np.nan, 1]), np.append(P, [0.3, np.nan])
    found = probability_calibration(verdicts, p)
    assert found.brier.value == pytest.approx(probability_calibration(VERDICTS, P).brier.value)
    assert found.brier.n_items == 80


def test_without_items_everything_is_undefined():
    found = probability_calibration([np.nan, np.nan], [0.5, 0.5])
    assert not found.brier.defined
    assert np.isnan([found.miscalibration, found.discrimination, found.uncertainty]).all()


@pytest.mark.parametrize(
    ("humans", "p", "message"),
    [
        ([1, 0], [0.5], "shape"),
        ([1, 2], [0.5, 0.5], "must be 1"),
        ([1, 0], [0.5, 1.5], "probabilities between"),
    ],
)
def test_impossible_input_is_refused(humans, p, message):
    with pytest.raises(ValueError, match=message):
        probability_calibration(humans, p)


def test_llm_rubric_probabilities_are_worse_than_the_base_rate_and_confidence_does_not_help():
    folder = Path(os.environ.get("JUDGE_PUBLIC_DATA", "public_data")) / "llm_rubric"
    if not (folder / "ratings.jsonl").is_file():
        pytest.skip("needs JUDGE_PUBLIC_DATA")
    rows = [json.loads(line) for line in (folder / "ratings.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["dimension"] == "Q0"]
    human = {row["item_id"]: row["score"] for row in rows if row["rater_type"] == "human"}
    p = {row["item_id"]: sum(row["probabilities"][2:]) for row in rows if row["rater_type"] == "judge"}
    verdicts = [float(human[item] >= 3) for item in p]
    found = probability_calibration(verdicts, [min(value, 1.0) for value in p.values()])
    assert found.brier.n_items == 223
    assert found.brier.value == pytest.approx(brier_score_loss(verdicts, list(p.values())), abs=1e-9)
    assert found.difference.value > 0
    assert found.confidence.low < 0.5 < found.confidence.high
