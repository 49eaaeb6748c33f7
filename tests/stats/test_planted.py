"""Every diagnostic finds the oddity that was planted, and stays quiet on the others."""

from functools import cache

import numpy as np
import pytest

from judge.stats.coefficients.correlation import pearson_statistic
from judge.stats.judge_human.ceiling import leave_one_out
from judge.stats.judge_human.halo import halo
from judge.stats.judge_human.scale_use import scale_use
from judge.stats.judge_human.severity import severity
from judge.stats.judge_human.verbosity import verbosity

from .planted import SCALE, Planted, Study, study

ODDITIES = {
    "nothing": Planted(),
    "severity": Planted(severity=0.5),
    "compression": Planted(compression=0.6),
    "halo": Planted(halo=0.7),
    "noise": Planted(noise=1.2),
    "verbosity": Planted(verbosity=0.25),
}
LEVEL = 0.999  # 30 intervals must hold at once


def _severity(s: Study):
    return severity(s.humans[:, 0], s.judge[:, 0], clusters=s.clusters, confidence_level=LEVEL).bias


def _compression(s: Study):
    # The slope tells compression from noise, which the ratio of standard deviations cannot.
    return scale_use(
        s.humans[:, 0], s.judge[:, 0], scale=SCALE, clusters=s.clusters, confidence_level=LEVEL
    ).slope


def _halo(s: Study):
    return halo(s.humans, s.judge, clusters=s.clusters, confidence_level=LEVEL).errors.difference


def _noise(s: Study):
    judge, humans = s.judge[:, 1], s.humans[:, 1]
    return leave_one_out(
        humans, judge, pearson_statistic, clusters=s.clusters, confidence_level=LEVEL
    ).difference


def _verbosity(s: Study):
    found = verbosity(s.humans[:, 0], s.judge[:, 0], s.length, clusters=s.clusters, confidence_level=LEVEL)
    return found.per_doubling


# Diagnostic, its value for a judge like people, and its value when its own oddity is planted (None: not 0).
DIAGNOSTICS = {
    "severity": (_severity, 0.0, 0.5),
    "compression": (_compression, 1.0, 0.6),
    "halo": (_halo, 0.0, 0.7),
    "noise": (_noise, 0.0, None),
    "verbosity": (_verbosity, 0.0, 0.25),
}


@cache
def _study(oddity):
    return study(ODDITIES[oddity])


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("diagnostic", DIAGNOSTICS)
def test_diagnostic_finds_its_own_oddity_and_stays_quiet_on_the_others(diagnostic, oddity):
    find, normal, planted = DIAGNOSTICS[diagnostic]
    found = find(_study(oddity))
    if oddity != diagnostic:
        assert found.low <= normal <= found.high
    else:
        assert not found.low <= normal <= found.high
        assert planted is None or found.low <= planted <= found.high


def test_noise_lowers_the_plain_correlation_between_dimensions_but_not_the_halo_of_errors():
    found = halo(_study("noise").humans, _study("noise").judge)
    assert found.correlation.difference.high < 0
    assert found.errors.difference.low < 0 < found.errors.difference.high


def test_noise_hides_compression_from_the_ratio_of_spreads_but_not_from_the_slope():
    s = study(Planted(compression=0.75, noise=1.2))
    found = scale_use(s.humans[:, 0], s.judge[:, 0], scale=SCALE)
    assert found.sd_ratio.low <= 1 <= found.sd_ratio.high or found.sd_ratio.value > 0.9
    assert found.slope.high < 0.95


def test_noisy_people_make_length_look_rewarded_when_it_only_goes_with_quality():
    # 3,000 items: quality and length correlate .6, nobody rewards length.
    rng = np.random.default_rng(0)
    quality = rng.normal(size=3000)
    doublings = 0.6 * quality + 0.8 * rng.normal(size=3000)
    humans = quality[:, None] + rng.normal(size=(3000, 3))
    judge = quality + 0.5 * rng.normal(size=3000)
    found = verbosity(humans, judge, np.exp2(doublings))
    assert found.partial.judge.low > 0.1
    assert found.partial.human.low > 0.1
    assert found.per_doubling.low < 0 < found.per_doubling.high
