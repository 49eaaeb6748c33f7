"""Columns of a wide table of ratings: which rater and which dimension each of them holds."""

import re
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

_RATER = r"(?:human|rater|annotator|coder|reviewer|expert|evaluator|labell?er)[ _-]?\d+"
_SEPARATORS = " _.:/-"
_NUMBERED = re.compile(_RATER, re.I)
_NUMBERED_FIRST = re.compile(rf"({_RATER})[{_SEPARATORS}]+(\D.*)", re.I)
_NUMBERED_LAST = re.compile(rf"(.*\D)[{_SEPARATORS}]+({_RATER})", re.I)


@dataclass(frozen=True)
class RatingColumn:
    """A column that holds ratings.

    Attributes
    ----------
    column : str
        Name of the column.
    rater, dimension : str or None
        The rater or the dimension that the column stands for; None where each row says it.
    named_in : str or None
        Column that names the rater; `rater` is then only a place in the row.
    """

    column: str
    rater: str | None = None
    dimension: str | None = None
    named_in: str | None = None


def numbered_raters(columns: Iterable[str]) -> tuple[RatingColumn, ...]:
    """Columns such as ``rater_1`` and ``Annotator 2``.

    >>> [column.rater for column in numbered_raters(["item_id", "rater_1", "rater_2"])]
    ['rater_1', 'rater_2']
    """
    return tuple(RatingColumn(name, rater=name.strip()) for name in columns if _NUMBERED.fullmatch(name))


def numbered_raters_by_dimension(columns: Iterable[str]) -> tuple[RatingColumn, ...]:
    """Columns such as ``rater_1_clarity`` and ``clarity_rater_1``.

    >>> [(one.rater, one.dimension) for one in numbered_raters_by_dimension(["rater_1_clarity"])]
    [('rater_1', 'clarity')]
    """
    found = []
    for name in columns:
        if match := _NUMBERED_FIRST.fullmatch(name):
            found.append(RatingColumn(name, match[1], match[2]))
        elif match := _NUMBERED_LAST.fullmatch(name):
            found.append(RatingColumn(name, match[2], match[1]))
    return tuple(found)


def named_beside(columns: Sequence[str], values: Container[str]) -> tuple[RatingColumn, ...]:
    """Columns such as ``rater_1_score`` beside a column ``rater_1``, which may name the rater.

    `values` are names of columns of ratings that are no dimensions.

    >>> [(c.column, c.dimension, c.named_in) for c in named_beside(["rater_1", "rater_1_score"], ["score"])]
    [('rater_1_score', None, 'rater_1')]
    """
    raters = {one.column for one in numbered_raters(columns)}
    return tuple(
        RatingColumn(c.column, c.rater, None if c.dimension in values else c.dimension, named_in=c.rater)
        for c in numbered_raters_by_dimension(columns)
        if c.rater in raters
    )


def named_raters(columns: Sequence[str], raters: Sequence[str]) -> tuple[RatingColumn, ...]:
    """Columns of the named raters: one for each, or one for each rater and dimension.

    >>> [(c.rater, c.dimension) for c in named_raters(["id", "ann", "ben"], ["ann", "ben"])]
    [('ann', None), ('ben', None)]
    >>> [(c.rater, c.dimension) for c in named_raters(["id", "ann_clarity", "tone.ben"], ["ann", "ben"])]
    [('ann', 'clarity'), ('ben', 'tone')]
    """
    present, known = set(columns), set(raters)
    if known & present:
        return tuple(RatingColumn(rater, rater=rater.strip()) for rater in raters if rater in present)
    pairs = ((name, _split(name, known.__contains__)) for name in columns)
    return tuple(RatingColumn(name, pair[0], pair[1]) for name, pair in pairs if pair)


def raters_by_dimension(
    columns: Sequence[str], is_dimension: Callable[[str], bool]
) -> tuple[RatingColumn, ...]:
    """Columns of all combinations of two or more raters with known dimensions; none if any is missing.

    >>> known = {"clarity", "tone"}.__contains__
    >>> [c.rater for c in raters_by_dimension(["ann_clarity", "ben_clarity"], known)]
    ['ann', 'ben']
    >>> raters_by_dimension(["ann_clarity", "ben_tone"], known)
    ()
    """
    pairs = ((name, _split(name, is_dimension)) for name in columns)
    found = tuple(RatingColumn(name, pair[1], pair[0]) for name, pair in pairs if pair)
    raters, dimensions = ({c.rater for c in found}, {c.dimension for c in found})
    is_full = len(raters) > 1 and len(found) == len(raters) * len(dimensions)
    return found if is_full and len({(c.rater, c.dimension) for c in found}) == len(found) else ()


def crossed(columns: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Two lists of names whose every combination is a column, and no other column; None if there are none.

    >>> crossed(["ann_clarity", "ben_clarity", "ann_tone", "ben_tone"])
    (('ann', 'ben'), ('clarity', 'tone'))
    """
    for sign in _SEPARATORS:
        for divide in (str.partition, str.rpartition):
            pairs = [divide(name, sign) for name in columns]
            left = tuple(dict.fromkeys(before.strip() for before, _, _ in pairs))
            right = tuple(dict.fromkeys(after.strip() for _, _, after in pairs))
            is_full = len(left) > 1 and len(right) > 1 and len(left) * len(right) == len(columns)
            if is_full and all(found and before and after for before, found, after in pairs):
                return left, right
    return None


def _split(name: str, is_known: Callable[[str], bool]) -> tuple[str, str] | None:
    """Known part of a name and the other part, divided at a separator; the longest known part counts."""
    cuts = [n for n, sign in enumerate(name) if sign in _SEPARATORS]
    parts = [(name[:n], name[n + 1 :]) for n in cuts]
    pairs = [*parts, *((right, left) for left, right in parts)]
    known = [
        (part, rest.strip(_SEPARATORS)) for part, rest in pairs if is_known(part) and rest.strip(_SEPARATORS)
    ]
    return max(known, key=lambda pair: len(pair[0]), default=None)
