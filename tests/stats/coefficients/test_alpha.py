import builtins
import sys

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from judge.stats import Scale, check_alpha, krippendorff_alpha
from judge.stats.coefficients import alpha as alpha_module

NAN = np.nan
KINDS = ["nominal", "ordinal", "interval", "ratio"]
# Krippendorff (2011), "any number of observers, missing data": four observers, twelve units.
KRIPPENDORFF_2011 = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T
tables = arrays(
    float, st.tuples(st.integers(2, 15), st.integers(2, 5)), elements=st.sampled_from([0, 1, 2, 5, 7.5, NAN])
)


@pytest.mark.parametrize(
    ("kind", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_matches_the_four_levels_of_krippendorff_2011(kind, expected):
    result = krippendorff_alpha(KRIPPENDORFF_2011, level=kind)
    assert result.value == pytest.approx(expected, abs=5e-4)
    # The twelfth unit has one rating and cannot be compared.
    assert (result.n_items, result.n_ratings, result.n_dropped) == (11, 40, 1)


@pytest.mark.parametrize("kind", KINDS)
@given(tables)
def test_alpha_matches_the_krippendorff_package_with_missing_ratings(kind, ratings):
    paired = np.isfinite(ratings).sum(axis=1) >= 2
    assume(paired.sum() >= 2)
    pairable = ratings[paired]
    assume(len(np.unique(pairable[np.isfinite(pairable)])) > 1)
    expected = krippendorff.alpha(pairable.T, level_of_measurement=kind)
    assert krippendorff_alpha(ratings, level=kind, method="jackknife").value == pytest.approx(
        expected, abs=1e-9
    )
    assert check_alpha(ratings, level=kind) is True


def test_alpha_of_many_valued_interval_scores_matches_the_package():
    rng = np.random.default_rng(1)
    scores = 1e6 + rng.normal(size=(60, 1)) + rng.normal(size=(60, 3))
    scores[rng.random(scores.shape) < 0.2] = NAN
    pairable = scores[np.isfinite(scores).sum(axis=1) >= 2]
    expected = krippendorff.alpha((pairable - 1e6).T, level_of_measurement="interval")
    assert krippendorff_alpha(scores, level="interval", rng=2).value == pytest.approx(expected, abs=1e-8)


def test_the_kind_is_that_of_the_declared_scale():
    ratings = KRIPPENDORFF_2011
    by_scale = krippendorff_alpha(ratings, scale=Scale.integers(1, 5, "interval"))
    assert by_scale.value == krippendorff_alpha(ratings, level="interval").value
    overridden = krippendorff_alpha(ratings, scale=Scale.integers(1, 5, "interval"), level="nominal")
    assert overridden.value == krippendorff_alpha(ratings, level="nominal").value


def test_the_kind_is_never_guessed():
    with pytest.raises(ValueError, match="level must be one of nominal, ordinal, interval, ratio; got None"):
        krippendorff_alpha([1, 2], [1, 2], scale=[1, 2, 3])


def test_unused_categories_do_not_change_alpha():
    for kind in KINDS:
        wide = krippendorff_alpha(KRIPPENDORFF_2011, level=kind, scale=range(0, 11))
        assert wide.value == pytest.approx(krippendorff_alpha(KRIPPENDORFF_2011, level=kind).value, abs=1e-12)


def test_labels_are_nominal_unless_their_order_is_declared():
    a, b = ["no", "yes", "no", "maybe"], ["no", "yes", "yes", "yes"]
    assert krippendorff_alpha(a, b, level="nominal").defined
    with pytest.raises(ValueError, match="level='ordinal' needs the order of the labels"):
        krippendorff_alpha(a, b, level="ordinal")
    assert krippendorff_alpha(a, b, level="ordinal", scale=["no", "maybe", "yes"]).defined


def test_a_ratio_scale_cannot_be_negative():
    with pytest.raises(ValueError, match="a ratio scale starts at 0, got -1"):
        krippendorff_alpha([-1, 2], [1, 2], level="ratio")


def test_ordinal_alpha_refuses_what_would_not_fit_into_memory(monkeypatch):
    monkeypatch.setattr(alpha_module, "_LARGEST", 100)
    with pytest.raises(ValueError, match="round the ratings, or use level='interval'"):
        krippendorff_alpha(KRIPPENDORFF_2011, level="ordinal")


def test_check_alpha_is_silent_where_alpha_is_undefined():
    assert check_alpha([1, 1], [1, 1], level="nominal") is None


def test_check_alpha_reports_a_disagreement(monkeypatch):
    monkeypatch.setattr(krippendorff, "alpha", lambda **_: 0.5)
    assert check_alpha(KRIPPENDORFF_2011, level="ordinal") is False


def test_check_alpha_is_none_without_the_package(monkeypatch):
    real_import = builtins.__import__

    def without_krippendorff(name, *args, **kwargs):
        if name == "krippendorff":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "krippendorff")
    monkeypatch.setattr(builtins, "__import__", without_krippendorff)
    assert check_alpha(KRIPPENDORFF_2011, level="ordinal") is None


def test_check_alpha_ignores_items_rated_once():
    ratings = np.vstack([KRIPPENDORFF_2011, [[9, NAN, NAN, NAN]]])
    assert all(check_alpha(ratings, level=kind) for kind in KINDS)
