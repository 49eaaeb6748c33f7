"""Contradictions in a rubric whose single values are valid."""

from collections.abc import Iterable, Iterator
from itertools import filterfalse
from math import isfinite

from judge.records import OVERALL
from judge.rubric.content import RubricContent
from judge.rubric.near_names import did_you_mean
from judge.rubric.parts import Dimension, Example, RubricScale

CRITERIA = "criteria"
"""Dimension under which the scores of an item's own criteria are kept."""
CANNOT_TELL = "cannot_tell"
"""What a judge that may abstain replies instead of a score."""
MOST_FULLY_ANCHORED = 7
"""On a scale with more points, anchors may be given for some of the scores."""
MOST_POINTS = 1_000_000_000
"""Largest number of points of one criterion, so that their sums stay finite."""
_RESERVED = frozenset(
    {
        *("dimension_scores", "dimensions", "scores", "score", "value"),
        *("explanation", "reason", "reasoning", "rationale"),
    }
)


def problems_of(rubric: RubricContent) -> Iterator[str]:
    """Yield one sentence for each contradiction: where, what was found, what is allowed."""
    if not rubric.dimensions and not rubric.criteria:
        yield "dimensions: found none; a rubric needs at least one dimension, or criteria"
    for name, dimension in rubric.dimensions.items():
        yield from (f"dimensions.{name}.{problem}" for problem in _of_dimension(dimension, rubric.scale))
    yield from _of_names(rubric)
    yield from _of_overall(rubric)
    yield from _of_caps(rubric)
    yield from _of_pass_rule(rubric)
    for name, flag in rubric.flags.items():
        if flag.optional and flag.type != "text":
            yield f"flags.{name}.optional: only a flag of type text can be left out; found type {flag.type}"
    for part in rubric.without:
        if part not in rubric.separable:
            yield f"without: {no_such_part(rubric, part)}"
    if rubric.reply == "number" and rubric.flags:
        yield "flags: a reply of one number cannot contain flags; use reply: json"
    for index, example in enumerate(rubric.examples):
        yield from _of_example(rubric, index, example)
    for name in rubric.stress.aspects:
        if name not in rubric.dimensions:
            yield f"stress.aspects: found {name}; allowed are the dimensions: {', '.join(rubric.dimensions)}"


def no_such_part(rubric: RubricContent, part: str) -> str:
    """Say that a rubric has no part of a name, and which ones it has."""
    hint = did_you_mean(part, rubric.separable)
    allowed = ", ".join(rubric.separable)
    return f"no part is called {part!r}; allowed: {allowed} (rules name theirs: part){hint}"


def _of_dimension(dimension: Dimension, rubric_scale: RubricScale) -> Iterator[str]:
    scale = dimension.scale_within(rubric_scale)
    if dimension.type != "score" and dimension.scale:
        yield f"scale: only a dimension of type score has one; found type {dimension.type}"
    if dimension.type != "binary" and dimension.points is not None:
        yield f"points: only a dimension of type binary earns points; found type {dimension.type}"
    if dimension.points is not None and not 0 < abs(dimension.points) <= MOST_POINTS:
        yield f"points: found {dimension.points:g}; allowed is a number other than 0, at most {MOST_POINTS:,}"
    if dimension.type == "category":
        yield from _of_labels(dimension)
        return
    if dimension.labels or dimension.ordered:
        yield f"labels: only a dimension of type category has labels; found type {dimension.type}"
    if extra := sorted(set(dimension.anchors) - set(scale.labels)):
        yield (
            f"anchors: has an anchor for {extra[0]}, but the scale runs {scale.min}-{scale.max}; "
            "anchors must lie on the scale"
        )
    is_long = len(scale.labels) > MOST_FULLY_ANCHORED
    missing = sorted(set(scale.labels) - set(dimension.anchors))
    if dimension.type == "score" and missing and not (is_long and dimension.anchors):
        few = "; on a scale with more than 7 scores, some of them need one" if is_long else ""
        yield f"anchors: no anchor for {missing[0]}; every score of the scale needs one{few}"


