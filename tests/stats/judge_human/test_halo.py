import numpy as np
import pytest

from judge.stats.judge_human import all_pairs
from judge.stats.judge_human.halo import dimension_correlation, halo


def _study(seed=0, n=400, d=3, k=3):
    rng = np.random.default_rng(seed)
    truth = rng.multivariate_normal(np.zeros(d), 0.6 + 0.4 * np.eye(d), n)
    humans = truth[:, :, None] + 0.7 * rng.normal(size=(n, d, k))
    return humans, truth + 0.7 * rng.normal(size=(n, d))


def _mean_off_diagonal(matrix):
    return matrix[~np.eye(len(matrix), dtype=bool)].mean()


def test_correlations_and_dimensions_match_numpy():
    humans, judge = _study(k=1)
    found = halo(humans, judge)
    correlations = np.corrcoef(judge.T)
    eigenvalues = np.linalg.eigvalsh(correlations)
    assert found.correlation.judge.value == pytest.approx(_mean_off_diagonal(correlations))
    assert found.correlation.human.value == pytest.approx(_mean_off_diagonal(np.corrcoef(humans[:, :, 0].T)))
    assert found.dimensions.judge.value == pytest.approx(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())
    residuals = [x - np.polyval(np.polyfit(judge.mean(1), x, 1), judge.mean(1)) for x in judge.T]
    assert found.partial.judge.value == pytest.approx(_mean_off_diagonal(np.corrcoef(residuals)))


def test_judge_that_gives_one_score_to_all_dimensions_has_one_dimension():
    humans, judge = _study()
    found = halo(humans, judge[:, :1].repeat(3, axis=1))
    assert found.dimensions.judge.value == pytest.approx(1)
    assert found.correlation.judge.value == pytest.approx(1)
    assert found.errors.difference.low > 0.3


def test_judge_like_people_has_no_halo_beyond_theirs():
    found = halo(*_study(n=1500))
    for contrast in (found.correlation, found.partial, found.errors, found.dimensions):
        assert contrast.difference.low < 0 < contrast.difference.high


def test_halo_that_people_share_is_no_fault_of_the_judge():
    rng = np.random.default_rng(99)  # another seed than the study's: impressions must not repeat its draws
    humans, judge = _study(n=1500)
    humans += rng.normal(size=(1500, 1, 3))
    judge += rng.normal(size=(1500, 1))
    found = halo(humans, judge).errors
    assert found.judge.low > 0.4
    assert found.human.low > 0.4
    assert found.difference.low < 0 < found.difference.high


def test_partial_correlation_of_two_dimensions_is_left_undefined():
    humans, judge = _study(d=2)
    assert not halo(humans, judge).partial.judge.defined


def test_one_person_leaves_error_halo_undefined():
    humans, judge = _study(k=1)
    found = halo(humans, judge)
    assert found.errors.judge.reason == "no_complete_pairs"
    assert found.correlation.difference.defined


def test_items_with_a_missing_dimension_are_left_out():
    humans, judge = _study(n=100, k=1)
    judge[:10, 0] = np.nan
    assert halo(humans, judge).correlation.judge.value == pytest.approx(
        halo(humans[10:], judge[10:]).correlation.judge.value
    )


def test_constant_dimension_is_undefined():
    humans, judge = _study(n=50)
    judge[:, 1] = 3
    assert halo(humans, judge).correlation.judge.reason == "no_variation"


def test_wrong_shapes_are_refused():
    humans, judge = _study(n=10)
    with pytest.raises(ValueError, match=r"judge \(n_items, n_dimensions\)"):
        halo(humans[:, :2], judge)
    with pytest.raises(ValueError, match="halo needs two dimensions and a person, got 1 and 3"):
        halo(humans[:, :1], judge[:, :1])


def test_correlation_alone_is_that_of_all_parts_and_wants_the_same_input():
    humans, judge = _study()
    assert dimension_correlation(humans, judge) == halo(humans, judge).correlation
    with pytest.raises(ValueError, match="two dimensions"):
        dimension_correlation(humans[:, :1], judge[:, :1])


@pytest.mark.parametrize("is_clustered", [False, True])
@pytest.mark.parametrize("what", ["missing", "one item each", "all alike"])
def test_correlation_of_many_people_is_that_of_few(monkeypatch, what, is_clustered):
    rng = np.random.default_rng(2)
    judge = rng.integers(1, 6, (60, 3)).astype(float)
    humans = np.clip(judge[:, :, None] + rng.integers(-1, 2, (60, 3, 5)), 1, 5).astype(float)
    humans[rng.random(humans.shape) < 0.3] = np.nan
    judge[::8, 1] = np.nan
    if what == "one item each":
        humans[np.arange(60)[:, None, None] != np.arange(5) + np.zeros((3, 1))] = np.nan
    elif what == "all alike":
        humans[~np.isnan(humans)] = 3
    options = {"clusters": np.arange(60) // 4} if is_clustered else {}
    found = {}
    for most in (0, 1_000):
        monkeypatch.setattr(all_pairs, "FEW_RATERS", most)
        found[most] = dimension_correlation(humans, judge, **options)
    for part in ("judge", "human", "difference"):
        one, other = getattr(found[0], part), getattr(found[1_000], part)
        for name in ("value", "low", "high", "se", "df"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9, abs=1e-9, nan_ok=True)
        for name in ("n_items", "n_ratings", "n_clusters", "reason", "notes", "method", "possible"):
            assert getattr(one, name) == getattr(other, name), name
