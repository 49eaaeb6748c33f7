"""How sure a judge with expected scores is: the spread of its distribution for a single answer."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from judge.analysis.agreement.label_probabilities import iter_probabilities
from judge.scoring.run import Run

MOST_ANSWERS = 20_000
"""Largest number of distributions that are read of a dimension; their mean hardly changes beyond it."""


@dataclass(frozen=True, kw_only=True)
class ScoreSpread:
    """Spread of the judge's distributions on one dimension.

    Attributes
    ----------
    within : float
        Mean standard deviation of the distribution for one answer, in points of the scale.
    n : int
        Number of answers with a distribution that were read.
    """

    within: float
    n: int


def score_spreads(run: Run) -> dict[str, ScoreSpread]:
    """Return the spread on each dimension with numbers; empty without expected scores."""
    rubric = run.rubric
    numeric = [
        name
        for name in rubric.judged
        if (name not in rubric.dimensions or rubric.dimensions[name].type == "score")
        and rubric.scale_of(name).level != "nominal"
    ]
    found: dict[str, list[float]] = defaultdict(list)
    for name, _, probabilities in islice(iter_probabilities(run), MOST_ANSWERS * max(1, len(rubric.judged))):
        if name in numeric and (sd := standard_deviation(probabilities)) is not None:
            found[name].append(sd)
    return {name: ScoreSpread(within=sum(sds) / len(sds), n=len(sds)) for name, sds in found.items()}


def standard_deviation(probabilities: Mapping[str, float]) -> float | None:
    """Return the standard deviation of a distribution over scores; None if no score has a probability.

    >>> standard_deviation({"1": 0.5, "3": 0.5})
    1.0
    """
    known = {float(label): p for label, p in probabilities.items() if label.lstrip("-").isdecimal()}
    total = math.fsum(known.values())
    if total <= 0:
        return None
    mean = math.fsum(score * p for score, p in known.items()) / total
    return math.sqrt(math.fsum(p * (score - mean) ** 2 for score, p in known.items()) / total)
