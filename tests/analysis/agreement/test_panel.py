"""Consensus of several judges, and the selection of the best panel."""

import numpy as np
import pytest

from judge.analysis.agreement.agree import agree
from judge.analysis.agreement.panel import panel_alone, panel_gains, select_panels
from judge.errors import InputError
from judge.stats.engine.scale import Scale

from .conftest import make_aligned, make_ratings

LABELS = Scale(("a", "b", "c"), "nominal")


def study(n=40, *, noises=(0.2, 1.5), n_people=2, **more):
    rng = np.random.default_rng(6)
    quality = rng.normal(3, 1, n)
    people = np.clip(np.round(quality[:, None] + rng.normal(0, 0.4, (n, n_people))), 1, 5)
    judges = {f"j{k}": np.clip(np.round(quality + rng.normal(0, s, n)), 1, 5) for k, s in enumerate(noises)}
    return make_ratings(people, judges, **more)


def test_fewer_than_two_judges_are_no_panel():
    with pytest.raises(InputError, match="--panel mean: needs two judges or more; found: 1"):
        panel_alone(make_aligned(make_ratings([[1, 2]], {"j": [1]})), "mean")


@pytest.mark.parametrize(
    ("how", "expected"), [("mean", [8 / 3, 5 / 3]), ("median", [2, 2]), ("majority", [np.nan, 2])]
)
def test_a_panel_holds_people_and_one_consensus(how, expected):
    judges = {"a": [1, 1], "b": [2, 2], "c": [5, 2]}
    aligned = panel_alone(make_aligned(make_ratings([[1, 2], [1, 1]], judges)), how)
    assert aligned.judges == (f"panel ({how})",)
    ratings = aligned.ratings["clarity"]
    assert ratings.raters == ("p0", "p1", f"panel ({how})")
    assert ratings.column(f"panel ({how})") == pytest.approx(np.array(expected), nan_ok=True)


@pytest.mark.parametrize("how", ["mean", "median"])
def test_labels_have_a_majority_only(how):
    labels = make_aligned(make_ratings([[0, 1]], {"a": [1], "b": [2], "c": [1]}, scale=LABELS))
    with pytest.raises(
        InputError, match=rf"--panel {how}: no dimension here has a {how} .*allowed: majority"
    ):
        panel_alone(labels, how)
    assert panel_alone(labels, "majority").ratings["clarity"].judge_values.tolist() == [[1]]


def test_scores_between_the_points_have_no_majority():
    judges = {"a": [1.5], "b": [2], "c": [3]}
    with pytest.raises(InputError, match="allowed: mean or median"):
        panel_alone(make_aligned(make_ratings([[1, 2]], judges)), "majority")


def test_a_dimension_without_such_a_consensus_is_left_out():
    judges = {"a": [1, 2], "b": [2, 3], "c": [3, 3]}
    labels = {name: [value - 1 for value in values] for name, values in judges.items()}
    aligned = make_aligned(
        make_ratings([[1, 2]] * 2, judges),
        make_ratings([[0, 1]] * 2, labels, scale=LABELS, dimension="x"),
    )
    assert list(panel_alone(aligned, "mean").ratings) == ["clarity"]
    assert list(panel_alone(aligned, "majority").ratings) == ["clarity", "x"]


def test_a_panel_changes_nothing_of_its_members():
    aligned = make_aligned(study())
    alone, beside = agree(aligned, by=()), agree(aligned, by=(), panel="mean")
    assert alone.judges == ("j0", "j1")
    assert beside.judges == ("j0", "j1", "panel (mean)")
    assert not alone.panel
    assert not alone.panel_gains
    members = [one for one in beside.judge_agreements if one.judge != "panel (mean)"]
    assert "alpha" in members[0].comparisons
    for before, after in zip(alone.judge_agreements, members, strict=True):
        assert before.comparisons == after.comparisons
        assert (before.bias, before.omega) == (after.bias, after.omega)
    panel = beside.judge_agreements[-1]
    assert not panel.ratings.on_scale
    assert panel.comparisons["alpha"].title == "interval alpha"
    assert members[0].comparisons["alpha"].title == "ordinal alpha"


def test_gain_is_the_agreement_with_the_judge_minus_that_without_it():
    ratings = study(60, noises=(0.6, 0.9, 1.5))
    gains = panel_gains(make_aligned(ratings), "mean")
    assert [one.judge for one in gains] == ["j0", "j1", "j2"]
    people, scores = ratings.human_values, ratings.judge_values

    def level(columns):
        mean = scores[:, columns].mean(axis=1)
        return np.mean([kappa_by_hand(person, mean) for person in people.T])

    for place, one in enumerate(gains):
        others = [k for k in range(3) if k != place]
        assert one.agreement.first.value == pytest.approx(level(others))
        assert one.agreement.difference.value == pytest.approx(level([0, 1, 2]) - level(others))
    assert gains[2].agreement.difference.value < gains[0].agreement.difference.value


