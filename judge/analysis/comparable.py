"""Checks whether runs are comparable: distinct names, one scale, one rubric, the same answers."""

from collections.abc import Sequence

from judge.analysis.score_table import ScoreTable
from judge.errors import InputError
from judge.rubric import Rubric


def refuse_same_names(tables: Sequence[ScoreTable]) -> None:
    """Check that runs have distinct names.

    Raises
    ------
    InputError
        Two runs have the same name.
    """
    names = [table.name for table in tables]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two runs are called {name!r}; rename one folder")


def refuse_other_scales(tables: Sequence[ScoreTable]) -> None:
    """Check that runs were scored on one scale: each common dimension has one type and one scale.

    Raises
    ------
    InputError
        The scales of two runs differ.
    """
    first = tables[0]
    for table in tables[1:]:
        if not (first.rubric.is_uniform and table.rubric.is_uniform):
            _refuse_other_types(first, table)
        elif _scale(table) != _scale(first):
            raise InputError(
                f"{first.name} was scored on a scale {_scale(first)}, {table.name} on a scale "
                f"{_scale(table)}: their scores cannot be compared. Score both with one rubric, or look at "
                "each alone: judge report"
            )


def _refuse_other_types(first: ScoreTable, table: ScoreTable) -> None:
    for name in first.values.keys() & table.values.keys():
        kinds = [_kind(one.rubric, name) for one in (first, table)]
        if kinds[0] != kinds[1]:
            raise InputError(
                f"{name} is {kinds[0]} in {first.name} and {kinds[1]} in {table.name}: they cannot be "
                "compared. Score both with one rubric, or look at each alone: judge report"
            )


def _kind(rubric: Rubric, name: str) -> str:
    """Type and scale of a dimension, in words."""
    dimension, scale = rubric.dimensions.get(name), rubric.scale_of(name)
    if dimension and dimension.type == "category":
        return f"a category of {', '.join(dimension.labels)}"
    if dimension and dimension.type == "binary":
        return "a criterion"
    return f"a score from {scale.min} to {scale.max}"


def refuse_other_rubrics(tables: Sequence[ScoreTable]) -> None:
    """Check that runs were scored with one rubric, which ranking them requires.

    Raises
    ------
    InputError
        The scales or the rubrics of two runs differ.
    """
    refuse_other_scales(tables)
    first = tables[0]
    for table in tables[1:]:
        if not same_rubric(first.rubric, table.rubric):
            raise InputError(
                f"{first.name} was scored with rubric {_rubric(first)}, {table.name} with rubric "
                f"{_rubric(table)}: what passes one may fail the other, so they are not ranked. Score both "
                "with one rubric, or look at each alone: judge report"
            )


def same_rubric(a: Rubric, b: Rubric) -> bool:
    """Whether two rubrics have the same content, in one reply or dimension by dimension."""
    if a.reply != b.reply:  # for expected scores each dimension is a request of its own
        a, b = a.as_numbers(), b.as_numbers()
    return a.digest == b.digest


def one_rubric(tables: Sequence[ScoreTable]) -> bool:
    """Whether all runs were scored with the same rubric."""
    return all(same_rubric(tables[0].rubric, table.rubric) for table in tables[1:])


def same_answers(tables: Sequence[ScoreTable]) -> bool:
    """Whether all runs hold the same answers, so that they differ in the judge and not in the system."""
    texts = [{item.id: (item.question, item.answer) for item in table.items} for table in tables]
    return len(texts) > 1 and all(text == texts[0] for text in texts)


def _scale(table: ScoreTable) -> str:
    scale = table.rubric.scale
    return f"from {scale.min} to {scale.max}"


def _rubric(table: ScoreTable) -> str:
    rubric = table.rubric
    return f"{rubric.name} version {rubric.version} ({rubric.digest[:12]})"
