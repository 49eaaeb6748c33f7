"""What a study's file holds about raters and ratings, as records."""

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
    """A change of one rating, as it is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    save_id: str = Field(pattern=r"^[A-Za-z0-9-]{8,64}$")
    """Chosen by the sender; the same change sent twice is saved once."""
    base: int = Field(ge=0, le=1_000_000)
    """Revision on which the change builds; 0 for the first."""
    reply: Reply
    seconds: float = Field(ge=0, le=1_000_000, allow_inf_nan=False)
    """Time spent on this answer so far, pauses left out."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What a rater said about one answer, as it stands now."""

    revision: int = 0
    state: str = "open"
    reply: Reply = field(default_factory=Reply)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Rater:
    """A person who rates, known by a pseudonym only."""

    name: str
    token: str
    replaces: str | None
    began: float | None
    dropped: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Task:
    """One answer in one rater's list."""

    rater: str
    n: int
    kind: Kind
    sample: int
    item: Item
    stratum: str
    probability: float
    gold: GoldItem | None
    rating: Rating

    @property
    def is_settled(self) -> bool:
        """Whether it was rated or skipped."""
        return self.rating.state in _SETTLED


class ConflictError(Exception):
    """The rating was changed elsewhere meanwhile; `rating` is how it stands now."""

    def __init__(self, rating: Rating) -> None:
        super().__init__(f"changed elsewhere; revision {rating.revision} is saved")
        self.rating = rating


class LockedError(Exception):
    """The training round comes first."""


@dataclass
class RatingDraft:
    """What the rows of a file say about one answer, while the file is read."""

    where: str
    values: dict[str, int | str] = field(default_factory=dict)
    note: str = ""
    skip: str = ""
