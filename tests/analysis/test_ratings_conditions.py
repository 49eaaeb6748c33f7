"""Combined repeats and added judges: which values count and how many are missing."""

import numpy as np
import pytest

from judge.analysis.ratings import Ratings
from judge.analysis.reduction import reduce_samples
from judge.stats.engine.scale import Scale


def ratings(human, judge, **more):
    values = np.column_stack([np.array(human, dtype=float), np.array(judge, dtype=float)])
    return Ratings(
        dimension="clarity",
        scale=Scale.integers(1, 5),
        items=tuple("abcdefgh"[: len(values)]),
        raters=("Ann", "robot"),
        is_judge=np.array([False, True]),
        values=values,
        samples=values[:, :, None],
        **more,
    )


@pytest.mark.parametrize(
    ("repeats", "expected"),
    [
        ([2, np.nan, np.nan], 2),
        ([2, 3, 3], 3),
        ([2, 3, np.nan], np.nan),
        ([np.nan, 3, np.nan, 3, 1], 3),
        ([2, 2, 3, 3], np.nan),
        ([np.nan, np.nan], np.nan),
    ],
)
def test_a_majority_counts_the_repeats_that_are_not_missing(repeats, expected):
    found = reduce_samples(np.array([repeats], dtype=float), "majority")
    assert np.array_equal(found, [expected], equal_nan=True)


def test_means_and_medians_leave_missing_repeats_out():
    cube = np.array([[[1.0, np.nan, 4.0, 5.0]]])
    assert reduce_samples(cube, "mean")[0, 0] == pytest.approx(10 / 3)
    assert reduce_samples(cube, "median")[0, 0] == 4
    assert reduce_samples(cube, "first")[0, 0] == 1


def test_an_added_judge_counts_its_scores_of_rated_items_and_the_missing_ones():
    base = ratings([1, 2, 3, 4, np.nan], [1, 2, 3, 4, 5])
    added = base.with_judge("panel", np.array([1, np.nan, np.nan, np.nan, 2.0]))
    assert added.statuses["panel"] == {"ok": 1, "no score": 3}
    assert base.with_judge("panel", np.array([1, 2, 3, 4, np.nan])).statuses["panel"] == {"ok": 4}
    assert base.with_judge("panel", np.full(5, np.nan)).statuses["panel"] == {"ok": 0, "no score": 4}


def test_an_added_judge_has_its_values_as_the_first_of_its_samples():
    base = ratings([1, 2], [1, 2])
    twice = Ratings(**{**vars_of(base), "samples": np.repeat(base.samples, 3, axis=2)})
    added = twice.with_judge("panel", np.array([4.0, 5.0]))
    assert (added.raters, added.is_judge.tolist()) == (("Ann", "robot", "panel"), [False, True, True])
    assert added.column("panel").tolist() == [4, 5]
    assert np.array_equal(added.samples[:, 2], [[4, np.nan, np.nan], [5, np.nan, np.nan]], equal_nan=True)
    assert added.n_samples == 3


def vars_of(one):
    return {name: getattr(one, name) for name in one.__dataclass_fields__}
