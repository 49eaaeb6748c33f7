"""The rubrics of a report as sections."""

from collections.abc import Iterator, Sequence

from judge.reporting.document import Column, Row, Section, Table
from judge.reporting.wording import display_name
from judge.rubric import Rubric


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
        for score, anchor in sorted(dimension.anchors.items()):
            yield f"{display_name(name)} {score}", anchor
    yield "overall", _overall(rubric)
    yield "passes", " and ".join(f"{display_name(n)} >= {least:g}" for n, least in rubric.pass_rule.items())
    yield from (("guideline", text) for text in rubric.guidelines)
    for rule in rubric.rules:
        where = ", ".join(f"{display_name(name)} is {value}" for name, value in rule.when.items())
        yield f"rule where {where}", rule.text
    yield from ((f"flag {name}", flag.description) for name, flag in rubric.flags.items())
    if rubric.examples:
        yield "worked examples", f"{len(rubric.examples)}; `judge rubric show {rubric.name}` shows them"


def _overall(rubric: Rubric) -> str:
    if rubric.overall.how == "weighted":
        weights = ", ".join(
            f"{display_name(name)} {weight:g}" for name, weight in rubric.overall.weights.items()
        )
        return f"weighted: {weights}"
    return {"judged": "scored by the judge itself", "none": "none"}.get(
        rubric.overall.how, f"{rubric.overall.how} of the dimensions"
    )
