"""Anomalies of answers and judgments: lists of items that should be reviewed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from judge.analysis.criterion_scores import Objects
from judge.analysis.group_difference import Bools
from judge.analysis.pass_rate import PassRate, pass_rate
from judge.analysis.score_table import ScoreTable
from judge.analysis.stored_run import UNREAD
from judge.analysis.text_patterns import stated_score
from judge.records import OVERALL
from judge.rubric import RubricScale
from judge.scoring.parsing.echoes import ECHO

ACCURACY_FLAG, ACCURACY, ACCURATE_FROM = "is_accurate", "technical_accuracy", 3


@dataclass(frozen=True)
class Anomaly:
    """Items with the same anomaly.

    Attributes
    ----------
    name : str
        Short name.
    title : str
        Description.
    items : dict
        Id of each item -> detail of the finding.
    passing : PassRate
        Pass rate of these answers.
    n_checked : int
        Number of items that could be checked.
    """

    name: str
    title: str
    items: dict[str, str]
    passing: PassRate
    n_checked: int

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.items)


def find_anomalies(table: ScoreTable) -> list[Anomaly]:
    """Run every check that applies to the table; a check without findings is listed with no items."""
    return [
        *_about_answers(table),
        *_about_verdicts(table),
        *_about_flags(table),
        *_about_overall(table),
        _stated_scores(table),
    ]


def _about_answers(table: ScoreTable) -> Iterator[Anomaly]:
    words = table.columns.n_words
    everywhere = np.ones(len(table), bool)
    yield _anomaly(table, "empty", "Answer is empty", words == 0, everywhere, lambda _: "empty")
    yield _anomaly(
        table,
        "refusal",
        "Answer begins like a refusal (correct for some unanswerable questions)",
        table.columns.refuses,
        everywhere,
        lambda row: table.items[row].answer,
    )
    limit = table.rubric.max_words
    if limit is not None:
        yield _anomaly(
            table,
            "too_long",
            f"Answer has more than {limit} words",
            words > limit,
            everywhere,
            lambda row: f"{words[row]} words",
        )


def _about_verdicts(table: ScoreTable) -> Iterator[Anomaly]:
    """Texts that a judge may mistake for its verdict, and replies that only copy one."""
    lost = {
        int(row): reasons[row]
        for name, reasons in table.reasons.items()
        for row in np.flatnonzero(table.statuses[name].equal("unparsed"))
        if (reasons[row] or "").startswith(ECHO)
    }
    criteria = table.criteria
    lost |= {
        int(criteria.rows[at]): criteria.reasons[at]
        for at in np.flatnonzero(criteria.statuses == "unparsed")
        if (criteria.reasons[at] or "").startswith(ECHO)
    }
    everywhere = np.ones(len(table), bool)
    yield _anomaly(
        table,
        "verdict_in_text",
        "Item contains text that looks like a verdict",
        table.columns.holds_verdict,
        everywhere,
        lambda _: "verdict",
    )
    yield _anomaly(
        table,
        "copied_verdict",
        "Reply only copies a verdict from the item or a worked example",
        np.isin(np.arange(len(table)), list(lost)),
        everywhere,
        lost.__getitem__,
    )


def _about_flags(table: ScoreTable) -> Iterator[Anomaly]:
    """Contradictions between flags and scores; the content of text flags is not checked."""
    if ACCURACY_FLAG in table.flags and ACCURACY in _scores_on(table, table.rubric.scale):
        yield from _about_accuracy(table, table.flags[ACCURACY_FLAG])


def _about_accuracy(table: ScoreTable, flags: Objects) -> Iterator[Anomaly]:
    accuracy = table.values[ACCURACY]
    flagged = flags.astype(float)
    known = ~np.isnan(flagged) & ~np.isnan(accuracy)
    yield _anomaly(
        table,
        "flag_contradicts_accuracy",
        f"Flag {ACCURACY_FLAG} and {_in_words(ACCURACY)} >= {ACCURATE_FROM} disagree",
        known & ((flagged == 1) != (accuracy >= ACCURATE_FROM)),
        known,
        lambda row: (
            f"{ACCURACY_FLAG} {'yes' if flagged[row] == 1 else 'no'}, {_in_words(ACCURACY)} {accuracy[row]:g}"
        ),
    )
    judged = known & ~np.isnan(table.passed)
    yield _anomaly(
        table,
        "passes_though_inaccurate",
        f"Answer passes although {ACCURACY_FLAG} is false",
        judged & (flagged == 0) & (table.passed == 1),
        judged,
        lambda row: f"{_in_words(ACCURACY)} {accuracy[row]:g}",
    )


def _about_overall(table: ScoreTable) -> Iterator[Anomaly]:
    """Overall scores outside the range of the dimensions, which only a judged overall score can be."""
    if OVERALL not in table.rubric.judged or not _scores_on(table, table.rubric.scale_of(OVERALL)):
        return
    names = _scores_on(table, table.rubric.scale_of(OVERALL))
    dimensions = np.column_stack([table.values[name] for name in names])
    applies = np.column_stack([table.applies_to(name) for name in names])
    overall = table.values[OVERALL]
    known = (~np.isnan(dimensions) | ~applies).all(axis=1) & applies.any(axis=1) & ~np.isnan(overall)
    highest = np.where(applies, dimensions, -np.inf).max(axis=1)
    lowest = np.where(applies, dimensions, np.inf).min(axis=1)
    yield _anomaly(
        table,
        "overall_above",
        "Overall score is higher than every dimension",
        known & (overall > highest),
        known,
        lambda row: f"overall {overall[row]:g}, highest dimension {highest[row]:g}",
    )
    yield _anomaly(
        table,
        "overall_below",
        "Overall score is lower than every dimension",
        known & (overall < lowest),
        known,
        lambda row: f"overall {overall[row]:g}, lowest dimension {lowest[row]:g}",
    )


def _scores_on(table: ScoreTable, scale: RubricScale) -> list[str]:
    """Dimensions that are scores on one scale."""
    rubric = table.rubric
    return [
        name for name, d in rubric.dimensions.items() if d.type == "score" and rubric.scale_of(name) == scale
    ]


def _stated_scores(table: ScoreTable) -> Anomaly:
    """Reasons that state a score ("I rate it 2 out of 5") other than the one given."""
    details: dict[int, str] = {}
    checked = np.zeros(len(table), bool)
    dimensions = table.rubric.dimensions
    for name, reasons in table.reasons.items():
        if name in dimensions and dimensions[name].type != "score":
            continue
        pattern, values = stated_score(table.rubric.scale_of(name).max), table.values[name]
        scored = ~np.isnan(values) & reasons.astype(bool)
        checked |= scored
        for row in np.flatnonzero(scored & (reasons != UNREAD)):
            stated = {float(a or b) for a, b in pattern.findall(reasons[row])}
            if stated and values[row] not in stated:
                found = ", ".join(f"{score:g}" for score in sorted(stated))
                details.setdefault(int(row), f"{_in_words(name)} {values[row]:g}, its reason states {found}")
    found_rows = np.isin(np.arange(len(table)), list(details))
    return _anomaly(
        table,
        "reason_names_other_score",
        "Reason states a different score",
        found_rows,
        checked,
        lambda row: details[row],
    )


def _anomaly(
    table: ScoreTable, name: str, title: str, found: Bools, checked: Bools, detail: Callable[[int], str]
) -> Anomaly:
    rows = np.flatnonzero(found)
    return Anomaly(
        name,
        title,
        {table.columns.ids[row]: detail(int(row)) for row in rows},
        pass_rate(table.passed[found], applies=table.applies[found]),
        int(checked.sum()),
    )


def _in_words(name: str) -> str:
    return name.replace("_", " ")
