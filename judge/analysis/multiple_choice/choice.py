"""Multiple choice: accuracy, overall and by slice, and its difference from the pass rate of open answers.

Letters become scores of one dimension, 1 correct and 0 wrong, so that slices and intervals are those of any
other run. Unreadable replies have no verdict; they are wrong or left out, at the caller's choice, and are
always counted.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from judge.analysis.group_difference import Bools, Groups
from judge.analysis.multiple_choice.detection import gold_anomalous
from judge.analysis.pass_rate import PassRate, pass_rate
from judge.analysis.score_table import ScoreTable
from judge.analysis.slices import macro_average, members
from judge.errors import InputError
from judge.records import Item, Score
from judge.rubric import NoVerdict, load_rubric
from judge.scoring.parsing.choice_answers import CORRECT, choice_outcome, no_choice_question
from judge.scoring.parsing.chosen_letter import Reading, Unreadable, read_letter
from judge.stats.engine.estimate import CORRELATION, Estimate
from judge.stats.engine.scale import Floats

RUBRIC = "multiple_choice"


@dataclass(frozen=True)
class Answers:
    """Replies to multiple-choice questions, with the letters read from them.

    Attributes
    ----------
    table : ScoreTable
        Its dimension ``correct`` is 1 or 0, and missing for an unreadable reply; its `no_verdict` says how
        these are counted.
    readings : tuple of Reading
        Letter, or reason for its absence, of each item of the table.
    unusable : dict
        Reason why an item is not a multiple-choice question -> ids.
    """

    table: ScoreTable
    readings: tuple[Reading, ...]
    unusable: dict[str, list[str]]

    @property
    def reasons(self) -> dict[Unreadable, int]:
        """Reason why a reply is unreadable -> number of replies."""
        return dict(Counter(reading.reason for reading in self.readings if reading.reason).most_common())

    def take(self, mask: Bools) -> "Answers":
        """Keep some of the answers."""
        kept = tuple(r for r, keep in zip(self.readings, mask, strict=True) if keep)
        return replace(self, table=self.table.take(mask), readings=kept)


def read_answers(
    items: Iterable[Item], *, no_verdict: NoVerdict | None = None, name: str = "answers"
) -> Answers:
    """Read the letter from every reply and compare it with the correct one.

    Parameters
    ----------
    items : iterable of Item
        Items with `choices` and `gold`; others are left out and counted.
    no_verdict : {'fail', 'drop', 'bounds'}
        Whether a reply without exactly one offered letter is wrong or left out.
    name : str
        Name of the answers in messages.

    Raises
    ------
    InputError
        No item is a multiple-choice question with a correct answer.

    Examples
    --------
    >>> item = Item(id="1", question="?", answer="Answer: B", choices=("lid", "cap"), gold="B")
    >>> answers = read_answers([item])
    >>> answers.readings[0].letter, answers.table.passed
    ('B', array([1.]))
    """
    kept: list[Item] = []
    unusable: dict[str, list[str]] = {}
    for item in items:
        if problem := no_choice_question(item):
            unusable.setdefault(problem, []).append(item.id)
        else:
            kept.append(item)
    if not kept:
        found = ", ".join(f"{problem}: {len(ids):,}" for problem, ids in unusable.items()) or "no items"
        raise InputError(
            f"{name}: no multiple-choice question with a right answer ({found}); an item needs choices "
            "(the options' texts) and gold (the letter of the right one)"
        )
    readings = tuple(read_letter(item.answer, item.choices) for item in kept)
    scores = (_score(item, reading) for item, reading in zip(kept, readings, strict=True))
    return Answers(ScoreTable.build(name, load_rubric(RUBRIC), kept, scores, no_verdict), readings, unusable)


def _score(item: Item, reading: Reading) -> Score:
    return Score(
        item_id=item.id,
        rater="letters",
        rater_kind="judge",
        dimension=CORRECT,
        **choice_outcome(reading, item.gold)._asdict(),
    )


# --- slices


@dataclass(frozen=True)
class ChoiceSlice:
    """Answers that share a value of a field.

    Attributes
    ----------
    label : str
        The value, or the values of crossed fields joined by " * ".
    n, n_unreadable : int
        Replies, and those without exactly one offered letter.
    accuracy : Estimate
        Share of correct replies.
    balanced : Estimate or None
        For anomaly questions: mean of the accuracies on anomalous and on normal parts.
    """

    label: str
    n: int
    n_unreadable: int
    accuracy: Estimate
    balanced: Estimate | None

    @property
    def figure(self) -> Estimate:
        """What the macro average is taken over: the balanced accuracy if there is one, else the accuracy."""
        return self.accuracy if self.balanced is None else self.balanced


@dataclass(frozen=True)
class ChoiceSlices:
    """All slices of a field, and their macro average, in which each slice counts the same."""

    field: str
    slices: tuple[ChoiceSlice, ...]
    macro: Estimate


def accuracy(answers: Answers, clusters: Groups = None) -> PassRate:
    """Share of correct answers, and number of missing ones."""
    return pass_rate(answers.table.passed, clusters)


def slices(answers: Answers, field: str, clusters: Groups = None) -> ChoiceSlices:
    """Accuracy by the values of a field (``"a*b"`` crosses two), and their macro average.

    Raises
    ------
    InputError
        No item has the field, or it has too many values to be slices.
    """
    found = members(answers.table, field)
    anomalous = gold_anomalous(answers.table.items)
    classes_of = [_classes(mask, anomalous) for _, mask in found]
    rows = [
        _slice(answers, label, mask, classes, clusters)
        for (label, mask), classes in zip(found, classes_of, strict=True)
    ]
    return ChoiceSlices(
        field, tuple(rows), macro_average(answers.table.passed, classes_of, clusters, share=True)
    )


def _slice(answers: Answers, label: str, mask: Bools, classes: list[Bools], clusters: Groups) -> ChoiceSlice:
    here = answers.take(mask)
    groups = None if clusters is None else clusters[mask]
    balanced = (
        macro_average(answers.table.passed, [classes], clusters, share=True) if len(classes) > 1 else None
    )
    return ChoiceSlice(
        label, len(here.table), sum(here.reasons.values()), accuracy(here, groups).estimate, balanced
    )


def _classes(mask: Bools, anomalous: Floats) -> list[Bools]:
    """Masks of the anomalous and the normal parts of a slice of anomaly questions; else the slice itself."""
    marks = anomalous[mask]
    if np.isnan(marks).any() or len(set(marks.tolist())) < 2:
        return [mask]
    return [mask & (anomalous == 1), mask & (anomalous == 0)]


# --- gap


@dataclass(frozen=True)
class Gap:
    """One slice with multiple-choice questions and open questions.

    Attributes
    ----------
    label : str
        Value of the field.
    choice, open : Estimate
        Accuracy with options; pass rate of open answers.
    difference : Estimate
        Choice minus open; Newcombe's interval for independent groups.
    """

    label: str
    choice: Estimate
    open: Estimate
    difference: Estimate


def gaps(answers: Answers, run: ScoreTable, field: str, clusters: Groups = None) -> list[Gap]:
    """Accuracy minus the pass rate of a run of open answers, by the values of a field that both have.

    Raises
    ------
    InputError
        No value of the field occurs in both.
    """
    open_masks = dict(members(run, field))
    open_groups = run.clusters(None)
    shared = [(label, mask) for label, mask in members(answers.table, field) if label in open_masks]
    if not shared:
        found = ", ".join(list(open_masks)[:12])
        raise InputError(f"{run.name}: shares no value of {field!r} with the choices; found there: {found}")
    rows = []
    for label, mask in shared:
        theirs = open_masks[label]
        choice = accuracy(answers.take(mask), None if clusters is None else clusters[mask]).estimate
        passed = pass_rate(run.passed[theirs], None if open_groups is None else open_groups[theirs]).estimate
        rows.append(Gap(label, choice, passed, _difference(choice, passed)))
    return rows


def _difference(a: Estimate, b: Estimate) -> Estimate:
    """Difference of two independent shares, with the interval from their own (Newcombe 1998, method 10)."""
    value = a.value - b.value
    low = value - math.hypot(a.value - a.low, b.high - b.value)
    high = value + math.hypot(a.high - a.value, b.value - b.low)
    reason = a.reason or b.reason
    n_items = a.n_items + b.n_items
    return Estimate(value, low, high, method="newcombe", n_items=n_items, reason=reason, possible=CORRELATION)
