import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from judge.stats import cohen_kappa, fleiss_kappa, scott_pi

TABLE = np.array([[9, 2, 1], [3, 8, 2], [0, 4, 7]])


def listed(table):
    rows, columns = np.indices(table.shape)
    return np.repeat(rows.ravel(), table.ravel()), np.repeat(columns.ravel(), table.ravel())


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_kappa_of_a_table_matches_statsmodels_and_scikit_learn(weights):
    found = cohen_kappa(table=TABLE, weights=weights, method="analytic")
    expected = cohens_kappa(TABLE, wt=weights)
    human, judge = listed(TABLE)
    assert found.value == pytest.approx(cohen_kappa_score(human, judge, weights=weights))
    assert (found.value, found.se) == pytest.approx((expected.kappa, expected.std_kappa))
    assert (found.n_items, found.n_ratings) == (36, 72)


def test_table_and_the_ratings_behind_it_give_the_same_estimate():
    ratings = listed(TABLE)
    assert cohen_kappa(table=TABLE, rng=1) == cohen_kappa(*ratings, rng=1)
    assert scott_pi(table=TABLE, rng=1) == scott_pi(*ratings, rng=1)


def test_rows_and_columns_follow_the_scale():
    spread = cohen_kappa(table=TABLE, scale=[1, 2, 9], weights="quadratic").value
    human, judge = (np.array([1, 2, 9])[positions] for positions in listed(TABLE))
    assert spread == pytest.approx(cohen_kappa(human, judge, weights="quadratic").value)
    labelled = cohen_kappa(table=TABLE, scale=["bad", "fair", "good"], weights="linear").value
    assert labelled == pytest.approx(cohen_kappa(table=TABLE, weights="linear").value)


def test_a_square_array_without_the_keyword_is_items_by_raters():
    assert cohen_kappa([[20, 5], [10, 15]]).n_items == 2


def test_fleiss_kappa_of_counts_is_that_of_fleiss_1971_and_of_the_ratings():
    counts = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]]
    counts += [[7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
    found = fleiss_kappa(counts=counts)
    assert found.value == pytest.approx(0.210, abs=5e-4)
    assert found.value == pytest.approx(statsmodels_fleiss(np.array(counts)))
    assert (found.n_items, found.n_ratings) == (10, 140)


def test_items_with_different_numbers_of_raters_are_welcome_as_counts():
    by_ratings = fleiss_kappa([[0, 0, 1], [1, 1, None], [0, 1, 1], [0, 0, 0]])
    assert fleiss_kappa(counts=[[2, 1], [0, 2], [1, 2], [3, 0]]).value == pytest.approx(by_ratings.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cohen_kappa([1, 2], [1, 2], table=TABLE), "either ratings or table=, not both"),
        (lambda: fleiss_kappa([[1, 2]], counts=TABLE), "either ratings or counts=, not both"),
        (lambda: cohen_kappa(table=TABLE, clusters=[1] * 36), "which item is in which cluster"),
        (lambda: cohen_kappa(table=TABLE[:2]), r"square, .*got shape \(2, 3\)"),
        (lambda: cohen_kappa(table=[1, 2]), r"two-dimensional and not empty; got shape \(2,\)"),
        (lambda: cohen_kappa(table=TABLE / 36), "counts: whole numbers, none negative or missing"),
        (lambda: cohen_kappa(table=-TABLE), "counts: whole numbers, none negative or missing"),
        (lambda: cohen_kappa(table=[[1, np.nan], [0, 2]]), "none negative or missing"),
        (lambda: cohen_kappa(table=TABLE, scale=[1, 2]), "table has 3 categories and scale 2"),
        (lambda: fleiss_kappa(counts=TABLE, scale=[1, 2]), "counts has 3 categories and scale 2"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
