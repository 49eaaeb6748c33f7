"""Corrected figures of all answers, systems and slices, and the differences between them."""

from dataclasses import replace

import numpy as np
import pytest

from judge.analysis.agreement.corrected import corrections, group_fields
from judge.analysis.agreement.item_clusters import item_clusters
from judge.records import Item
from judge.stats.pass_fail.predictive_values import predictive_values, predictive_values_difference

from .conftest import make_aligned, make_ratings

N_QUESTIONS, N_RATED = 300, 90
SYSTEMS = {"large": (0.85, 0.3), "small": (0.55, 0.9)}
"""System -> share of good answers, and share of its bad answers that the judge passes: it favours `small`."""


@pytest.fixture(scope="module")
def study():
    """Both systems answer 300 questions, people rate their answers to 90; rows are by system."""
    return simulated(np.random.default_rng(3))


def simulated(rng):
    hard = rng.random(N_QUESTIONS)
    good, passed, items = [], [], []
    for system, (share, lenient) in SYSTEMS.items():
        human = hard < share
        good.append(human)
        passed.append(np.where(human, rng.random(N_QUESTIONS) < 0.95, rng.random(N_QUESTIONS) < lenient))
        items += [
            Item(
                id=f"{system}{q}",
                question=f"{q}?",
                answer="x",
                system=system,
                metadata={"topic": "ab"[q % 2]},
            )
            for q in range(N_QUESTIONS)
        ]
    good, judge = np.concatenate(good), np.where(np.concatenate(passed), 4.0, 2.0)
    rated = np.tile(np.arange(N_QUESTIONS) < N_RATED, 2)
    human = np.where(rated, np.where(good, 4.0, 2.0), np.nan)
    ratings = make_ratings(human[:, None], {"j": judge}, pass_mark=3.0)
    return clustered(replace(make_aligned(ratings), items=tuple(items))), good


def clustered(aligned):
    """Clusters by question, as `align_ratings` makes them."""
    labels = item_clusters(aligned.items, None).labels
    ratings = {name: replace(one, clusters=labels) for name, one in aligned.ratings.items()}
    return replace(aligned, ratings=ratings)


def with_field(item, **fields):
    return item.model_copy(update=fields)


def rates(found, field):
    return {one.group: one.mean for one in found.of("pass_rate", field)}


def test_systems_are_a_group_without_being_asked_for(study):
    aligned, _ = study
    assert group_fields(aligned, ["topic"]) == ["topic", "system"]
    one_system = [with_field(item, system="large") for item in aligned.items]
    assert group_fields(replace(aligned, items=tuple(one_system)), []) == []


def test_each_system_is_corrected_by_its_own_labels(study):
    aligned, _ = study
    found = corrections(aligned, ["system"])
    ratings = aligned.ratings["clarity"]
    human, judge = ratings.human_passed(), ratings.passed(ratings.column("j"))
    for i, system in enumerate(SYSTEMS):
        rows = slice(i * N_QUESTIONS, (i + 1) * N_QUESTIONS)
        expected = predictive_values(human[rows], judge[rows], rng=0)
        assert rates(found, "system")[system] == expected
    (large, _) = found.of("pass_rate", "system")
    assert (large.n_answers, large.n_labels) == (N_QUESTIONS, N_RATED)


def test_the_order_of_systems_is_that_of_people_and_not_of_the_judge(study):
    aligned, good = study
    (pair,) = corrections(aligned, ["system"]).differences_of("pass_rate", "system")
    truth = good[:N_QUESTIONS].mean() - good[N_QUESTIONS:].mean()
    assert truth > 0.2
    assert pair.by_judge.value < 0
    assert pair.difference.low <= truth <= pair.difference.high
    assert pair.difference.low > 0
    assert pair.p == pair.p_adjusted < 0.001


def test_answers_to_one_question_are_paired(study):
    aligned, _ = study
    (pair,) = corrections(aligned, ["system"]).differences_of("pass_rate", "system")
    ratings = aligned.ratings["clarity"]
    human, judge = ratings.human_passed(), ratings.passed(ratings.column("j"))
    halves = (human[:N_QUESTIONS], judge[:N_QUESTIONS], human[N_QUESTIONS:], judge[N_QUESTIONS:])
    by_hand = predictive_values_difference(*halves)
    assert pair.difference.value == pytest.approx(by_hand.value)
    assert pair.difference.se == pytest.approx(by_hand.se)
    apart = [with_field(item, question=f"{item.id}?") for item in aligned.items]
    of_apart = clustered(replace(aligned, items=tuple(apart)))
    (unpaired,) = corrections(of_apart, ["system"]).differences_of("pass_rate", "system")
    assert unpaired.difference.se > 1.1 * pair.difference.se


