"""The statistics behind published_figures.csv, on made-up ratings and against independent implementations.

Tests on the public data are skipped where the data are not at hand; these never are.
"""

import gzip
import json
from collections import Counter
from itertools import combinations

import krippendorff
import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from click.testing import CliRunner
from scipy.stats import kendalltau
from sklearn.metrics import accuracy_score, cohen_kappa_score, precision_recall_fscore_support
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.weightstats import DescrStatsW

from judge.analysis.measures import mean_score
from judge.cli import main
from judge.formats.ratings import read_ratings
from judge.stats import cohen_kappa, consensus, gwet_ac1, icc, mean, proportion
from judge.stats.pass_fail.error_rates import pass_fail_statistics
from judge.stats.systems.ranking import ranking_agreement

from .public_data import published_figures

RNG = np.random.default_rng(11)
STORIES = np.clip(np.round(RNG.normal(3, 0.8, (60, 1)) + RNG.normal(0, 0.9, (60, 3))), 1, 5)
"""Scores on 1-5, items x three slots."""
LABELS = (RNG.random((40, 3)) < 0.15).astype(float)
"""Rare labels, items x three raters."""
PREFERENCES = np.where(RNG.random((90, 3)) < 0.8, RNG.integers(0, 3, (90, 1)), RNG.integers(0, 3, (90, 3)))
"""1 or 2 is better, 0 a tie; items x three annotators who mostly agree."""
MAJORITY = np.array([max(Counter(row).items(), key=lambda pair: pair[1])[0] for row in PREFERENCES.tolist()])
VERDICTS = np.where(RNG.random(90) < 0.7, PREFERENCES[:, 0], RNG.integers(0, 3, 90))
"""A judge's preferences."""


