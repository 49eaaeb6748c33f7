"""Ratings that were given on another scale than that of the study: each must be a point of its scale."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from human_study.form import Form
from judge.errors import InputError
from judge.formats.cells import has_own_scales
from judge.formats.rating_cell import RatingCell

_ROUNDING = 1e-9

Ends = tuple[float, float]
"""Lowest and highest value of a scale."""


@dataclass(frozen=True)
class FileScales:
    """Scales of a file of ratings.

    Attributes
    ----------
    scale : tuple of float or None
        Scale of all raters who have none of their own; None is that of the study.
    of_raters : mapping
        Rater -> scale that this rater used.
    """

    scale: Ends | None
    of_raters: Mapping[str, Ends]

    @classmethod
    def read(cls, scale: str | None, rater_scales: Mapping[str, str]) -> "FileScales":
        """Read scales as they are written on the command line, as in ``0-4``.

        Raises
        ------
        InputError
            A scale is written in another way.
        """
        of_raters = {
            rater: _ends(f"--rater-scale {rater}={text}", text) for rater, text in rater_scales.items()
        }
        return cls(None if scale is None else _ends(f"--scale {scale}", scale), of_raters)

    def rescaled(
        self, cells: Iterator[RatingCell], form: Form, rater: str | None = None
    ) -> Iterator[RatingCell]:
        """Map the ratings linearly onto the scale of the study; `rater` gave those that name none.

        Raises
        ------
        InputError
            A rating is off its scale, or is no point of the scale of the study.
        """
        if self.scale is None and not self.of_raters:
            yield from cells
            return
        if has_own_scales(form.rubric):
            raise InputError(
                "--scale and --rater-scale: the dimensions of the rubric have several scales, so they are "
                "ambiguous; write the ratings on the scales of the rubric"
            )
        raters: dict[str, None] = {}
        for cell in cells:
            name = cell.score.rater if cell.rater_is_named else str(rater)
            raters[name] = None
            yield self._rescaled(cell, name, form)
        if unknown := [name for name in self.of_raters if name not in raters]:
            raise InputError(
                f"--rater-scale {unknown[0]}: no rating by this rater; found: {', '.join(raters)}"
            )

    def _rescaled(self, cell: RatingCell, rater: str, form: Form) -> RatingCell:
        score = cell.score
        own = self.of_raters.get(rater, self.scale)
        name = form.name_of(score.dimension)
        if own is None or not isinstance(score.value, float) or name not in form.rubric.scored:
            return cell
        scale = form.rubric.scale
        found = f"{cell.where}: {name} is {score.value:g}"
        if not own[0] <= score.value <= own[1]:
            raise InputError(f"{found}, off the scale {own[0]:g} to {own[1]:g} of {rater}")
        value = scale.min + (score.value - own[0]) / (own[1] - own[0]) * (scale.max - scale.min)
        if abs(value - round(value)) > _ROUNDING:
            raise InputError(
                f"{found} on the scale {own[0]:g} to {own[1]:g} of {rater}, which is {value:.3g} on that of "
                f"the study ({scale.min} to {scale.max}); a study holds whole scores only. Without a study: "
                "judge agree --humans FILE --rater-scale RATER=LOW-HIGH"
            )
        return cell._replace(score=score.model_copy(update={"value": float(round(value))}))


def _ends(option: str, text: str) -> Ends:
    low, _, high = text.partition("-")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = math.nan, math.nan
    if not ends[0] < ends[1] < math.inf:
        raise InputError(f"{option}: allowed is LOW-HIGH, as in 0-4")
    return ends
