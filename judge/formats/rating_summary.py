"""What was read from a file of ratings, in two lines, and a note on raters who seem to use another scale."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from judge.formats.cells import CellReader
from judge.records import Score

_MOST_NAMES = 5
_LEAST_RATINGS = 20
_LEAST_SHARE = 0.2
_LEAST_POINTS, _LEAST_RANGE = 2, 0.3
"""A rater seems to use another scale if a fifth of the ratings lie above all ratings of the others, and the
highest lies at least two points and 30 % of the others' range above them."""


@dataclass(frozen=True)
class RatingsSummary:
    """Sizes of a file of ratings.

    Attributes
    ----------
    raters, judges, dimensions : tuple of str
        Names in order of appearance.
    n_items, n_ratings, n_missing : int
        Number of items, of ratings with a value, and of ratings without one.
    scale : str
        Declared scale, or the values that were found.
    """

    raters: tuple[str, ...]
    judges: tuple[str, ...]
    dimensions: tuple[str, ...]
    n_items: int
    n_ratings: int
    n_missing: int
    scale: str

    @classmethod
    def of(cls, scores: Sequence[Score], cells: CellReader) -> "RatingsSummary":
        """Summarise scores that were read with `cells`."""
        n_missing = sum(score.value is None for score in scores)
        return cls(
            tuple(dict.fromkeys(s.rater for s in scores if s.rater_kind == "human")),
            tuple(dict.fromkeys(s.rater for s in scores if s.rater_kind == "judge")),
            tuple(dict.fromkeys(score.dimension for score in scores)),
            len({score.item_id for score in scores}),
            len(scores) - n_missing,
            n_missing,
            _scale(scores, cells),
        )

    def __str__(self) -> str:
        raters = [_counted(self.raters, "rater")] if self.raters or not self.judges else []
        judges = [_counted(self.judges, "judge")] if self.judges else []
        items = f"{self.n_items:,} item{'' if self.n_items == 1 else 's'}"
        ratings = f"{self.n_ratings:,} rating{'' if self.n_ratings == 1 else 's'}"
        return (
            f"{', '.join([*raters, *judges, items, _counted(self.dimensions, 'dimension')])}\n"
            f"{ratings}, scale {self.scale}, {self.n_missing:,} missing"
        )


def scale_notes(scores: Iterable[Score]) -> Iterator[str]:
    """Name each rater whose ratings lie far above those of all others, as on another scale."""
    values: dict[str, list[float]] = {}
    for score in scores:
        if score.rater_kind == "human" and isinstance(score.value, float):
            values.setdefault(score.rater, []).append(score.value)
    for rater, own in values.items():
        others = [value for name, given in values.items() if name != rater for value in given]
        if min(len(own), len(others)) < _LEAST_RATINGS:
            continue
        low, high = min(others), max(others)
        beyond = max(_LEAST_POINTS, _LEAST_RANGE * (high - low))
        n_above = sum(value > high for value in own)
        if max(own) >= high + beyond and n_above >= _LEAST_SHARE * len(own):
            yield (
                f"{rater} gives {min(own):g} to {max(own):g}, all others {low:g} to {high:g}. If {rater} "
                f"used another scale, declare it: --rater-scale {rater}=LOW-HIGH."
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
