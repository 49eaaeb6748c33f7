"""What a user asks of people's ratings and judges' runs, and the joined ratings that answer it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from judge.analysis.agreement.align import AlignedRatings, align_ratings
from judge.analysis.agreement.load import load_ratings
from judge.analysis.ratings import Reduction
from judge.errors import InputError
from judge.rubric import MOST_LABELS, load_rubric
from judge.stats.engine.scale import Level, Scale


@dataclass(frozen=True)
class AgreementInputs:
    """Where ratings are, and how they are to be read.

    Attributes
    ----------
    humans : str or None
        File of people's ratings; None only where nothing is asked of people.
    runs : sequence of str
        Run folders; none where the file of ratings holds the judges, too.
    items, rubric, scale, level : str or None
        Table of the items; name or file of a rubric; ``1-5`` or labels ``fail,pass``; level of measurement.
    columns : mapping
        Meaning -> column of the ratings.
    missing_codes : sequence of str
        Words and numbers in the ratings that stand for a missing one.
    dimensions : sequence of str
        Keep these.
    raters_are : {'persons', 'slots'}
        Whether a rater is one person throughout.
    reduction : str
        What stands for repeated judgments.
    cluster : str or None
        Field whose items belong together.
    bars : mapping
        Dimension (``""``: all) -> least value that passes.
    seed : int
        Of draws and folds.
    """

    humans: str | None
    runs: Sequence[str] = ()
    items: str | None = None
    rubric: str | None = None
    scale: str | None = None
    level: Level | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    missing_codes: Sequence[str] = ()
    dimensions: Sequence[str] = ()
    raters_are: Literal["persons", "slots"] = "persons"
    reduction: Reduction = "first"
    cluster: str | None = None
    bars: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0


def align_inputs(asked: AgreementInputs) -> AlignedRatings:
    """Read and join what was asked for.

    Raises
    ------
    InputError
        Anything that does not fit together; the message says what.
    """
    if asked.humans is None:
        raise InputError("no ratings of people given")
    if asked.level is not None and asked.scale is None:
        raise InputError("--level belongs to --scale: give both, or neither for the rubric's scale")
    scale = None if asked.scale is None else read_scale(asked.scale, asked.level)
    sources = load_ratings(
        asked.runs,
        asked.humans,
        items=asked.items,
        rubric=None if asked.rubric is None else load_rubric(asked.rubric),
        columns=asked.columns,
        dimensions=asked.dimensions,
        scale=scale,
        missing_codes=asked.missing_codes,
    )
    return align_ratings(
        sources,
        scale=scale,
        bars=asked.bars,
        dimensions=asked.dimensions,
        cluster=asked.cluster,
        slots=asked.raters_are == "slots",
        reduction=asked.reduction,
    )


def read_scale(text: str, level: Level | None = None) -> Scale:
    """Scale as a user writes it: ``1-5``, numbers ``0,0.5,1``, or labels ``fail,pass`` (nominal by default).

    >>> read_scale("1-5").values, read_scale("fail,pass").level
    ((1, 2, 3, 4, 5), 'nominal')

    Raises
    ------
    InputError
        It is none of these.
    """
    if level is not None and level not in get_args(Level):
        raise InputError(f"level {level!r}: allowed are {', '.join(get_args(Level))}")
    ends = text.split("-")
    if len(ends) == 2 and all(end.strip().isdigit() for end in ends) and int(ends[0]) < int(ends[1]):
        if int(ends[1]) - int(ends[0]) >= MOST_LABELS:
            raise InputError(f"--scale {text}: allowed are at most {MOST_LABELS:,} scores")
        return Scale.integers(int(ends[0]), int(ends[1]), level or "ordinal")
    values = [value.strip() for value in text.split(",")]
    try:
        numbers = _numbers(values)
        return Scale(numbers, level or "ordinal") if numbers else Scale(values, level or "nominal")
    except ValueError as error:
        raise InputError(f"--scale {text}: {error} Write 1-5, or values as in 0,0.5,1 or fail,pass") from None


def _numbers(values: Sequence[str]) -> list[float]:
    """Values as numbers; none if any is a label."""
    try:
        return [float(value) for value in values]
    except ValueError:
        return []
