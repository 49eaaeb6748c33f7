"""Figures that others published, from their own ratings."""

import gzip
import json
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from judge.stats import check_alpha, cohen_kappa, gwet_ac1, icc, krippendorff_alpha

DATA = Path(__file__).parents[1] / "data"


@cache
def rows(folder):
    """Ratings of one source, one dict a line."""
    with gzip.open(DATA / folder / "ratings.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def human_ratings(folder, dimension):
    """Array items x human raters of one dimension, NaN where missing."""
    by_item = defaultdict(dict)
    for row in rows(folder):
        if row["rater_type"] == "human" and row["dimension"] == dimension:
            by_item[row["item_id"]][row["rater_id"]] = row["score"]
    raters = sorted({rater for scores in by_item.values() for rater in scores})
    return np.array(
        [[scores.get(rater, np.nan) for rater in raters] for scores in by_item.values()], dtype=float
    )


def reproduced(folder, metric):
    checks = json.loads((DATA / folder / "expected.json").read_text(encoding="utf-8"))["checks"]
    chosen = [check for check in checks if check["metric"] == metric and check["status"] == "reproduced"]
    return pytest.mark.parametrize("check", chosen, ids=[check["id"] for check in chosen])


def assert_published(value, check):
    assert value == pytest.approx(check["computed"], abs=check["tolerance"])
    assert value == pytest.approx(check["published"], abs=0.51 * 10 ** -check["published_decimals"])


@reproduced("hanna", "icc1")
def test_hanna_single_rater_correlations(check):
    ratings = human_ratings("hanna", check["dimension"])
    result = icc(ratings, form="ICC(1,1)", method="analytic")
    assert result.n_items == 1056
    assert_published(result.value, check)


@reproduced("hanna", "icc1k")
def test_hanna_mean_of_three_correlations(check):
    ratings = human_ratings("hanna", check["dimension"])
    assert_published(icc(ratings, form="ICC(1,k)", method="analytic").value, check)


@reproduced("hanna", "gwet_ac1")
def test_hanna_explanation_labels_ac1(check):
    ratings = human_ratings("hanna/explanations", check["dimension"])
    assert_published(gwet_ac1(ratings, scale=[0, 1], rng=0).value, check)


@reproduced("pandalm", "cohen_kappa")
def test_pandalm_annotator_kappas(check):
    first, second = (rater - 1 for rater in check["raters"])
    ratings = human_ratings("pandalm", "preference")
    result = cohen_kappa(ratings[:, first], ratings[:, second], scale=[0, 1, 2], rng=0)
    assert result.n_items == 999
    assert_published(result.value, check)


@reproduced("recipes", "krippendorff_alpha")
def test_recipes_ordinal_alphas_with_15_to_88_ratings_an_item(check):
    ratings = human_ratings("recipes", check["dimension"])
    result = krippendorff_alpha(ratings, level="ordinal", scale=range(1, 7), rng=0)
    assert_published(result.value, check)
    assert check_alpha(ratings, level="ordinal")
    assert result.low < result.value < result.high
