import numpy as np
import pytest

from judge.stats.judge_human import all_pairs
from judge.stats.judge_human.scale_use import scale_use

SCALE = [1, 2, 3, 4, 5]


def _ratings(seed=0, n=60, k=2):
    rng = np.random.default_rng(seed)
    return rng.integers(1, 6, n).astype(float), rng.integers(1, 6, (n, k)).astype(float)


def test_every_share_and_spread_by_hand():
    judge, humans = [3, 3, 2, 4], [[1, 5], [5, 1], [3, 3], [3, 1]]
    found = scale_use(humans, judge, scale=SCALE)
    assert found.middle.judge.value == 0.5
    assert found.middle.human.value == pytest.approx((0.5 + 0.25) / 2)
    assert found.ends.judge.value == 0
    assert found.ends.human.value == pytest.approx((0.5 + 0.75) / 2)
    # Judge: shares .25, .5, .25 have entropy 1.5 bits; people .25 .5 .25 and .5 .25 .25 too.
    assert found.entropy.judge.value == found.entropy.human.value == pytest.approx(1.5)
    sds = [np.std([1, 5, 3, 3], ddof=1), np.std([5, 1, 3, 1], ddof=1)]
    assert found.sd.judge.value == pytest.approx(np.std(judge, ddof=1))
    assert found.sd.human.value == pytest.approx(np.mean(sds))
    assert found.sd_ratio.value == pytest.approx(np.std(judge, ddof=1) / np.mean(sds))
    cuts = {value: contrast.judge.value for value, contrast in found.at_least}
    assert cuts == {2: 1, 3: 0.75, 4: 0.25, 5: 0}


def test_even_scale_has_two_middle_categories():
    assert scale_use([[1], [2], [3], [4]], [2, 3, 1, 4], scale=[1, 2, 3, 4]).middle.judge.value == 0.5


def test_judge_and_person_are_compared_on_the_items_with_both():
    judge, humans = _ratings()
    judge[:10] = np.nan
    humans[10:25, 0] = np.nan
    found = scale_use(humans, judge, scale=SCALE)
    by_hand = [judge[25:].std(ddof=1), judge[10:].std(ddof=1)]
    assert found.sd.judge.value == pytest.approx(np.mean(by_hand))


def test_judge_that_is_one_of_two_identical_people_differs_in_nothing():
    one = np.tile([1.0, 2, 3, 4, 5, 5], 4)
    found = scale_use(np.column_stack([one, one]), one, scale=SCALE)
    for contrast in (found.sd, found.middle, found.ends, found.entropy):
        assert contrast.difference.value == pytest.approx(0)
    assert found.sd_ratio.value == found.slope.value == pytest.approx(1)


def test_slope_is_the_covariance_ratio():
    judge, humans = _ratings(k=3)
    humans = np.clip(np.round((humans + 3 * judge[:, None]) / 4), 1, 5)  # people with something in common
    over = [np.cov(judge, np.delete(humans, h, 1).mean(1))[0, 1] for h in range(3)]
    under = [np.cov(humans[:, h], np.delete(humans, h, 1).mean(1))[0, 1] for h in range(3)]
    assert scale_use(humans, judge, scale=SCALE).slope.value == pytest.approx(sum(over) / sum(under))


def test_one_person_gives_shares_but_no_slope():
    judge, humans = _ratings(k=1)
    found = scale_use(humans, judge, scale=SCALE)
    assert found.slope.reason == "too_few_raters"
    assert found.ends.difference.defined


def test_people_without_variation_leave_ratio_and_slope_undefined():
    found = scale_use([[3, 3], [3, 3], [3, 3]], [1, 2, 3], scale=SCALE)
    assert not found.sd_ratio.defined
    assert not found.slope.defined
    assert found.sd.human.value == 0


def test_judge_without_ratings_is_undefined():
    found = scale_use([[3, 3], [2, 3], [3, 1]], [np.nan] * 3, scale=SCALE)
    assert found.sd.judge.reason == found.middle.judge.reason == "no_complete_pairs"


def test_labels_are_used_by_position():
    found = scale_use([["bad"], ["fair"], ["good"]], ["good"] * 3, scale=["bad", "fair", "good"])
    assert found.ends.judge.value == 1
    assert [cut for cut, _ in found.at_least] == [1, 2]


def test_people_with_nothing_in_common_leave_the_slope_undefined():
    humans = np.array([[1.0, 5], [2, 4], [3, 3], [4, 2], [5, 1]])
    assert scale_use(humans, [1, 2, 3, 4, 5], scale=SCALE).slope.reason == "no_item_variance"


def test_without_people_there_is_nothing_to_compare_with():
    with pytest.raises(ValueError, match="humans has no column"):
        scale_use(np.empty((2, 0)), [1, 2], scale=[1, 2])


def test_a_score_between_two_points_counts_with_the_nearer_one():
    humans, judge = [[1], [2], [3], [5]], [1.3, 2.6, 3.2, 4.9]
    use = scale_use(humans, judge, scale=[1, 2, 3, 4, 5])
    assert (use.ends.judge.value, use.middle.judge.value) == (0.5, 0.5)


@pytest.mark.parametrize("method", ["auto", "jackknife"])
@pytest.mark.parametrize("is_clustered", [False, True])
@pytest.mark.parametrize(
    ("n_items", "share", "what"),
    [
        (60, 0.5, "as rated"),
        (40, 1.0, "as rated"),
        (30, 0.2, "as rated"),
        (60, 0.5, "one without ratings"),
        (60, 0.5, "no judge"),
        (30, 0.3, "nothing shared"),
        (40, 0.5, "all alike"),
    ],
)
def test_many_people_have_the_same_use_of_the_scale_as_few(
    monkeypatch, n_items, share, what, is_clustered, method
):
    rng = np.random.default_rng(n_items)
    judge, humans = _ratings(1, n_items, 6)
    humans = np.clip(np.round((humans + 2 * judge[:, None]) / 3), 1, 5)
    judge[::7] = np.nan
    humans[rng.random(humans.shape) > share] = np.nan
    if what == "one without ratings":
        humans[:, 0] = np.nan
    elif what == "no judge":
        judge[:] = np.nan
    elif what == "nothing shared":
        humans[np.arange(n_items)[:, None] % 6 != np.arange(6)] = np.nan
    elif what == "all alike":
        humans[~np.isnan(humans)] = 3
    options = {"clusters": np.arange(n_items) // 4} if is_clustered else {}
    found = {}
    for most in (0, 1_000):
        monkeypatch.setattr(all_pairs, "FEW_RATERS", most)
        use = scale_use(humans, judge, scale=SCALE, method=method, **options)
        contrasts = [use.sd, use.middle, use.ends, use.entropy, *(cut for _, cut in use.at_least)]
        of_contrasts = [e for c in contrasts for e in (c.judge, c.human, c.difference)]
        found[most] = [use.sd_ratio, use.slope, *of_contrasts]
    for one, other in zip(found[0], found[1_000], strict=True):
        for name in ("value", "low", "high", "se", "df"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9, abs=1e-9, nan_ok=True)
        for name in (
            "n_items",
            "n_ratings",
            "n_clusters",
            "n_dropped",
            "reason",
            "notes",
            "method",
            "possible",
        ):
            assert getattr(one, name) == getattr(other, name), name
