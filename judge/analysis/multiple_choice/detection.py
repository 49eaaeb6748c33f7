"""Questions whether a part is anomalous: recall, precision, false alarms (overkill) and misses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from judge.analysis.group_difference import Groups
from judge.analysis.multiple_choice.anomaly_questions import reference_anomalous, says_anomalous
from judge.analysis.score_table import ScoreTable
from judge.records import Item
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Floats
from judge.stats.pass_fail.error_rates import pass_fail

SEED = 0


@dataclass(frozen=True)
class Detection:
    """Figures of yes/no questions about anomalies; an anomalous part is the positive class.

    Attributes
    ----------
    n_anomalous, n_normal : int
        Answered questions about anomalous and about normal parts.
    figures : dict
        ``balanced_accuracy``, ``recall``, ``precision``, ``f1``; ``overkill``: share of normal parts called
        anomalous; ``miss``: share of anomalous parts called normal.
    """

    n_anomalous: int
    n_normal: int
    figures: dict[str, Estimate]


def gold_anomalous(items: Sequence[Item]) -> Floats:
    """1 if the correct answer says that there is an anomaly, 0 if it says that there is none, else NaN.

    See `judge.analysis.multiple_choice.anomaly_questions`.

    Examples
    --------
    >>> item = Item(id="1", question="Any defect?", answer="B", choices=("No", "Yes"), gold="B")
    >>> gold_anomalous([item])
    array([1.])
    """
    found = (says_anomalous(i, i.gold) if i.choices else reference_anomalous(i) for i in items)
    return np.array(list(found))


def detection(table: ScoreTable, clusters: Groups = None, gold: Floats | None = None) -> Detection | None:
    """Figures of the anomaly questions; None if there are none.

    Which these are says `gold`, or else `gold_anomalous`. A reply that counts as wrong, unreadable ones
    included, is a miss on an anomalous part and a false alarm on a normal one.
    """
    gold = gold_anomalous(table.items) if gold is None else gold
    about_anomaly = ~np.isnan(gold)
    if not about_anomaly.any():
        return None
    right = table.passed
    predicted = np.where(right == 1, gold, 1 - gold)
    predicted[np.isnan(right)] = np.nan
    groups = None if clusters is None else clusters[about_anomaly]
    found = pass_fail(gold[about_anomaly], predicted[about_anomaly], clusters=groups, rng=SEED)
    figures = {
        "balanced_accuracy": found.balanced_accuracy,
        "recall": found.tpr,
        "precision": found.precision,
        "f1": found.f1,
        "overkill": _complement(found.tnr),
        "miss": _complement(found.tpr),
    }
    return Detection(found.true_pass + found.false_fail, found.true_fail + found.false_pass, figures)


def _complement(rate: Estimate) -> Estimate:
    return replace(rate, value=1 - rate.value, low=1 - rate.high, high=1 - rate.low)
