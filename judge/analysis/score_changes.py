"""What changed between two derivations of the scores of one run."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from judge.analysis.score_table import ScoreTable
from judge.analysis.status_column import OUTCOMES
from judge.rubric import CRITERIA
from judge.stats.engine.scale import Floats

Change = tuple[str, str]
_VERDICTS = {1.0: "pass", 0.0: "fail"}
_NO_VERDICT = "no verdict"


@dataclass(frozen=True)
class ScoreChanges:
    """Scores, statuses and verdicts before and after; scores of dimensions that were left out do not count.

    Attributes
    ----------
    n_scores : int
        Scores that are compared, missing ones included.
    scores : mapping
        Dimension -> (before, after) -> number of scores; each is a value or the status of a missing score.
    verdicts : mapping
        (before, after) -> number of answers whose verdict changed.
    statuses : tuple of mapping
        Status -> number of scores before, and after.
    """

    n_scores: int
    scores: Mapping[str, Mapping[Change, int]]
    verdicts: Mapping[Change, int]
    statuses: tuple[Mapping[str, int], Mapping[str, int]]

    @property
    def n_changed(self) -> int:
        """Number of scores that changed."""
        return sum(n for changes in self.scores.values() for n in changes.values())

    def to_dict(self) -> dict[str, Any]:
        """Return the changes as plain data for JSON."""
        before, after = self.statuses
        return {
            "n_scores": self.n_scores,
            "n_changed": self.n_changed,
            "scores": {name: _rows(changes) for name, changes in self.scores.items()},
            "verdicts": _rows(self.verdicts),
            "statuses": {"before": dict(before), "after": dict(after)},
        }


def score_changes(before: ScoreTable, after: ScoreTable) -> ScoreChanges:
    """Compare two derivations of the scores of the same items."""
    names = [name for name in after.values if name in before.values]
    changed: dict[str, Counter[Change]] = {}
    statuses = Counter[str](), Counter[str]()
    for name in (*names, CRITERIA):
        values, codes = zip(*(_of(table, name) for table in (before, after)), strict=True)
        for counts, column in zip(statuses, codes, strict=True):
            counts.update(
                dict(zip(OUTCOMES, np.bincount(column, minlength=len(OUTCOMES)).tolist(), strict=True))
            )
        same = (values[0] == values[1]) | (np.isnan(values[0]) & np.isnan(values[1]) & (codes[0] == codes[1]))
        pairs = (
            tuple(
                _text(t, name, v[row], c[row]) for t, v, c in zip((before, after), values, codes, strict=True)
            )
            for row in np.flatnonzero(~same).tolist()
        )
        changed[name] = Counter((first, second) for first, second in pairs)
    verdicts = Counter(_changed_verdicts(before.verdicts, after.verdicts))
    n_scores = sum(statuses[1].values())
    found = {name: changes for name, changes in changed.items() if changes}
    return ScoreChanges(n_scores, found, verdicts, (+statuses[0], +statuses[1]))


def _of(table: ScoreTable, name: str) -> tuple[Floats, Any]:
    """Values and codes of the statuses of a dimension, or of the criteria of all items."""
    if name != CRITERIA:
        return table.values[name], table.statuses[name].codes
    codes = [OUTCOMES.index(str(status)) for status in table.criteria.statuses]
    return table.criteria.values, np.array(codes, dtype=np.int8)


def _text(table: ScoreTable, name: str, value: float, code: int) -> str:
    if np.isnan(value):
        return OUTCOMES[int(code)]
    dimension = table.rubric.dimensions.get(name)
    return dimension.label_of(float(value)) if dimension else f"{value:g}"


def _changed_verdicts(before: Floats, after: Floats) -> Iterator[Change]:
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    for row in np.flatnonzero(~same).tolist():
        yield _VERDICTS.get(before[row], _NO_VERDICT), _VERDICTS.get(after[row], _NO_VERDICT)


def _rows(changes: Mapping[Change, int]) -> list[dict[str, Any]]:
    ordered = sorted(changes.items(), key=lambda change: (-change[1], change[0]))
    return [{"before": before, "after": after, "n": n} for (before, after), n in ordered]
