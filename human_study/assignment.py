"""Who rates what, and in which order. Pure and seeded."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import Literal

Kind = Literal["training", "main", "repeat", "check", "discussion"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a rater's list: an item of the study, its planned repeat, or an attention check."""

    kind: Kind
    item: int
    """Position among the study's items, or among its checks."""
    sample: int = 0


def assign(groups: Sequence[str], raters: int, per_item: int, rng: Random) -> list[tuple[int, ...]]:
    """Choose the raters of every item: equal loads, and pairs of raters that share equally many items.

    Items of one group (a stratum, a system) are dealt out together, so that every rater gets an equal part
    of each group as well. Each item goes to the raters with the least load; among those, to raters whom no
    chain of shared items connects yet, then to those who have shared the fewest items so far.

    Parameters
    ----------
    groups : sequence of str, length n_items
        The group of each item.
    raters, per_item : int
        Number of raters, and how many of them rate each item (at most all).
    rng : random.Random
        Seeded by the caller.

    Returns
    -------
    list of tuple of int, length n_items
        Raters of each item, ascending. Loads differ by at most one in all.

    Raises
    ------
    ValueError
        If an item needs more raters than there are.

    Examples
    --------
    >>> assign(["a"] * 3, raters=3, per_item=2, rng=Random(0))
    [(0, 2), (0, 1), (1, 2)]
    """
    if not 1 <= per_item <= raters:
        raise ValueError(f"per_item must lie between 1 and the number of raters ({raters}), got {per_item}")
    dealt = _Workload(raters, rng)
    order = list(range(len(groups)))
    rng.shuffle(order)
    order.sort(key=lambda i: groups[i])
    chosen = {i: dealt.next_block(per_item) for i in order}
    return [chosen[i] for i in range(len(groups))]


class _Workload:
    """What has been dealt out so far: loads, shared items, and which raters are connected."""

    def __init__(self, raters: int, rng: Random) -> None:
        self.rng = rng
        self.load = [0] * raters
        self.shared: Counter[tuple[int, int]] = Counter()
        self.component = list(range(raters))

    def next_block(self, size: int) -> tuple[int, ...]:
        block: list[int] = []
        while len(block) < size:
            free = [r for r in range(len(self.load)) if r not in block]
            block.append(min(free, key=lambda r: self._cost(r, block)))
        block.sort()
        self._book(block)
        return tuple(block)

    def _cost(self, rater: int, block: list[int]) -> tuple[int, bool, int, float]:
        joined = {self.component[b] for b in block}
        shared = sum(self.shared[min(rater, b), max(rater, b)] for b in block)
        return self.load[rater], self.component[rater] in joined, shared, self.rng.random()

    def _book(self, block: list[int]) -> None:
        for rater in block:
            self.load[rater] += 1
        self.shared.update(combinations(block, 2))
        joined = {self.component[rater] for rater in block}
        self.component = [min(joined) if c in joined else c for c in self.component]


def arrange(items: Iterable[int], n_checks: int, n_repeats: int, rng: Random) -> list[Slot]:
    """Order one rater's list: shuffled items, repeats long after the first sight, checks spread evenly.

    A repeat comes at least a third of the list after its original, so that it is judged and not remembered.

    Examples
    --------
    >>> [f"{slot.kind} {slot.item}" for slot in arrange([7, 8, 9], n_checks=1, n_repeats=1, rng=Random(1))]
    ['main 8', 'main 9', 'check 0', 'main 7', 'repeat 9']
    """
    main = list(items)
    rng.shuffle(main)
    gap = max(1, len(main) // 3)
    early = range(max(len(main) - gap, 0))
    again = rng.sample(early, min(n_repeats, len(early)))
    placed = [(float(i), Slot("main", item)) for i, item in enumerate(main)]
    placed += [(rng.uniform(i + gap, len(main)), Slot("repeat", main[i], sample=1)) for i in again]
    step = len(main) / max(n_checks, 1)
    placed += [((i + rng.uniform(0.2, 0.8)) * step, Slot("check", i)) for i in range(n_checks)]
    return [slot for _, slot in sorted(placed, key=lambda pair: pair[0])]
