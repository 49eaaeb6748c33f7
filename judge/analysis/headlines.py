"""Warnings at the top of every report: signs that its other figures are not meaningful.

`judge score`, `report`, `audit` and `agree` show the same sentences: a judge that gives nearly all answers
the same score, empty answers that pass, and failed gold items (items whose correct scores are known).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from judge.analysis.attention_checks import CheckCounts, failed_checks_warning
from judge.records import Item
from judge.rubric import Rubric

if TYPE_CHECKING:
    from judge.analysis.agreement.align import AlignedRatings
    from judge.analysis.score_table import ScoreTable
    from judge.scoring.run import Run

ONE_SCORE = 0.95
"""From this share of equal scores on, a judge hardly distinguishes answers."""
FEWEST_SCORES = 20
"""With fewer scores, equal scores may be due to chance."""
EXPECTED = "expected_scores"
"""Field of an item: dimension -> the correct score, or a list of correct scores."""


@dataclass
class Evidence:
    """Counts that the warnings about one judge are based on.

    Attributes
    ----------
    counts : mapping
        Scored dimension -> score -> how often it was given; criteria and categories are left out, because
        one value may be right for nearly all answers.
    n_empty, n_empty_pass : int
        Empty answers that were judged, and those of them that pass.
    n_known, n_missed : int
        Scored items whose correct scores are known, and those of them with other scores.
    """

    counts: Mapping[str, Mapping[float, int]] = field(default_factory=dict)
    n_empty: int = 0
    n_empty_pass: int = 0
    n_known: int = 0
    n_missed: int = 0

    def look_at(self, item: Item, scores: Mapping[str, float | str], passed: bool | None) -> None:
        """Count one item with the judge's scores for it."""
        if not item.answer.strip() and passed is not None:
            self.n_empty += 1
            self.n_empty_pass += passed
        if (missed := misses(item, scores)) is not None:
            self.n_known += 1
            self.n_missed += missed

    def sentences(self) -> Iterator[str]:
        """The warnings, the most serious first."""
        if alike := list(_alike(self.counts)):
            where = "; ".join(alike)
            yield f"The judge gives nearly all answers one score: {where}. It hardly distinguishes them."
        if self.n_empty_pass:
            what = "empty answer passes" if self.n_empty == 1 else "empty answers pass"
            yield f"{self.n_empty_pass:,} of {self.n_empty:,} {what}."
        if self.n_missed:
            yield (
                f"The judge fails {self.n_missed:,} of {self.n_known:,} gold items (items with {EXPECTED}): "
                "its scores differ from the correct ones."
            )


def of_run(run: Run) -> list[str]:
    """Warnings about a run, read with one item in memory at a time."""
    rubric = run.rubric
    counts = run.distribution()
    evidence = Evidence({name: counts.get(name, {}) for name in _scores_of(rubric)})
    for item in run.items():
        if not item.answer.strip() or EXPECTED in item.metadata:
            given = {
                score.dimension: score.value
                for score in run.scores_of(item.id)
                if score.sample == 0
                and (isinstance(score.value, float) or (score.value and score.dimension in rubric.dimensions))
            }
            numbers = {name: value for name, value in given.items() if isinstance(value, float)}
            evidence.look_at(item, given, rubric.passes(numbers))
    return list(evidence.sentences())


def of_table(table: ScoreTable) -> list[str]:
    """Warnings about the scores of a table."""
    from judge.analysis.pass_rate import distribution

    columns = {name: table.values[name] for name in _scores_of(table.rubric)}
    evidence = Evidence({name: distribution(v[v == v], range(0)) for name, v in columns.items()})
    notable = (table.columns.n_words == 0) | table.given(EXPECTED)
    for row in notable.nonzero()[0].tolist():
        given = {
            name: _value(table.rubric, name, float(column[row]))
            for name, column in table.values.items()
            if _is_number(column[row])
        }
        verdict = table.verdicts[row]
        evidence.look_at(table.items[row], given, bool(verdict) if _is_number(verdict) else None)
    return list(evidence.sentences())


def of_agreement(aligned: AlignedRatings) -> list[str]:
    """Warnings about each judge that is compared with humans, then about the humans."""
    from judge.analysis.ratings import PASSES

    rated = {name: one for name, one in aligned.ratings.items() if name != PASSES and not one.nominal}
    verdicts = aligned.ratings.get(PASSES)
    found = []
    for judge in aligned.judges:
        columns = {name: one.column(judge).tolist() for name, one in rated.items()}
        passed = verdicts.column(judge).tolist() if verdicts else [float("nan")] * len(aligned.items)
        evidence = Evidence({name: _counted(column) for name, column in columns.items()})
        for row, item in enumerate(aligned.items):
            if item.question or item.answer:  # otherwise only its id is known
                given = {name: column[row] for name, column in columns.items() if _is_number(column[row])}
                evidence.look_at(item, given, bool(passed[row]) if _is_number(passed[row]) else None)
        prefix = f"{judge}: " if len(aligned.judges) > 1 else ""
        found += [f"{prefix}{sentence}" for sentence in evidence.sentences()]
    checks = [(row, item) for row, item in enumerate(aligned.items) if item.metadata.get(EXPECTED)]
    by_person: CheckCounts = {}
    for place, person in enumerate(aligned.humans):
        given = {
            name: one.human_values[:, place].tolist() for name, one in rated.items() if not aligned.slots
        }
        marks = [
            missed
            for row, item in checks
            if (missed := misses(item, {n: c[row] for n, c in given.items() if _is_number(c[row])}))
            is not None
        ]
        by_person[person] = (sum(marks), len(marks))
    return [*found, *failed_checks_warning(by_person)]


def _scores_of(rubric: Rubric) -> list[str]:
    """Names of what gets a score, and not a label or yes and no."""
    dimensions = rubric.dimensions
    return [name for name in rubric.scored if name not in dimensions or dimensions[name].type == "score"]


def _value(rubric: Rubric, name: str, value: float) -> float | str:
    """A value as items state the correct one: the label of a category, else the number."""
    dimension = rubric.dimensions.get(name)
    return dimension.label_of(value) if dimension and dimension.type == "category" else value


def misses(item: Item, scores: Mapping[str, float | str]) -> bool | None:
    """Whether scores differ from the correct ones; None if no score can be compared."""
    expected = item.metadata.get(EXPECTED)
    if not isinstance(expected, Mapping):
        return None
    comparable = {name: right for name, right in expected.items() if name in scores}
    if not comparable:
        return None
    return any(
        scores[name] not in (right if isinstance(right, list | tuple) else [right])
        for name, right in comparable.items()
    )


def _alike(counts: Mapping[str, Mapping[float, int]]) -> Iterator[str]:
    for name, by_score in counts.items():
        n = sum(by_score.values())
        score = max(by_score, key=lambda value: by_score[value], default=0.0)
        if n >= FEWEST_SCORES and by_score[score] >= ONE_SCORE * n:
            share = "all" if by_score[score] == n else f"{100 * by_score[score] / n:.1f} %"
            yield f"{name.replace('_', ' ')} is {score:g} in {share} of {n:,}"


def _counted(values: Sequence[float]) -> dict[float, int]:
    counts: dict[float, int] = {}
    for value in values:
        if _is_number(value):
            counts[value] = counts.get(value, 0) + 1
    return counts


def _is_number(value: float) -> bool:
    return value == value  # NaN is a missing score
