"""Consensus of several judges, and the selection of the best panel."""

import numpy as np
import pytest

from judge.analysis.agreement.panel import select_panels, with_consensus
from judge.stats.engine.scale import Scale

from .conftest import make_aligned, make_ratings

LABELS = Scale(("a", "b", "c"), "nominal")


def study(n=40, *, noises=(0.2, 1.5), n_people=2, **more):
    rng = np.random.default_rng(6)
    quality = rng.normal(3, 1, n)
    people = np.clip(np.round(quality[:, None] + rng.normal(0, 0.4, (n, n_people))), 1, 5)
    judges = {f"j{k}": np.clip(np.round(quality + rng.normal(0, s, n)), 1, 5) for k, s in enumerate(noises)}
    return make_ratings(people, judges, **more)


def test_one_judge_has_no_consensus():
    aligned = make_aligned(make_ratings([[1, 2]], {"j": [1]}))
    assert with_consensus(aligned) is aligned


def test_two_judges_have_a_mean_only():
    aligned = with_consensus(make_aligned(make_ratings([[1, 2]], {"a": [1], "b": [4]})))
    assert aligned.judges == ("a", "b", "panel (mean)")
    assert aligned.ratings["clarity"].column("panel (mean)").tolist() == [2.5]


def test_three_judges_also_have_a_median_and_a_majority_of_their_own_scores():
    judges = {"a": [1, 1], "b": [2, 2], "c": [5, 2]}
    ratings = with_consensus(make_aligned(make_ratings([[1, 2], [1, 1]], judges))).ratings["clarity"]
    assert ratings.judges == ("a", "b", "c", "panel (mean)", "panel (median)", "panel (majority)")
    assert ratings.column("panel (median)").tolist() == [2, 2]
    assert np.array_equal(ratings.column("panel (majority)"), [np.nan, 2], equal_nan=True)
    assert ratings.humans == ("p0", "p1")


def test_two_judges_of_labels_have_no_consensus_and_three_have_a_majority():
    two = make_aligned(make_ratings([[0, 1]], {"a": [1], "b": [2]}, scale=LABELS))
    assert with_consensus(two).judges == ("a", "b")
    three = make_aligned(make_ratings([[0, 1]], {"a": [1], "b": [2], "c": [1]}, scale=LABELS))
    assert with_consensus(three).judges == ("a", "b", "c", "panel (majority)")


def test_scores_between_the_points_have_no_majority():
    judges = {"a": [1.5], "b": [2], "c": [3]}
    assert "panel (majority)" not in with_consensus(make_aligned(make_ratings([[1, 2]], judges))).judges


def test_every_dimension_has_every_judge_and_missing_ones_have_no_score():
    judges = {"a": [1, 2], "b": [2, 3], "c": [3, 3]}
    labels = {name: [value - 1 for value in values] for name, values in judges.items()}
    aligned = with_consensus(
        make_aligned(
            make_ratings([[1, 2]] * 2, judges),
            make_ratings([[0, 1]] * 2, labels, scale=LABELS, dimension="x"),
        )
    )
    assert aligned.ratings["x"].judges == aligned.ratings["clarity"].judges == aligned.judges
    assert np.isnan(aligned.ratings["x"].column("panel (mean)")).all()
    assert aligned.ratings["x"].statuses["panel (mean)"] == {"ok": 0, "no score": 2}


def test_statuses_of_a_consensus_count_the_rated_items_only():
    people = [[1, 2], [1, 1], [np.nan, np.nan]]
    ratings = make_ratings(people, {"a": [1, np.nan, 2], "b": [2, np.nan, 3]})
    assert ratings.with_judge("m", np.array([1.5, np.nan, 2.5])).statuses["m"] == {"ok": 1, "no score": 1}
    assert ratings.with_judge("m", np.array([1.5, 2.0, np.nan])).statuses["m"] == {"ok": 2}


def test_the_better_judge_is_selected_alone_where_the_other_only_adds_noise():
    (found,) = select_panels(make_aligned(study(noises=(0.1, 2.5))), ("j0", "j1"), 0)
    assert found.best == ("j0",)
    assert found.statistic == "kappa_quadratic"
    assert found.in_sample.value > found.all_judges.value
    assert found.cross_validated.value <= found.in_sample.value + 1e-12


def test_judges_of_independent_noise_are_selected_together():
    (found,) = select_panels(make_aligned(study(200, noises=(1.0, 1.0))), ("j0", "j1"), 0)
    assert found.best == ("j0", "j1")
    assert found.in_sample.value == pytest.approx(found.all_judges.value)


def test_of_equal_panels_the_smallest_and_first_is_selected():
    ratings = study(noises=(0.5,))
    twice = make_ratings(ratings.human_values, {"a": ratings.column("j0"), "b": ratings.column("j0")})
    assert select_panels(make_aligned(twice), ("a", "b"), 0)[0].best == ("a",)


@pytest.mark.parametrize(("n", "selected"), [(9, 0), (10, 1)])
def test_a_selection_takes_ten_complete_items(n, selected):
    assert len(select_panels(make_aligned(study(n)), ("j0", "j1"), 0)) == selected


def test_labels_are_selected_by_kappa_with_the_majority():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 40)
    judges = {"good": truth, "bad": rng.integers(0, 3, 40)}
    ratings = make_ratings(np.column_stack([truth] * 3), judges, scale=LABELS)
    (found,) = select_panels(make_aligned(ratings), ("good", "bad"), 0)
    assert (found.best, found.statistic, found.in_sample.value) == (("good",), "kappa", 1)


def test_clusters_stay_together_so_that_a_repeated_item_does_not_leak():
    base = study(12)
    table = np.repeat(base.human_values, 5, axis=0)
    judges = {name: np.repeat(base.column(name), 5) for name in base.judges}
    clusters = np.repeat([f"c{i}" for i in range(12)], 5)
    (found,) = select_panels(make_aligned(make_ratings(table, judges, clusters=clusters)), base.judges, 0)
    assert found.all_judges.n_clusters == 12


def test_of_many_judges_single_ones_all_and_all_but_one_are_tried():
    from judge.analysis.agreement.panel import _panels

    assert len(list(_panels("abcdef"))) == 2**6 - 1
    sizes = [len(panel) for panel in _panels("abcdefg")]
    assert sizes == [1] * 7 + [6] * 7 + [7]


def test_the_seed_decides_the_folds():
    aligned = make_aligned(study(40, noises=(0.8, 0.9)))
    first, again = (select_panels(aligned, ("j0", "j1"), 3)[0] for _ in "ab")
    assert first.cross_validated == again.cross_validated


def test_the_folds_keep_clusters_together():
    from judge.analysis.agreement.panel import _folds

    clusters = np.repeat([f"c{i}" for i in range(12)], 5)
    ratings = make_ratings([[1, 2]] * 60, {"j": [1] * 60}, clusters=clusters)
    folds = _folds(ratings, 0).reshape(12, 5)
    assert (folds == folds[:, :1]).all()
    assert set(folds.ravel().tolist()) == set(range(5))


@pytest.mark.parametrize(("n_judges", "panels"), [(2, []), (3, ["panel (majority)"])])
def test_ordered_labels_have_a_majority_and_no_mean(n_judges, panels):
    scale = Scale(("low", "mid", "high"), "ordinal")
    judges = {f"j{k}": [0, 1, 2] for k in range(n_judges)}
    ratings = make_ratings([[0, 0], [1, 1], [2, 1]], judges, scale=scale)
    found = with_consensus(make_aligned(ratings))
    assert [name for name in found.judges if name.startswith("panel")] == panels
