"""Figures that others published, from their own ratings."""

from collections import defaultdict
from functools import cache

import numpy as np
import pytest

from judge.stats import check_alpha, cohen_kappa, gwet_ac1, icc, krippendorff_alpha

from .. import public_data
from ..public_data import assert_reproduced, figures


@cache
def human_ratings(folder, dimension):
    """Array items x human raters of one dimension, NaN where missing."""
    by_item = defaultdict(dict)
    for row in public_data.ratings(folder):
        if row["rater_type"] == "human" and row["dimension"] == dimension:
            by_item[row["item_id"]][row["rater_id"]] = row["score"]
    raters = sorted({rater for scores in by_item.values() for rater in scores})
    return np.array(
        [[scores.get(rater, np.nan) for rater in raters] for scores in by_item.values()], dtype=float
    )


def reproduced(data_set, statistic):
    return pytest.mark.parametrize("figure", figures(data_set, statistic))


@reproduced("hanna", "icc1")
def test_hanna_single_rater_correlations(figure):
    ratings = human_ratings("hanna", figure["dimension"])
    result = icc(ratings, form="ICC(1,1)", method="analytic")
    assert result.n_items == 1056
    assert_reproduced(result.value, figure)


@reproduced("hanna", "icc1k")
def test_hanna_mean_of_three_correlations(figure):
    ratings = human_ratings("hanna", figure["dimension"])
    assert_reproduced(icc(ratings, form="ICC(1,k)", method="analytic").value, figure)


@reproduced("hanna", "gwet_ac1")
def test_hanna_explanation_labels_ac1(figure):
    ratings = human_ratings("hanna/explanations", figure["dimension"])
    assert_reproduced(gwet_ac1(ratings, scale=[0, 1], rng=0).value, figure)


@reproduced("pandalm", "cohen_kappa")
def test_pandalm_annotator_kappas(figure):
    first, second = (int(rater[-1]) - 1 for rater in figure["rater"].split())
    ratings = human_ratings("pandalm", "preference")
    result = cohen_kappa(ratings[:, first], ratings[:, second], scale=[0, 1, 2], rng=0)
    assert result.n_items == 999
    assert_reproduced(result.value, figure)


@reproduced("recipes", "ordinal_alpha")
def test_recipes_ordinal_alphas_with_15_to_88_ratings_an_item(figure):
    ratings = human_ratings("recipes", figure["dimension"])
    result = krippendorff_alpha(ratings, level="ordinal", scale=range(1, 7), rng=0)
    assert_reproduced(result.value, figure)
    assert check_alpha(ratings, level="ordinal")
    assert result.low < result.value < result.high
