"""Pass rates and means of all answers, corrected by people's ratings of some."""

import numpy as np
import pytest

from judge.analysis.agreement.label_pool import corrected_pass_rate, score_pool, verdict_pool
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Scale

from .conftest import make_ratings

_ = np.nan
HUMAN = [[4], [5], [2], [1], [4], [_], [_], [_], [_], [_]]
JUDGE = [4, 4, 4, 2, 2, 4, 4, 4, 2, 2]
"""The judge passes six of ten; of its labelled passes people pass 2 of 3, of its fails 1 of 2."""


def ratings(human=HUMAN, judge=JUDGE, *, pass_mark=3.0, **more):
    return make_ratings(human, {"j": judge}, pass_mark=pass_mark, **more)


def test_a_pass_rate_is_corrected_by_the_predictive_values_of_each_verdict():
    found = corrected_pass_rate(ratings(), "j", "bounds", 0)
    assert found.estimate.value == pytest.approx(0.6 * 2 / 3 + 0.4 * 1 / 2)
    assert found.uncorrected.value == pytest.approx(0.6)
    assert found.humans_only.value == pytest.approx(3 / 5)


def test_a_mean_is_corrected_by_the_weighted_judge():
    pool = score_pool(ratings(), "j")
    found = pool.corrected(0)
    human, judge = np.array(HUMAN)[:5, 0], np.array(JUDGE, dtype=float)
    lam = found.judge_weight
    assert 0 < lam <= 1
    expected = lam * judge[5:].mean() + (human - lam * judge[:5]).mean()
    assert found.estimate.value == pytest.approx(expected)


def test_several_people_count_by_majority_for_verdicts_and_by_mean_for_scores():
    of_three = ratings([[4, 4, 1], *[[_, _, _]] * 9])
    assert verdict_pool(of_three, "j", "bounds").human[0] == 1
    assert score_pool(of_three, "j").human[0] == pytest.approx(3)


@pytest.mark.parametrize(("policy", "size"), [("bounds", 9), ("drop", 9), ("fail", 10)])
def test_answers_without_a_verdict_count_as_asked(policy, size):
    pool = verdict_pool(ratings(judge=[_, *JUDGE[1:]]), "j", policy)
    assert (pool.scored.sum(), pool.labelled.sum()) == (size, size - 5)
    assert pool.corrected(0).humans_only.n_items == size - 5


@pytest.mark.parametrize("more", [{"pass_mark": None}, {"judge": [_] * 10}])
def test_there_is_no_pass_rate_without_verdicts(more):
    assert corrected_pass_rate(ratings(**more), "j", "fail", 0) is None


@pytest.mark.parametrize(
    "more", [{"dimension": "passes"}, {"judge": [_] * 10}, {"scale": Scale(["a", "b", "c", "d", "e", "f"])}]
)
def test_there_is_no_mean_of_verdicts_labels_or_nothing(more):
    assert score_pool(ratings(**more), "j") is None


def test_a_mean_of_zeros_and_ones_is_corrected_by_predictive_values():
    marks = {"human": (np.array(HUMAN) > 3) + 0 * np.array(HUMAN), "judge": np.array(JUDGE) / 2 - 1}
    pool = score_pool(ratings(**marks, scale=Scale([0, 1]), pass_mark=None), "j")
    assert (pool.quantity, pool.is_binary) == ("mean", True)
    assert pool.corrected(0).estimate.value == pytest.approx(0.6)
    assert score_pool(ratings(**marks, scale=Scale([0, 1]), pass_mark=1.0), "j") is None


def test_the_mean_of_a_panel_is_corrected_as_a_score():
    marks = {
        "human": (np.array(HUMAN) > 3) + 0 * np.array(HUMAN),
        "judge": [0.5, *np.array(JUDGE[1:]) / 2 - 1],
    }
    assert not score_pool(ratings(**marks, scale=Scale([0, 1]), pass_mark=None), "j").is_binary


def test_no_interval_reaches_beyond_the_scale():
    few = score_pool(ratings([[1], [5], *[[_]] * 8], [1, 5] * 5), "j")
    found = few.corrected(0)
    for one in (found.estimate, found.humans_only, found.uncorrected):
        assert 1 <= one.low < one.high <= 5
    groups = np.arange(10) < 4
    of_groups = score_pool(ratings([[1], [5], [_], [_], [1], [5], *[[_]] * 4], [1, 5, 3, 2, 4] * 2), "j")
    difference = of_groups.difference(groups, ~groups, None)
    assert -4 <= difference.low < difference.high <= 4


