"""Every statistic with a sampling design: integer weights give what repeating the items gives, or a refusal by name."""

import dataclasses
import inspect
import math

import numpy as np
import pytest

import judge.stats as js
from tests.stats.test_possible import CASES, Data

WEIGHTS = np.random.default_rng(99).integers(1, 4, 40)
NO_WEIGHTED_FORM = {"rank_intervals"}
# Made of mean squares or pairs within n items: weights have mean 1, hence n is that of the sample.
OF_N_MINUS_ONE = {
    "attenuation",
    "estimate",
    "icc",
    "krippendorff_alpha",
    "resample",
    "retest",
    "scale_use",
    "swap",
}
NO_DESIGN_PASSED = {
    "calibrate",
    "d_study",
    "g_study",
    "icc_reml",
    "tie_calibration",
}  # below, or in their own tests
# Their example has a column of its own; see below.
WITH_A_COVARIATE = {"drift", "non_answers", "self_preference", "verbosity"}


def takes_a_design(name):
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(getattr(js, name)).parameters.values())


WALK = [name for name in CASES if takes_a_design(name)]


def estimates(result, path=""):
    if isinstance(result, js.Estimate):
        yield path, result
    elif isinstance(result, list | tuple | dict):
        pairs = result.items() if isinstance(result, dict) else enumerate(result)
        for key, value in pairs:
            yield from estimates(value, f"{path}.{key}")
    elif dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            yield from estimates(getattr(result, field.name), f"{path}.{field.name}")


def data(repeated):
    found = Data.of(3, 40, 4, 0.15, clustered=False, method="auto")
    found.sampling = {"rng": 0, "n_resamples": 100}
    if repeated:
        found.judge, found.humans = np.repeat(found.judge, WEIGHTS), np.repeat(found.humans, WEIGHTS, axis=0)
    else:
        found.sampling["design"] = js.SamplingDesign(1 / WEIGHTS)
    return found


def test_the_walk_finds_the_functions_that_take_a_design():
    assert {"bias", "cohen_kappa", "krippendorff_alpha", "pass_fail", "leave_one_out", "mean"} <= set(WALK)
    assert len(WALK) >= 40


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", sorted(set(WALK) - NO_WEIGHTED_FORM - WITH_A_COVARIATE - NO_DESIGN_PASSED))
def test_weights_count_like_repeated_items(name):
    call, _ = CASES[name]
    weighted, repeated = (dict(estimates(call(data(r)))) for r in (False, True))
    close = {"abs": 0.03} if name in OF_N_MINUS_ONE else {"rel": 1e-9, "abs": 1e-12}
    for key, found in weighted.items():
        if found.reason != "no_weighted_form":
            assert found.value == pytest.approx(repeated[key].value, nan_ok=True, **close), key
            assert found.reason or "no_strata" in found.notes, key


@pytest.mark.parametrize("name", sorted(NO_WEIGHTED_FORM))
def test_a_function_without_a_weighted_form_refuses_by_its_name(name):
    with pytest.raises(ValueError, match=f"^{name} has no weighted form"):
        CASES[name][0](data(repeated=False))


COLUMN = np.random.default_rng(5).permutation(40) + 1.0
COVARIATES = {
    "drift": lambda d, x, **o: js.drift(d.humans, d.judge, x, **o).slope,
    "non_answers": lambda d, x, **o: js.non_answers(d.humans, d.judge, groups=x > 20, **o).rate,
    "self_preference": lambda d, x, **o: js.self_preference(d.humans, d.judge, x > 20, **o).judge,
    "verbosity": lambda d, x, **o: js.verbosity(d.humans, d.judge, x, **o).per_doubling,
}


@pytest.mark.parametrize("name", COVARIATES)
def test_weights_count_like_repeated_items_beside_a_covariate(name):
    one, many = data(repeated=False), data(repeated=True)
    weighted = COVARIATES[name](one, COLUMN, design=one.sampling["design"])
    repeated = COVARIATES[name](many, np.repeat(COLUMN, WEIGHTS))
    assert not math.isnan(weighted.value)
    assert weighted.value == pytest.approx(repeated.value)


@pytest.mark.parametrize("name", ["g_study", "d_study", "icc_reml"])
def test_variance_components_have_no_weighted_form(name):
    table = data(repeated=False).table
    scores = table if name == "icc_reml" else table[:, :, None]
    found = [e for _, e in estimates(getattr(js, name)(scores, design=js.SamplingDesign(1 / WEIGHTS)))]
    assert found
    assert {e.reason for e in found} <= {"no_weighted_form", "not_applicable"}
    assert all(math.isnan(e.value) for e in found)
