"""Progress of a study: work done by each rater, its quality, and the agreement so far."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import median
from typing import Any, Protocol

from human_study.approval_form import APPROVE
from human_study.questions import FormQuestion
from human_study.store import Study
from human_study.study_records import Rater, Task
from judge.counting import counted
from judge.rubric import CANNOT_TELL, CRITERIA, Level

DISPUTED = 2
"""Smallest difference between the lowest and the highest score, in scale points, of a disputed item.

Different labels of a category without order, and met and not met, are always disputed.
"""


class EstimateLike(Protocol):
    """A number with its confidence interval; NaN with a reason if it is undefined."""

    @property
    def value(self) -> float:
        """The number."""

    @property
    def low(self) -> float:
        """Lower end of its interval."""

    @property
    def high(self) -> float:
        """Upper end of its interval."""

    @property
    def reason(self) -> str | None:
        """Why it is undefined."""


@dataclass(frozen=True, slots=True)
class QuestionRatings:
    """Ratings of one question: the input of a coefficient of agreement.

    Attributes
    ----------
    rows : list of list of float
        Items x raters, NaN where there is no rating or the rater cannot tell. Criteria have one row for each
        criterion of each item.
    items : list of str
        Id of the item of each row.
    level : {'nominal', 'ordinal', 'interval', 'ratio'}
        Level of measurement of the question.
    """

    rows: list[list[float]]
    items: list[str]
    level: Level


Agreement = Callable[[QuestionRatings], EstimateLike]
"""Function from the ratings of one question to their agreement."""


@dataclass(frozen=True, slots=True)
class RaterProgress:
    """Progress of one rater. `total` does not count training and discussions."""

    rater: Rater
    total: int
    done: int
    skipped: int
    training: tuple[int, int]
    """Number of rated and of all worked examples."""
    training_missed: int
    """Number of scores in training that differ from the worked example."""
    checks: tuple[int, int]
    """Number of failed and of answered attention checks; a skipped check is not answered."""
    repeats: tuple[int, int]
    """Number of equal scores in repeats, and number of scores given twice."""
    seconds: float | None
    """Median time per answer."""
    edits: int
    last: float | None
    """Time of the latest new rating, in Unix time."""

    @property
    def left(self) -> int:
        """Number of answers that are still open."""
        return self.total - self.done - self.skipped


@dataclass(frozen=True, slots=True)
class QuestionProgress:
    """The ratings of one question so far."""

    question: FormQuestion
    counts: dict[int | str, int]
    """Value (label of a category) -> number of ratings."""
    abstained: int
    """Number of ratings in which the rater cannot tell; they are in no other figure."""
    exact: float | None
    """Exact agreement: share of rater pairs with equal scores, averaged over items with two ratings."""
    agreement: EstimateLike | None
    """None, as the exact agreement, where raters saw the verdict of the judge: they are not independent."""

    @property
    def n(self) -> int:
        """Number of ratings with a value."""
        return sum(self.counts.values())

    @property
    def approved(self) -> float | None:
        """Share of the judge's scores that were approved; None in a blind study, and without a rating."""
        return self.counts[APPROVE] / self.n if self.n and self.question.type == "approval" else None


@dataclass(frozen=True, slots=True)
class Dispute:
    """An item on which raters disagree."""

    item_id: str
    question: str
    answer: str
    spread: int
    """Largest difference on a question: scale points, or 1 between criteria and labels without order."""
    ratings: dict[str, dict[str, int | str]]
    """Score (or label, Met, Not met) by question and rater, for questions with disagreement."""
    notes: dict[str, str]
    discussed: str | None
    """'open' or 'done' for an item in discussion, else None."""


@dataclass(frozen=True, repr=False)
class StudyProgress:
    """Progress of a study. `str` gives one line, and Jupyter shows the table of `to_pandas`."""

    raters: list[RaterProgress]
    questions: list[QuestionProgress]
    disputes: list[Dispute]
    n_items: int
    rated: Counter[int] = field(default_factory=Counter)
    """Number of items by number of ratings."""

    @property
    def has_ratings(self) -> bool:
        """Whether any question has an answer, be it only that a rater cannot tell."""
        return any(row.n or row.abstained for row in self.questions)

    def to_pandas(self) -> Any:
        """Return a DataFrame with one row per rater."""
        import pandas as pd

        return pd.DataFrame(as_plain(self)["raters"])

    def __repr__(self) -> str:
        kept = [row for row in self.raters if row.rater.dropped is None]
        done, total = sum(row.total - row.left for row in kept), sum(row.total for row in kept)
        size = f"{counted(self.n_items, 'item')}, {counted(len(kept), 'rater')}"
        return f"StudyProgress: {size}, {done:,} of {total:,} answers rated"

    def _repr_html_(self) -> str:
        return str(self.to_pandas()._repr_html_())


