"""The rubrics of a report as sections."""

from collections.abc import Iterator, Sequence

from judge.reporting.document import Column, Row, Section, Table
from judge.reporting.wording import display_name
from judge.rubric import Dimension, Rubric
from judge.rubric.parts import When


def rubric_sections(rubrics: Sequence[Rubric]) -> Iterator[Section]:
    """One section for each different rubric."""
    different = {rubric.digest: rubric for rubric in rubrics}
    for rubric in different.values():
        key = "rubric" if len(different) == 1 else f"{rubric.name} {rubric.digest[:12]}/rubric"
        title = f"Rubric {rubric.name}, version {rubric.version}"
        columns = (Column("part", "part"), Column("text", "text"))
        shown = Table(key, title, columns, tuple(_rows(rubric)), detail=True)
        yield Section(key, title, tables=(shown,))


def _rows(rubric: Rubric) -> Iterator[Row]:
    yield "digest", rubric.digest
    if rubric.source:
        yield "source", rubric.source
    yield "task", rubric.task
    for name, dimension in rubric.dimensions.items():
        yield display_name(name), dimension.description
        yield from _typed_rows(name, dimension)
        for score, anchor in sorted(dimension.anchors.items()):
            yield f"{display_name(name)} {score}", anchor
    if rubric.criteria:
        yield "criteria of the items", f"field {rubric.criteria.field}; each is met or not"
    yield from ((f"images ({rule.role})", f"shown {_where(rule.when)}") for rule in rubric.images)
    if rubric.without:
        yield "left out", ", ".join(rubric.without)
    if rubric.abstain:
        yield "abstaining", "the judge may reply that it cannot tell"
    yield "overall", _overall(rubric)
    yield "passes", " and ".join(f"{display_name(n)} >= {least:g}" for n, least in rubric.pass_rule.items())
    yield from (("guideline", text) for text in rubric.guidelines)
    for rule in rubric.rules:
        where = ", ".join(f"{display_name(name)} is {value}" for name, value in rule.when.items())
        yield f"rule where {where}{f' ({rule.part})' if rule.part else ''}", rule.text
    yield from ((f"flag {name}", flag.description) for name, flag in rubric.flags.items())
    if rubric.examples:
        yield "worked examples", f"{len(rubric.examples)}; `judge rubric show {rubric.name}` shows them"


def _typed_rows(name: str, dimension: Dimension) -> Iterator[Row]:
    """What a dimension has beside the anchors of its scores."""
    title = display_name(name)
    if dimension.type != "score":
        points = (
            ""
            if dimension.points is None
            else f", {dimension.points:g} {'point' if dimension.points == 1 else 'points'}"
        )
        yield f"{title}, type", f"{dimension.type}{', ordered' if dimension.ordered else ''}{points}"
    if dimension.scale:
        yield f"{title}, scale", f"{dimension.scale.min} to {dimension.scale.max}"
    if dimension.when:
        yield f"{title}, applies", _where(dimension.when)
    yield from ((f"{title}: {label}", text) for label, text in dimension.labels.items())


def _where(when: When) -> str:
    parts = (
        f"{display_name(name)} is {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in when.items()
    )
    return f"where {' and '.join(parts)}"


def _overall(rubric: Rubric) -> str:
    if rubric.overall.how == "weighted":
        weights = ", ".join(
            f"{display_name(name)} {weight:g}" for name, weight in rubric.overall.weights.items()
        )
        return f"weighted: {weights}"
    if rubric.overall.how == "points":
        return "points earned over positive points"
    return {"judged": "scored by the judge itself", "none": "none"}.get(
        rubric.overall.how, f"{rubric.overall.how} of the dimensions"
    )
