"""The scale of each dimension, and labels as positions on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from judge.analysis.agreement.load import LoadedRatings
from judge.errors import InputError
from judge.formats.cells import has_own_scales
from judge.records import OVERALL, Score
from judge.rubric import CRITERIA, Rubric
from judge.stats.engine.scale import Scale

YES_OR_NO = Scale(("no", "yes"), "nominal")
"""Scale of what is met or not; the values are 0 and 1."""
MET = 0.5
"""From this probability on, a judge counts a criterion as met."""


def scale_of(rubric: Rubric, name: str) -> Scale:
    """Scale of a dimension; the values of labels are their positions from 0.

    Examples
    --------
    >>> from judge import load_rubric
    >>> scale_of(load_rubric("open_qa"), "clarity").values
    (1, 2, 3, 4, 5)
    """
    dimension = rubric.dimensions.get(name)
    if name == CRITERIA or (dimension is not None and dimension.type == "binary"):
        return YES_OR_NO
    declared = rubric.scale_of(name)
    if dimension is not None and dimension.type == "category":
        return Scale(tuple(dimension.labels), declared.level)
    return Scale.integers(declared.min, declared.max, declared.level)


@dataclass(frozen=True)
class DimensionScales:
    """The scale of every dimension.

    Attributes
    ----------
    rubric : Rubric or None
        Rubric that names the dimensions.
    declared : Scale or None
        One scale for all dimensions; None where each has that of the rubric.
    """

    rubric: Rubric | None
    declared: Scale | None

    def of(self, name: str) -> Scale:
        """Scale of one dimension.

        Raises
        ------
        InputError
            Nothing declares it.
        """
        if name == CRITERIA:
            return YES_OR_NO
        if self.declared is not None:
            return self.declared
        if self.rubric is None:
            raise InputError(f"the scale of {name} is not declared: --scale 1-5, or --rubric NAME")
        return scale_of(self.rubric, name)

    def is_score(self, name: str) -> bool:
        """Whether a dimension has scores, and is no criterion and no category."""
        dimension = None if self.rubric is None else self.rubric.dimensions.get(name)
        return name != CRITERIA and (dimension is None or dimension.type == "score")

    def shares_pass_mark(self, name: str) -> bool:
        """Whether the pass mark of the overall score is one of this dimension, too: on its scale only."""
        return self.is_score(name) and self.of(name) == self.of(OVERALL)


def dimension_scales(
    loaded: LoadedRatings, declared: Scale | None
) -> tuple[LoadedRatings, DimensionScales, list[str]]:
    """Find the scale of every dimension, and replace labels by their positions.

    Returns
    -------
    tuple of LoadedRatings, DimensionScales and list of str
        The ratings as numbers, their scales, and what was derived.

    Raises
    ------
    InputError
        No scale is declared, or a value is none of the labels.
    """
    rubric = loaded.rubric
    if declared is None:
        if rubric is None and any(score.dimension != CRITERIA for score in loaded.scores):
            raise InputError(_undeclared(loaded.scores))
        coded, remarks = _with_positions(loaded)
        return coded, DimensionScales(rubric, None), remarks
    if not declared.has_labels:
        return loaded, DimensionScales(rubric, declared), []
    labels = ", ".join(map(str, declared.values))
    criteria = tuple(score for score in loaded.scores if score.dimension == CRITERIA)
    others = tuple(score for score in loaded.scores if score.dimension != CRITERIA)
    coded, scale = with_codes(replace(loaded, scores=others), declared)
    remarks = []
    if not scale.has_labels:
        remarks = [f"Labels {labels} are read as scores {', '.join(f'{p:g}' for p in scale.points)}."]
    return replace(coded, scores=(*coded.scores, *criteria)), DimensionScales(rubric, scale), remarks


def check_declared(scale: Scale | None, rubric: Rubric | None) -> None:
    """Refuse one scale for all dimensions where the rubric declares several.

    Raises
    ------
    InputError
        Both a scale and a rubric with scales of its own are given.
    """
    if scale is not None and rubric is not None and has_own_scales(rubric):
        raise InputError(
            f"--scale: rubric {rubric.name} declares the scale of each dimension, so one scale for all is "
            "not allowed; leave out --scale and --level"
        )


def _undeclared(scores: Sequence[Score]) -> str:
    values = sorted({str(s.value) for s in scores if s.value is not None})
    found = ", ".join(values[:12]) + (" …" if len(values) > 12 else "")
    return (
        f"the scale is not declared, and is never guessed from the data (found: {found}). Declare it: "
        "--scale 1-5, --scale fail,pass or --rubric NAME"
    )


def _with_positions(loaded: LoadedRatings) -> tuple[LoadedRatings, list[str]]:
    """Labels of categories as positions, and probabilities that a criterion is met as met or not."""
    rubric = loaded.rubric
    if not has_own_scales(rubric):
        return loaded, []
    positions = {
        name: {label: float(place) for place, label in enumerate(d.labels)}
        for name, d in (rubric.dimensions.items() if rubric else ())
        if d.type == "category"
    }
    binary = {CRITERIA} | {n for n, d in (rubric.dimensions.items() if rubric else ()) if d.type == "binary"}
    cut: dict[str, None] = {}
    coded = []
    for score in loaded.scores:
        value = score.value
        if value is not None and score.dimension in positions:
            value = _position(score, positions[score.dimension])
        elif isinstance(value, float) and score.dimension in binary and score.rater_kind == "judge":
            if 0 < value < 1:
                cut[score.dimension] = None
            value = float(value >= MET)
        coded.append(score if value == score.value else score.model_copy(update={"value": value}))
    remarks = [
        f"The judge's probabilities on {', '.join(cut)} count as met from {MET:g} on: agreement is that of "
        "yes and no."
    ]
    return replace(loaded, scores=tuple(coded)), remarks if cut else []


def _position(score: Score, positions: Mapping[str, float]) -> float:
    found = positions.get(str(score.value))
    if found is None:
        raise InputError(
            f"item {score.item_id!r}, rater {score.rater!r}: {score.dimension} is {score.value!r}; "
            f"allowed are {', '.join(positions)}"
        )
    return found


def with_codes(loaded: LoadedRatings, scale: Scale) -> tuple[LoadedRatings, Scale]:
    """Replace labels by their positions on a scale of labels.

    If the judge's scores are numbers of a rubric with as many scores as the scale has labels, each label
    becomes the score at its position.

    Returns
    -------
    tuple of LoadedRatings and Scale
        The ratings as numbers, and their scale.

    Raises
    ------
    InputError
        A value is none of the labels, or a score of the judge corresponds to no label.
    """
    labels = tuple(map(str, scale.values))
    points: Sequence[float] = range(len(labels))
    has_numbers = any(isinstance(score.value, float) for score in loaded.scores)
    if has_numbers and loaded.rubric is not None:
        points = _points_of_labels(labels, loaded.rubric)
        if list(points) != list(range(len(labels))):
            scale = Scale(tuple(points), scale.level)
    position = dict(zip(labels, map(float, points), strict=True))
    coded = []
    for score in loaded.scores:
        value = score.value
        if isinstance(value, str) or (value is not None and not (has_numbers and loaded.rubric)):
            value = position.get(str(value))
        if score.value is not None and value not in position.values():
            raise InputError(
                f"item {score.item_id!r}, rater {score.rater!r}: {score.dimension} is {score.value!r}; "
                f"allowed are {', '.join(labels)}"
            )
        coded.append(score.model_copy(update={"value": value}))
    return replace(loaded, scores=tuple(coded)), scale


def _points_of_labels(labels: Sequence[str], rubric: Rubric) -> Sequence[float]:
    """Scores of the rubric, one for each label."""
    points = tuple(map(float, rubric.scale.labels))
    if len(points) != len(labels):
        raise InputError(
            f"--scale {','.join(labels)}: has {len(labels)} labels, and rubric {rubric.name} has "
            f"{len(points)} scores ({points[0]:g} to {points[-1]:g}), so the judge's scores correspond to no "
            "labels. Declare one label for each score, or write people's ratings as numbers of the rubric's "
            "scale"
        )
    return points
