"""Post-stratification: weights that give the rated items the mix of a target, such as that of production."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from judge.analysis.item_fields import Labels
from judge.counting import counted
from judge.errors import InputError
from judge.rows import RowSource, is_file, name_of, read_rows
from judge.stats.engine.sampling_design import SamplingDesign
from judge.stats.engine.scale import Bools

Shares: TypeAlias = Mapping[str, float]
"""Value of a field -> its share, or its count, in the target."""


@dataclass(frozen=True)
class TargetMix:
    """Mix of one field of the items to which estimates are weighted.

    Attributes
    ----------
    field : str
        Field of the items.
    shares : mapping of str to float
        Value -> share; they add up to 1.
    """

    field: str
    shares: Shares

    @classmethod
    def of(cls, field: str, source: RowSource | Shares) -> TargetMix:
        """Read shares or counts from a mapping, or from a table whose first two columns are value and share.

        Raises
        ------
        InputError
            A share is no number above 0, or a value is listed twice.

        Examples
        --------
        >>> TargetMix.of("level", {"easy": 300, "hard": 100}).shares
        {'easy': 0.75, 'hard': 0.25}
        """
        found = dict(source) if isinstance(source, Mapping) else _of_table(field, source)
        if not found:
            raise InputError(
                f"--target {field}: holds no shares; allowed is a table with a value and its share"
            )
        for value, share in found.items():
            if not 0 < share < float("inf"):
                raise InputError(
                    f"--target {field}: the share of {value!r} is {share:g}; allowed is a number above 0"
                )
        total = sum(found.values())
        return cls(field, {value: share / total for value, share in found.items()})

    def design(self, labels: Labels, rated: Bools) -> SamplingDesign:
        """Return the weights of the rated items.

        Raises
        ------
        InputError
            No rated item has a value of the target.
        """
        strata = labels.astype(object)
        strata[~(rated & np.isin(labels, list(self.shares)))] = None
        missing = [value for value in self.shares if value not in set(strata)]
        if missing:
            raise InputError(
                f"--target {self.field}: no rated item has {self.field} {', '.join(map(repr, missing))}; "
                f"found: {', '.join(sorted(set(labels[rated].tolist())))}"
            )
        return SamplingDesign.to_mix(strata, self.shares)

    def note(self, labels: Labels, rated: Bools) -> tuple[str, ...]:
        """Count the rated items that the target does not have."""
        outside = rated & ~np.isin(labels, list(self.shares))
        if not outside.any():
            return ()
        items = counted(int(outside.sum()), "rated item is", "rated items are")
        return (
            f"{items} left out: their {self.field} is not in --target "
            f"({', '.join(sorted(set(labels[outside].tolist()))[:5])}).",
        )


def _of_table(field: str, source: RowSource) -> dict[str, float]:
    found: dict[str, float] = {}
    for where, row in read_rows(source):
        cells: Sequence[object] = list(row.values()) if isinstance(row, dict) else []
        if len(cells) < 2:
            raise InputError(f"{where}: a row needs a value of {field} and its share; found {row}")
        value = str(cells[0]).strip()
        try:
            share = float(str(cells[1]).strip().removesuffix("%"))
        except ValueError:
            share = float("nan")
        if value in found:
            raise InputError(f"{where}: second share of {value!r}; keep one of the two")
        if not share > 0:
            raise InputError(f"{where}: the share of {value!r} is {cells[1]!r}; allowed is a number above 0")
        found[value] = share
    if not found and is_file(source):
        raise InputError(f"{name_of(source)}: holds no shares")
    return found
