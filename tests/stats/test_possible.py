"""No interval of a public statistic reaches beyond the values that the statistic can take."""

import dataclasses
import math
import typing
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import judge.stats as js
from judge.stats import Estimate

SHARE, SIGNED, DOUBLE = (0.0, 1.0), (-1.0, 1.0), (-2.0, 2.0)
AT_MOST_ONE, POSITIVE, NEGATIVE = (-math.inf, 1.0), (0.0, math.inf), (-math.inf, 0.0)
ANY = (-math.inf, math.inf)
SCALE = [1, 2, 3, 4, 5]
PASS_FAIL = dict.fromkeys(("mcc", "kappa", "ac1", "youden_j", "pass_rate_gap"), SIGNED)


@dataclasses.dataclass
class Data:
    """Random ratings, often few, tied, missing, constant or clustered."""

    rng: np.random.Generator
    sampling: dict[str, Any]
    judge: np.ndarray
    humans: np.ndarray

    @classmethod
    def of(cls, seed: int, n_items: int, values: int, missing: float, clustered: bool, method: str) -> "Data":
        rng = np.random.default_rng(seed)
        table = rng.integers(1, values + 1, (n_items, 4)).astype(float)
        copied = rng.random(table.shape) < rng.choice([0.0, 0.5, 0.95])
        table = np.where(copied, table[:, :1], table)
        table[rng.random(table.shape) < missing] = np.nan
        sampling: dict[str, Any] = {"method": method, "rng": 0, "n_resamples": 200}
        if clustered:
            sampling["clusters"] = rng.integers(0, max(2, n_items // 3), n_items)
        return cls(rng, sampling, table[:, 0], table[:, 1:])

    @property
    def human(self) -> np.ndarray:
        return self.humans[:, 0]

    @property
    def at_level(self) -> dict[str, Any]:
        return {"clusters": self.sampling.get("clusters")}

    def marks(self, column: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(column), np.nan, column >= 2)

    @property
    def table(self) -> np.ndarray:
        return np.column_stack([self.judge, self.humans])

    @property
    def verdicts(self) -> tuple[np.ndarray, np.ndarray]:
        return self.marks(self.human), self.marks(self.judge)


def ceiling_of(function: Any, statistic: Any) -> Callable[[Data], Any]:
    return lambda d: function(d.humans, d.judge, statistic, **d.sampling)


Ranges = dict[str, tuple[float, float]]
CEILING = {"human": SIGNED, "judge": SIGNED, "difference": DOUBLE}
CASES: dict[str, tuple[Callable[[Data], Any], Ranges]] = {
    "agreement_by_samples": (
        lambda d: js.agreement_by_samples(d.judge, d.humans, js.pearson_statistic, **d.sampling),
        {"agreement": SIGNED},
    ),
    "alt_test": (lambda d: js.alt_test(d.humans, d.judge, epsilon=0.1, min_items=2), {"": SHARE}),
    "alt_tests": (
        lambda d: js.alt_tests({"a": js.AltTestPart(d.humans, d.judge)}, epsilon=0.1, min_items=2),
        {"": SHARE},
    ),
    "attenuation": (
        lambda d: js.attenuation(d.humans, d.judge, judge_samples=d.humans[:, :2], **d.sampling),
        {"correlation": SIGNED, "reliability": AT_MOST_ONE, "max_correlation": SHARE, "": SIGNED},
    ),
    "auc": (lambda d: js.auc(d.marks(d.human), d.judge, **d.at_level), {"": SHARE}),
    "auc_difference": (
        lambda d: js.auc_difference(d.marks(d.human), d.judge, d.humans[:, 1], **d.at_level),
        {"": SIGNED},
    ),
    "bias": (lambda d: js.bias(d.human, d.judge, **d.sampling), {"": ANY}),
    "brennan_prediger": (lambda d: js.brennan_prediger(d.table, scale=SCALE, **d.sampling), {"": (-0.25, 1)}),
    "calibrate": (
        lambda d: js.calibrate(d.human, d.judge, pass_mark=2, **d.sampling),
        {"mae": POSITIVE, "rmse": POSITIVE, "pass_rate": SIGNED, "": ANY},
    ),
    "cohen_kappa": (
        lambda d: [
            js.cohen_kappa(d.human, d.judge, weights=w, **d.sampling) for w in (None, "linear", "quadratic")
        ],
        {"": SIGNED},
    ),
    "concordance": (lambda d: js.concordance(d.human, d.judge, **d.sampling), {"": SIGNED}),
    "conger_kappa": (lambda d: js.conger_kappa(d.table, **d.sampling), {"": SIGNED}),
    "d_study": (lambda d: js.d_study(d.table[:, :, None], **d.sampling), {"": SHARE}),
    "drift": (lambda d: js.drift(d.humans, d.judge, np.arange(len(d.judge)), **d.sampling), {"": ANY}),
    "estimate": (
        lambda d: js.estimate(js.alpha_statistic(d.table, level="nominal"), **d.sampling),
        {"": SIGNED},
    ),
    "exchangeable_ceiling": (
        lambda d: [
            js.exchangeable_ceiling(d.humans, d.judge, m, **d.sampling) for m in ("kappa", "kappa_quadratic")
        ],
        CEILING,
    ),
    "fleiss_kappa": (lambda d: js.fleiss_kappa(d.table[:, :2], **d.sampling), {"": AT_MOST_ONE}),
    "g_study": (lambda d: js.g_study(d.table[:, :, None], **d.sampling), {"": POSITIVE}),
    "gwet_ac1": (lambda d: js.gwet_ac1(d.table, scale=SCALE, **d.sampling), {"": (-0.25, 1)}),
    "gwet_ac2": (lambda d: js.gwet_ac2(d.table, scale=SCALE, **d.sampling), {"": (-3, 1)}),
    "halo": (
        lambda d: js.halo(np.stack([d.table[:, 1:]] * 2, axis=2), d.table[:, :3], **d.sampling),
        {"judge": (-1, 3), "human": (-1, 3), "difference": (-2, 2)},
    ),
    "icc": (
        lambda d: [js.icc(d.table, form=f, **d.sampling) for f in ("ICC(1,1)", "ICC(3,1)")],
        {"": (-1 / 3, 1.0)},
    ),
    "icc_reml": (lambda d: js.icc_reml(d.table[:, :2], clusters=d.sampling.get("clusters")), {"": SHARE}),
    "kendall_tau_b": (lambda d: js.kendall_tau_b(d.human, d.judge, **d.sampling), {"": SIGNED}),
    "kendall_tau_c": (lambda d: js.kendall_tau_c(d.human, d.judge, **d.sampling), {"": SIGNED}),
    "kendall_w": (lambda d: js.kendall_w(d.table, **d.sampling), {"": SHARE}),
    "krippendorff_alpha": (
        lambda d: [
            js.krippendorff_alpha(d.table, level=k, **d.sampling)
            for k in ("nominal", "ordinal", "interval", "ratio")
        ],
        {"": SIGNED},
    ),
    "leave_one_out": (ceiling_of(js.leave_one_out, js.pearson_statistic), CEILING),
    "mean": (lambda d: js.mean(d.judge, **d.sampling), {"": ANY}),
    "mean_absolute_error": (lambda d: js.mean_absolute_error(d.human, d.judge, **d.sampling), {"": POSITIVE}),
    "non_answers": (
        lambda d: js.non_answers(d.humans, d.judge, groups=d.rng.integers(0, 2, len(d.judge)), **d.sampling),
        {"rate": SHARE, "by_group": SHARE, "": ANY},
    ),
    "non_inferiority": (
        lambda d: js.non_inferiority(
            js.pairwise_ceiling(d.humans, d.judge, js.cohen_statistic, **d.sampling), 0.1, raters="random"
        ),
        {"": DOUBLE},
    ),
    "paired_difference": (lambda d: js.paired_difference(*d.verdicts, **d.sampling), {"": SIGNED}),
    "paired_proportions": (
        lambda d: [js.paired_proportions(*d.verdicts, method=m) for m in ("newcombe", "tango")],
        {"": SIGNED},
    ),
    "pairwise_accuracy": (
        lambda d: js.pairwise_accuracy(d.humans, d.table[:, :3], **d.sampling),
        {"": SHARE},
    ),
    "pairwise_ceiling": (
        lambda d: js.pairwise_ceiling(
            d.humans, d.judge, js.negated(js.mean_absolute_error_statistic), **d.sampling
        ),
        {"human": NEGATIVE, "judge": NEGATIVE, "difference": ANY},
    ),
    "pass_fail": (lambda d: js.pass_fail(*d.verdicts, **d.sampling), PASS_FAIL | {"": SHARE}),
    "pearson": (lambda d: js.pearson(d.human, d.judge, **d.sampling), {"": SIGNED}),
    "percent_agreement": (lambda d: js.percent_agreement(d.table, **d.sampling), {"": SHARE}),
    "ppi_difference": (
        lambda d: js.ppi_difference(*d.verdicts, *d.verdicts[::-1], **d.at_level),
        {"": SIGNED},
    ),
    "ppi_mean": (lambda d: js.ppi_mean(*d.verdicts, **d.at_level), {"estimate": SHARE, "": ANY}),
    "predictive_values": (
        lambda d: [
            js.predictive_values(*d.verdicts, rng=0, **d.at_level),
            js.predictive_values(*d.verdicts, method="delta"),
        ],
        {"": SHARE},
    ),
    "predictive_values_difference": (
        lambda d: js.predictive_values_difference(*d.verdicts, *d.verdicts[::-1], **d.at_level),
        {"": SIGNED},
    ),
    "proportion": (lambda d: js.proportion(d.verdicts[0], **d.sampling), {"": SHARE}),
    "rank_intervals": (lambda d: js.rank_intervals(d.humans, **d.sampling), {"": (1, 3)}),
    "ranking_agreement": (
        lambda d: js.ranking_agreement(
            np.hstack([d.table, d.table[:, ::-1]]), np.hstack([d.table, d.table]), **d.sampling
        ),
        {"human_means": ANY, "judge_means": ANY, "pairwise_accuracy": SHARE, "": SIGNED},
    ),
    "resample": (
        lambda d: js.resample(
            {"gap": js.difference(*(js.alpha_statistic(t, level="nominal") for t in (d.table, d.humans)))},
            **d.sampling,
        ),
        {"": DOUBLE},
    ),
    "probability_calibration": (
        lambda d: js.probability_calibration(d.marks(d.humans), d.judge / 10, **d.sampling),
        {"difference": ANY, "": SHARE},
    ),
    "ranked_probability_score": (
        lambda d: js.ranked_probability_score(d.humans, d.judge, **d.sampling),
        {"difference": ANY, "": POSITIVE},
    ),
    "retest": (
        lambda d: js.retest(d.humans, pass_mark=2, **d.sampling),
        {"exact": SHARE, "within_one": SHARE, "flip_rate": SHARE, "sd_within": POSITIVE, "": SIGNED},
    ),
    "rogan_gladen": (
        lambda d: js.rogan_gladen(*d.verdicts, d.marks(d.humans[:, 1]), **d.at_level),
        {"": SHARE},
    ),
    "root_mean_square_error": (
        lambda d: js.root_mean_square_error(d.human, d.judge, **d.sampling),
        {"": POSITIVE},
    ),
    "scale_use": (
        lambda d: js.scale_use(d.humans, d.judge, scale=SCALE, **d.sampling),
        {
            "sd.judge": POSITIVE,
            "sd_ratio": POSITIVE,
            "middle.judge": SHARE,
            "middle.difference": SIGNED,
            "entropy.judge": (0, math.log2(5)),
            "": ANY,
        },
    ),
    "scott_pi": (lambda d: js.scott_pi(d.human, d.judge, **d.sampling), {"": SIGNED}),
    "self_preference": (
        lambda d: js.self_preference(
            d.humans, d.judge, d.rng.random(len(d.judge)) < 0.5, other_judges=d.humans[:, :1], **d.sampling
        ),
        {"": ANY},
    ),
    "severity": (lambda d: js.severity(d.humans, d.judge, **d.sampling), {"": ANY}),
    "soft_pairwise_accuracy": (
        lambda d: js.soft_pairwise_accuracy(d.humans, d.table[:, :3], n_permutations=50, rng=0, **d.at_level),
        {"": SHARE},
    ),
    "spearman": (lambda d: js.spearman(d.human, d.judge, **d.sampling), {"": SIGNED}),
    "swap": (
        lambda d: js.swap(
            d.humans, d.judge, lambda ratings: js.alpha_statistic(ratings, level="nominal"), **d.sampling
        ),
        CEILING,
    ),
    "system_means": (lambda d: js.system_means(d.humans, **d.sampling), {"": ANY}),
    "threshold_sweep": (
        lambda d: js.threshold_sweep(d.marks(d.human), d.judge, **d.sampling),
        PASS_FAIL | {"": SHARE},
    ),
    "tie_calibration": (
        lambda d: js.tie_calibration(d.humans, d.table[:, :3], **d.at_level, rng=0),
        {"": SHARE},
    ),
    "unanimous": (lambda d: js.unanimous(d.table, **d.sampling), {"": SHARE}),
    "verbosity": (
        lambda d: js.verbosity(d.humans, d.judge, np.arange(1, len(d.judge) + 1), **d.sampling),
        {"partial.judge": SIGNED, "partial.human": SIGNED, "partial.difference": DOUBLE, "": ANY},
    ),
    "with_random_raters": (
        lambda d: js.with_random_raters(
            js.pairwise_ceiling(d.humans, d.judge, js.concordance_statistic, **d.sampling)
        ),
        {"": DOUBLE},
    ),
}
WITHOUT_AN_INTERVAL_OF_THEIR_OWN = {"precision"}


def estimates(found: Any, path: str = "") -> Iterator[tuple[str, Estimate]]:
    """Every estimate in a result, with the names of the fields that lead to it."""
    if isinstance(found, Estimate):
        yield path, found
    elif dataclasses.is_dataclass(found) and not isinstance(found, js.Replicates):
        for field in dataclasses.fields(found):
            yield from estimates(getattr(found, field.name), f"{path}.{field.name}".lstrip("."))
    elif isinstance(found, dict):
        for value in found.values():
            yield from estimates(value, path)
    elif isinstance(found, list | tuple):
        for value in found:
            yield from estimates(value, path)


def range_of(path: str, ranges: Ranges) -> tuple[float, float]:
    """The range of the longest end or part of `path` that `ranges` names."""
    named = [name for name in ranges if name and (name in path.split(".") or name == path)]
    return ranges[max(named, key=len)] if named else ranges.get("", ANY)


def holds_estimates(hint: Any, seen: frozenset[Any] = frozenset()) -> bool:
    """Whether a return type is an estimate, or holds some."""
    if hint is Estimate:
        return True
    if dataclasses.is_dataclass(hint) and hint not in seen:
        hints = typing.get_type_hints(hint)
        return any(holds_estimates(h, seen | {hint}) for h in hints.values())
    return any(holds_estimates(h, seen) for h in typing.get_args(hint))


def test_the_table_names_every_function_that_returns_an_interval():
    functions = {name: getattr(js, name) for name in js.__all__ if name.islower()}
    known = {"Ceiling": js.Ceiling, "Replicates": js.Replicates, "Reason": Any, "DataFrame": Any}
    returning = {
        name
        for name, function in functions.items()
        if holds_estimates(typing.get_type_hints(function, localns=known).get("return"))
    }
    returning -= {"replicate", *(name for name in returning if name.endswith("_statistic"))}
    assert returning - WITHOUT_AN_INTERVAL_OF_THEIR_OWN <= set(CASES)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
@settings(max_examples=settings.default.max_examples // 2)  # of each function
@given(
    seed=st.integers(0, 10_000),
    n_items=st.integers(2, 14),
    values=st.integers(1, 5),
    missing=st.sampled_from([0.0, 0.2, 0.6]),
    clustered=st.booleans(),
    method=st.sampled_from(["auto", "auto", "bca", "percentile"]),
)
def test_no_limit_lies_beyond_the_possible_values(name, seed, n_items, values, missing, clustered, method):
    call, ranges = CASES[name]
    try:
        found = call(Data.of(seed, n_items, values, missing, clustered, method))
    except np.linalg.LinAlgError:
        raise
    except ValueError:  # refused: a column without any rating, say
        return
    for path, estimate in estimates(found):
        if estimate.defined and not math.isnan(estimate.low):
            lowest, highest = range_of(path, ranges)
            # An estimate that is corrected for noise may lie beyond the range itself.
            lowest, highest = min(lowest, estimate.value), max(highest, estimate.value)
            assert lowest - 1e-9 <= estimate.low <= estimate.high <= highest + 1e-9, (path, estimate)


def test_an_interval_with_nothing_to_cut_it_at_is_left_out_when_it_falls_apart():
    reliability = js.icc([[1, 2], [3, 5], [2, 2]], form="ICC(2,k)")
    assert (round(reliability.value, 3), reliability.reason) == (0.783, "interval_too_wide")
    assert math.isnan(reliability.low)


def test_limits_are_cut_at_the_range_and_the_estimate_stays():
    wide = Estimate(0.909, -23765.0, 1.0, possible=(-1.0, 1.0))
    assert (wide.value, wide.low, wide.high) == (0.909, -1.0, 1.0)


def test_an_estimate_beyond_its_range_is_not_cut_off_from_its_interval():
    corrected = Estimate(1.04, 0.9, 1.2, possible=(-1.0, 1.0))
    assert (corrected.low, corrected.high) == (0.9, 1.04)
