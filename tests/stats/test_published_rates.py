"""Published figures of three public data sets, recomputed from the ratings in tests/data."""

import gzip
import json
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from judge.stats.pass_fail.error_rates import pass_fail_statistics
from judge.stats.pass_fail.proportion import mean, proportion
from judge.stats.systems.ranking import ranking_agreement

DATA = Path(__file__).parents[1] / "data"


@cache
def ratings(name):
    with gzip.open(DATA / name / "ratings.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def checks(name, *metrics, status=("reproduced",)):
    rows = json.loads((DATA / name / "expected.json").read_text(encoding="utf-8"))["checks"]
    chosen = [row for row in rows if row["metric"] in metrics and row["status"] in status]
    return [pytest.param(row, id=row["id"]) for row in chosen]


def agrees(value, check):
    assert value == pytest.approx(check["computed"], abs=check["tolerance"])
    if check["published"] is not None:
        half_unit = 0.5 * 10 ** -check["published_decimals"]
        assert value == pytest.approx(check["published"], abs=half_unit + 1e-9)


@cache
def hanna_scores():
    scores = defaultdict(list)
    for row in ratings("hanna"):
        rater = "human" if row["rater_type"] == "human" else row["rater_id"]
        scores[rater, row["system"], row["dimension"]].append(row["score"])
    return scores


@pytest.mark.parametrize("check", checks("hanna", "mean", "ci95_half_width"))
def test_system_means_of_hanna(check):
    rater = "human" if check["id"].split(".")[1] == "human" else "beluga-13b"
    found = mean(hanna_scores()[rater, check["system"], check["dimension"]], method="jackknife")
    agrees(found.value if check["metric"] == "mean" else (found.high - found.low) / 2, check)


def hanna_table(rater, dimension):
    """Items x systems, the 96 stories of each machine in the order of their prompts; means over slots."""
    n_slots = 3 if rater == "human" else 1
    systems = sorted({system for _, system, _ in hanna_scores()} - {"Human"})
    columns = [hanna_scores()[rater, system, dimension] for system in systems]
    return np.stack([np.reshape(column, (96, n_slots)).mean(axis=1) for column in columns], axis=1)


def is_system_level(check):
    # On complexity two pairs of systems have equal sums of ratings; the file's value breaks one of these ties
    # by rounding, see the next test.
    return "system" in check.id and "complexity" not in check.id


@pytest.mark.parametrize(
    "check", [c for c in checks("hanna", "kendall_tau_b", status=("computed_only",)) if is_system_level(c)]
)
def test_system_level_correlations_of_hanna(check):
    human, judge = (hanna_table(rater, check["dimension"]) for rater in ("human", check["judge"]))
    agrees(ranking_agreement(human, judge, method="jackknife").kendall_tau.value, check)


@pytest.mark.parametrize("judge", ["beluga-13b", "mistral-7b", "chatgpt"])
def test_rounding_does_not_break_the_ties_of_hanna_systems(judge):
    human, scores = hanna_table("human", "complexity"), hanna_table(judge, "complexity")
    sums = (3 * human).sum(axis=0).round()
    assert len(set(sums)) == 8
    exact = kendalltau(sums, scores.sum(axis=0).round(6)).statistic
    found = ranking_agreement(human, scores, method="jackknife")
    assert found.kendall_tau.value == pytest.approx(exact)


@cache
def pandalm():
    columns = defaultdict(dict)
    for row in ratings("pandalm"):
        columns[row["rater_id"]][row["item_id"]] = 0 if row["score"] is None else row["score"]
    items = sorted(columns["annotator_1"])
    table = {rater: np.array([column[i] for i in items]) for rater, column in columns.items()}
    votes = np.stack([table[f"annotator_{k}"] for k in (1, 2, 3)])
    majority = np.where(votes[0] == votes[1], votes[0], votes[2])
    return table, majority


@pytest.mark.parametrize("check", checks("pandalm", "accuracy"))
def test_accuracy_of_pandalm_judges(check):
    table, majority = pandalm()
    agrees(proportion(table[check["judge"]] == majority).value, check)


@pytest.mark.parametrize("check", checks("pandalm", "macro_precision", "macro_recall", "macro_f1"))
def test_macro_averages_of_pandalm_judges(check):
    """Each label in turn is the pass; macro is the plain mean over labels."""
    table, majority = pandalm()
    name = {"macro_precision": "precision", "macro_recall": "tpr", "macro_f1": "f1"}[check["metric"]]
    by_label = [
        pass_fail_statistics(majority == label, table[check["judge"]] == label)[name].value()
        for label in (0, 1, 2)
    ]
    agrees(np.mean(by_label), check)


@cache
def llmbar(subset):
    """Winners by judge: items x (order ab, order ba); unread verdicts are 0."""
    rows = [row for row in ratings("llmbar") if row["subset"] == subset]
    gold = {row["item_id"]: row["score"] for row in rows if row["rater_id"] == "gold"}
    scores = {
        (r["rater_id"], r["item_id"], r.get("order")): r["score"] for r in rows if r["rater_id"] != "gold"
    }
    winners = {}
    for judge in {judge for judge, _, _ in scores}:
        if judge.endswith("/rating"):
            winners[judge] = [pointwise_winners(scores, judge, item) for item in gold]
        else:
            winners[judge] = [[scores[judge, item, order] or 0 for order in ("ab", "ba")] for item in gold]
    return np.array(list(gold.values())), {judge: np.array(w) for judge, w in winners.items()}


def pointwise_winners(scores, judge, item):
    """A tie or an unread score lets the answer win that was shown second."""
    first, second = (scores[judge, f"{item}#{k}", None] for k in (1, 2))
    read = first is not None and second is not None
    return [1 if read and first > second else 2, 2 if read and second > first else 1]


@pytest.mark.parametrize("check", checks("llmbar", "average_accuracy_pct"))
def test_average_accuracy_of_llmbar_judges(check):
    gold, winners = llmbar(check["subset"])
    right = winners[check["judge"]] == gold[:, None]
    both_orders = proportion(right.ravel(), clusters=np.repeat(np.arange(gold.size), 2))
    agrees(100 * both_orders.value, check)


@pytest.mark.parametrize("check", checks("llmbar", "positional_agreement_pct"))
def test_positional_agreement_of_llmbar_judges(check):
    _, winners = llmbar(check["subset"])
    first, second = winners[check["judge"]].T
    agrees(100 * proportion((first == second) & (first > 0)).value, check)