# -- how the rated answers were drawn

N = 400


def drawn(rng, *, name="stratified", target="answers like these", by="verdict"):
    """400 answers of which the judge passes 300 wrongly often; labels are drawn with unequal probabilities."""
    judge = np.where(np.arange(N) < 300, 4.0, 2.0)
    human = np.where(rng.random(N) < np.where(judge > 3, 0.6, 0.1), 4.0, 2.0)
    strata = np.where(judge > 3, "pass", "fail") if by == "verdict" else np.where(np.arange(N) % 2, "a", "b")
    rows = [np.flatnonzero(strata == label) for label in np.unique(strata)]
    p = np.full(N, np.nan)
    for label_rows, n in zip(rows, (60, 20), strict=True):
        p[rng.choice(label_rows, n, replace=False)] = n / len(label_rows)
    given = np.where(np.isnan(p), np.nan, human)
    labels = np.where(np.isnan(p), None, strata) if by != "known" else strata
    design = SamplingDesign(p, labels, name=name, target=target)
    return ratings(given[:, None], judge, design=design), human


def test_labels_drawn_within_the_verdicts_need_no_weights():
    rng = np.random.default_rng(1)
    found, _ = drawn(rng)
    pool = verdict_pool(found, "j", "bounds")
    assert pool.design is None
    weighted = pool.corrected(0)
    assert weighted.humans_only.value == pytest.approx(weighted.estimate.value)


def test_the_verdicts_are_the_strata_of_means_and_of_exactly_these_answers():
    found, _ = drawn(np.random.default_rng(1), target="these answers")
    for pool in (verdict_pool(found, "j", "bounds"), score_pool(found, "j")):
        assert pool.design.target == "these answers"
        assert set(pool.design.strata) == {0.0, 1.0}
        assert pool.corrected(0).uncorrected.se == 0


def test_the_verdict_of_the_pass_rule_may_be_the_stratum_of_another_dimension():
    found, _ = drawn(np.random.default_rng(1))
    by_rule = found.passed(found.column("j"))
    other = ratings(found.human_values, 6 - found.column("j"), pass_mark=5.0, design=found.design)
    assert set(score_pool(other, "j", by_rule).design.strata) == {0.0, 1.0}
    by_rule[0] = np.nan
    assert score_pool(other, "j", by_rule).design.strata is None


def test_strata_of_the_rated_answers_alone_give_weights_only():
    found, _ = drawn(np.random.default_rng(1), by="other")
    assert verdict_pool(found, "j", "bounds").design.strata is None


def test_strata_that_are_known_for_all_answers_are_kept():
    found, _ = drawn(np.random.default_rng(1), by="known")
    assert set(verdict_pool(found, "j", "bounds").design.strata) == {"a", "b"}


@pytest.mark.parametrize("by", ["verdict", "other", "known"])
def test_the_corrected_figures_are_near_the_truth_where_judge_and_plain_mean_are_not(by):
    rng, errors = np.random.default_rng(5), []
    for _set in range(60):
        found, human = drawn(rng, by=by)
        rate, score = verdict_pool(found, "j", "bounds").corrected(0), score_pool(found, "j").corrected(0)
        truth = (human > 3).mean(), human.mean()
        errors.append(
            (
                rate.estimate.value - truth[0],
                score.estimate.value - truth[1],
                rate.uncorrected.value - truth[0],
                rate.estimate.low <= truth[0] <= rate.estimate.high,
            )
        )
    of_rate, of_mean, of_judge, covered = np.mean(errors, axis=0)
    assert abs(of_rate) < 0.02
    assert abs(of_mean) < 0.04
    assert of_judge > 0.2
    assert covered > 0.85


def test_the_difference_of_two_groups_is_weighted_in_each():
    found, human = drawn(np.random.default_rng(2), by="other")
    pool = verdict_pool(found, "j", "bounds")
    first = np.arange(N) % 3 == 0
    difference = pool.difference(first, ~first, None)
    apart = [pool.take(rows).corrected(0).estimate for rows in (first, ~first)]
    assert difference.value == pytest.approx(apart[0].value - apart[1].value)
    truth = (human[first] > 3).mean() - (human[~first] > 3).mean()
    assert difference.low <= truth <= difference.high


