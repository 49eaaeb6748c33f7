"""Published figures of public data sets, recomputed from the ratings."""

from collections import defaultdict
from functools import cache

import numpy as np
import pytest
from scipy.stats import kendalltau

from judge.stats import kendall_tau_b, pearson, root_mean_square_error, spearman
from judge.stats.pass_fail.error_rates import pass_fail_statistics
from judge.stats.pass_fail.proportion import mean, proportion
from judge.stats.systems.ranking import ranking_agreement

from ..public_data import assert_reproduced, figures, ratings


@cache
def hanna_scores():
    scores = defaultdict(list)
    for row in ratings("hanna"):
        rater = "human" if row["rater_type"] == "human" else row["rater_id"]
        scores[rater, row["system"], row["dimension"]].append(row["score"])
    return scores


@pytest.mark.parametrize("figure", figures("hanna", "mean", "ci95_half_width"))
def test_system_means_of_hanna(figure):
    scores = hanna_scores()[figure["rater"], figure["group"], figure["dimension"]]
    found = mean(scores, method="jackknife")
    assert_reproduced(found.value if figure["statistic"] == "mean" else (found.high - found.low) / 2, figure)


def hanna_table(rater, dimension):
    """Items x systems, the 96 stories of each machine in the order of their prompts; means over slots."""
    n_slots = 3 if rater == "human" else 1
    systems = sorted({system for _, system, _ in hanna_scores()} - {"Human"})
    columns = [hanna_scores()[rater, system, dimension] for system in systems]
    return np.stack([np.reshape(column, (96, n_slots)).mean(axis=1) for column in columns], axis=1)


# Not complexity: there two pairs of systems have equal sums of ratings, see the next test.
@pytest.mark.parametrize("figure", figures("hanna", "kendall_tau_of_systems"))
def test_system_level_correlations_of_hanna(figure):
    human, judge = (hanna_table(rater, figure["dimension"]) for rater in ("human", figure["rater"]))
    assert_reproduced(ranking_agreement(human, judge, method="jackknife").kendall_tau.value, figure)


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


@pytest.mark.parametrize("figure", figures("pandalm", "accuracy"))
def test_accuracy_of_pandalm_judges(figure):
    table, majority = pandalm()
    assert_reproduced(proportion(table[figure["rater"]] == majority).value, figure)


@pytest.mark.parametrize("figure", figures("pandalm", "macro_precision", "macro_recall", "macro_f1"))
def test_macro_averages_of_pandalm_judges(figure):
    """Each label in turn is the pass; macro is the plain mean over labels."""
    table, majority = pandalm()
    name = {"macro_precision": "precision", "macro_recall": "tpr", "macro_f1": "f1"}[figure["statistic"]]
    by_label = [
        pass_fail_statistics(majority == label, table[figure["rater"]] == label)[name].value()
        for label in (0, 1, 2)
    ]
    assert_reproduced(np.mean(by_label), figure)


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


@pytest.mark.parametrize("figure", figures("llmbar", "accuracy_in_both_orders_pct"))
def test_average_accuracy_of_llmbar_judges(figure):
    gold, winners = llmbar(figure["group"])
    right = winners[figure["rater"]] == gold[:, None]
    both_orders = proportion(right.ravel(), clusters=np.repeat(np.arange(gold.size), 2))
    assert_reproduced(100 * both_orders.value, figure)


@pytest.mark.parametrize("figure", figures("llmbar", "agreement_of_both_orders_pct"))
def test_positional_agreement_of_llmbar_judges(figure):
    _, winners = llmbar(figure["group"])
    first, second = winners[figure["rater"]].T
    assert_reproduced(100 * proportion((first == second) & (first > 0)).value, figure)


@cache
def llm_rubric(value):
    """People and a value of the judge on the overall question, by conversation."""
    rows = [row for row in ratings("llm_rubric") if row["dimension"] == "Q0"]
    human = {row["item_id"]: row["score"] for row in rows if row["rater_type"] == "human"}
    judge = {row["item_id"]: row[value] for row in rows if row["rater_type"] == "judge"}
    return np.array([[human[item], judge[item]] for item in human], dtype=float)


LLM_RUBRIC = {
    "rmse": root_mean_square_error,
    "pearson": pearson,
    "spearman": spearman,
    "kendall_tau_b": kendall_tau_b,
}


@pytest.mark.parametrize("figure", figures("llm_rubric", *LLM_RUBRIC))
def test_baselines_of_llm_rubric(figure):
    human, judge = llm_rubric(figure["rater"]).T
    assert_reproduced(LLM_RUBRIC[figure["statistic"]](human, judge).value, figure)


@cache
def realsumm_tables():
    """Documents x systems for the crowd and each metric."""
    scores = defaultdict(dict)
    for row in ratings("realsumm"):
        document, system = row["item_id"].split("_", 1)
        scores[row["rater_id"]][document, system] = row["score"]
    documents, systems = (sorted({key[i] for key in scores["crowd"]}) for i in (0, 1))
    return {
        rater: np.array([[found[document, system] for system in systems] for document in documents])
        for rater, found in scores.items()
    }


@pytest.mark.parametrize("figure", figures("realsumm", "kendall_tau_of_systems"))
def test_rankings_of_realsumm_systems(figure):
    ratings("realsumm")
    table = realsumm_tables()
    assert table["crowd"].shape == (100, 25)
    assert_reproduced(ranking_agreement(table["crowd"], table[figure["rater"]]).kendall_tau.value, figure)