def measure(study: Study, agreement: Agreement | None = None) -> StudyProgress:
    """Compute the progress of a study; agreement and disputes leave out dropped raters."""
    tasks, raters = list(study.tasks()), study.raters()
    dropped = {rater.name for rater in raters if rater.dropped}
    counted = [t for t in tasks if t.kind == "main" and t.rating.state == "done" and t.rater not in dropped]
    n_items = len({task.item.id for task in tasks if task.kind == "main"})
    per_item = Counter(task.item.id for task in counted)
    scored = [question for question in study.form.questions if not question.is_text]
    pooled = [study.form.pooled_criteria] if study.rubric.criteria else []
    discussions = [task for task in tasks if task.kind == "discussion"]
    return StudyProgress(
        raters=list(_by_rater(study, raters, tasks)),
        questions=[_question(question, study, counted, agreement) for question in (*scored, *pooled)],
        disputes=_disputes(study, counted, discussions),
        n_items=n_items,
        rated=Counter({**Counter(per_item.values()), 0: n_items - len(per_item)}),
    )


def as_plain(progress: StudyProgress) -> dict[str, Any]:
    """Return the progress as plain data for JSON, with null for undefined values."""
    raters = [
        {"rater": row.rater.name, "dropped": row.rater.dropped is not None, "reason": row.rater.reason}
        | {
            name: getattr(row, name)
            for name in ("total", "done", "skipped", "left", "seconds", "edits", "last")
        }
        | {name: list(getattr(row, name)) for name in ("training", "checks", "repeats")}
        for row in progress.raters
    ]
    questions = [
        {"question": one.question.name, "level": one.question.level, "counts": one.counts}
        | {"abstained": one.abstained, "exact": one.exact}
        | ({} if one.question.type != "approval" else {"approved": one.approved})
        | {"alpha": _number(one.agreement, "value"), "low": _number(one.agreement, "low")}
        | {"high": _number(one.agreement, "high"), "reason": getattr(one.agreement, "reason", None)}
        for one in progress.questions
    ]
    disputed = [dispute.item_id for dispute in progress.disputes]
    return {"items": progress.n_items, "raters": raters, "questions": questions, "disputed": disputed}


def exact_agreement(rows: Sequence[Sequence[float]]) -> float | None:
    """Share of equal pairs of ratings within an item, averaged over items with two ratings or more.

    Examples
    --------
    >>> exact_agreement([[4, 4, 5], [2, 2], [3]])
    0.6666666666666666
    """
    pairs = [list(combinations(row, 2)) for row in rows if len(row) > 1]
    return sum(sum(a == b for a, b in pair) / len(pair) for pair in pairs) / len(pairs) if pairs else None


def _by_rater(study: Study, raters: list[Rater], tasks: list[Task]) -> Iterable[RaterProgress]:
    timings = defaultdict(list)
    for row in study.timings():
        timings[row["rater"]].append(row)
    mine = defaultdict(list)
    for task in tasks:
        mine[task.rater].append(task)
    for rater in raters:
        yield _rater(study, rater, mine[rater.name], timings[rater.name])


def _rater(study: Study, rater: Rater, tasks: list[Task], timings: list[dict[str, Any]]) -> RaterProgress:
    training = [task for task in tasks if task.kind == "training"]
    counting = [task for task in tasks if task.kind in ("main", "repeat", "check")]
    checks = [task for task in counting if task.kind == "check" and task.rating.state == "done"]
    main = [row for row in timings if row["kind"] not in ("training", "discussion")]
    return RaterProgress(
        rater=rater,
        total=len(counting),
        done=sum(task.rating.state == "done" for task in counting),
        skipped=sum(task.rating.state == "skipped" for task in counting),
        training=(sum(task.is_settled for task in training), len(training)),
        training_missed=sum(len(_missed(task)) for task in training if task.rating.state == "done"),
        checks=(sum(bool(_missed(task)) for task in checks), len(checks)),
        repeats=_consistency(study, counting),
        seconds=median(row["seconds"] for row in main) if main else None,
        edits=int(sum(row["edits"] for row in main)),
        last=max((row["saved"] for row in timings), default=None),
    )


