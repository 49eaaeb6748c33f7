"""Limits of the parameters of statistics: what lies on a limit is allowed or refused, as documented."""

import numpy as np
import pytest

import judge.stats as js

RNG = np.random.default_rng(2)
HUMANS = RNG.integers(1, 6, (40, 3)).astype(float)
JUDGE = RNG.integers(1, 6, 40).astype(float)
MARKS, OTHER = (HUMANS[:, 0] > 2).astype(float), (JUDGE > 2).astype(float)
CEILING = js.pairwise_ceiling(HUMANS, JUDGE, js.agreement_statistic)

# parameter, function of its value, refused, allowed
LIMITS = [
    ("proportion", lambda v: js.items_for_proportion(v, 0.1), (-0.01, 1.01), (0, 1)),
    ("half_width", lambda v: js.items_for_proportion(0.5, v), (0, 0.5), (0.01, 0.49)),
    ("correlation", lambda v: js.items_for_pearson(v, 0.1), (-1, 1), (-0.99, 0.99)),
    ("half_width", lambda v: js.items_for_pearson(0.5, v), (0, 1), (0.1, 0.9)),
    ("icc", lambda v: js.items_for_icc(v, 0.1, 3), (-0.01, 1.01), (0, 1)),
    ("half_width", lambda v: js.items_for_icc(0.5, v, 3), (0, 1), (0.1, 0.9)),
    ("n_raters", lambda v: js.items_for_icc(0.5, 0.1, v), (1,), (2,)),
    ("half_width", lambda v: js.items_for_kappa(0.5, v), (0, 1), (0.1, 0.9)),
    ("pass_rates", lambda v: js.items_for_kappa(0.1, 0.3, (v, 0.5)), (0, 1), (0.3,)),
    ("pass_rates", lambda v: js.items_for_kappa(0.1, 0.3, (0.5, v)), (0, 1), (0.3,)),
    ("cluster_size", lambda v: js.design_effect(v, 0.1), (0.9,), (1,)),
    ("icc", lambda v: js.design_effect(3, v), (-1.01, 1.01), (1,)),
    ("margin", lambda v: js.noninferiority_power(v, 1, 50), (0, -0.1), (0.1,)),
    ("sd", lambda v: js.noninferiority_power(0.1, v, 50), (0, -1), (0.1,)),
    ("n_items", lambda v: js.noninferiority_power(0.1, 1, v), (0,), (1,)),
    ("margin", lambda v: js.items_for_noninferiority(v, 1), (0, -0.1), (0.1,)),
    ("sd", lambda v: js.items_for_noninferiority(0.1, v), (0, -1), (0.1,)),
    ("power", lambda v: js.items_for_noninferiority(0.1, 1, power=v), (0, 1), (0.5, 0.99)),
    ("n_labels", lambda v: js.ppi_effective_labels(v, 100, 0.5), (0,), (1,)),
    ("n_unlabeled", lambda v: js.ppi_effective_labels(10, v, 0.5), (-1,), (0,)),
    ("correlation", lambda v: js.ppi_effective_labels(10, 100, v), (-1, 1), (-0.9, 0.9)),
    ("correlation", lambda v: js.ppi_calls_per_label(v, 1, 1), (-1, 1), (0.9,)),
    ("label_cost", lambda v: js.ppi_calls_per_label(0.5, v, 1), (0,), (0.01,)),
    ("call_cost", lambda v: js.ppi_calls_per_label(0.5, 1, v), (0,), (0.01,)),
    ("pass_rate", lambda v: js.calibration_label_ratio(v, 0.9, 0.9), (0, 1), (0.1,)),
    ("tpr", lambda v: js.calibration_label_ratio(0.5, v, 0.8), (-0.1, 1), (0, 0.9)),
    ("tnr", lambda v: js.calibration_label_ratio(0.5, 0.8, v), (-0.1, 1), (0, 0.9)),
    ("reliability", lambda v: js.spearman_brown(v, 2), (-1.01, 1.01), (1,)),
    ("reliability", lambda v: js.samples_for_reliability(v, 0.9), (0, 1.01), (0.5, 1)),
    ("target", lambda v: js.samples_for_reliability(0.5, v), (0, 1), (0.1, 0.99)),
    ("q", lambda v: js.alt_test(HUMANS, JUDGE, epsilon=0.1, q=v), (0, 1), (0.01, 0.99)),
    ("epsilon", lambda v: js.alt_test(HUMANS, JUDGE, epsilon=v), (-0.01, 1), (0, 0.99)),
    ("min_items", lambda v: js.alt_test(HUMANS, JUDGE, epsilon=0.1, min_items=v), (1,), (2,)),
    ("alpha", lambda v: js.non_inferiority(CEILING, 0.1, alpha=v), (0, 0.5), (0.01, 0.49)),
    ("margin", lambda v: js.non_inferiority(CEILING, v), (0, -0.1), (0.01,)),
    ("confidence_level", lambda v: js.with_random_raters(CEILING, confidence_level=v), (0, 1), (0.5,)),
    ("confidence_level", lambda v: js.mean(JUDGE, confidence_level=v), (0, 1), (0.5,)),
    ("confidence_level", lambda v: js.pairwise_accuracy(HUMANS, HUMANS, confidence_level=v), (0, 1), (0.5,)),
    ("epsilon", lambda v: js.pairwise_accuracy(HUMANS, HUMANS, epsilon=v), (-0.1,), (0,)),
    ("confidence_level", lambda v: js.paired_proportions(MARKS, OTHER, confidence_level=v), (0, 1), (0.5,)),
    ("confidence_level", lambda v: js.rank_intervals(HUMANS, confidence_level=v, n_resamples=9), (0, 1), (0.5,)),
    ("n_resamples", lambda v: js.rank_intervals(HUMANS, n_resamples=v), (0,), (1,)),
    ("confidence_level", lambda v: js.significance_groups(HUMANS, confidence_level=v, n_permutations=9), (0, 1), (0.5,)),
    ("confidence_level", lambda v: js.soft_pairwise_accuracy(HUMANS, HUMANS, confidence_level=v), (0, 1), (0.5,)),
    ("n_permutations", lambda v: js.soft_pairwise_accuracy(HUMANS, HUMANS, n_permutations=v), (0,), (1,)),
    ("n_permutations", lambda v: js.paired_permutation(JUDGE, OTHER, n_permutations=v), (0,), (1,)),
    ("confidence_level", lambda v: js.auc(MARKS, JUDGE, confidence_level=v), (0, 1), (0.5,)),
    ("confidence_level", lambda v: js.predictive_values(MARKS, OTHER, confidence_level=v, n_draws=9), (0, 1), (0.5,)),
    (
        "confidence_level",
        lambda v: js.predictive_values_difference(MARKS, OTHER, MARKS, MARKS, confidence_level=v), (0, 1), (0.5,),
    ),
    ("n_draws", lambda v: js.predictive_values(MARKS, OTHER, method="draws", n_draws=v), (0,), (1,)),
    (
        "confidence_level",
        lambda v: js.ppi_difference(MARKS, OTHER, MARKS, MARKS, confidence_level=v), (0, 1), (0.5,),
    ),
    (
        "n_draws",
        lambda v: js.rogan_gladen(MARKS, OTHER, OTHER, design=js.SamplingDesign(np.full(40, 0.5)), n_draws=v), (0,), (1,),
    ),
    ("n_folds", lambda v: js.calibrate(HUMANS[:, 0], JUDGE, "shift", n_folds=v, rng=0), (1,), (2,)),
    ("target", lambda v: js.threshold_sweep(MARKS, JUDGE, rule="tnr", target=v, rng=0), (-0.01, 1.01), (0, 1)),
    ("reliability", lambda v: js.latent_draws([0.5, 0.5], reliability=v, n_raters=2), (-0.01, 1.01), (0, 1)),
    ("n_raters", lambda v: js.latent_draws([0.5, 0.5], reliability=0.5, n_raters=v), (0,), (1,)),
    ("cluster_size", lambda v: js.latent_draws([0.5, 0.5], reliability=0.5, n_raters=2, cluster_size=v), (0,), (1,)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "call", "value"),
    [pytest.param(n, call, v, id=f"{i}-{n}={v}") for i, (n, call, refused, _) in enumerate(LIMITS) for v in refused],
)  # fmt: skip
def test_a_value_beyond_its_limit_is_refused_by_name(name, call, value):
    with pytest.raises(ValueError, match=f"^{name} must (lie in|be above|be at least)"):
        call(value)


@pytest.mark.parametrize(
    ("call", "value"),
    [pytest.param(call, v, id=f"{i}-{n}={v}") for i, (n, call, _, allowed) in enumerate(LIMITS) for v in allowed],
)  # fmt: skip
def test_a_value_within_its_limits_is_allowed(call, value):
    call(value)
