"""Which ratings are read from a file, and how their cells are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from judge.formats.cells import CellReader, cells_on
from judge.rubric import CRITERIA, Rubric


@dataclass(frozen=True)
class Wanted:
    """Which ratings are read from a file, and how.

    Attributes
    ----------
    dimensions : tuple of str
        Only these; none: all.
    rubric : Rubric or None
        Names the dimensions, and other names for them.
    cells : CellReader
        How a cell becomes a rating.
    raters_in : tuple of str
        Raters that have columns of their own.
    rater_scales : mapping
        Rater -> ends of the scale that this rater used, where it is not the declared one.
    flags : bool
        Whether the rubric's flags are read as well.
    id_from : tuple of str
        Columns whose values make the id of an item; empty for a column of ids or, in a table without one, the
        content.
    encoding : str or None
        Encoding of a text file; None recognises it.
    """

    dimensions: tuple[str, ...] = ()
    rubric: Rubric | None = None
    cells: CellReader = field(default_factory=CellReader)
    raters_in: tuple[str, ...] = ()
    rater_scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    flags: bool = False
    id_from: tuple[str, ...] = ()
    encoding: str | None = None

    def proper(self, name: str) -> str:
        """Name of the rubric's dimension that `name` means, else `name`."""
        return (self.rubric.canonical_name(name) if self.rubric else None) or name

    def declares(self, name: str) -> bool:
        """Whether `name` is one of `dimensions` or, where there are none, of the rubric's dimensions."""
        if self.dimensions:
            return self.proper(name) in map(self.proper, self.dimensions)
        if self.rubric is None:
            return False
        scored = (*self.rubric.scored, CRITERIA) if self.rubric.criteria else self.rubric.scored
        return self.proper(name) in scored or (self.flags and name in self.rubric.flags)

    def names_dimension(self, name: str) -> bool:
        """Whether `name` is a dimension of the rubric, and not only the one that holds the criteria."""
        return self.rubric is not None and self.proper(name) in self.rubric.scored

    def keeps(self, name: str) -> bool:
        """Whether ratings on `name` are read at all."""
        return not self.dimensions or self.declares(name)

    def checks(self, name: str) -> bool:
        """Whether ratings on `name` must lie on the declared scale."""
        return self.cells_of(name).scale != "" and (self.declares(name) if self.rubric else self.keeps(name))

    def cells_of(self, name: str) -> CellReader:
        """How a cell of one dimension becomes a rating."""
        return cells_on(self.proper(name), self.rubric, self.cells)

    @cached_property
    def readers(self) -> tuple[CellReader, ...]:
        """How a cell becomes a rating on any dimension; several where these differ in their scales."""
        names = () if self.rubric is None else self.rubric.scored
        return tuple(dict.fromkeys((*map(self.cells_of, names),))) or (self.cells,)
