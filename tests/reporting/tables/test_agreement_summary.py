"""The tables that `judge agree` shows first."""

import importlib.util
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from judge.analysis.agreement.agree import agree
from judge.reporting.builders.agreement import build_agreement
from judge.stats.engine.scale import Scale

_SPEC = importlib.util.spec_from_file_location(
    "agreement_tables", Path(__file__).parents[2] / "analysis" / "agreement" / "conftest.py"
)
_TABLES = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_TABLES)
make_aligned, make_ratings = _TABLES.make_aligned, _TABLES.make_ratings

HUMANS = np.array([[5, 4, 2], [1, 2, 3], [3, 3, 4], [2, 5, 5], [1, 1, 1], [4, 3, 5]], dtype=float)
JUDGE = np.array([4, 3, 3, 2, 2, 5], dtype=float)
OK = {"j": {"ok": 6}}


def shown(key, **more):
    """The only row of a table by column; three people and a judge, pass from 3 on."""
    ratings = make_ratings(HUMANS, {"j": JUDGE}, statuses=OK, **({"pass_mark": 3.0} | more))
    table = build_agreement(agree(make_aligned(ratings))).tables[key]
    return dict(zip([column.key for column in table.columns], table.rows[0], strict=True))


def test_same_score_and_within_one_are_means_over_pairs_of_judge_and_person():
    pairs = np.abs(HUMANS - JUDGE[:, None])
    assert shown("rates")["same_score"].value == pytest.approx(np.mean(pairs == 0))
    assert shown("rates")["within_one"].value == pytest.approx(np.mean(pairs <= 1))


def test_the_majority_rate_compares_with_the_verdict_of_most_people():
    majority = (HUMANS >= 3).mean(axis=1) > 0.5
    assert shown("rates")["majority"].value == pytest.approx(np.mean(majority == (JUDGE >= 3)))


def test_the_rate_by_person_is_the_mean_over_people_of_equal_verdicts():
    equal = (HUMANS >= 3) == (JUDGE >= 3)[:, None]
    assert shown("rates")["person"].value == pytest.approx(equal.mean())


def test_the_rate_of_two_people_is_that_of_their_pairs():
    verdicts = HUMANS >= 3
    pairs = [np.mean(verdicts[:, a] == verdicts[:, b]) for a, b in combinations(range(3), 2)]
    assert shown("rates")["people"].value == pytest.approx(np.mean(pairs))


def test_without_a_pass_mark_there_is_no_rate_of_verdicts_and_no_pass_rate():
    row = shown("rates", pass_mark=None)
    assert (row["majority"], row["person"], row["people"]) == (None, None, None)
    assert shown("pass_rates", pass_mark=None)["corrected"] is None


def test_a_scale_of_few_points_has_no_rate_within_one():
    ratings = make_ratings(
        np.clip(HUMANS, 1, 3), {"j": np.clip(JUDGE, 1, 3)}, statuses=OK, scale=Scale([1, 2, 3])
    )
    table = build_agreement(agree(make_aligned(ratings))).tables["rates"]
    assert table.column("within_one") == [None]


def test_the_bias_is_that_of_the_level_table():
    assert shown("pass_rates")["bias"] == shown("levels")["bias"]
