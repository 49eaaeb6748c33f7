"""What was read from a file of ratings, in two lines, with notes on odd ids and rescaled ratings."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from judge.formats.cells import CellReader
from judge.records import Score
from judge.rows.text_lines import ZERO_WIDTH

_MOST_NAMES = 5
_NOT_SEEN = dict.fromkeys(map(ord, ZERO_WIDTH))
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?E\+\d+")


@dataclass(frozen=True)
class RatingsSummary:
    """Sizes of a file of ratings.

    Attributes
    ----------
    raters, judges, dimensions : tuple of str
        Names in order of appearance.
    n_items, n_ratings, n_missing, n_abstained : int
        Number of items, of ratings with a value, of missing ratings, and of ratings by which a person said
        that they cannot tell. Dimensions that do not apply to an item are in none of them.
    scale : str
        Declared scale, or the values that were found.
    """

    raters: tuple[str, ...]
    judges: tuple[str, ...]
    dimensions: tuple[str, ...]
    n_items: int
    n_ratings: int
    n_missing: int
    n_abstained: int
    scale: str

    @classmethod
    def of(cls, scores: Sequence[Score], cells: CellReader) -> "RatingsSummary":
        """Summarise scores that were read with `cells`."""
        counts = Counter("ok" if score.value is not None else score.status for score in scores)
        n_abstained = counts["abstained"]
        return cls(
            tuple(dict.fromkeys(s.rater for s in scores if s.rater_kind == "human")),
            tuple(dict.fromkeys(s.rater for s in scores if s.rater_kind == "judge")),
            tuple(dict.fromkeys(score.dimension for score in scores)),
            len({score.item_id for score in scores}),
            counts["ok"],
            len(scores) - counts["ok"] - n_abstained - counts["not_applicable"],
            n_abstained,
            _scale(scores, cells),
        )

    def __str__(self) -> str:
        raters = [_counted(self.raters, "rater")] if self.raters or not self.judges else []
        judges = [_counted(self.judges, "judge")] if self.judges else []
        items = f"{self.n_items:,} item{'' if self.n_items == 1 else 's'}"
        ratings = f"{self.n_ratings:,} rating{'' if self.n_ratings == 1 else 's'}"
        abstained = f", {self.n_abstained:,} cannot tell" if self.n_abstained else ""
        return (
            f"{', '.join([*raters, *judges, items, _counted(self.dimensions, 'dimension')])}\n"
            f"{ratings}, scale {self.scale}, {self.n_missing:,} missing{abstained}"
        )


def id_notes(scores: Iterable[Score]) -> Iterator[str]:
    """Name items whose ids a spreadsheet program has shortened, and ids that may name one item."""
    ids = dict.fromkeys(score.item_id for score in scores)
    if found := [name for name in ids if _SCIENTIFIC.fullmatch(name)]:
        more = ", …" if len(found) > _MOST_NAMES else ""
        yield (
            f"Items {', '.join(found[:_MOST_NAMES])}{more}: such ids are long numbers that a program "
            "for spreadsheets has shortened, so that different items may have the same one. Export the ids "
            "as text."
        )
    spellings: dict[str, str] = {}
    alike = [(other, name) for name in ids if (other := spellings.setdefault(spelling(name), name)) != name]
    if alike:
        pairs = "; ".join(f"{first!a} and {second!a}" for first, second in alike[:_MOST_NAMES])
        more = "; …" if len(alike) > _MOST_NAMES else ""
        yield (
            f"Items {pairs}{more} differ only in case, leading zeros, or signs that cannot be seen, and "
            "count as different items. If they are the same, write them alike."
        )


def spelling(name: str) -> str:
    """What is left of a name without case, leading zeros, forms of one letter, and signs of no width.

    >>> spelling("Q1") == spelling("q1"), spelling("007") == spelling("7"), spelling("q1") == spelling("q2")
    (True, True, False)
    """
    text = unicodedata.normalize("NFKC", name).casefold().translate(_NOT_SEEN)
    return " ".join(text.split()).lstrip("0") or "0"


def rescaling_notes(
    rescaled: Mapping[str, tuple[float, float]], ends: tuple[float, float] | None
) -> Iterator[str]:
    """Say which ratings were rescaled, and which statistics are not given for that reason."""
    if rescaled and ends is not None:
        who = ", ".join(f"{name} ({own[0]:g} to {own[1]:g})" for name, own in rescaled.items())
        yield (
            f"Ratings of {who} were rescaled linearly to {ends[0]:g} to {ends[1]:g}. For rescaled ratings "
            "only interval statistics are given (interval alpha, ICC, correlation, differences); same score, "
            "kappa and pass/fail verdicts are undefined."
        )


def _scale(scores: Sequence[Score], cells: CellReader) -> str:
    if cells.labels:
        return f"{', '.join(cells.labels)} (declared)"
    if cells.ends is not None:
        return f"{cells.ends[0]:g}-{cells.ends[1]:g} (declared)"
    numbers = [score.value for score in scores if isinstance(score.value, float)]
    labels = dict.fromkeys(score.value for score in scores if isinstance(score.value, str))
    shown = [f"{min(numbers):g}-{max(numbers):g}"] if numbers else []
    shown += [f"{label:.40}" for label in list(labels)[:_MOST_NAMES]]
    more = ", …" if len(labels) > _MOST_NAMES else ""
    return f"{', '.join(shown)}{more} (found)" if shown else "unknown"


def _counted(names: Sequence[str], noun: str) -> str:
    """``2 raters (ann, ben)``."""
    more = ", …" if len(names) > _MOST_NAMES else ""
    listed = f" ({', '.join(names[:_MOST_NAMES])}{more})" if names else ""
    return f"{len(names):,} {noun}{'' if len(names) == 1 else 's'}{listed}"
