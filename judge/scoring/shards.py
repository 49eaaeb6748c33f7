"""Shards: parts of one input, each of which is scored into a run of its own; `merge` combines the runs."""

import re
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from judge.errors import InputError

MOST_SHARDS = 100_000
_FORM = re.compile(r"(\d{1,6})/(\d{1,6})", re.ASCII)
_HASH_DIGITS = 16


@dataclass(frozen=True)
class Shard:
    """One of `of` parts of an input, counted from 1.

    Examples
    --------
    >>> shard = Shard.parse("3/16")
    >>> shard.number, shard.of, str(shard), shard.suffix
    (3, 16, '3/16', 'shard-03-of-16')
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read ``3/16``.

        Raises
        ------
        InputError
            The text is not of this form, or the number is not between 1 and the number of shards.
        """
        found = _FORM.fullmatch(text.strip())
        number, of = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= number <= of <= MOST_SHARDS:
            raise InputError(
                f"shard (--shard): found {text!r:.80}; allowed is N/COUNT, counted from 1, such as 3/16 for "
                f"the third of 16 shards (at most {MOST_SHARDS:,})"
            )
        return cls(number, of)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def suffix(self) -> str:
        """End of the name of its folder; the names of all shards sort by number."""
        return f"shard-{self.number:0{len(str(self.of))}}-of-{self.of}"

    def holds(self, content: str) -> bool:
        """Whether the items with this `content_key` belong to the shard."""
        return int(content[:_HASH_DIGITS], 16) % self.of == self.number - 1


class ShardFact(BaseModel):
    """Which shard a run is, as its manifest records it.

    Attributes
    ----------
    number, of : int
        The shard, counted from 1, and the number of shards.
    items : int
        Items of the whole input, after `limit`.
    input : str
        Digest of the whole input.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    number: int = Field(ge=1)
    of: int = Field(ge=1, le=MOST_SHARDS)
    items: int = Field(ge=0)
    input: str


class MergeFact(BaseModel):
    """What a run was merged from, as its manifest records it.

    Attributes
    ----------
    runs : int
        Number of runs.
    replies_in_several : int
        Requests to which more than one run has a reply.
    left_out : int
        Items of shards that are no longer in their input.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    runs: int
    replies_in_several: int
    left_out: int
