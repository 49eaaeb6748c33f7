"""Position bias of multiple-choice answers: letters that are chosen more often than they are correct."""

from dataclasses import dataclass

import numpy as np

from judge.analysis.group_difference import Groups
from judge.analysis.multiple_choice.choice import Answers
from judge.scoring.parsing.chosen_letter import LETTERS
from judge.stats.engine.estimate import Estimate
from judge.stats.judge_human.severity import marginal_homogeneity
from judge.stats.pass_fail.proportion import mean, proportion


@dataclass(frozen=True)
class Positions:
    """Distribution of the chosen letters beside that of the correct ones.

    Attributes
    ----------
    chosen, gold : dict
        Letter -> share of the readable replies that chose it, and share for which it is correct.
    excess : dict
        Letter -> share chosen minus share correct, with its interval.
    p : float
        p-value of the null hypothesis that both distributions are equal (Stuart-Maxwell, over clusters).
    n : int
        Readable replies.
    """

    chosen: dict[str, Estimate]
    gold: dict[str, Estimate]
    excess: dict[str, Estimate]
    p: float
    n: int


def positions(answers: Answers, clusters: Groups = None) -> Positions:
    """Compare the distribution of chosen letters with that of correct letters, over the readable replies."""
    read = np.array([reading.readable for reading in answers.readings])
    items = [item for item, readable in zip(answers.table.items, read, strict=True) if readable]
    letters = LETTERS[: max((len(item.choices) for item in items), default=0)]
    picked = [str(reading.letter) for reading in answers.readings if reading.readable]
    correct = [str(item.gold) for item in items]
    chosen, gold = (np.array([[x == y for x in letters] for y in ys], float) for ys in (picked, correct))
    groups = None if clusters is None else clusters[read]
    shares = [
        {x: proportion(marks[:, i], clusters=groups) for i, x in enumerate(letters)}
        for marks in (chosen, gold)
    ]
    excess = {
        x: mean(chosen[:, i] - gold[:, i], clusters=groups, method="jackknife") for i, x in enumerate(letters)
    }
    test = marginal_homogeneity(correct, picked, scale=[*LETTERS], clusters=groups)
    return Positions(shares[0], shares[1], excess, test.stuart_maxwell_p, len(items))
