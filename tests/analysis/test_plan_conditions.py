"""Which closed form a statistic has, and the value that each expects by default."""

import math

import pytest

from judge.analysis.plan import PlanningTarget, plan
from judge.errors import InputError


def items(statistic, **more):
    return {size.n_raters: size.n_items for size in plan(PlanningTarget(statistic, **more)).needed}


def fisher_half_width(r, n):
    """Half-width of the 95 % interval of Pearson's r by Fisher's z."""
    half = 1.959964 / math.sqrt(n - 3)
    return (math.tanh(math.atanh(r) + half) - math.tanh(math.atanh(r) - half)) / 2


@pytest.mark.parametrize(("r", "half_width"), [(0.7, 0.1), (0.3, 0.1), (0.5, 0.05)])
def test_items_for_a_correlation_are_the_fewest_with_fishers_half_width(r, half_width):
    n = items("correlation", expect=r, half_width=half_width)[1]
    assert fisher_half_width(r, n) <= half_width < fisher_half_width(r, n - 1)


def test_items_for_an_icc_are_about_those_of_bonett():
    # Bonett 2002: 1 + 8 z^2 (1 - rho)^2 (1 + (k - 1) rho)^2 / (k (k - 1) w^2), w the width of the interval.
    for k, n in items("icc", expect=0.7).items():
        bonett = 1 + 8 * 3.8415 * 0.3**2 * (1 + (k - 1) * 0.7) ** 2 / (k * (k - 1) * 0.2**2)
        assert n == pytest.approx(bonett, rel=0.1)


def test_items_for_kappa_are_those_of_two_balanced_classes():
    # Two classes of equal size: the variance of kappa is (1 - kappa^2) / n, so n = 1.96^2 (1 - .36) / .1^2 = 246.
    assert items("kappa", expect=0.6)[2] == pytest.approx(246, abs=1)


@pytest.mark.parametrize(
    ("statistic", "expect"), [("pass_rate", 0.8), ("kappa", 0.6), ("correlation", 0.7), ("icc", 0.7)]
)
def test_every_closed_form_expects_a_value_by_default_and_names_it(statistic, expect):
    assert items(statistic) == items(statistic, expect=expect)
    assert f"{expect:g}" in plan(PlanningTarget(statistic)).how


def test_closed_forms_differ_by_statistic():
    found = {
        name: items(name, expect=0.7, n_raters=2) for name in ("pass_rate", "kappa", "correlation", "icc")
    }
    assert found == {"pass_rate": {2: 78}, "kappa": {2: 196}, "correlation": {2: 105}, "icc": {2: 105}}


def test_studies_and_their_number_of_ratings():
    (size,) = plan(PlanningTarget("icc", n_raters=3)).needed
    assert size.n_ratings == 3 * size.n_items


@pytest.mark.parametrize(("statistic", "most"), [("icc", 100), ("difference", 10), ("kappa_quadratic", 10)])
def test_the_most_raters_that_can_be_planned_are_allowed(statistic, most, monkeypatch):
    monkeypatch.setattr("judge.analysis.plan.N_DRAWS", 3)
    monkeypatch.setattr("judge.analysis.plan.SIZES", (20,))
    assert items(statistic, n_raters=most, half_width=0.3).keys() == {most}
    with pytest.raises(InputError, match=f"--per-item {most + 1}: .* at most {most} people"):
        plan(PlanningTarget(statistic, n_raters=most + 1))


def test_a_budget_of_two_items_gives_wilsons_half_width():
    (size,) = plan(PlanningTarget("pass_rate", budget=2, expect=0.5)).affordable
    z2 = 1.959964**2
    wilson = math.sqrt(z2 * (0.25 / 2 + z2 / 16)) / (1 + z2 / 2)
    assert size.n_items == 2
    assert size.half_width == pytest.approx(wilson, abs=0.06)
