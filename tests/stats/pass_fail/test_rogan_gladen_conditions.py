"""When a corrected rate lies outside of what is possible."""

import pytest

from judge.stats.pass_fail.rogan_gladen import rogan_gladen

HUMAN = [1] * 100 + [0] * 100
JUDGE = [1] * 60 + [0] * 40 + [1] * 10 + [0] * 90  # TPR 0.6, TNR 0.9


@pytest.mark.parametrize(
    ("passed", "rate", "noted"),
    [(1000, 1.8, True), (600, 1.0, False), (620, 1.04, False), (100, 0.0, False), (0, -0.2, True)],
)
def test_a_rate_beyond_0_or_1_by_more_than_its_error_is_noted_and_its_interval_is_cut(passed, rate, noted):
    found = rogan_gladen(HUMAN, JUDGE, [1] * passed + [0] * (1000 - passed)).estimate
    assert found.value == pytest.approx(rate)
    assert ("calibration_and_test_disagree" in found.notes) is noted
    assert 0 <= found.low <= found.high <= 1
