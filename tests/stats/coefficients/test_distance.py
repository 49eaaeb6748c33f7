import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error as sklearn_mae
from sklearn.metrics import root_mean_squared_error as sklearn_rmse

from judge.stats import bias, mean_absolute_error, root_mean_square_error

RNG = np.random.default_rng(1)
HUMAN = RNG.integers(1, 6, 80).astype(float)
JUDGE = np.clip(HUMAN + RNG.integers(-1, 3, 80), 1, 5)


def test_errors_match_scikit_learn():
    assert mean_absolute_error(HUMAN, JUDGE, rng=0).value == pytest.approx(sklearn_mae(HUMAN, JUDGE))
    assert root_mean_square_error(HUMAN, JUDGE, rng=0).value == pytest.approx(sklearn_rmse(HUMAN, JUDGE))


def test_a_lenient_judge_has_positive_bias():
    assert bias([3, 3], [4, 5]).value == 1.5
    assert bias([4, 5], [3, 3]).value == -1.5


def test_errors_cannot_be_negative_even_in_their_lower_limit():
    assert mean_absolute_error([1, 1, 1, 1], [1, 1, 1, 5]).low == 0.0
    assert bias([1, 1, 1, 1], [1, 1, 1, 5]).low < 0.0


def test_a_constant_bias_has_no_interval():
    result = bias([1, 2, 3], [2, 3, 4])
    assert (result.value, result.reason) == (1.0, "no_variation")


def test_only_items_with_both_scores_count():
    result = mean_absolute_error([2, 2, None], [1, None, 3])
    assert (result.value, result.n_items, result.n_dropped) == (1.0, 1, 2)


def test_words_have_no_difference():
    with pytest.raises(ValueError, match="a difference of scores needs the order of the labels"):
        bias(["bad"], ["good"])