def test_differences_have_the_clusters_of_the_ratings(study):
    aligned, _ = study
    clusters = np.array([str(i % 50) for i in range(len(aligned.items))])
    ratings = replace(aligned.ratings["clarity"], clusters=clusters)
    by_number = replace(aligned, ratings={"clarity": ratings})
    (pair,) = corrections(by_number, ["system"]).differences_of("mean", "system")
    assert pair.difference.n_clusters == 50


def test_differences_of_means_have_the_unit_of_the_scores(study):
    aligned, good = study
    (pair,) = corrections(aligned, ["system"]).differences_of("mean", "system")
    truth = 2 * (good[:N_QUESTIONS].mean() - good[N_QUESTIONS:].mean())
    assert pair.difference.low <= truth <= pair.difference.high


def test_p_values_are_adjusted_over_the_pairs_of_a_field(study):
    aligned, _ = study
    topics = [with_field(item, metadata={"topic": "abc"[i % 3]}) for i, item in enumerate(aligned.items)]
    pairs = corrections(replace(aligned, items=tuple(topics)), ["topic"]).differences_of("mean", "topic")
    assert [(one.first, one.second) for one in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert min(one.p_adjusted for one in pairs) == pytest.approx(min(1, 3 * min(one.p for one in pairs)))


def test_many_groups_have_figures_but_no_differences(study):
    aligned, _ = study
    found = corrections(aligned, ["system"], most_groups=1)
    assert len(found.of("mean", "system")) == 2
    assert found.differences == ()


def test_groups_without_scores_of_the_judge_are_left_out(study):
    aligned, _ = study
    ratings = aligned.ratings["clarity"]
    values = ratings.values.copy()
    values[:N_QUESTIONS, 1] = np.nan
    found = corrections(replace(aligned, ratings={"clarity": replace(ratings, values=values)}), ["system"])
    assert list(rates(found, "system")) == ["small"]
    assert found.differences == ()


def test_a_system_without_labels_has_no_corrected_figure(study):
    aligned, _ = study
    ratings = aligned.ratings["clarity"]
    values = ratings.values.copy()
    values[:N_QUESTIONS, 0] = np.nan
    found = corrections(replace(aligned, ratings={"clarity": replace(ratings, values=values)}), ["system"])
    assert not rates(found, "system")["large"].estimate.defined
    (pair,) = found.differences_of("pass_rate", "system")
    assert not pair.difference.defined
    assert np.isnan(pair.p_adjusted)


def test_where_people_rated_everything_there_is_nothing_to_correct_in_groups():
    human, judge = np.array([[4.0], [2.0], [5.0], [1.0]]), [4, 4, 2, 2]
    aligned = make_aligned(
        make_ratings(human, {"j": judge}, pass_mark=3.0), metadata=[{"k": x} for x in "aabb"]
    )
    found = corrections(aligned, ["k"])
    assert [(one.quantity, one.field) for one in found.figures] == [("pass_rate", ""), ("mean", "")]
    assert found.of("pass_rate")[0].mean.estimate.value == 0.5


def test_without_ratings_of_scored_answers_there_are_no_figures():
    aligned = make_aligned(make_ratings([[4.0], [np.nan]], {"j": [np.nan, 4.0]}, pass_mark=3.0))
    assert corrections(aligned).figures == ()


def test_the_rate_by_the_pass_rule_is_that_of_passes_or_else_overall(study):
    aligned, _ = study
    ratings = aligned.ratings["clarity"]
    assert corrections(aligned).ruling == "overall"
    both = {"clarity": ratings, "passes": replace(ratings, dimension="passes")}
    assert corrections(replace(aligned, ratings=both)).ruling == "passes"


def test_corrected_differences_cover_the_truth():
    rng, covered = np.random.default_rng(9), []
    expected = SYSTEMS["large"][0] - SYSTEMS["small"][0]
    for _set in range(40):
        aligned, _ = simulated(rng)
        (pair,) = corrections(aligned, ["system"]).differences_of("pass_rate", "system")
        covered.append(pair.difference.low <= expected <= pair.difference.high)
    assert np.mean(covered) >= 0.85
