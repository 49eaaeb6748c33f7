"""Stratified sampling of the items, with inclusion probabilities. Pure and seeded."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random


def draw(strata: Sequence[str], n: int, rng: Random) -> dict[int, float]:
    """Draw a stratified sample of `n` items, with equal sizes per stratum, and its inclusion probabilities.

    A stratum with fewer items is taken completely. With one stratum this is simple random sampling. Estimates
    for all items need the design weight 1 / probability (Horvitz-Thompson).

    Parameters
    ----------
    strata : sequence of str, length n_items
        The stratum of each item, such as its category or the verdict of the judge.
    n : int
        Number of items to draw; all items if there are fewer.
    rng : random.Random
        Random generator, seeded by the caller.

    Returns
    -------
    dict of int to float
        Inclusion probability in (0, 1] by index of the drawn item, ascending.

    Examples
    --------
    Two of eight answers failed: both are drawn, and two of the six that passed.

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
    """Allocate `n` draws equally to strata; small strata are taken completely and the others get the rest.

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
