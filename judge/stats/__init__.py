"""Statistics of agreement: lists or arrays in, `Estimate` out; usable without the rest of the package.

The human's ratings come first and the judge's second, as ``y_true, y_pred`` in scikit-learn. Coefficients
of several raters take one list per rater, or one array of shape (n_items, n_raters). Ratings may be missing
(None, NaN, pandas.NA). All functions accept the options of `Sampling` (`clusters`, `confidence_level`,
`method`, `n_resamples`, `rng`, `design`) or those of them that apply. An undefined result is NaN with a
reason code.

Which coefficient to use when (the whole table is in docs/which_coefficient.md):

* Two raters: `cohen_kappa` for categories, with ``weights="quadratic"`` for an ordered scale; `concordance`
  with `bias` and `mean_absolute_error` for numbers; `spearman` or `kendall_tau_b` for the order of items;
  `pass_fail` for verdicts. Show `percent_agreement` beside kappa, and `gwet_ac1` if one category dominates.
* More raters, or missing ratings: `krippendorff_alpha` with a `level` of measurement; `fleiss_kappa` if
  different people rate different items; `icc` for numbers.
* Judge against people: `leave_one_out`, `pairwise_ceiling` or `swap`, then `non_inferiority`; `alt_test`.
* Pass rates from a judge and some human labels: `predictive_values`, `ppi_mean`, `rogan_gladen`; of two
  systems `predictive_values_difference`, `ppi_difference`.
* Items drawn with unequal probabilities, such as within the judge's verdicts: pass a `SamplingDesign` to any
  of these as ``design=``; `mix_test` says whether unweighted items can be a random sample.
* Two judges or systems: `paired_difference`, `paired_proportions`, `williams_t`; many: `significance_groups`.

For differences between statistics, and for statistics of your own, see `judge.stats.engine.resampling`.

>>> from judge.stats import krippendorff_alpha
>>> human, judge = [1, 2, 3, 4, 5, 5, 3, 2, 4, 1], [1, 2, 3, 3, 5, 4, 3, None, 4, 2]
>>> print(krippendorff_alpha(human, judge, level="ordinal"))
0.915 [0.372, 0.965]
"""

