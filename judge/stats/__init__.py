"""Statistics of agreement: lists or arrays in, `Estimate` out; usable without the rest of the package.

Raters are columns of one array (n_items, n_raters), or one list each. Every function takes missing ratings
(None, NaN), a declared scale where the formula needs one, and the options of `Sampling`: `clusters`,
`level`, `method`, `n_resamples`, `rng`. What is undefined is NaN with a reason code.

For differences between statistics, and for statistics of your own, see `judge.stats.resampling`.

>>> from judge.stats import krippendorff_alpha
>>> human, judge = [1, 2, 3, 4, 5, 5, 3, 2, 4, 1], [1, 2, 3, 3, 5, 4, 3, None, 4, 2]
>>> print(krippendorff_alpha(human, judge, kind="ordinal"))
0.915 [0.680, 0.978]
"""

from judge.stats.agreement import agreement_statistic, percent_agreement, unanimous, unanimous_statistic
from judge.stats.alpha import alpha_statistic, check_alpha, krippendorff_alpha
from judge.stats.chance import (
    ac_statistic,
    brennan_prediger,
    brennan_prediger_statistic,
    fleiss_kappa,
    fleiss_statistic,
    gwet_ac1,
    gwet_ac2,
)
from judge.stats.correlation import concordance, concordance_statistic, pearson, pearson_statistic
from judge.stats.error import (
    bias,
    bias_statistic,
    mean_absolute_error,
    mean_absolute_error_statistic,
    root_mean_square_error,
    root_mean_square_error_statistic,
)
from judge.stats.estimate import Estimate, Reason
from judge.stats.icc import icc, icc_statistic
from judge.stats.kappa import (
    cohen_kappa,
    cohen_statistic,
    conger_kappa,
    conger_statistic,
    scott_pi,
    scott_statistic,
)
from judge.stats.rank_correlation import (
    kendall_tau_b,
    kendall_tau_b_statistic,
    kendall_tau_c,
    kendall_tau_c_statistic,
    kendall_w,
    kendall_w_statistic,
    spearman,
    spearman_statistic,
)
from judge.stats.reml import VarianceComponents, icc_reml, icc_reml_statistic, variance_components
from judge.stats.resampling import (
    Replicates,
    Sampling,
    combine,
    difference,
    estimate,
    quotient,
    replicate,
    resample,
)
from judge.stats.scale import Scale
from judge.stats.statistic import Statistic

__all__ = [
    "Estimate",
    "Reason",
    "Replicates",
    "Sampling",
    "Scale",
    "Statistic",
    "VarianceComponents",
    "ac_statistic",
    "agreement_statistic",
    "alpha_statistic",
    "bias",
    "bias_statistic",
    "brennan_prediger",
    "brennan_prediger_statistic",
    "check_alpha",
    "cohen_kappa",
    "cohen_statistic",
    "combine",
    "concordance",
    "concordance_statistic",
    "conger_kappa",
    "conger_statistic",
    "difference",
    "estimate",
    "fleiss_kappa",
    "fleiss_statistic",
    "gwet_ac1",
    "gwet_ac2",
    "icc",
    "icc_reml",
    "icc_reml_statistic",
    "icc_statistic",
    "kendall_tau_b",
    "kendall_tau_b_statistic",
    "kendall_tau_c",
    "kendall_tau_c_statistic",
    "kendall_w",
    "kendall_w_statistic",
    "krippendorff_alpha",
    "mean_absolute_error",
    "mean_absolute_error_statistic",
    "pearson",
    "pearson_statistic",
    "percent_agreement",
    "quotient",
    "replicate",
    "resample",
    "root_mean_square_error",
    "root_mean_square_error_statistic",
    "scott_pi",
    "scott_statistic",
    "spearman",
    "spearman_statistic",
    "unanimous",
    "unanimous_statistic",
    "variance_components",
]
