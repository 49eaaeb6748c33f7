import numpy as np
import pytest

from judge.stats.judge_human import all_pairs
from judge.stats.judge_human.verbosity import length_effect, verbosity


def _study(seed=0, n=500, k=3):
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    doublings = 0.5 * quality + rng.normal(size=n)
    humans = quality[:, None] + rng.normal(size=(n, k))
    return quality + 0.3 * doublings + 0.5 * rng.normal(size=n), humans, np.exp2(doublings), doublings


def _residual_correlation(x, y, given):
    def rest(v):
        return v - np.polyval(np.polyfit(given, v, 1), given)

    return np.corrcoef(rest(x), rest(y))[0, 1]


def test_partial_correlation_is_that_of_residuals():
    judge, humans, length, doublings = _study(k=2)
    # With two people both covariance matrices are averaged; hand it one held-out person by blanking.
    found = verbosity(humans, judge, length).partial.judge.value
    by_hand = [_residual_correlation(judge, doublings, humans[:, h]) for h in range(2)]
    assert found == pytest.approx(np.mean(by_hand), abs=0.01)


def test_effect_is_per_doubling_in_any_unit_of_length():
    judge, humans, length, _ = _study(n=4000)
    found = verbosity(humans, judge, length).per_doubling
    assert found.low < 0.3 < found.high
    in_characters = verbosity(humans, judge, 5.3 * length).per_doubling
    assert in_characters.value == pytest.approx(found.value)


def test_effect_that_people_share_is_not_held_against_the_judge():
    judge, humans, length, doublings = _study(n=4000)
    found = verbosity(humans + 0.3 * doublings[:, None], judge, length).per_doubling
    assert found.low < 0 < found.high


def test_empty_answers_are_left_out():
    judge, humans, length, _ = _study(n=100)
    length[:7] = 0
    assert verbosity(humans, judge, length).per_doubling.n_items == 93


def test_undefined_cases_say_why():
    judge, humans, length, _ = _study(n=30)
    assert verbosity(humans[:, :1], judge, length).per_doubling.reason == "too_few_raters"
    assert verbosity(humans, judge, np.full(30, 100)).per_doubling.reason == "no_variation"
    assert verbosity(np.full((30, 3), np.nan), judge, length).per_doubling.reason == "no_complete_pairs"


def test_impossible_lengths_are_refused():
    judge, humans, length, _ = _study(n=30)
    with pytest.raises(ValueError, match="length must not be negative, got -1"):
        verbosity(humans, judge, np.r_[-1, length[1:]])
    with pytest.raises(ValueError, match=r"shape \(30,\); got \(29,\)"):
        verbosity(humans, judge, length[1:])


def test_effect_alone_is_that_of_all_parts():
    judge, humans, length, _ = _study()
    assert length_effect(humans, judge, length) == verbosity(humans, judge, length).per_doubling


def test_effect_alone_needs_two_people():
    judge, humans, length, _ = _study()
    assert length_effect(humans[:, :1], judge, length).reason == "too_few_raters"


@pytest.mark.parametrize("is_clustered", [False, True])
@pytest.mark.parametrize("what", ["as rated", "missing", "nothing shared", "one length"])
def test_effect_with_many_people_is_that_with_few(monkeypatch, what, is_clustered):
    judge, humans, length, _ = _study(n=80, k=5)
    if what != "as rated":
        humans[np.random.default_rng(1).random(humans.shape) < 0.5] = np.nan
        judge[::9], length[::7] = np.nan, 0
    if what == "nothing shared":
        humans[np.arange(80)[:, None] % 5 != np.arange(5)] = np.nan
    if what == "one length":
        length[:] = 100
    options = {"clusters": np.arange(80) // 4} if is_clustered else {}
    found = {}
    for most in (0, 1_000):
        monkeypatch.setattr(all_pairs, "FEW_RATERS", most)
        found[most] = length_effect(humans, judge, length, **options)
    for name in ("value", "low", "high", "se", "df"):
        assert getattr(found[0], name) == pytest.approx(getattr(found[1_000], name), rel=1e-9, nan_ok=True)
    for name in ("n_items", "n_ratings", "n_clusters", "reason", "notes", "method", "possible"):
        assert getattr(found[0], name) == getattr(found[1_000], name), name
