"""Anchored ratings: people saw the verdict of a judge first, and approved or contested it.

A table marks such a row by ``anchored`` in the column ``kind``. Its value is ``approve`` or ``contest``,
beside the score that was shown (``judge_value``), the rater's own one (``own_value``) and the judge
(``judge_name``). In a wide table the columns of the dimension ``clarity`` are ``clarity``, ``clarity:judge``,
``clarity:own`` and ``clarity:comment``. These rows are taken out of a table before it is read, so that no
statistic of independent ratings can include them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from judge.errors import InputError
from judge.formats.cells import number_or_none
from judge.formats.document import Object
from judge.formats.rating_cell import holds, name_in
from judge.formats.rating_columns import COLUMNS
from judge.items.columns import plain
from judge.records import MOST_SAMPLES
from judge.rubric import CRITERIA

ANCHORED = "anchored"
KIND = "kind"
SHOWN, OWN, COMMENT = ":judge", ":own", ":comment"
"""Ends of the names of columns in a wide table."""
_BLIND = ("", "blind")
_APPROVALS = ("approve", "contest")
_WITHOUT = ("skipped", "abstained")

Approval = Literal["approve", "contest"]
OnAnchored = Callable[["AnchoredRating"], None]


class AnchoredOnlyError(InputError):
    """A file holds anchored ratings and no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredRating:
    """Reply of one person about one score of a judge.

    Attributes
    ----------
    where : str
        Place in the file.
    item_id, rater : str
        The item and the person.
    dimension : str
        The dimension, ``overall``, ``criteria``, or ``passes`` for the verdict.
    criterion : str or None
        Id of the criterion, where `dimension` is ``criteria``.
    sample : int
        Number of the repetition.
    judge : str
        Name of the judge; empty if the file does not say it.
    approval : {'approve', 'contest'} or None
        None where the person skipped the answer or cannot tell.
    status : {'ok', 'skipped', 'abstained'}
        Why there is no approval.
    shown, own : float, str or None
        The judge's score, and the one that the person gave in its place.
    comment, note : str
        On this score, and on the whole answer; the note of a skipped answer is its reason.
    probability, stratum : object
        How the item was drawn, as the file has it.
    """

    where: str
    item_id: str
    rater: str
    dimension: str
    criterion: str | None = None
    sample: int = 0
    judge: str = ""
    approval: Approval | None = None
    status: Literal["ok", "skipped", "abstained"] = "ok"
    shown: float | str | None = None
    own: float | str | None = None
    comment: str = ""
    note: str = ""
    probability: Any = None
    stratum: Any = None

    @property
    def question(self) -> str:
        """Name of what was approved: the dimension, or ``criteria/ID``."""
        return self.dimension if self.criterion is None else f"{CRITERIA}/{self.criterion}"

    def row(self) -> dict[str, Any]:
        """Row of a long table that is read as this rating again."""
        same = ("item_id", "rater", "dimension", "criterion", "sample", "status", "comment")
        return {name: getattr(self, name) for name in (*same, "probability", "stratum")} | {
            "value": self.approval,
            "reason": self.note,
            KIND: ANCHORED,
            "judge_name": self.judge,
            "judge_value": self.shown,
            "own_value": self.own,
        }


def independent_rows(
    rows: Iterator[tuple[str, Object]], mapping: Mapping[str, str], on_anchored: OnAnchored
) -> Iterator[tuple[str, Object]]:
    """Yield the rows that are not anchored, and pass the ratings of the others to `on_anchored`.

    Raises
    ------
    InputError
        An anchored row lacks a column that it needs, or its value is neither ``approve`` nor ``contest``.
    """
    column: str | None = None
    for where, row in rows:
        if column is None:
            column = next((name for name in row if plain(name) == KIND), KIND)
        if column not in row:
            yield where, row
        elif (kind := name_in(row[column]).casefold()) == ANCHORED:
            for rating in _Row(row, where, mapping).ratings():
                on_anchored(rating)
        else:
            yield where, (_without_marks(row, column) if kind in _BLIND else row)


def _without_marks(row: Object, column: str) -> Object:
    """Return an independent row without what it has only because other rows of the table are anchored."""
    return {
        name: cell
        for name, cell in row.items()
        if name != column
        and not name.endswith((SHOWN, OWN, COMMENT))
        and (holds(cell) or name + SHOWN not in row)
    }