from judge.stats.coefficients.alpha import alpha_statistic, check_alpha, krippendorff_alpha
from judge.stats.coefficients.auc import auc, auc_difference
from judge.stats.coefficients.correlation import (
    concordance,
    concordance_statistic,
    pearson,
    pearson_statistic,
)
from judge.stats.coefficients.distance import (
    bias,
    bias_statistic,
    mean_absolute_error,
    mean_absolute_error_statistic,
    root_mean_square_error,
    root_mean_square_error_statistic,
)
from judge.stats.coefficients.gstudy import DStudyRow, GStudy, d_study, g_study
from judge.stats.coefficients.icc import icc, icc_statistic
from judge.stats.coefficients.kappa import (
    cohen_kappa,
    cohen_statistic,
    conger_kappa,
    conger_statistic,
    scott_pi,
    scott_statistic,
)
from judge.stats.coefficients.multi_rater_kappa import (
    ac_statistic,
    brennan_prediger,
    brennan_prediger_statistic,
    fleiss_kappa,
    fleiss_statistic,
    gwet_ac1,
    gwet_ac2,
)
from judge.stats.coefficients.percent_agreement import (
    agreement_statistic,
    percent_agreement,
    unanimous,
    unanimous_statistic,
)
from judge.stats.coefficients.rank_correlation import (
    kendall_tau_b,
    kendall_tau_b_statistic,
    kendall_tau_c,
    kendall_tau_c_statistic,
    kendall_w,
    kendall_w_statistic,
    spearman,
    spearman_statistic,
)
from judge.stats.coefficients.reml import (
    VarianceComponents,
    icc_reml,
    icc_reml_statistic,
    variance_components,
)
from judge.stats.coefficients.retest import (
    AgreementBySamples,
    Retest,
    agreement_by_samples,
    retest,
    samples_for_reliability,
    spearman_brown,
    worthwhile_samples,
)
from judge.stats.design.label_selection import (
    Selection,
    calibration_label_ratio,
    neyman_allocation,
    ppi_calls_per_label,
    ppi_effective_labels,
    select_stratified,
)
from judge.stats.design.mix import mix_test
from judge.stats.design.sample_size import (
    design_effect,
    items_for_icc,
    items_for_kappa,
    items_for_noninferiority,
    items_for_pearson,
    items_for_proportion,
    noninferiority_power,
)
from judge.stats.design.simulated_precision import Precision, latent_draws, pilot_draws, precision
from judge.stats.engine.estimate import Estimate, Reason
from judge.stats.engine.frames import to_frame
from judge.stats.engine.resampling import Replicates, ResampledValues, Sampling, estimate, replicate, resample
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Scale
from judge.stats.engine.statistic import Statistic, average, combine, difference, negated, quotient
from judge.stats.judge_human.alt_test import (
    AltTest,
    AltTestPart,
    AltTestRater,
    alt_test,
    alt_tests,
    omega_curve,
)
from judge.stats.judge_human.attenuation import Attenuation, attenuation
from judge.stats.judge_human.calibration import Calibration, CalibrationErrors, CalibrationPoint, calibrate
from judge.stats.judge_human.ceiling import (
    Ceiling,
    HumanLevel,
    leave_one_out,
    pairwise_ceiling,
    swap,
)
from judge.stats.judge_human.consensus import Consensus, consensus
from judge.stats.judge_human.contrast import Contrast
from judge.stats.judge_human.exchangeable import Measure, exchangeable_ceiling
from judge.stats.judge_human.halo import Halo, halo
from judge.stats.judge_human.non_inferiority import (
    NonInferiority,
    NonInferiorityVerdict,
    non_inferiority,
    with_random_raters,
)
from judge.stats.judge_human.pairwise import TieCalibration, pairwise_accuracy, tie_calibration
from judge.stats.judge_human.probability_calibration import ProbabilityCalibration, probability_calibration
from judge.stats.judge_human.ranked_probability import RankedProbability, ranked_probability_score
from judge.stats.judge_human.residuals import (
    Drift,
    NonAnswers,
    SelfPreference,
    drift,
    non_answers,
    self_preference,
)
from judge.stats.judge_human.scale_use import ScaleUse, scale_use
from judge.stats.judge_human.score_maps import MapKind, ScoreMap, fit_map
from judge.stats.judge_human.severity import MarginalHomogeneity, Severity, marginal_homogeneity, severity
from judge.stats.judge_human.verbosity import Verbosity, verbosity
from judge.stats.pass_fail.error_rates import PassFail, pass_fail, pass_fail_statistics
from judge.stats.pass_fail.ppi import PredictionPoweredMean, ppi_difference, ppi_mean
from judge.stats.pass_fail.predictive_values import (
    CorrectedMean,
    predictive_values,
    predictive_values_difference,
)
from judge.stats.pass_fail.proportion import mean, proportion
from judge.stats.pass_fail.rogan_gladen import rogan_gladen
from judge.stats.pass_fail.threshold import ThresholdSweep, threshold_sweep
from judge.stats.systems.groups import (
    PairComparison,
    SystemGroups,
    significance_groups,
    soft_pairwise_accuracy,
)
from judge.stats.systems.multiplicity import benjamini_hochberg, benjamini_yekutieli, holm
from judge.stats.systems.paired import PairedDifference, paired_difference, paired_proportions
from judge.stats.systems.ranking import RankingAgreement, rank_intervals, ranking_agreement, system_means
from judge.stats.systems.significance import Significance, mcnemar, paired_permutation, williams_t

