"""Sample sizes: closed forms beside textbook figures, simulation, and refusals."""

import math

import numpy as np
import pytest

from judge.analysis.pilot_study import Pilot
from judge.analysis.plan import CLOSED, SIZES, PlanningTarget, plan
from judge.errors import InputError


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr("judge.analysis.plan.N_DRAWS", 10)
    monkeypatch.setattr("judge.analysis.plan.SIZES", (20, 60))


def test_items_for_a_pass_rate_are_those_of_the_textbook():
    (size,) = plan(PlanningTarget("pass_rate", half_width=0.05, expect=0.5)).needed
    assert size.n_items == pytest.approx(1.96**2 * 0.25 / 0.05**2, abs=5)
    assert size.n_raters == 1


def test_clusters_take_the_design_effect_times_the_items():
    alone = plan(PlanningTarget("pass_rate", half_width=0.05)).needed[0].n_items
    found = plan(PlanningTarget("pass_rate", half_width=0.05, cluster_size=5, cluster_icc=0.5))
    assert found.needed[0].n_items == math.ceil(alone * (1 + 4 * 0.5))
    assert "times 3.00, the design effect" in found.how
    assert "times" not in plan(PlanningTarget("pass_rate")).how


@pytest.mark.parametrize(
    ("statistic", "n_raters", "compared"),
    [
        ("pass_rate", None, [1]),
        ("pass_rate", 4, [4]),
        ("kappa", 5, [2]),
        ("icc", None, [2, 3, 5]),
        ("icc", 4, [4]),
    ],
)
def test_numbers_of_raters_are_compared_where_they_matter(statistic, n_raters, compared):
    found = plan(PlanningTarget(statistic, n_raters=n_raters))
    assert [size.n_raters for size in found.needed] == compared
    assert found.sizes == ()


