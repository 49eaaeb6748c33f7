"""Records of a study: raters, tasks and ratings."""

from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from human_study.assignment import Kind
from human_study.form import Reply
from human_study.gold_items import GoldItem
from judge.records import Item

_SETTLED = ("done", "skipped")
STATES = ("open", *_SETTLED)


Key = tuple[str, str, int]
"""Rater, item, sample."""


class Save(BaseModel):
    """A change of one rating, as sent by the browser."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    save_id: str = Field(pattern=r"^[A-Za-z0-9-]{8,64}$")
    """Chosen by the browser; a change that is sent twice is saved once."""
    base: int = Field(ge=0, le=1_000_000)
    """Revision that is changed; 0 for the first rating."""
    reply: Reply
    seconds: float = Field(ge=0, le=1_000_000, allow_inf_nan=False)
    """Time spent on this answer so far, without pauses."""


@dataclass(frozen=True, slots=True)
class Rating:
    """The latest revision of a rating of one answer."""

    revision: int = 0
    state: str = "open"
    reply: Reply = field(default_factory=Reply)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Rater:
    """A human rater, identified only by a pseudonym."""

    name: str
    token: str
    replaces: str | None
    began: float | None
    dropped: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Task:
    """One answer in the list of one rater."""

    rater: str
    n: int
    kind: Kind
    sample: int
    item: Item
    stratum: str
    probability: float | None
    gold: GoldItem | None
    rating: Rating

    @property
    def is_settled(self) -> bool:
        """Whether the answer was rated or skipped."""
        return self.rating.state in _SETTLED


class ConflictError(Exception):
    """The rating was changed in another window; `rating` is the latest revision."""

    def __init__(self, rating: Rating) -> None:
        super().__init__(f"changed elsewhere; revision {rating.revision} is saved")
        self.rating = rating


class LockedError(Exception):
    """The training round is not finished."""


@dataclass
class RatingDraft:
    """A rating of one answer, collected from the rows of a file."""

    where: str
    values: dict[str, int | str] = field(default_factory=dict)
    note: str = ""
    skip: str = ""
    shown: dict[str, float | str] = field(default_factory=dict)
    """Question -> score of the judge that the rater saw, in an anchored rating."""
