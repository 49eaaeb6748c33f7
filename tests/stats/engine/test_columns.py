import numpy as np
import pytest

from judge.stats import (
    auc,
    paired_permutation,
    paired_proportions,
    pairwise_accuracy,
    pass_fail,
    rank_intervals,
    significance_groups,
    soft_pairwise_accuracy,
)


def test_words_as_pass_marks_are_refused_with_what_is_allowed():
    with pytest.raises(ValueError, match=r"human must hold pass marks \(True/False, 1/0.*'pass'"):
        pass_fail(["pass", "fail"], [1, 0])


def test_words_as_scores_are_refused_by_name():
    with pytest.raises(ValueError, match=r"judge_scores must hold numbers, or None where missing; .*'good'"):
        auc([1, 0], ["good", "bad"])


def test_booleans_numbers_and_none_are_marks():
    assert pass_fail(np.array([True, False]), [1, None], rng=0).agreement.n_items == 1


@pytest.mark.parametrize(
    "statistic",
    [
        lambda **o: auc([1, 1, 0, 0], [1, 2, 3, 4], **o),
        lambda **o: paired_proportions([1, 0], [1, 1], **o),
        lambda **o: pairwise_accuracy([[1, 2], [2, 1]], [[1, 2], [1, 2]], grouping="none", **o),
        lambda **o: rank_intervals([[1, 2], [2, 1]], **o),
        lambda **o: significance_groups([[1, 2], [2, 1]], **o),
        lambda **o: soft_pairwise_accuracy([[1, 2], [2, 1]], [[1, 2], [1, 2]], **o),
        lambda **o: pass_fail([1, 0], [1, 1], **o),
    ],
)
def test_level_in_percent_is_refused(statistic):
    with pytest.raises(ValueError, match=r"confidence_level must lie .*got 95"):
        statistic(confidence_level=95)


@pytest.mark.parametrize(
    "test",
    [
        lambda: paired_permutation([1, 2], [2, 1], n_permutations=0),
        lambda: soft_pairwise_accuracy([[1, 2], [2, 1]], [[1, 2], [1, 2]], n_permutations=0),
    ],
)
def test_number_of_permutations_must_be_positive(test):
    with pytest.raises(ValueError, match="n_permutations must be at least 1, got 0"):
        test()