class _Row:
    """One anchored row of a table."""

    def __init__(self, row: Object, where: str, mapping: Mapping[str, str]) -> None:
        self.row = row
        self.where = where
        self.mapping = mapping
        self.names = {plain(name): name for name in reversed(row)}

    def ratings(self) -> Iterator[AnchoredRating]:
        """Ratings of a long row, which is one, or of a wide row."""
        wide = [name.removesuffix(SHOWN) for name in self.row if name.endswith(SHOWN)]
        for name in wide:
            if holds(self.row.get(name + SHOWN)):  # a dimension that the judge did not score was not asked
                parts = [self.row.get(name + part) for part in (SHOWN, OWN, COMMENT)]
                yield self._rating(name, None, self.row.get(name), *parts)
        if not wide:
            yield self._long_rating()

    def _long_rating(self) -> AnchoredRating:
        dimension, criterion = (name_in(self._of(name)) for name in ("dimension", "criterion"))
        if not dimension or self._column("value") is None:
            raise self._error(
                "an anchored rating needs the columns 'dimension' and 'value' or, in a wide table, "
                f"'NAME{SHOWN}' beside 'NAME' for each dimension; found: {', '.join(self.row)}"
            )
        parts = [self.row.get(self.names.get(name, "")) for name in ("judge_value", "own_value", "comment")]
        return self._rating(dimension, criterion or None, self._of("value"), *parts)

    def _rating(
        self, dimension: str, criterion: str | None, raw: Any, shown: Any, own: Any, comment: Any
    ) -> AnchoredRating:
        item_id, rater = name_in(self._of("item_id")), name_in(self._of("rater"))
        if not item_id or not rater:
            lacking = "the id of the item" if not item_id else "the rater"
            raise self._error(f"an anchored rating needs {lacking}")
        reply, status = name_in(raw).casefold(), name_in(self._of("status")).casefold() or "ok"
        if reply == "cannot_tell":
            reply, status = "", "abstained"
        skipped = name_in(self._of("skipped"))
        if skipped or (not reply and status == "ok"):
            reply, status = "", "skipped"
        if (
            (reply not in _APPROVALS and reply)
            or status not in ("ok", *_WITHOUT)
            or (reply and status != "ok")
        ):
            raise self._error(
                f"{dimension} is {raw!r:.40} with the status {status!r}; allowed in anchored ratings: "
                f"{', '.join(_APPROVALS)}, or an empty value with the status {' or '.join(_WITHOUT)}"
            )
        return AnchoredRating(
            where=self.where,
            item_id=item_id,
            rater=rater,
            dimension=dimension,
            criterion=criterion,
            sample=self._sample(),
            judge=name_in(self.row.get(self.names.get("judge_name", ""))),
            approval=cast(Approval, reply) if reply else None,
            status=cast(Literal["ok", "skipped", "abstained"], status),
            shown=_score(shown),
            own=_score(own),
            comment=name_in(comment),
            note=skipped or name_in(self._of("reason")),
            probability=self._of("probability"),
            stratum=self._of("stratum"),
        )

    def _sample(self) -> int:
        raw = self._of("sample")
        number = number_or_none(raw) if holds(raw) else 0.0
        if number is None or not number.is_integer() or not 0 <= number < MOST_SAMPLES:
            raise self._error(f"found the sample {raw!r:.40}; allowed: 0 to {MOST_SAMPLES - 1:,}")
        return int(number)

    def _column(self, meaning: str) -> str | None:
        if meaning in self.mapping:
            return self.mapping[meaning]
        return next((self.names[alias] for alias in COLUMNS[meaning] if alias in self.names), None)

    def _of(self, meaning: str) -> Any:
        column = self._column(meaning)
        return None if column is None else self.row.get(column)

    def _error(self, problem: str) -> InputError:
        return InputError(f"{self.where}: {problem}")


def _score(raw: Any) -> float | str | None:
    if not holds(raw):
        return None
    number = number_or_none(raw)
    return name_in(raw) if number is None else number


@dataclass
class AnchoredCount:
    """Counts the anchored ratings of a file.

    Attributes
    ----------
    on_anchored : callable or None
        Called with each of them; None if nothing else reports them.
    n : int
        Number of them so far.
    """

    on_anchored: OnAnchored | None = None
    n: int = 0

    def add(self, rating: AnchoredRating) -> None:
        """Count one, and pass it on."""
        self.n += 1
        if self.on_anchored is not None:
            self.on_anchored(rating)

    def notes(self) -> Iterator[str]:
        """Say how many were left out, where nothing else reports them."""
        if self.on_anchored is None:
            yield from anchored_notes(self.n)

    def error(self, name: str) -> AnchoredOnlyError:
        """Error about a file without an independent rating."""
        return AnchoredOnlyError(
            f"{name}: every rating is anchored ({self.n:,}; people saw the judge's verdict first), and "
            "independent ones are needed: collect them with judge study new without --show-verdict. judge "
            "agree prints the approval rate of anchored ratings"
        )


def anchored_notes(n: int) -> Iterator[str]:
    """Say that `n` anchored ratings are not among the independent ones."""
    if n:
        ratings, were = ("rating", "was") if n == 1 else ("ratings", "were")
        yield (
            f"{n:,} anchored {ratings} (people saw the judge's verdict first) {were} left out; judge agree "
            "reports the approval rate."
        )