__all__ = [
    "AgreementBySamples",
    "AltTest",
    "AltTestPart",
    "AltTestRater",
    "Attenuation",
    "Calibration",
    "CalibrationErrors",
    "CalibrationPoint",
    "Ceiling",
    "Consensus",
    "Contrast",
    "CorrectedMean",
    "DStudyRow",
    "Drift",
    "Estimate",
    "GStudy",
    "Halo",
    "HumanLevel",
    "MapKind",
    "MarginalHomogeneity",
    "Measure",
    "NonAnswers",
    "NonInferiority",
    "NonInferiorityVerdict",
    "PairComparison",
    "PairedDifference",
    "PassFail",
    "Precision",
    "PredictionPoweredMean",
    "ProbabilityCalibration",
    "RankedProbability",
    "RankingAgreement",
    "Reason",
    "Replicates",
    "ResampledValues",
    "Retest",
    "Sampling",
    "SamplingDesign",
    "Scale",
    "ScaleUse",
    "ScoreMap",
    "Selection",
    "SelfPreference",
    "Severity",
    "Significance",
    "Statistic",
    "SystemGroups",
    "ThresholdSweep",
    "TieCalibration",
    "VarianceComponents",
    "Verbosity",
    "ac_statistic",
    "agreement_by_samples",
    "agreement_statistic",
    "alpha_statistic",
    "alt_test",
    "alt_tests",
    "attenuation",
    "auc",
    "auc_difference",
    "average",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "bias",
    "bias_statistic",
    "brennan_prediger",
    "brennan_prediger_statistic",
    "calibrate",
    "calibration_label_ratio",
    "check_alpha",
    "cohen_kappa",
    "cohen_statistic",
    "combine",
    "concordance",
    "concordance_statistic",
    "conger_kappa",
    "conger_statistic",
    "consensus",
    "d_study",
    "design_effect",
    "difference",
    "drift",
    "estimate",
    "exchangeable_ceiling",
    "fit_map",
    "fleiss_kappa",
    "fleiss_statistic",
    "g_study",
    "gwet_ac1",
    "gwet_ac2",
    "halo",
    "holm",
    "icc",
    "icc_reml",
    "icc_reml_statistic",
    "icc_statistic",
    "items_for_icc",
    "items_for_kappa",
    "items_for_noninferiority",
    "items_for_pearson",
    "items_for_proportion",
    "kendall_tau_b",
    "kendall_tau_b_statistic",
    "kendall_tau_c",
    "kendall_tau_c_statistic",
    "kendall_w",
    "kendall_w_statistic",
    "krippendorff_alpha",
    "latent_draws",
    "leave_one_out",
    "marginal_homogeneity",
    "mcnemar",
    "mean",
    "mean_absolute_error",
    "mean_absolute_error_statistic",
    "mix_test",
    "negated",
    "neyman_allocation",
    "non_answers",
    "non_inferiority",
    "noninferiority_power",
    "omega_curve",
    "paired_difference",
    "paired_permutation",
    "paired_proportions",
    "pairwise_accuracy",
    "pairwise_ceiling",
    "pass_fail",
    "pass_fail_statistics",
    "pearson",
    "pearson_statistic",
    "percent_agreement",
    "pilot_draws",
    "ppi_calls_per_label",
    "ppi_difference",
    "ppi_effective_labels",
    "ppi_mean",
    "precision",
    "predictive_values",
    "predictive_values_difference",
    "probability_calibration",
    "proportion",
    "quotient",
    "rank_intervals",
    "ranked_probability_score",
    "ranking_agreement",
    "replicate",
    "resample",
    "retest",
    "rogan_gladen",
    "root_mean_square_error",
    "root_mean_square_error_statistic",
    "samples_for_reliability",
    "scale_use",
    "scott_pi",
    "scott_statistic",
    "select_stratified",
    "self_preference",
    "severity",
    "significance_groups",
    "soft_pairwise_accuracy",
    "spearman",
    "spearman_brown",
    "spearman_statistic",
    "swap",
    "system_means",
    "threshold_sweep",
    "tie_calibration",
    "to_frame",
    "unanimous",
    "unanimous_statistic",
    "variance_components",
    "verbosity",
    "williams_t",
    "with_random_raters",
    "worthwhile_samples",
]
