import numpy as np
import pytest

from judge.stats.judge_human.attenuation import attenuation


def _study(seed=0, n=4000, k=3):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    humans = truth[:, None] + rng.normal(size=(n, k)) + np.array([0, 0.5, 1.0])[:k]
    own = truth + 0.5 * rng.normal(size=n)  # what the judge thinks: correlation .894 with the truth
    samples = own[:, None] + 0.5 * rng.normal(size=(n, 4))
    return samples, humans


def test_correction_recovers_the_correlation_with_what_people_have_in_common():
    samples, humans = _study()
    found = attenuation(humans, samples[:, 0], judge_samples=samples)
    # Reliability of the mean of three: 1/(1 + 1/3). One sample: r = 1/sqrt(1.5); without its noise 1/sqrt(1.25).
    assert found.reliability.value == pytest.approx(0.75, abs=0.02)
    assert found.max_correlation.value == pytest.approx(np.sqrt(0.75), abs=0.02)
    assert found.disattenuated.value == pytest.approx(1 / np.sqrt(1.5), abs=0.02)
    assert found.doubly_disattenuated.value == pytest.approx(1 / np.sqrt(1.25), abs=0.02)
    assert found.correlation.value == pytest.approx(found.disattenuated.value * found.max_correlation.value)


def test_severity_counts_as_error_only_when_asked():
    samples, humans = _study()
    relative, absolute = (attenuation(humans, samples[:, 0], error=e) for e in ("relative", "absolute"))
    # Severities 0, .5, 1 have variance .25: 1/(1 + (1 + .25)/3).
    assert absolute.reliability.value == pytest.approx(1 / (1 + 1.25 / 3), abs=0.02)
    assert absolute.reliability.value < relative.reliability.value


def test_people_who_do_not_agree_at_all_leave_it_undefined():
    humans = np.array([[1.0, 3], [2, 2], [3, 1], [1, 3]])
    found = attenuation(humans, [1.0, 2, 3, 2])
    assert (
        found.disattenuated.reason == found.max_correlation.reason == "no_item_variance"
        or not found.disattenuated.defined
    )
    assert not found.max_correlation.defined


def test_only_items_rated_by_all_are_used():
    samples, humans = _study(n=200)
    humans[:50, 1] = np.nan
    found = attenuation(humans, samples[:, 0])
    assert found.correlation.n_items == found.reliability.n_items == 150
    complete = attenuation(humans[50:], samples[50:, 0])
    assert found.disattenuated.value == pytest.approx(complete.disattenuated.value)


def test_one_person_has_no_reliability():
    assert attenuation([[1], [2], [3]], [1, 2, 3]).disattenuated.reason == "too_few_raters"


def test_wrong_error_and_shape_are_refused():
    with pytest.raises(ValueError, match="'relative' or 'absolute', got 'mean'"):
        attenuation([[1, 2], [1, 2]], [1, 2], error="mean")
    with pytest.raises(ValueError, match=r"judge_samples must have shape \(2, n_samples\), got \(2,\)"):
        attenuation([[1, 2], [1, 2]], [1, 2], judge_samples=[1, 2])
