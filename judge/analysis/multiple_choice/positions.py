"""Position bias of multiple-choice answers: letters that are chosen for where they stand."""

from dataclasses import dataclass

import numpy as np

from judge.analysis.group_difference import Groups
from judge.analysis.multiple_choice.choice import Answers
from judge.analysis.multiple_choice.letters import LETTERS
from judge.stats.engine.estimate import Estimate
from judge.stats.judge_human.severity import marginal_homogeneity
from judge.stats.pass_fail.proportion import mean, proportion


@dataclass(frozen=True)
class Positions:
    """Whether letters are chosen for where they stand.

    Attributes
    ----------
    chosen, gold : dict
        Letter -> share of the read replies that chose it, and for which it is right.
    excess : dict
        Letter -> chosen minus right, with its interval.
    p : float
        Of the test that chosen and right letters have one distribution (Stuart-Maxwell, over clusters).
    n : int
        Replies that were read.
    """

    chosen: dict[str, Estimate]
    gold: dict[str, Estimate]
    excess: dict[str, Estimate]
    p: float
    n: int


def positions(answers: Answers, clusters: Groups = None) -> Positions:
    """Compare where the chosen options stand with where the right ones stand, over the read replies."""
    read = np.array([reading.readable for reading in answers.readings])
    items = [item for item, readable in zip(answers.table.items, read, strict=True) if readable]
    letters = LETTERS[: max((len(item.choices) for item in items), default=0)]
    chosen = np.array([[r.letter == x for x in letters] for r in answers.readings if r.readable], dtype=float)
    gold = np.array([[item.gold == x for x in letters] for item in items], dtype=float)
    groups = None if clusters is None else clusters[read]
    shares = [
        {x: proportion(marks[:, i], clusters=groups) for i, x in enumerate(letters)}
        for marks in (chosen, gold)
    ]
    excess = {
        x: mean(chosen[:, i] - gold[:, i], clusters=groups, method="jackknife") for i, x in enumerate(letters)
    }
    test = marginal_homogeneity(
        np.array([item.gold for item in items], dtype=object),
        np.array([reading.letter for reading in answers.readings if reading.readable], dtype=object),
        scale=list(letters) or None,
        clusters=groups,
    )
    return Positions(shares[0], shares[1], excess, test.stuart_maxwell_p, len(items))
