"""Which items are rated, and with what probability each was drawn. Pure and seeded."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random


def draw(strata: Sequence[str], n: int, rng: Random) -> dict[int, float]:
    """Draw `n` items, as equally many from each stratum as it holds, and say how likely each draw was.

    With one stratum this is simple random sampling. With several, rare kinds of items are seen as often as
    common ones; estimates for the whole then weight each item with 1 / probability (Horvitz-Thompson).

    Parameters
    ----------
    strata : sequence of str, length n_items
        The stratum of each item, e.g. its category, or whether the judge let it pass.
    n : int
        Number of items wanted; all items if there are no more.
    rng : random.Random
        Seeded by the caller.

    Returns
    -------
    dict of int to float
        Position of each drawn item, ascending, and its inclusion probability in (0, 1].

    Examples
    --------
    Two failures among eight answers: both are drawn, and two of the six that passed.

    >>> draw(["passed"] * 6 + ["failed"] * 2, 4, Random(0))
    {0: 0.3333333333333333, 2: 0.3333333333333333, 6: 1.0, 7: 1.0}
    """
    members = defaultdict(list)
    for position, stratum in enumerate(strata):
        members[stratum].append(position)
    sizes = allocate({stratum: len(found) for stratum, found in members.items()}, n)
    drawn = {
        position: sizes[stratum] / len(found)
        for stratum, found in sorted(members.items())
        for position in rng.sample(found, sizes[stratum])
    }
    return dict(sorted(drawn.items()))


def allocate(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """Share `n` draws equally among strata; what a small stratum cannot give, the others do.

    Examples
    --------
    >>> allocate({"passed": 90, "failed": 4, "unclear": 50}, 20)
    {'failed': 4, 'unclear': 8, 'passed': 8}
    """
    shares, left = {}, min(n, sum(sizes.values()))
    smallest_first = sorted(sizes, key=lambda stratum: (sizes[stratum], stratum))
    for done, stratum in enumerate(smallest_first):
        shares[stratum] = min(sizes[stratum], left // (len(sizes) - done))
        left -= shares[stratum]
    return shares
