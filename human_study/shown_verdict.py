"""The verdict of a judge on one answer, as an anchored study shows it to raters."""

from collections import defaultdict
from collections.abc import Iterable

from judge.records import OVERALL, Item, Record, Score
from judge.rubric import CRITERIA, Rubric

FIELD = "shown_verdict"
"""Field of the items of an anchored study that holds the verdict."""
VERDICT = "passes"
"""Name of the question about the verdict, pass or fail; analyses use the same name."""


class ShownScore(Record):
    """One score of the judge.

    Attributes
    ----------
    value : int, float or str
        A number, or the label of a category.
    reason : str
        The judge's reason; empty if it gave none.
    """

    value: int | float | str
    reason: str = ""


class ShownVerdict(Record):
    """All scores of a judge for one answer, by the name of the question.

    Attributes
    ----------
    judge : str
        Name of the judge.
    scores : dict
        Question (a dimension, ``criteria/ID``, or ``passes``) -> score.
    overall : float or None
        Overall score that is computed from the others; shown beside the verdict.
    """

    judge: str
    scores: dict[str, ShownScore]
    overall: float | None = None

    def on(self, item: Item) -> Item:
        """Return the item with this verdict as a field."""
        return item.model_copy(update={"metadata": {**item.metadata, FIELD: self.model_dump(mode="json")}})


def verdict_of(item: Item) -> ShownVerdict | None:
    """Return the verdict that is shown on an item; None where the item has none."""
    found = item.metadata.get(FIELD)
    return None if found is None else ShownVerdict.model_validate(found)


def shown_verdicts(scores: Iterable[Score], rubric: Rubric) -> dict[str, ShownVerdict]:
    """Return the verdict of a run's judge on each item that has a score, from its first judgment."""
    rows: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        is_asked = score.dimension in rubric.scored or score.criterion is not None
        if score.sample == 0 and is_asked:
            rows[score.item_id].append(score)
    found = {item_id: _verdict(mine, rubric) for item_id, mine in rows.items()}
    return {item_id: verdict for item_id, verdict in found.items() if verdict.scores}


def _verdict(scores: list[Score], rubric: Rubric) -> ShownVerdict:
    shown = {
        _question(score): ShownScore(value=as_shown(score.value), reason=score.reason or "")
        for score in scores
        if score.value is not None
    }
    numbers = {s.dimension: s.value for s in scores if isinstance(s.value, float) and s.criterion is None}
    is_computed = OVERALL not in rubric.judged
    passed = rubric.passes(numbers, [s.dimension for s in scores if s.status == "not_applicable"])
    return ShownVerdict(
        judge=scores[0].rater,
        scores={name: score for name, score in shown.items() if name != OVERALL or not is_computed}
        | ({} if passed is None else {VERDICT: ShownScore(value=int(passed))}),
        overall=numbers.get(OVERALL) if is_computed else None,
    )


def _question(score: Score) -> str:
    return score.dimension if score.criterion is None else f"{CRITERIA}/{score.criterion}"


def as_shown(value: float | str) -> int | float | str:
    """Write a whole number without decimals.

    >>> as_shown(4.0), as_shown(3.5), as_shown("minor")
    (4, 3.5, 'minor')
    """
    return int(value) if isinstance(value, float) and value.is_integer() else value