@pytest.mark.parametrize("statistic", CLOSED)
def test_a_budget_buys_the_half_width_that_needs_as_many_items(statistic):
    (bought, *_) = plan(PlanningTarget(statistic, n_raters=2, budget=400)).affordable
    assert bought.n_items == (400 // bought.n_raters)
    again = plan(PlanningTarget(statistic, n_raters=2, half_width=bought.half_width)).needed[0]
    assert again.n_items == pytest.approx(bought.n_items, abs=2)


def test_without_a_budget_nothing_is_affordable():
    assert plan(PlanningTarget("kappa")).affordable == ()


def test_a_half_width_that_the_statistic_cannot_have_is_refused():
    with pytest.raises(InputError, match=r"pass_rate of 0.7: half_width must lie in"):
        plan(PlanningTarget("pass_rate", half_width=0.6, expect=0.7))


def test_simulated_studies_get_more_precise_with_items_and_raters():
    found = plan(PlanningTarget("agreement", seed=1))
    by_raters = {k: [s for s in found.sizes if s.n_raters == k] for k in (2, 3, 5)}
    for sizes in by_raters.values():
        assert [s.n_items for s in sizes] == list(SIZES)
        widths = [s.half_width for s in sizes]
        assert widths == sorted(widths, reverse=True)
    assert by_raters[5][2].half_width < by_raters[2][2].half_width
    assert [s.n_raters for s in found.needed] == [2, 3, 5]
    assert all(math.isnan(s.power) for s in found.sizes)


def test_half_widths_fall_with_the_root_of_the_number_of_items():
    found = plan(PlanningTarget("agreement", n_raters=2, half_width=0.05))
    near = min(found.sizes, key=lambda size: abs(math.log(size.half_width / 0.05)))
    assert found.needed[0].n_items == math.ceil(near.n_items * (near.half_width / 0.05) ** 2)
    assert found.needed[0].half_width == 0.05


def test_a_simulated_budget_is_scaled_from_the_nearest_size():
    found = plan(PlanningTarget("agreement", n_raters=2, budget=300))
    (bought,) = found.affordable
    near = min(found.sizes, key=lambda size: abs(math.log(size.n_items / 150)))
    assert (bought.n_items, bought.n_ratings) == (150, 300)
    assert bought.half_width == pytest.approx(near.half_width * math.sqrt(near.n_items / 150))


@pytest.mark.parametrize(("budget", "refused"), [(3, True), (4, False)])
def test_a_budget_must_buy_two_items(budget, refused):
    target = PlanningTarget("agreement", n_raters=2, budget=budget)
    if refused:
        with pytest.raises(InputError, match=r"--budget 3: buys fewer than 2 items with 2 ratings each"):
            plan(target)
    else:
        assert plan(target).affordable[0].n_items == 2


@pytest.mark.usefixtures("few_draws")
def test_the_power_of_a_difference_grows_with_the_margin():
    small, large = (plan(PlanningTarget("difference", n_raters=2, margin=m)).sizes for m in (0.05, 0.3))
    assert all(0 <= a.power <= b.power <= 1 for a, b in zip(small, large, strict=True))
    assert large[-1].power > small[-1].power


@pytest.mark.usefixtures("few_draws")
def test_a_pilot_is_resampled_and_its_judge_is_no_rater():
    rng = np.random.default_rng(0)
    quality = rng.normal(3, 1, 40)
    pilot = np.clip(np.round(quality[:, None] + rng.normal(0, 0.5, (40, 4))), 1, 5)
    found = plan(PlanningTarget("difference"), Pilot(pilot))
    assert [size.n_raters for size in found.needed] == [3]
    assert "a pilot of 40 items" in found.how
    assert [size.n_raters for size in plan(PlanningTarget("alpha"), Pilot(pilot)).needed] == [4]


@pytest.mark.usefixtures("few_draws")
def test_a_pilot_without_variation_has_no_interval():
    with pytest.raises(InputError, match="no simulated study had a defined interval"):
        plan(PlanningTarget("kappa_quadratic"), Pilot(np.full((10, 2), 3.0)))


def test_the_method_names_the_assumptions():
    how = plan(PlanningTarget("agreement", n_raters=2, shares=(0.25, 0.75), expect=0.4)).how
    assert "25 %, 75 %" in how
    assert "0.4" in how


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"statistic": "wit"}, "statistic 'wit'; allowed: pass_rate, kappa"),
        ({"half_width": 0}, "--half-width 0: allowed is a number from 0.0001 to below 1"),
        ({"half_width": 0.00009}, "--half-width 9e-05"),
        ({"half_width": 1}, "--half-width 1"),
        ({"expect": 1}, "--expect 1: allowed is a number from 0 to below 1"),
        ({"expect": -0.1}, "--expect -0.1"),
        ({"margin": 0.1}, "--margin .* --statistic difference"),
        ({"statistic": "difference", "margin": 0}, "--margin 0: allowed is a number above 0, at most 1"),
        ({"statistic": "difference", "margin": 1.1}, "--margin 1.1"),
        ({"shares": (1.0,)}, "--shares 1: allowed are 2 to 101 shares"),
        ({"shares": (0.0,) * 101 + (1.0,)}, "allowed are 2 to 101 shares"),
        ({"shares": (1.1, -0.1)}, "--shares 1.1,-0.1"),
        ({"shares": (0.5, 0.4)}, "--shares 0.5,0.4"),
        ({"shares": (math.nan, 1.0)}, "--shares nan,1"),
        ({"minutes": 0}, "--minutes 0: allowed is a number above 0"),
        ({"minutes": math.inf}, "--minutes inf: allowed is a number above 0, at most 10,000"),
        ({"minutes": 10_001}, "--minutes 10001"),
        ({"cluster_icc": 1.1}, "--cluster-icc 1.1: allowed is a number from 0 to 1"),
        ({"cluster_icc": -0.1}, "--cluster-icc -0.1"),
        ({"statistic": "icc", "n_raters": 1}, "needs at least 2 raters per item"),
        ({"statistic": "icc", "n_raters": 101}, "--per-item 101: allowed for icc are at most 100 people"),
        ({"statistic": "difference", "n_raters": 11}, "--per-item 11: allowed for difference are at most 10"),
    ],
)
def test_what_is_out_of_range_is_refused(target, message):
    with pytest.raises(InputError, match=message):
        plan(PlanningTarget(**{"statistic": "pass_rate", **target}))


@pytest.mark.parametrize("target", [{"expect": 0}, {"cluster_icc": 0}, {"cluster_icc": 1}, {"n_raters": 1}])
def test_ends_of_the_ranges_are_allowed(target):
    assert plan(PlanningTarget(**{"statistic": "pass_rate", **target})).needed


def test_a_closed_form_takes_no_pilot():
    with pytest.raises(InputError, match="--humans: the size for kappa follows from a closed form"):
        plan(PlanningTarget("kappa"), Pilot(np.ones((3, 2))))


# --- criteria of items, and labels


