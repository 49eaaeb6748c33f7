"""Pass rate of unrated answers, from error rates of the judge on answers of another mix.

Under label shift the rated answers have another share of good ones than the answers in question, as a pilot
study of other answers has, or answers that were drawn given people's verdicts. Then neither the share of
human passes among the judge's passes carries over (predictive values), nor the judge's error in a mean (PPI).
What carries over is how often the judge passes what people pass, and fails what they fail.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from judge.analysis.item_fields import Labels
from judge.stats.engine.scale import Bools, Floats
from judge.stats.pass_fail.predictive_values import CorrectedMean
from judge.stats.pass_fail.rogan_gladen import rogan_gladen


def label_shift_rate(
    human: Floats, judge: Floats, unrated: Bools, clusters: Labels | None = None
) -> CorrectedMean:
    """Correct the judge's pass rate of unrated answers by its TPR and TNR on rated ones (Rogan & Gladen).

    Clusters with both rated and unrated answers count as two.

    Parameters
    ----------
    human, judge : ndarray, shape (n_items,)
        Verdicts: 1 pass, 0 fail, NaN where missing.
    unrated : ndarray of bool, shape (n_items,)
        Answers without any rating, to which the estimate refers.
    clusters : ndarray, optional
        Cluster of each answer.

    Returns
    -------
    CorrectedMean
        There is no estimate from people alone. A value outside of 0 to 1 is cut there; the note
        ``calibration_and_test_disagree`` says that the error rates cannot be those of the unrated answers.

    References
    ----------
    .. [1] W. J. Rogan, B. Gladen, "Estimating prevalence from the results of a screening test", American
       Journal of Epidemiology 107, 1978.
    .. [2] Z. Lang, J. Reiczigel, "Confidence limits for prevalence of disease adjusted for estimated
       sensitivity and specificity", Preventive Veterinary Medicine 113, 2014.
    .. [3] Z. C. Lipton, Y.-X. Wang, A. Smola, "Detecting and correcting for label shift with black box
       predictors", ICML, 2018.

    Examples
    --------
    The judge passes 90 % of the good and 20 % of the bad answers, and 69 % of 1,000 unrated ones.

    >>> human = np.r_[np.repeat([1.0, 0.0], 50), np.full(1000, np.nan)]
    >>> judge = np.r_[np.ones(45), np.zeros(5), np.ones(10), np.zeros(40), np.ones(690), np.zeros(310)]
    >>> print(label_shift_rate(human, judge, np.isnan(human)).estimate)
    0.700 [0.602, 0.825]
    """
    rated, pool = ~np.isnan(human) & ~np.isnan(judge), unrated & ~np.isnan(judge)
    found = rogan_gladen(
        human[rated],
        judge[rated],
        judge[pool],
        clusters=None if clusters is None else clusters[rated],
        pool_clusters=None if clusters is None else clusters[pool],
    )
    # A report shows no pass rate above 100 %; its note says that the estimate was outside.
    value = float(np.clip(found.estimate.value, 0.0, 1.0))
    return replace(found, estimate=replace(found.estimate, value=value))