def test_a_group_drawn_within_verdicts_is_compared_with_one_drawn_otherwise():
    """The first ten answers were drawn by verdict, the others each by its own probability."""
    human, judge = np.array(HUMAN * 2, dtype=float), np.array(JUDGE * 2, dtype=float)
    by_verdict = [0.5, 0.5, 0.5, 0.5, 0.5, *[_] * 5]
    p = [*by_verdict, 0.4, 0.5, 0.6, 0.3, 0.5, *[_] * 5]
    pool = verdict_pool(ratings(human, judge, design=SamplingDesign(p, name="poisson")), "j", "bounds")
    first = np.arange(20) < 10
    assert pool.take(first).design is None
    assert pool.take(~first).design is not None
    found = pool.difference(first, ~first, None)
    sides = [pool.take(mask).corrected(0).estimate.value for mask in (first, ~first)]
    assert found.value == pytest.approx(sides[0] - sides[1])
    assert found.low < found.value < found.high


def test_a_target_mix_is_no_mix_of_the_run():
    design = SamplingDesign.to_mix(["a"] * 5 + [None] * 5, {"a": 1.0})
    assert verdict_pool(ratings(design=design), "j", "bounds") is None
    assert score_pool(ratings(design=design), "j") is None


def test_clusters_of_one_answer_each_are_none():
    apart = ratings(clusters=np.array(list("abcdefghij")))
    assert corrected_pass_rate(apart, "j", "bounds", 0) == corrected_pass_rate(ratings(), "j", "bounds", 0)


# -- estimators that the design did not choose


def others_of(pool):
    return pool.other_estimators(pool.corrected(0), 0)


def test_the_other_estimators_of_a_pass_rate_are_those_of_their_formulas():
    pool = verdict_pool(ratings(), "j", "bounds")
    found = others_of(pool)
    assert set(found) == {"humans_only", "judge_alone", "ppi", "ppi_unclipped", "rogan_gladen", "delta"}
    assert found["humans_only"].value == pytest.approx(3 / 5)
    assert found["judge_alone"].value == pytest.approx(6 / 10)
    # Labels: 2 TP, 1 FP, 1 FN, 1 TN. Judge passes 3 of the 5 unlabelled answers.
    assert found["ppi"].value == pytest.approx(3 / 5 + (3 - 3) / 5)
    tpr, tnr = 2 / 3, 1 / 2
    assert found["rogan_gladen"].value == pytest.approx((0.6 + tnr - 1) / (tpr + tnr - 1))
    assert found["delta"].value == pool.corrected(0).estimate.value


def test_the_other_estimators_of_a_mean_are_within_its_scale():
    found = others_of(score_pool(ratings(), "j"))
    assert set(found) == {"humans_only", "judge_alone", "ppi", "ppi_unclipped"}
    assert all(one.low >= 1 and one.high <= 5 for one in found.values())
    marks = np.array(JUDGE, dtype=float)
    assert found["ppi"].value == pytest.approx(marks[5:].mean() + (np.array(HUMAN)[:5, 0] - marks[:5]).mean())


def test_error_rates_of_labels_drawn_by_verdict_are_weighted():
    """Of the 6 passes 3 were rated, of the 4 fails 2: weights 2 and 2; then 3 and 1 of 6 and 4."""
    p = [0.5, 0.5, 0.5, 0.25, _, *[_] * 5]
    people = [[4], [5], [2], [1], *[[_]] * 6]
    pool = verdict_pool(ratings(people, design=SamplingDesign(p)), "j", "bounds")
    assert pool.design is None
    found = others_of(pool)
    assert "delta" not in found
    # Weighted table: TP 2 x 2, FP 1 x 2, TN 1 x 4, so that TPR is 1 and TNR is 4 of 6.
    assert found["rogan_gladen"].value == pytest.approx((0.6 + 4 / 6 - 1) / (1 + 4 / 6 - 1))


def test_error_rates_of_clustered_labels_have_the_interval_of_clusters():
    clustered = verdict_pool(
        ratings(HUMAN * 3, JUDGE * 3, clusters=np.repeat(range(15), 2).astype(str)), "j", "bounds"
    )
    found = others_of(clustered)
    assert "delta" not in found
    assert found["rogan_gladen"].method == "jackknife"
