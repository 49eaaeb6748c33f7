"""Select items of a run for humans to rate: a stratified random sample with inclusion probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from judge.analysis.item_fields import ITEM_ID
from judge.analysis.score_table import ScoreTable
from judge.errors import InputError
from judge.scoring.run import Run
from judge.stats.design.label_selection import neyman_allocation, select_stratified
from judge.stats.engine.scale import Floats

if TYPE_CHECKING:
    import pandas as pd

PASS, FAIL, OPEN = "pass", "fail", "no verdict"


@dataclass(frozen=True)
class SelectedItems:
    """Items for humans to rate.

    Attributes
    ----------
    items : tuple of str
        Ids.
    strata : tuple of str
        Stratum of each: the judge's verdict.
    probabilities : tuple of float
        Inclusion probability of each. Keep them with the ratings: estimates over pooled strata are biased
        without them.
    counts : dict
        Verdict -> (number selected, number in the run).
    """

    items: tuple[str, ...]
    strata: tuple[str, ...]
    probabilities: tuple[float, ...]
    counts: dict[str, tuple[int, int]]

    def rows(self) -> list[dict[str, Any]]:
        """One dict for each item."""
        return [
            {"item_id": item, "stratum": verdict, "probability": probability}
            for item, verdict, probability in zip(self.items, self.strata, self.probabilities, strict=True)
        ]

    def to_pandas(self) -> pd.DataFrame:
        """One row for each item."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def __str__(self) -> str:
        drawn = ", ".join(f"{chosen:,} of {size:,} {name}" for name, (chosen, size) in self.counts.items())
        return f"{len(self.items):,} items: {drawn}"

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>{self.to_pandas().head().to_html(index=False)}"


def select_items(
    run: str | Path, n: int, *, rated: Mapping[str, bool] | None = None, floor: int = 10, seed: int = 0
) -> SelectedItems:
    """Select `n` items of a run for humans to rate.

    Strata are the judge's verdicts, as corrected pass rates require. By Neyman allocation a stratum gets
    ratings in proportion to its size and to the standard deviation of the human verdicts within it.

    Parameters
    ----------
    run : path
        Run folder.
    n : int
        Number of items to select.
    rated : mapping, optional
        Item -> human verdict, from a pilot; without it the strata have equal standard deviations.
    floor : int
        Smallest number of items of each stratum.
    seed : int
        Random seed of the selection.

    Raises
    ------
    InputError
        There are fewer than `n` items, or `n` is smaller than the sum of the floors.
    """
    with Run.open(run) as opened:
        table = ScoreTable.of_run(opened).applying()
    verdicts = np.where(np.isnan(table.passed), OPEN, np.where(table.passed == 1, PASS, FAIL))
    names = [name for name in (PASS, FAIL, OPEN) if (verdicts == name).any()]
    sizes = [int((verdicts == name).sum()) for name in names]
    ids = table.field(ITEM_ID)
    sds = [_sd(ids[verdicts == name], rated or {}) for name in names]
    least, most = sum(min(floor, size) for size in sizes), sum(sizes)
    if not least <= n <= most:
        raise InputError(
            f"{run}: cannot select {n:,} items; allowed are {least:,} (up to {floor} for each verdict: "
            f"{', '.join(names)}) to {most:,} (all items of the run): --select N"
        )
    counts = neyman_allocation(sizes, sds, n, floor=floor)
    wanted: dict[object, int] = dict(zip(names, map(int, counts), strict=True))
    chosen = select_stratified(verdicts, wanted, rng=seed)
    return SelectedItems(
        tuple(ids[chosen.index].tolist()),
        tuple(verdicts[chosen.index].tolist()),
        tuple(float(p) for p in chosen.probability),
        {name: (wanted[name], size) for name, size in zip(names, sizes, strict=True)},
    )


def _sd(ids: Floats, rated: Mapping[str, bool]) -> float:
    """Standard deviation of the human verdicts of a stratum, with one pass and one fail added."""
    known = [rated[name] for name in ids.tolist() if name in rated]
    share = (sum(known) + 1) / (len(known) + 2)
    return float(np.sqrt(share * (1 - share)))