def _of_labels(dimension: Dimension) -> Iterator[str]:
    if len(dimension.labels) < 2:
        yield f"labels: found {len(dimension.labels)}; a category needs at least two labels"
    if dimension.anchors:
        yield "anchors: a category describes its labels instead: labels: {LABEL: description, …}"
    folded = [label.strip().casefold() for label in dimension.labels]
    for label in dimension.labels:
        if not label.strip() or not label.isprintable() or label != label.strip():
            yield f"labels: {label!r} is no label; it needs visible characters, without space around"
        elif folded.count(label.casefold()) > 1 or label.casefold() == CANNOT_TELL:
            yield f"labels: {label!r} stands twice, or is kept for a judge that cannot tell"


def _of_names(rubric: RubricContent) -> Iterator[str]:
    names = list(rubric.dimensions)
    for name in filterfalse(_is_valid_name, (*names, *rubric.flags)):
        yield f"dimensions and flags: {name!r} is not a valid name; use visible characters, no outer spaces"
    reserved = _RESERVED | ({CRITERIA} if rubric.criteria else set())
    of_criteria = {name for name in (*names, *rubric.flags) if name.startswith(f"{CRITERIA}/")}
    for name in sorted({*names, *rubric.flags} & reserved | of_criteria):
        yield f"dimensions and flags: {name!r} has a fixed meaning in replies; choose another name"
    taken = [*names, *(alias for d in rubric.dimensions.values() for alias in d.aliases), *rubric.flags]
    for name in taken:
        if name == OVERALL or taken.count(name) > 1:
            yield f"dimensions and flags: the name {name!r} is used twice, or reserved for the overall score"


def _is_valid_name(name: str) -> bool:
    return bool(name) and name.isprintable() and name == name.strip()


def _of_overall(rubric: RubricContent) -> Iterator[str]:
    overall, dimensions = rubric.overall, rubric.dimensions
    weights = list(overall.weights.values())
    if not all(map(isfinite, weights)):
        yield "overall.weights: weights must be finite numbers"
    needed = [n for n, d in dimensions.items() if d.type == "score" and d.scale in (None, rubric.scale)]
    if overall.how == "weighted" and not set(needed or dimensions) <= set(overall.weights):
        yield f"overall.weights: needs one weight for each of {', '.join(needed or dimensions)}"
    elif extra := sorted(set(overall.weights) - set(dimensions)):
        hint = did_you_mean(extra[0], dimensions)
        yield f"overall.weights: {extra[0]!r} is no dimension; allowed: {', '.join(dimensions)}{hint}"
    elif overall.how == "weighted" and not min(weights) >= 0 < sum(weights):
        yield "overall.weights: weights must be 0 or more, and not all 0"
    combined = [n for n in rubric.combined if n in dimensions]
    scales = {(dimensions[n].type, dimensions[n].scale_within(rubric.scale)) for n in combined}
    if overall.how in ("mean", "weighted", "min") and (len(scales) > 1 or "category" in dict(scales)):
        yield (
            f"overall.how: {overall.how} combines dimensions of one type on one scale; "
            f"found {_kinds(rubric)}. Use how: weighted with weights for those that belong together, "
            "how: points, judged or none"
        )
    if overall.how in ("mean", "weighted", "min") and not dimensions:
        yield f"overall.how: {overall.how} needs dimensions; for criteria of the items use how: points"
    if overall.how == "points" and not rubric.criteria and not combined:
        yield "overall.how: points needs criteria, or a dimension of type binary with points"
    if overall.how == "judged" and rubric.criteria and not dimensions:
        yield "overall.how: judged needs dimensions; for criteria of the items use how: points"


