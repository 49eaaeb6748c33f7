"""Which probabilities of a judge are compared with which verdicts of people."""

from dataclasses import replace

import numpy as np
import pytest

from judge.analysis.agreement.probability_calibrations import probability_calibrations
from judge.stats import probability_calibration

from .conftest import make_aligned, make_ratings

RNG = np.random.default_rng(5)
PEOPLE = RNG.integers(1, 6, (60, 3)).astype(float)
SHARES = RNG.dirichlet(np.ones(5), 60)
LABELS = ("1", "2", "3", "4", "5")


def study(dimension="clarity", **more):
    known = {(dimension, f"i{i}"): dict(zip(LABELS, row, strict=True)) for i, row in enumerate(SHARES)}
    ratings = make_ratings(PEOPLE, {"j": RNG.integers(1, 6, 60).astype(float)}, **more)
    return replace(make_aligned(ratings), label_probabilities={"j": known})


def test_probability_of_a_pass_is_that_of_all_scores_that_pass():
    (found,) = probability_calibrations(study(pass_mark=3))
    assert (found.judge, found.dimension) == ("j", "clarity")
    direct = probability_calibration((PEOPLE >= 3).astype(float), SHARES[:, 2:].sum(axis=1))
    assert found.calibration.brier.value == pytest.approx(direct.brier.value)
    assert found.calibration.confidence.value == pytest.approx(direct.confidence.value)


def test_without_a_pass_mark_there_is_no_verdict_to_compare_with():
    assert probability_calibrations(study(pass_mark=None)) == ()


def test_without_probabilities_of_the_dimension_nothing_is_compared():
    assert probability_calibrations(study("accuracy", pass_mark=3)) == ()
