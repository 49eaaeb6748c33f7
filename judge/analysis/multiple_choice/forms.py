"""Forms of one question: true/false, multiple choice and open answers, compared in pairs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

import numpy as np

from judge.analysis.compare import Change, pass_change
from judge.analysis.group_difference import Bools, Groups
from judge.analysis.item_fields import ITEM_ID
from judge.analysis.matched_items import WITHIN
from judge.analysis.multiple_choice.choice import Answers
from judge.analysis.multiple_choice.detection import Detection, detection, gold_anomalous
from judge.analysis.score_table import PAIR_ID, ScoreTable
from judge.analysis.slices import members
from judge.stats.engine.scale import Floats, Ints
from judge.stats.systems.multiplicity import holm

FORM, QUESTION_ID = "form", "question_id"
_SAME = (*WITHIN, "image_path")
"""Fields that answers to one question share, where both forms have them."""
CHOICE, OPEN = "multiple choice", "open"
_Keys: TypeAlias = list[tuple[str, ...] | None]


@dataclass(frozen=True)
class FormPair:
    """Answers to the same questions in two forms.

    Attributes
    ----------
    first, second : str
        Names of the forms.
    change : Change
        Accuracy (or pass rate) of both on the questions that both have; the difference is second minus first.
    rows : ndarray
        Rows of the questions in the table of the second form.
    passed : tuple of ndarray
        Verdicts of these questions in both forms.
    matched_by : str
        Field of the question's id.
    """

    first: str
    second: str
    change: Change
    rows: Ints
    passed: tuple[Floats, Floats]
    matched_by: str

    def within(self, mask: Bools, clusters: Groups, label: str) -> Change:
        """The same for some of the second form's answers."""
        kept = mask[self.rows]
        groups = None if clusters is None else clusters[self.rows][kept]
        return pass_change(label, self.passed[0][kept], self.passed[1][kept], groups)


def tables_of_forms(answers: Answers, run: ScoreTable | None) -> dict[str, ScoreTable]:
    """Table of each form: by the field `form` of the choices, and that of a run of open answers.

    Open answers come first, and then the forms in the order of their names.
    """
    table = answers.table
    named = {OPEN: run} if run is not None else {}
    if not table.given(FORM).any():
        return {**named, CHOICE: table}
    return {**named, **{label: table.take(mask) for label, mask in members(table, FORM)}}


def form_pairs(tables: Mapping[str, ScoreTable], cluster: str | None = None) -> list[FormPair]:
    """Compare each two forms on the questions that both have.

    Answers are matched by `question_id`, or else `pair_id`, or else `id`, within each `system`, `condition`,
    `shots` and `image_path` where both have these fields. Answers that share a key within one form match
    nothing.

    Parameters
    ----------
    tables : mapping of str to ScoreTable
        Form -> its answers.
    cluster : str, optional
        Field whose equal values make a cluster of questions.
    """
    pairs = []
    for (first, a), (second, b) in combinations(tables.items(), 2):
        rows_a, rows_b, name = _matched(a, b)
        if len(rows_a):
            passed = a.passed[rows_a], b.passed[rows_b]
            clusters = b.clusters(cluster)
            groups = None if clusters is None else clusters[rows_b]
            change = pass_change(f"{second} - {first}", *passed, groups)
            pairs.append(FormPair(first, second, change, rows_b, passed, name))
    adjusted = holm([pair.change.p for pair in pairs])
    return [
        replace(pair, change=replace(pair.change, p_adjusted=float(p)))
        for pair, p in zip(pairs, adjusted, strict=True)
    ]


def detection_by_form(tables: Mapping[str, ScoreTable], cluster: str | None = None) -> dict[str, Detection]:
    """Figures of the anomaly questions of each form that has some.

    An open question that has no telling reference is an anomaly question if a matched question of another
    form is one.
    """
    gold = {name: gold_anomalous(table.items) for name, table in tables.items()}
    for name, table in tables.items():
        for other, known in tables.items():
            if name != other and np.isnan(gold[name]).any():
                rows, matched, _ = _matched(table, known)
                own, theirs = gold[name][rows], gold[other][matched]
                gold[name][rows] = np.where(np.isnan(own), theirs, own)
    found = {
        name: detection(table, table.clusters(cluster), gold=gold[name]) for name, table in tables.items()
    }
    return {name: one for name, one in found.items() if one is not None}


def unmatched(tables: Mapping[str, ScoreTable]) -> list[str]:
    """Say which answers cannot be matched to another form, and which forms have no question in common."""
    found = []
    for (first, a), (second, b) in combinations(tables.items(), 2):
        fields, *keys = _keys_of_both(a, b)
        named = " and ".join(fields)
        for form, column in zip((first, second), keys, strict=True):
            if twice := sum(n for key, n in Counter(column).items() if n > 1 and key is not None):
                found.append(
                    f"{twice:,} of {len(column):,} answers of the form {form} share {named} with another "
                    "one, so that they are not matched to other forms"
                )
        if not len(_matched(a, b)[0]):
            found.append(f"{first} and {second} have no question in common by {named}, and are not paired")
    return list(dict.fromkeys(found))


def _matched(a: ScoreTable, b: ScoreTable) -> tuple[Ints, Ints, str]:
    """Rows of a and of b that answer the same question, and the field of its id."""
    fields, keys_a, keys_b = _keys_of_both(a, b)
    at = {key: row for row, key in enumerate(keys_b)}
    unusable = {key for keys in (keys_a, keys_b) for key, n in Counter(keys).items() if n > 1 or key is None}
    rows = [(row, at[key]) for row, key in enumerate(keys_a) if key in at and key not in unusable]
    here, there = (np.array([pair[side] for pair in rows], dtype=int) for side in (0, 1))
    return here, there, fields[0]


def _keys_of_both(a: ScoreTable, b: ScoreTable) -> tuple[list[str], _Keys, _Keys]:
    """Fields that match answers, that of the question first, and their values in a and in b."""

    def both(name: str) -> bool:
        return bool(a.given(name).any() and b.given(name).any())

    question = next((name for name in (QUESTION_ID, PAIR_ID) if both(name)), ITEM_ID)
    fields = [question, *(name for name in _SAME if both(name))]
    return fields, _keys(a, fields), _keys(b, fields)


def _keys(table: ScoreTable, fields: Sequence[str]) -> _Keys:
    """Values of the fields of each answer; None where one is missing."""
    columns = zip(*(table.texts(name) for name in fields), strict=True)
    return [None if None in key else tuple(map(str, key)) for key in columns]