def _of_caps(rubric: RubricContent) -> Iterator[str]:
    for index, cap in enumerate(rubric.overall.caps):
        if (cap.at_most is None) == (cap.less_than is None):
            found = "neither" if cap.at_most is None else "both"
            yield f"overall.caps.{index}: found {found} of at_most and less_than; a cap has one of them"
        elif cap.less_than is not None and cap.less_than <= rubric.scale_of(OVERALL).min:
            yield f"overall.caps.{index}.less_than: no score of the scale is below {cap.less_than:g}"


def _kinds(rubric: RubricContent) -> str:
    return ", ".join(
        f"{name} ({d.type} on {scale.min}-{scale.max})" if d.type == "score" else f"{name} ({d.type})"
        for name, d in rubric.dimensions.items()
        for scale in [d.scale_within(rubric.scale)]
    )


def _of_pass_rule(rubric: RubricContent) -> Iterator[str]:
    scored = ", ".join(rubric.scored)
    for place, used in _names_used(rubric):
        if used not in rubric.scored:
            hint = did_you_mean(used, rubric.scored)
            yield f"{place}: {used!r} is not scored; allowed: {scored}{hint}"
    for place, used in _names_used(rubric):
        dimension = rubric.dimensions.get(used)
        if dimension and dimension.type == "category":
            yield f"{place}: {used!r} is a category, which has no least value; use a dimension of type binary"
        if dimension and dimension.when and place == "pass":
            yield (
                f"pass: {used!r} applies to some items only (when), so the others could never pass; use the "
                "overall score, which is computed of the dimensions that apply"
            )
    for place, name, value in _values_used(rubric):
        scale = rubric.scale_of(name)
        if not scale.holds(value):
            yield f"{place}: {value:g} is off the scale {scale.min}-{scale.max}"


def _names_used(rubric: RubricContent) -> Iterable[tuple[str, str]]:
    yield from (("pass", name) for name in rubric.pass_rule)
    yield from (("overall.caps", name) for cap in rubric.overall.caps for name in cap.below)
    yield from (("overall.weights", name) for name in rubric.overall.weights)


def _values_used(rubric: RubricContent) -> Iterable[tuple[str, str, float]]:
    yield from ((f"pass.{name}", name, least) for name, least in rubric.pass_rule.items())
    for cap in rubric.overall.caps:
        yield from (("overall.caps.below", name, value) for name, value in cap.below.items())
        if cap.at_most is not None:
            yield "overall.caps.at_most", OVERALL, cap.at_most
        if cap.less_than is not None:
            yield "overall.caps.less_than", OVERALL, cap.less_than


def _of_example(rubric: RubricContent, index: int, example: Example) -> Iterator[str]:
    where = f"examples.{index}.verdict"
    judged = set(rubric.judged)
    given = set(example.verdict.scores)
    optional = {name for name, d in rubric.dimensions.items() if d.when}
    if not judged - optional <= given <= judged:
        yield f"{where}.scores: has {sorted(given)}; must have exactly {sorted(judged)}"
    for name, score in example.verdict.scores.items():
        dimension = rubric.dimensions.get(name)
        if dimension and dimension.type == "category":
            if str(score) not in dimension.labels:
                hint = did_you_mean(score, dimension.labels)
                yield f"{where}.scores.{name}: found {score!r}; allowed: {', '.join(dimension.labels)}{hint}"
        elif name in judged and (isinstance(score, str) or not rubric.scale_of(name).holds(score)):
            scale = rubric.scale_of(name)
            yield f"{where}.scores.{name}: {score} is off the scale {scale.min}-{scale.max}"
    if unknown := sorted(set(example.verdict.reasons) - judged):
        hint = did_you_mean(unknown[0], judged)
        yield f"{where}.reasons: {unknown[0]!r} gets no score; allowed: {sorted(judged)}{hint}"
    required = {name for name, flag in rubric.flags.items() if not flag.optional}
    if not required <= set(example.verdict.flags) <= set(rubric.flags):
        yield f"{where}.flags: has {sorted(example.verdict.flags)}; must have exactly {sorted(rubric.flags)}"