def _missed(task: Task) -> list[str]:
    return task.gold.missed(task.rating.reply.values) if task.gold else []


def _consistency(study: Study, tasks: list[Task]) -> tuple[int, int]:
    done = {(t.item.id, t.sample): t for t in tasks if t.rating.state == "done"}
    pairs = [
        (again.rating.reply.values[name], first.rating.reply.values[name])
        for (item_id, sample), again in done.items()
        if sample and (first := done.get((item_id, 0)))
        for name in study.form_of(again.item).scored
    ]
    return sum(first == second for first, second in pairs), len(pairs)


def _question(
    question: FormQuestion, study: Study, tasks: list[Task], agreement: Agreement | None
) -> QuestionProgress:
    given: dict[tuple[str, str], dict[str, int | str]] = defaultdict(dict)
    for task in tasks:
        for asked in study.form_of(task.item).questions:
            if asked.name == question.name or (asked.is_criterion and question.name == CRITERIA):
                given[task.item.id, asked.name][task.rater] = task.rating.reply.values[asked.name]
    told = [{rater: value for rater, value in row.items() if value != CANNOT_TELL} for row in given.values()]
    counts = Counter(value for row in told for value in row.values())
    names = sorted({rater for row in given.values() for rater in row})
    numbers = [{rater: question.number(value) for rater, value in row.items()} for row in told]
    ratings = QuestionRatings(
        rows=[[row.get(name, float("nan")) for name in names] for row in numbers],
        items=[item_id for item_id, _ in given],
        level=question.level,
    )
    return QuestionProgress(
        question=question,
        counts={value: counts[value] for value in question.values},
        abstained=sum(len(row) for row in given.values()) - counts.total(),
        exact=None if study.is_anchored else exact_agreement([list(row.values()) for row in numbers]),
        agreement=agreement(ratings) if agreement and len(names) > 1 and not study.is_anchored else None,
    )


def _disputes(study: Study, tasks: list[Task], discussions: list[Task]) -> list[Dispute]:
    by_item = defaultdict(list)
    for task in tasks:
        by_item[task.item.id].append(task)
    states = defaultdict(list)
    for task in discussions:
        states[task.item.id].append(task.is_settled)
    found = (_dispute(study, rated, states.get(item_id)) for item_id, rated in by_item.items())
    return sorted(filter(None, found), key=lambda dispute: (-dispute.spread, dispute.item_id))


def _dispute(study: Study, tasks: list[Task], settled: list[bool] | None) -> Dispute | None:
    item = tasks[0].item
    ratings, widest = {}, 0
    for question in study.form_of(item).questions:
        if question.is_text:
            continue
        replies = {task.rater: task.rating.reply.values[question.name] for task in tasks}
        given = {rater: value for rater, value in replies.items() if value != CANNOT_TELL}
        if spread := _spread(question, list(given.values())):
            ratings[question.name] = {rater: question.shown(value) for rater, value in given.items()}
            widest = max(widest, spread)
    if not ratings:
        return None
    notes = {task.rater: task.rating.reply.note for task in tasks if task.rating.reply.note}
    discussed = None if settled is None else "done" if all(settled) else "open"
    return Dispute(item.id, item.question, item.answer, widest, ratings, notes, discussed)


def _spread(question: FormQuestion, given: Sequence[int | str]) -> int:
    """Difference between the ratings of a question; 0 if they are not disputed."""
    if len(set(given)) < 2:
        return 0
    if question.level == "nominal":
        return 1
    numbers, ends = [[int(question.number(v)) for v in values] for values in (given, question.values)]
    spread = max(numbers) - min(numbers)
    return spread if spread >= min(DISPUTED, max(ends) - min(ends)) else 0


def _number(estimate: Any, name: str) -> float | None:
    value = getattr(estimate, name, None)
    return value if value is not None and value == value else None  # NaN is not JSON