def write(path, rows):
    """Write (item, rater, human or judge, dimension, score) in the layout of examples/public_data."""
    keys = ("item_id", "rater_id", "rater_type", "dimension", "score")
    text = "\n".join(json.dumps(dict(zip(keys, row, strict=True)) | {"system": "otter"}) for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def agree(*words):
    """Tables of `judge agree --json`, by name."""
    result = CliRunner().invoke(main, ["agree", *map(str, words), "--json"])
    assert result.exit_code == 0, result.output
    return {name: table["rows"] for name, table in json.loads(result.stdout)["tables"].items()}


@pytest.mark.parametrize(("form", "n_raters"), [("ICC(1,1)", 1), ("ICC(1,k)", 3)])
def test_one_way_icc_follows_from_the_analysis_of_variance(form, n_raters):
    long = pd.DataFrame({"item": np.repeat(np.arange(60), 3), "score": STORIES.ravel()})
    between, within = anova_lm(smf.ols("score ~ C(item)", long).fit())["mean_sq"]
    single = (between - within) / (between + 2 * within)
    expected = n_raters * single / (1 + (n_raters - 1) * single)  # Spearman-Brown
    assert icc(STORIES, form=form, method="analytic").value == pytest.approx(expected)


def test_ac1_follows_from_its_definition_pair_by_pair():
    agreeing = np.mean([first == second for row in LABELS for first, second in combinations(row, 2)])
    share = np.mean(LABELS)
    chance = 2 * share * (1 - share)  # Gwet 2008: for two labels, the sum of p (1 - p) over q - 1 = 1
    assert gwet_ac1(LABELS, scale=[0, 1], rng=0).value == pytest.approx((agreeing - chance) / (1 - chance))


@pytest.mark.parametrize(("first", "second"), [(0, 1), (0, 2), (1, 2)])
def test_kappa_of_two_annotators_is_that_of_scikit_learn(first, second):
    ours = cohen_kappa(PREFERENCES[:, first], PREFERENCES[:, second], scale=[0, 1, 2], rng=0).value
    assert ours == pytest.approx(cohen_kappa_score(PREFERENCES[:, first], PREFERENCES[:, second]))


def test_ordinal_alpha_of_uneven_numbers_of_raters_is_that_of_the_package_krippendorff(tmp_path):
    rng = np.random.default_rng(12)
    n_raters = [3, 5, 2, 9, 4, 3, 6, 2, 12, 3, 4, 5]
    scores = [rng.integers(1 + i % 3, 4 + i % 3, n).tolist() for i, n in enumerate(n_raters)]
    rows = [
        (f"r{i}", f"slot_{k:02d}", "human", "clarity", score)
        for i, of in enumerate(scores)
        for k, score in enumerate(of)
    ]
    table = np.full((12, 12), np.nan)
    for row, of in zip(table, scores, strict=True):
        row[: len(of)] = of
    expected = krippendorff.alpha(table.T, level_of_measurement="ordinal")
    found = agree("--humans", write(tmp_path / "r.jsonl", rows), "--scale", "1-6", "--raters-are", "slots")
    assert found["people"][0]["alpha"]["value"] == pytest.approx(expected)


def test_mean_and_half_width_are_those_of_student():
    low, high = DescrStatsW(STORIES.ravel()).tconfint_mean()
    found = mean(STORIES.ravel(), method="jackknife")
    assert (found.value, found.low, found.high) == pytest.approx((STORIES.mean(), low, high))


def test_standard_error_of_clustered_ratings_is_that_of_cluster_robust_regression():
    clusters = np.repeat(np.arange(60), 3)
    regression = smf.ols("score ~ 1", pd.DataFrame({"score": STORIES.ravel()}))
    robust = regression.fit(cov_type="cluster", cov_kwds={"groups": clusters})
    found = mean_score(STORIES.ravel(), clusters)
    assert found.n_clusters == 60
    assert found.se == pytest.approx(robust.bse["Intercept"])
    assert found.se > mean_score(STORIES.ravel()).se


def test_correlation_of_system_means_is_kendalls_tau_b_with_ties():
    rng = np.random.default_rng(12)
    human = np.clip(np.round(rng.normal([2.5, 3.0, 3.2, 3.5, 4.0], 0.7, (30, 5))), 1, 5)
    human[:, 1] = human[::-1, 2]  # two systems with equal sums
    judge = np.clip(np.round(human + rng.normal(0.3, 0.8, human.shape)), 1, 5)
    expected = kendalltau(human.sum(axis=0), judge.sum(axis=0)).statistic
    assert ranking_agreement(human, judge, method="jackknife").kendall_tau.value == pytest.approx(expected)


def test_majority_labels_are_counted():
    clear = [len(set(row)) < 3 for row in PREFERENCES.tolist()]
    found = consensus(PREFERENCES[clear].astype(float), "majority")
    assert Counter(found.tolist()) == Counter(MAJORITY[clear].tolist())


def test_accuracy_of_a_judge_is_that_of_scikit_learn():
    assert proportion(VERDICTS == MAJORITY).value == pytest.approx(accuracy_score(MAJORITY, VERDICTS))


@pytest.mark.parametrize(("position", "name"), list(enumerate(["precision", "tpr", "f1"])))
def test_macro_averages_are_those_of_scikit_learn(position, name):
    expected = precision_recall_fscore_support(MAJORITY, VERDICTS, average="macro")[position]
    found = [
        pass_fail_statistics(np.equal(MAJORITY, k), np.equal(VERDICTS, k))[name].value() for k in range(3)
    ]
    assert np.mean(found) == pytest.approx(expected)


def test_accuracy_and_agreement_of_two_orders_are_counted_by_hand():
    gold = np.array([1, 2, 1, 2])
    verdicts = np.array([[1, 1], [2, 1], [2, 2], [2, 0]])  # 0 was unreadable
    right = verdicts == gold[:, None]  # 1 1, 1 0, 0 0, 1 0: four of eight
    assert proportion(right.ravel(), clusters=np.repeat(np.arange(4), 2)).value == 4 / 8
    first, second = verdicts.T  # same verdict in items 1 and 3
    assert proportion((first == second) & (first > 0)).value == 2 / 4


def test_judges_are_compared_with_people_and_unreadable_verdicts_are_counted(tmp_path):
    rng = np.random.default_rng(12)
    guesses = rng.integers(0, 3, 90).tolist()
    guesses[:7] = [None] * 7
    judges = {"guesser": guesses, "follower": MAJORITY.tolist()}
    rows = [
        (f"p{i}", f"annotator_{k}", "human", "preference", int(score))
        for i, row in enumerate(PREFERENCES)
        for k, score in enumerate(row)
    ]
    rows += [
        (f"p{i}", name, "judge", "preference", v) for name, of in judges.items() for i, v in enumerate(of)
    ]
    path = write(tmp_path / "p.jsonl.gz", rows)
    tables = agree("--humans", path, "--scale", "0-2", "--level", "nominal", "--margin", 0.05)
    verdicts = {row["judge"]: row["verdict"] for row in tables["verdicts"]}
    assert verdicts["guesser"] == "worse"
    assert verdicts["follower"] != "worse"
    assert sorted(row["missing"] for row in tables["levels"]) == [0, 7]


@pytest.mark.parametrize("name", ["ratings.jsonl", "ratings.jsonl.gz"])
def test_ratings_in_the_public_layout_are_read_row_for_row(tmp_path, name):
    rows = [
        ("h0", "human_1", "human", "clarity", 4),
        ("h0", "gpt/x", "judge", "clarity", 3.6667),
        ("h1#2", "gpt/x", "judge", "clarity", None),
    ]
    found = list(read_ratings(write(tmp_path / name, rows)))
    assert [(s.item_id, s.rater, s.rater_kind, s.dimension, s.value) for s in found] == rows
    assert [s.status for s in found] == ["ok", "ok", "skipped"]


def test_each_published_statistic_has_a_test_here():
    """A new statistic in the file of figures needs a made-up table here."""
    assert {figure["statistic"] for figure in published_figures()} == {
        "icc1", "icc1k", "gwet_ac1", "cohen_kappa", "ordinal_alpha", "mean", "ci95_half_width", "kendall_tau_of_systems",
        "majority_label_count", "accuracy", "macro_precision", "macro_recall", "macro_f1", "accuracy_in_both_orders_pct",
        "agreement_of_both_orders_pct",
        # tests/analysis/agreement/test_realsumm.py
        "share_of_criteria_met", "nominal_alpha", "same_score", "cohen_kappa_with_majority",
        # tests/stats/coefficients compares these with scipy and scikit-learn
        "rmse", "pearson", "spearman", "kendall_tau_b",
    }  # fmt: skip
