"""Draw the items of a stress test: at random, or as many of each score where they have been scored before."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from judge.records import OVERALL, Item, Score
from judge.scoring.run import Run

UNSCORED = "no score"


@dataclass(frozen=True)
class StressItems:
    """Items of a stress test.

    Attributes
    ----------
    items : tuple of Item
        In the order of the input.
    n_input : int
        Number of items that they were drawn from.
    seed : int
        Seed of the draw.
    strata : mapping of str to (int, int)
        Score -> items drawn, items there are; empty for a simple random sample.
    """

    items: tuple[Item, ...]
    n_input: int
    seed: int
    strata: Mapping[str, tuple[int, int]]


def draw_items(
    items: Sequence[Item], n: int, seed: int, scores: Mapping[str, str] | None = None
) -> StressItems:
    """Draw items without replacement.

    Parameters
    ----------
    items : sequence of Item
        All items.
    n : int
        Number of items to draw; all of them if there are fewer.
    seed : int
        Random seed.
    scores : mapping of str to str, optional
        Id -> score, as text. The same number is then drawn of each score, where there are as many: probes
        that lower a score need items that can fall, and probes that must not raise it items that can rise.

    Examples
    --------
    >>> items = [Item(id=str(i), question="?", answer="!") for i in range(8)]
    >>> drawn = draw_items(items, 4, 0, {str(i): "5" if i < 6 else "1" for i in range(8)})
    >>> drawn.strata
    {'1': (2, 2), '5': (2, 6)}
    """
    members: dict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        members[scores.get(item.id, UNSCORED) if scores else ""].append(place)
    sizes = shares_of({name: len(members[name]) for name in sorted(members)}, n)
    drawn: list[int] = []
    for name, size in sizes.items():
        drawn += random.Random(f"{seed}:{name}").sample(members[name], size)
    strata = {name: (size, len(members[name])) for name, size in sizes.items()} if scores else {}
    return StressItems(tuple(items[place] for place in sorted(drawn)), len(items), seed, strata)


def shares_of(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """Divide `n` equally among strata; what a small stratum cannot give is divided among the others.

    >>> shares_of({"a": 2, "b": 9, "c": 9}, 12)
    {'a': 2, 'b': 5, 'c': 5}
    """
    left, shares = min(n, sum(sizes.values())), {}
    for count, (name, size) in enumerate(sorted(sizes.items(), key=lambda pair: pair[1])):
        shares[name] = min(size, left // (len(sizes) - count))
        left -= shares[name]
    return {name: shares[name] for name in sizes}


def scores_of(run: Run) -> dict[str, str]:
    """Score of each item by which strata are made: the overall score, or else the verdict."""
    rubric = run.rubric
    if rubric.overall.how != "none":
        return {
            score.item_id: f"{round(score.value):g}"
            for score in _overall(run)
            if isinstance(score.value, float | int)
        }
    return {item: "pass" if passed else "fail" for item, passed in run.verdicts() if passed is not None}


def _overall(run: Run) -> Iterable[Score]:
    return (s for s in run.scores() if s.dimension == OVERALL and s.sample == 0 and s.status == "ok")
