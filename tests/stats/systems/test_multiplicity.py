import gc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from judge.stats.systems.multiplicity import benjamini_hochberg, benjamini_yekutieli, holm

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=30)
ADJUSTMENTS = {"holm": holm, "fdr_bh": benjamini_hochberg, "fdr_by": benjamini_yekutieli}


@pytest.fixture
def quick_collection():
    """Leave today's objects out of garbage collection, which statsmodels starts in every call."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("quick_collection")
@pytest.mark.parametrize("method", ADJUSTMENTS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(p=p_lists)
def test_adjusted_p_values_match_statsmodels(method, p):
    np.testing.assert_allclose(ADJUSTMENTS[method](p), multipletests(p, method=method)[1], atol=1e-12)


@pytest.mark.parametrize(("method", "adjust"), [("bh", benjamini_hochberg), ("by", benjamini_yekutieli)])
@given(p=p_lists)
def test_false_discovery_rates_match_scipy(method, adjust, p):
    np.testing.assert_allclose(adjust(p), false_discovery_control(p, method=method), atol=1e-12)


@pytest.mark.parametrize("adjust", ADJUSTMENTS.values())
@given(p=p_lists)
def test_adjustment_keeps_the_order_and_never_lowers_a_p_value(adjust, p):
    adjusted = adjust(p)
    assert np.all(adjusted >= np.array(p) * (1 - 1e-12))
    assert np.all(np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0)


@given(p=p_lists)
def test_holm_is_never_more_lenient_than_benjamini_hochberg(p):
    assert np.all(holm(p) >= benjamini_hochberg(p) - 1e-12)


@pytest.mark.parametrize("adjust", ADJUSTMENTS.values())
def test_a_test_that_was_impossible_stays_nan_and_is_not_counted(adjust):
    with_gap, without = adjust([0.01, np.nan, 0.2]), adjust([0.01, 0.2])
    assert np.isnan(with_gap[1])
    np.testing.assert_array_equal(with_gap[[0, 2]], without)


@pytest.mark.parametrize("adjust", ADJUSTMENTS.values())
def test_no_tests_give_no_adjusted_p_values(adjust):
    assert adjust([]).size == 0


def test_p_value_above_one_is_refused():
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]; got 0.1 to 1.5"):
        holm([0.1, 1.5])


def test_table_of_p_values_is_refused():
    with pytest.raises(ValueError, match="one-dimensional, got shape"):
        holm([[0.1, 0.2]])
