"""Judgments of another tool as a run of ours: one judge, one rubric, one score an item and dimension."""

import math
from collections.abc import Sequence

from judge.errors import InputError
from judge.formats.document import ImportedFile
from judge.records import OVERALL, Score
from judge.rubric import Dimension, Flag, Overall, Rubric, RubricScale, load_rubric

_MOST_LABELS = 101


def rubric_for(found: ImportedFile) -> Rubric:
    """Rubric on which the scores lie: the shipped one that the format names, else one made of what was found.

    A made one has each dimension of the scores, on a scale that holds them all; what passes is what the tool
    says, and where it says nothing the highest score on every dimension.

    Raises
    ------
    InputError
        There is no score to make it of, or the scores spread too far for a scale.

    Examples
    --------
    >>> score = Score(item_id="1", rater="m", rater_kind="judge", dimension="tone", value=0.5)
    >>> rubric = rubric_for(ImportedFile("promptfoo", [], [score]))
    >>> rubric.scored, rubric.scale.max, rubric.pass_rule
    (('tone',), 1, {'tone': 1.0})
    """
    if found.rubric:
        return load_rubric(found.rubric)
    values: dict[str, list[float]] = {}
    for score in found.scores:
        if isinstance(score.value, float):
            values.setdefault(score.dimension, []).append(score.value)
    if not values:
        raise InputError(f"{found.format}: holds no score; score the answers with: judge score")
    scale = _scale([value for given in values.values() for value in given], found.format)
    rule = {name: least for name, least in found.pass_rule.items() if name in values}
    texts = {s.dimension for s in found.scores if isinstance(s.value, str)} - set(values)
    return Rubric(
        name=f"{found.format}-import",
        description=f"Made of the scores in files of {found.format}, which lack the judge's instructions.",
        task=f"Score the answer as {found.format} did.",
        scale=scale,
        dimensions={name: _dimension(name, scale, found.format) for name in values},
        flags={name: Flag(type="text", description=f"{name}, as {found.format} gave it.") for name in texts},
        overall=Overall(how="none"),
        pass_rule=rule or dict.fromkeys(values, float(scale.max)),
    )


def one_judge(found: ImportedFile, judge: str | None = None) -> tuple[str, list[Score]]:
    """Name of the judge, and its scores under that name; raters of other dimensions count as parts of it.

    Raises
    ------
    InputError
        Two raters scored one item on one dimension: which of them is meant must be said.
    """
    wanted = [score for score in found.scores if judge is None or score.rater == judge]
    if judge is not None and not wanted:
        raise InputError(f"no scores by {judge!r}; found: {', '.join(found.raters)}")
    name = judge or (found.raters[0] if len(found.raters) == 1 else found.format)
    seen: set[tuple[str, str, str | None, int]] = set()
    for score in wanted:
        key = (score.item_id, score.dimension, score.criterion, score.sample)
        if key in seen:
            raise InputError(
                f"item {score.item_id!r} has two scores on {score.dimension!r}; take one judge with "
                f"--only-rater: {', '.join(found.raters)}"
            )
        seen.add(key)
    named = [score.model_copy(update={"rater": name}) for score in wanted]
    return name, named


def _scale(values: Sequence[float], source: str) -> RubricScale:
    low, high = min(0, math.floor(min(values))), max(1, math.ceil(max(values)))
    if high - low >= _MOST_LABELS:
        raise InputError(
            f"{source}: scores run from {min(values):g} to {max(values):g}, too far for a scale of ours "
            f"({_MOST_LABELS} values at most); name a rubric whose dimensions they are: --rubric"
        )
    return RubricScale(min=low, max=high, level="interval")


def _dimension(name: str, scale: RubricScale, source: str) -> Dimension:
    if name == OVERALL:
        raise InputError(f"{source}: a metric is named {OVERALL!r}, which is kept; rename it in the file")
    anchors = {label: f"{label} in {source}." for label in scale.labels}
    return Dimension(description=f"{name}, as {source} scored it.", anchors=anchors)
