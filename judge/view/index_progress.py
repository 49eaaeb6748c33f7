"""How far the index of a run is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far the index is.

    Attributes
    ----------
    items : int
        Items of the run.
    read : int
        Items whose scores and fields can be filtered.
    searchable : int
        Items whose texts can be searched by the index.
    has_reasons : bool
        Whether the reasons of the judge can be searched as well.
    problem : str
        Why there is no full-text index; empty if nothing is wrong.
    is_scored_now : bool
        Whether a process is scoring the run.
    with_replies : int
        Items read whose scores, or the reasons why they are missing, are known.
    generation : int
        A number that changes with everything that is shown.
    """

    items: int = 0
    read: int = 0
    searchable: int = 0
    has_reasons: bool = False
    problem: str = ""
    is_scored_now: bool = False
    with_replies: int = 0
    generation: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether everything can be filtered and searched."""
        is_searchable = self.searchable >= self.items and (self.has_reasons or self.is_scored_now)
        return self.read >= self.items and (is_searchable or bool(self.problem))
