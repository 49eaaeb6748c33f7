"""Raters who seem to have used another scale than the others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from judge.records import Score

_MOST_NAMES = 5
_LEAST_RATINGS = 20
_LEAST_SHARE = 0.2
_LEAST_POINTS, _LEAST_RANGE = 2, 0.3
"""Two groups of raters seem to have used two scales if each rater of the one gives a fifth of the ratings
above all ratings of the other, up to at least two points and 30 % of the other's range above them."""
_LEAST_SHIFTED = 3


@dataclass(frozen=True)
class _Used:
    """Values that one rater gave, with their numbers."""

    rater: str
    counts: dict[float, int]

    @property
    def low(self) -> float:
        return min(self.counts)

    @property
    def high(self) -> float:
        return max(self.counts)

    @property
    def n(self) -> int:
        return sum(self.counts.values())

    @property
    def has_every_point(self) -> bool:
        """Whether the rater gave every whole number of the own range, and no other."""
        return self.low.is_integer() and set(self.counts) == {
            self.low + step for step in range(int(self.high - self.low) + 1)
        }

    def share_above(self, value: float) -> float:
        return sum(n for given, n in self.counts.items() if given > value) / self.n


def scale_notes(scores: Iterable[Score], ends: tuple[float, float] | None = None) -> Iterator[str]:
    """Name the raters whose ratings look like those on another scale than the others used.

    Parameters
    ----------
    scores : iterable of Score
        Scores of people and judges.
    ends : tuple of float, or None
        Ends of the declared scale.
    """
    by_rater: dict[str, dict[float, int]] = {}
    for score in scores:
        value = score.value
        if isinstance(value, float) and score.rater_kind == "human":
            counts = by_rater.setdefault(score.rater, {})
            counts[value] = counts.get(value, 0) + 1
    ordered = sorted((_Used(*one) for one in by_rater.items()), key=lambda used: used.high)
    for place in range(1, len(ordered)):
        is_gap = ordered[place].high >= ordered[place - 1].high + _LEAST_POINTS
        low, high = (ordered[:place], ordered[place:]) if is_gap else ([], [])
        if is_gap and _is_other_scale(low, high):
            yield _said(*_odd_first(low, high, ends))
    yield from _shifted([used for used in ordered if used.n >= _LEAST_RATINGS])


def _is_other_scale(low: Sequence[_Used], high: Sequence[_Used]) -> bool:
    """Whether raters with high ratings seem to have used a longer scale than those with low ones."""
    top, bottom = low[-1].high, min(used.low for used in low)
    beyond = max(_LEAST_POINTS, _LEAST_RANGE * (top - bottom))
    if high[0].high < top + beyond or sum(used.n for used in low) < _LEAST_RATINGS:
        return False
    many = [used for used in high if used.n >= _LEAST_RATINGS]
    return bool(many) and all(used.share_above(top) >= _LEAST_SHARE for used in many)


def _odd_first(
    low: Sequence[_Used], high: Sequence[_Used], ends: tuple[float, float] | None
) -> tuple[Sequence[_Used], Sequence[_Used]]:
    """Both groups, first the one that does not reach the end of the declared scale, else the smaller one."""
    if ends is not None and low[-1].high < ends[1] <= high[-1].high:
        return low, high
    return (low, high) if len(low) < len(high) else (high, low)


def _said(odd: Sequence[_Used], others: Sequence[_Used]) -> str:
    names, first = _named(odd), odd[0].rater
    return (
        f"{names} {'gives' if len(odd) == 1 else 'give'} {_range(odd)}, all others {_range(others)}. If "
        f"{first} used another scale, declare it: --rater-scale {first}=LOW-HIGH."
    )


def _shifted(raters: Sequence[_Used]) -> Iterator[str]:
    """Name the raters who count the points of the scale from 0, where the others count from 1."""
    from_0 = [used for used in raters if used.low == 0]
    from_1 = [used for used in raters if used.low == 1]
    tops = {used.high for used in from_0} | {used.high - 1 for used in from_1}
    is_split = from_0 and from_1 and len(from_0) + len(from_1) == len(raters)
    if is_split and len(tops) == 1 and min(tops) >= _LEAST_SHIFTED and all(u.has_every_point for u in raters):
        top = tops.pop()
        yield (
            f"{_named(from_0)} {'gives' if len(from_0) == 1 else 'give'} 0 to {top:g}, all others 1 to "
            f"{top + 1:g}: as many points, counted from 0. If these are two scales, declare them: "
            f"--rater-scale {from_0[0].rater}=0-{top:g} --rater-scale {from_1[0].rater}=1-{top + 1:g}."
        )


def _range(used: Sequence[_Used]) -> str:
    return f"{min(one.low for one in used):g} to {max(one.high for one in used):g}"


def _named(used: Sequence[_Used]) -> str:
    listed = [one.rater for one in used]
    return ", ".join(listed[:_MOST_NAMES]) + (", …" if len(listed) > _MOST_NAMES else "")
