import subprocess
import sys

import numpy as np
import pytest

import judge.stats as js

HUMANS = np.random.default_rng(0).integers(1, 6, (60, 3)).astype(float)
JUDGE = HUMANS.mean(axis=1).round()
SCALE = [1, 2, 3, 4, 5]

RESULTS = {  # the result, how many rows its table has, and columns that must be there
    "ceiling": (
        lambda: js.leave_one_out(HUMANS, JUDGE, js.pearson_statistic),
        3,
        ["human", "agreement", "agreement_low", "judge", "difference", "difference_high"],
    ),
    "alt_test": (lambda: js.alt_test(HUMANS, JUDGE, epsilon=0.1), 3, ["rater", "p_adjusted", "notes"]),
    "calibration": (lambda: js.calibrate(HUMANS[:, 0], JUDGE, "shift", rng=0), 5, ["score", "human_low"]),
    "scale_use": (
        lambda: js.scale_use(HUMANS, JUDGE, scale=SCALE),
        4,
        ["score", "share_at_least_judge", "share_at_least_human", "share_at_least_difference_low"],
    ),
    "groups": (lambda: js.significance_groups(HUMANS, rng=0), 3, ["first", "second", "p_value"]),
    "ranking": (
        lambda: js.ranking_agreement(np.tile(HUMANS, 2), np.tile(HUMANS, 2), method="jackknife"),
        6,
        ["system", "human", "human_low", "judge", "judge_high"],
    ),
    "thresholds": (
        lambda: js.threshold_sweep(HUMANS[:, 0] >= 4, JUDGE, method="jackknife", rng=0),
        5,
        ["threshold", "true_pass", "tpr", "tpr_low", "kappa_high"],
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_that_is_a_table_becomes_a_frame(name):
    call, n_rows, columns = RESULTS[name]
    frame = call().to_pandas()
    assert len(frame) == n_rows
    assert set(columns) <= set(frame.columns)


def test_values_and_limits_are_those_of_the_estimates():
    found = js.leave_one_out(HUMANS, JUDGE, js.pearson_statistic)
    frame = found.to_pandas()
    row = found.per_human[1]
    assert frame["agreement"][1] == row.agreement.value
    assert (frame["judge_low"][1], frame["judge_high"][1]) == (row.judge.low, row.judge.high)


def test_lists_of_results_become_frames_too():
    means = js.to_frame(js.system_means(HUMANS))
    assert means["value"].tolist() == pytest.approx(HUMANS.mean(axis=0).tolist())
    rows = js.to_frame(js.d_study(HUMANS[:, :, None], n_judges=[1, 2], n_samples=[1, 3]))
    assert rows[["n_judges", "n_samples"]].to_numpy().tolist() == [[1, 1], [1, 3], [2, 1], [2, 3]]


def test_statistics_import_pandas_only_for_a_frame():
    code = "import sys, judge.stats; judge.stats.mean([1, 2, 4]); print('pandas' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
