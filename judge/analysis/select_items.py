"""Which items of a run people should rate: at random within the judge's verdicts, probabilities kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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
    """Items to have rated.

    Attributes
    ----------
    items : tuple of str
        Ids.
    strata : tuple of str
        The judge's verdict on each.
    probabilities : tuple of float
        Of having been chosen. Keep them with the ratings: without them the ratings cannot be used without
        bias once the strata are pooled.
    counts : dict
        Verdict -> (chosen, in the run).
    """

    items: tuple[str, ...]
    strata: tuple[str, ...]
    probabilities: tuple[float, ...]
    counts: dict[str, tuple[int, int]]

    def rows(self) -> list[dict[str, Any]]:
        """One dict for each item."""
        return [
            {"item_id": item, "judge_verdict": verdict, "probability": probability}
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
    """Choose `n` items of a run for people to rate.

    Strata are the judge's verdicts, which is what corrected pass rates need. Neyman's allocation: a verdict
    gets ratings in proportion to its size and to how unsure people's verdict is within it.

    Parameters
    ----------
    run : path
        The run.
    n : int
        Items to choose.
    rated : mapping, optional
        Item -> whether people pass it, from a pilot; without it both verdicts count as equally unsure.
    floor : int
        Least number of items of each verdict.
    seed : int
        Of the draw.

    Raises
    ------
    InputError
        There are fewer items than `n`, or `n` is below what the floors need.
    """
    with Run.open(run) as opened:
        table = ScoreTable.of_run(opened)
    verdicts = np.where(np.isnan(table.passed), OPEN, np.where(table.passed == 1, PASS, FAIL))
    names = [name for name in (PASS, FAIL, OPEN) if (verdicts == name).any()]
    sizes = [int((verdicts == name).sum()) for name in names]
    ids = np.array([item.id for item in table.items])
    sds = [_sd(ids[verdicts == name], rated or {}) for name in names]
    try:
        counts = neyman_allocation(sizes, sds, n, floor=floor)
    except ValueError as error:
        raise InputError(f"{run}: cannot choose {n:,} items: {error}") from None
    wanted: dict[object, int] = dict(zip(names, map(int, counts), strict=True))
    chosen = select_stratified(verdicts, wanted, rng=seed)
    return SelectedItems(
        tuple(ids[chosen.index].tolist()),
        tuple(verdicts[chosen.index].tolist()),
        tuple(float(p) for p in chosen.probability),
        {name: (wanted[name], size) for name, size in zip(names, sizes, strict=True)},
    )


def _sd(ids: Floats, rated: Mapping[str, bool]) -> float:
    """Standard deviation of people's verdict within a stratum; one pass and one fail added."""
    known = [rated[name] for name in ids.tolist() if name in rated]
    share = (sum(known) + 1) / (len(known) + 2)
    return float(np.sqrt(share * (1 - share)))
