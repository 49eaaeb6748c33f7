"""Rankings of systems by judge and people."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau

from judge.analysis.agreement.system_ranking import system_rankings
from judge.records import Item

from .conftest import make_aligned, make_ratings

SYSTEMS = [f"s{i}" for i in range(6)]
N_QUESTIONS = 30


@pytest.fixture
def study():
    """Six systems of rising quality on 30 questions; item order is by system, then question."""
    rng = np.random.default_rng(2)
    level = np.repeat(np.linspace(2, 4, 6), N_QUESTIONS)
    people = np.clip(np.round(level[:, None] + rng.normal(0, 0.7, (len(level), 3))), 1, 5)
    judged = np.clip(np.round(level + rng.normal(0, 0.7, len(level))), 1, 5)
    items = tuple(
        Item(id=f"{system}-{q}", question=f"Question {q}?", answer="x", system=system)
        for system in SYSTEMS
        for q in range(N_QUESTIONS)
    )
    aligned = make_aligned(make_ratings(people, {"j": judged}))
    return replace(aligned, items=items), people, judged


def test_means_are_those_of_each_system(study):
    aligned, people, judged = study
    (found,) = system_rankings(aligned, 0)
    assert found.systems == tuple(SYSTEMS)
    assert found.n_questions == N_QUESTIONS
    expected = people.mean(axis=1).reshape(6, N_QUESTIONS).mean(axis=1)
    assert [e.value for e in found.means.human_means] == pytest.approx(expected)
    assert [e.value for e in found.means.judge_means] == pytest.approx(
        judged.reshape(6, N_QUESTIONS).mean(axis=1)
    )


def test_tau_is_that_of_the_two_vectors_of_means(study):
    aligned, people, judged = study
    (found,) = system_rankings(aligned, 0)
    of_people = people.mean(axis=1).reshape(6, -1).mean(axis=1)
    of_judge = judged.reshape(6, -1).mean(axis=1)
    assert found.means.kendall_tau.value == pytest.approx(kendalltau(of_people, of_judge).statistic)


def test_pairs_of_answers_to_one_question_are_counted_by_hand(study):
    aligned, people, judged = study
    (found,) = system_rankings(aligned, 0)
    human, judge = people.mean(axis=1).reshape(6, -1).T, judged.reshape(6, -1).T
    right = [
        np.mean([np.sign(h[a] - h[b]) == np.sign(j[a] - j[b]) for a in range(6) for b in range(a)])
        for h, j in zip(np.round(human, 9), judge, strict=True)
    ]
    assert found.ties.uncalibrated.value == pytest.approx(np.mean(right))


def test_the_order_of_the_items_does_not_matter(study):
    aligned, people, judged = study
    order = np.random.default_rng(3).permutation(len(judged))
    shuffled = replace(
        make_aligned(make_ratings(people[order], {"j": judged[order]})),
        items=tuple(aligned.items[i] for i in order),
    )
    (one,), (other,) = system_rankings(aligned, 0), system_rankings(shuffled, 0)
    assert one.means.kendall_tau == other.means.kendall_tau
    assert one.ties.uncalibrated.value == pytest.approx(other.ties.uncalibrated.value)


def test_with_fewer_than_five_systems_only_pairs_of_answers_are_compared(study):
    aligned, people, judged = study
    few = 4 * N_QUESTIONS
    short = replace(make_aligned(make_ratings(people[:few], {"j": judged[:few]})), items=aligned.items[:few])
    (found,) = system_rankings(short, 0)
    assert not found.has_ranking
    assert found.soft_accuracy is None
    assert not found.means.kendall_tau.defined
    assert found.ties.uncalibrated.defined


def test_items_that_name_fewer_than_two_systems_have_no_ranking(study):
    aligned, *_ = study
    alone = replace(aligned, items=tuple(item.model_copy(update={"system": "s"}) for item in aligned.items))
    assert system_rankings(alone, 0) == ()


def test_answers_of_one_pair_are_one_question_whatever_their_text(study):
    aligned, *_ = study
    paired = tuple(
        item.model_copy(update={"question": item.id, "metadata": {"pair_id": item.id.split("-")[1]}})
        for item in aligned.items
    )
    (found,) = system_rankings(replace(aligned, items=paired), 0)
    assert found.n_questions == N_QUESTIONS


def test_only_answers_that_both_scored_count(study):
    aligned, people, judged = study
    gaps = judged.copy()
    gaps[:5] = np.nan
    holey = replace(make_aligned(make_ratings(people, {"j": gaps})), items=aligned.items)
    (found,) = system_rankings(holey, 0)
    assert found.means.human_means[0].value == pytest.approx(people[5:N_QUESTIONS].mean())
    assert found.means.judge_means[0].value == pytest.approx(judged[5:N_QUESTIONS].mean())


def test_questions_with_one_answer_have_no_pairs(study):
    aligned, *_ = study
    unique = tuple(item.model_copy(update={"question": item.id}) for item in aligned.items)
    (found,) = system_rankings(replace(aligned, items=unique), 0)
    assert found.ties is None
