"""Questions whether a part is anomalous: recall, precision, false alarms (overkill) and misses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from judge.analysis.group_difference import Groups
from judge.analysis.score_table import ScoreTable
from judge.records import Item
from judge.scoring.parsing.chosen_letter import LETTERS
from judge.stats.engine.estimate import Estimate
from judge.stats.engine.scale import Floats
from judge.stats.pass_fail.error_rates import pass_fail

SEED = 0
QUESTION_TYPE = "question_type"
_ANOMALOUS = {"yes", "abnormal", "anomalous", "defective", "defect", "anomaly", "bad", "ng"}
_NORMAL = {"no", "normal", "good", "defect-free", "non-defective", "no defect", "no anomaly", "ok"}


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

    Examples
    --------
    >>> item = Item(id="1", question="Any defect?", answer="B", choices=("No", "Yes"), gold="B")
    >>> gold_anomalous([item])
    array([1.])
    """
    return np.array([_says_anomalous(item, item.gold) for item in items])


def detection(table: ScoreTable, clusters: Groups = None) -> Detection | None:
    """Figures of the anomaly questions; None if there are none.

    An anomaly question has two options that mean yes and no (normal and abnormal, good and defective); its
    `question_type`, if it has one, must mention anomaly or detection. An unreadable reply that counts as
    wrong is a miss on an anomalous part and a false alarm on a normal one.
    """
    gold = gold_anomalous(table.items)
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


def _says_anomalous(item: Item, letter: str | None) -> float:
    options = [" ".join(choice.casefold().split()).strip(" .") for choice in item.choices]
    kind = item.field(QUESTION_TYPE)
    is_other = kind is not None and not any(word in str(kind).casefold() for word in ("anomal", "detection"))
    if letter is None or is_other:
        return math.nan
    if not any(options):  # MMAD without option texts: the folder of the picture tells
        anomaly = item.field("anomaly") if kind is not None else None
        return float(anomaly) if isinstance(anomaly, bool) else math.nan
    if len(options) != 2 or not (set(options) & _ANOMALOUS and set(options) & _NORMAL):
        return math.nan
    return float(options[LETTERS.index(letter)] in _ANOMALOUS)


def _complement(rate: Estimate) -> Estimate:
    return replace(rate, value=1 - rate.value, low=1 - rate.high, high=1 - rate.low)