def criteria_pilot(n_items=40, per_item=4, n_raters=3, seed=0, shared=0.9):
    """Ratings of criteria whose items differ in how often their criteria are met and in how hard they are."""
    rng = np.random.default_rng(seed)
    items = np.repeat(np.arange(n_items), per_item)
    level = np.where(rng.random(n_items) < 0.5, 0.5 - shared / 2, 0.5 + shared / 2)[items]
    truth = rng.random(len(items)) < level
    slips = rng.random((len(items), n_raters)) < rng.choice([0.02, 0.4], n_items)[items][:, None]
    return Pilot((truth[:, None] ^ slips).astype(float), items.astype(str), "nominal", items)


def test_the_criteria_of_an_item_are_drawn_together():
    pilot = Pilot(np.arange(6.0)[:, None], None, "nominal", np.array([0, 0, 0, 1, 2, 2]))
    ratings, clusters = pilot.draws()(50, np.random.default_rng(1))
    drawn = [ratings[clusters == c, 0].tolist() for c in range(50)]
    assert {tuple(one) for one in drawn} == {(0.0, 1.0, 2.0), (3.0,), (4.0, 5.0)}
    assert (pilot.n_items, pilot.per_item) == (3, 2.0)


def test_items_of_one_cluster_are_drawn_together_with_their_criteria():
    clusters, items = np.array(list("xxxyy")), np.array([0, 0, 1, 2, 2])
    ratings, drawn = Pilot(np.arange(5.0)[:, None], clusters, "nominal", items).draws()(
        40, np.random.default_rng(1)
    )
    whole = [ratings[drawn == c, 0].tolist() for c in np.unique(drawn)[:-1]]  # the last one may be cut
    assert {tuple(one) for one in whole} == {(0.0, 1.0, 2.0), (3.0, 4.0)}


@pytest.mark.usefixtures("few_draws")
@pytest.mark.parametrize(
    ("clusters", "said"), [(np.arange(60) // 3, "60 items in 20 clusters at"), (None, "60 items at")]
)
def test_the_clusters_of_a_pilot_are_named(clusters, said):
    people = np.random.default_rng(1).integers(1, 6, 60)
    ratings = np.column_stack([people, np.clip(people + np.arange(60) % 2, 1, 5)]).astype(float)
    assert said in plan(PlanningTarget("alpha", budget=200), Pilot(ratings, clusters)).how


@pytest.mark.usefixtures("few_draws")
@pytest.mark.parametrize("statistic", ["alpha", "agreement", "difference"])
def test_a_study_of_criteria_is_planned_in_items(statistic):
    found = plan(PlanningTarget(statistic, budget=600), criteria_pilot())
    (size,), (bought,) = found.needed, found.affordable
    assert size.n_ratings == size.n_raters * size.n_items * 4
    assert bought.n_items == 600 // (bought.n_raters * 4)
    assert "an item has 4.0 criteria" in found.how


@pytest.mark.usefixtures("few_draws")
def test_criteria_that_fail_together_need_more_items():
    dependent = criteria_pilot()
    alone = Pilot(dependent.ratings, None, "nominal")
    needed = [plan(PlanningTarget("agreement", half_width=0.05), one).needed[0] for one in (dependent, alone)]
    assert needed[0].n_ratings > 1.2 * needed[1].n_ratings
    effect = plan(PlanningTarget("agreement"), dependent).how.split("design effect ")[1].split(",")[0]
    assert float(effect) > 1.5


@pytest.mark.usefixtures("few_draws")
def test_criteria_without_variation_have_no_design_effect():
    ratings = np.tile([[1.0, 1.0], [0.0, 1.0], [1.0, 1.0]], (8, 1))
    items = np.repeat(np.arange(8), 3)
    how = plan(PlanningTarget("agreement"), Pilot(ratings, items.astype(str), "nominal", items)).how
    assert "design effect" not in how


@pytest.mark.usefixtures("few_draws")
def test_labels_without_an_order_are_planned_at_nominal_level():
    rng = np.random.default_rng(0)
    quality = rng.integers(0, 3, 40)
    ratings = np.where(rng.random((40, 3)) < 0.8, quality[:, None], rng.integers(0, 3, (40, 3))).astype(float)
    # Other codes of the same labels change nothing.
    recoded = np.array([5.0, 0.0, 2.0])[ratings.astype(int)]
    for statistic in ("alpha", "difference"):
        found = [plan(PlanningTarget(statistic), Pilot(one, None, "nominal")) for one in (ratings, recoded)]
        assert found[0].needed == found[1].needed
        assert found[0].level == "nominal"


def test_quadratic_kappa_of_labels_without_an_order_is_refused():
    with pytest.raises(InputError, match="labels without an order"):
        plan(PlanningTarget("kappa_quadratic"), Pilot(np.eye(3), None, "nominal"))