def test_items_without_a_score_of_the_judge_say_nothing_about_its_gain():
    ratings = study(60)
    scores = ratings.column("j1").copy()
    scores[:20] = np.nan
    partly = make_ratings(ratings.human_values, {"j0": ratings.column("j0"), "j1": scores})
    of_j0, of_j1 = panel_gains(make_aligned(partly), "mean")
    assert of_j1.agreement.first.n_items == 40
    assert of_j0.agreement.first.n_items == 40


def kappa_by_hand(x, y):
    """Quadratic kappa: 1 minus the mean squared distance of pairs over that expected by chance."""
    return 1 - np.mean((x - y) ** 2) / np.mean((x[:, None] - y[None, :]) ** 2)


def test_statuses_of_a_consensus_count_the_rated_items_only():
    people = [[1, 2], [1, 1], [np.nan, np.nan]]
    ratings = make_ratings(people, {"a": [1, np.nan, 2], "b": [2, np.nan, 3]})
    assert ratings.with_judge("m", np.array([1.5, np.nan, 2.5])).statuses["m"] == {"ok": 1, "no score": 1}
    assert ratings.with_judge("m", np.array([1.5, 2.0, np.nan])).statuses["m"] == {"ok": 2}


def test_the_better_judge_is_selected_alone_where_the_other_only_adds_noise():
    (found,) = select_panels(make_aligned(study(noises=(0.1, 2.5))), "mean", 0)
    assert found.best == ("j0",)
    assert found.statistic == "kappa_quadratic"
    assert found.in_sample.value > found.all_judges.value
    assert found.cross_validated.value <= found.in_sample.value + 1e-12


def test_judges_of_independent_noise_are_selected_together():
    (found,) = select_panels(make_aligned(study(200, noises=(1.0, 1.0))), "mean", 0)
    assert found.best == ("j0", "j1")
    assert found.in_sample.value == pytest.approx(found.all_judges.value)


def test_of_equal_panels_the_smallest_and_first_is_selected():
    ratings = study(noises=(0.5,))
    twice = make_ratings(ratings.human_values, {"a": ratings.column("j0"), "b": ratings.column("j0")})
    assert select_panels(make_aligned(twice), "mean", 0)[0].best == ("a",)


@pytest.mark.parametrize(("n", "selected"), [(9, 0), (10, 1)])
def test_a_selection_takes_ten_complete_items(n, selected):
    assert len(select_panels(make_aligned(study(n)), "mean", 0)) == selected


def test_labels_are_selected_by_kappa_with_the_majority():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 40)
    judges = {"good": truth, "bad": rng.integers(0, 3, 40)}
    ratings = make_ratings(np.column_stack([truth] * 3), judges, scale=LABELS)
    (found,) = select_panels(make_aligned(ratings), "majority", 0)
    assert (found.best, found.statistic, found.in_sample.value) == (("good",), "kappa", 1)


def test_clusters_stay_together_so_that_a_repeated_item_does_not_leak():
    base = study(12)
    table = np.repeat(base.human_values, 5, axis=0)
    judges = {name: np.repeat(base.column(name), 5) for name in base.judges}
    clusters = np.repeat([f"c{i}" for i in range(12)], 5)
    (found,) = select_panels(make_aligned(make_ratings(table, judges, clusters=clusters)), "mean", 0)
    assert found.all_judges.n_clusters == 12


def test_of_many_judges_single_ones_all_and_all_but_one_are_tried():
    from judge.analysis.agreement.panel import _panels

    assert len(list(_panels("abcdef"))) == 2**6 - 1
    sizes = [len(panel) for panel in _panels("abcdefg")]
    assert sizes == [1] * 7 + [6] * 7 + [7]


def test_the_seed_decides_the_folds():
    aligned = make_aligned(study(40, noises=(0.8, 0.9)))
    first, again = (select_panels(aligned, "mean", 3)[0] for _ in "ab")
    assert first.cross_validated == again.cross_validated


def test_the_folds_keep_clusters_together():
    from judge.analysis.agreement.panel import _folds

    clusters = np.repeat([f"c{i}" for i in range(12)], 5)
    ratings = make_ratings([[1, 2]] * 60, {"j": [1] * 60}, clusters=clusters)
    folds = _folds(ratings, 0).reshape(12, 5)
    assert (folds == folds[:, :1]).all()
    assert set(folds.ravel().tolist()) == set(range(5))
