"""Arguments of an agreement analysis: files, scale and options, and the ratings that they lead to."""

from __future__ import annotations

import gc
import math
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from judge.analysis.agreement.align import AlignedRatings, align_ratings
from judge.analysis.agreement.load import LoadedRatings, load_ratings
from judge.analysis.agreement.target_mix import Shares, TargetMix
from judge.analysis.reduction import Reduction
from judge.errors import InputError
from judge.formats.anchored import OnAnchored
from judge.rows import RowSource
from judge.rubric import MOST_LABELS, Rubric, load_rubric
from judge.stats.engine.sampling_design import DesignName, Target
from judge.stats.engine.scale import Level, Scale

_RANGE = re.compile(r"\s*(-?\d+)\s*-\s*(-?\d+)\s*")
"""Whole numbers from a lowest to a highest one; either may be negative."""


@dataclass(frozen=True)
class AgreementInputs:
    """Files of ratings and how to read them.

    Attributes
    ----------
    humans : path, DataFrame, list of dict, or None
        Human ratings; None if no human ratings are needed.
    runs : sequence of str
        Run folders; empty if the file of ratings also holds the judges.
    items : path, DataFrame, list of dict, or None
        Table of the items.
    rubric : str, Rubric or None
        A rubric, its name or its file.
    scale, level : str or None
        ``1-5`` or labels ``fail,pass``; level of measurement.
    columns : mapping
        Meaning -> column of the ratings.
    missing_codes : sequence of str
        Words and numbers that mean a missing rating.
    id_from : sequence of str
        Columns of the ratings whose values make the id of an item; empty for a column of ids, or the content.
    encoding : str or None
        Encoding of the files that are text; None recognises it.
    raters_in : sequence of str
        Raters that have columns of their own; empty to recognise them.
    rater_scales : mapping
        Rater -> scale that this rater used, as in ``1-10``; the ratings are rescaled linearly.
    dimensions : sequence of str
        Keep these only; empty for all.
    raters_are : {'persons', 'slots'}
        Whether a rater is the same person on every item, or an interchangeable place in a list.
    reduction : str
        How to combine repeated judgments of one item.
    cluster : str or None
        Field whose equal values make a cluster of items; None: see `item_clusters`.
    pass_marks : mapping
        Dimension (``""``: all) -> lowest value that passes; empty for the rubric's pass rule.
    sampling : {'stratified', 'poisson', 'label-shift'}
        How items were drawn for rating, where the ratings have inclusion probabilities; or that they come
        from elsewhere, with another share of good answers.
    population : {'answers like these', 'these answers'}
        What weighted estimates are about.
    target : mapping
        Field -> shares of its values, or a table of them, to which the rated items are weighted; one field.
    seed : int
        Random seed for resampling and cross-validation.
    on_read : callable or None
        Called with two lines about what was read (raters, items, dimensions, scale, missing ratings), and
        with notes on what was left out.
    """

    humans: RowSource | None
    runs: Sequence[str] = ()
    items: RowSource | None = None
    rubric: str | Path | Rubric | None = None
    scale: str | None = None
    level: Level | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    missing_codes: Sequence[str] = ()
    id_from: Sequence[str] = ()
    encoding: str | None = None
    raters_in: Sequence[str] = ()
    rater_scales: Mapping[str, str] = field(default_factory=dict)
    dimensions: Sequence[str] = ()
    raters_are: Literal["persons", "slots"] = "persons"
    reduction: Reduction = "first"
    cluster: str | None = None
    pass_marks: Mapping[str, float] = field(default_factory=dict)
    sampling: DesignName | Literal["label-shift"] = "stratified"
    population: Target = "answers like these"
    target: Mapping[str, RowSource | Shares] = field(default_factory=dict)
    seed: int = 0
    on_read: Callable[[str, Sequence[str]], None] | None = None


def align_inputs(inputs: AgreementInputs, on_anchored: OnAnchored | None = None) -> AlignedRatings:
    """Load the ratings and align them by item and dimension.

    Anchored ratings are not among them: `on_anchored` is called with each; without it, a note counts them.

    Raises
    ------
    InputError
        The files, the scale and the options do not fit together.
    """
    with _collection_paused():
        return align_loaded(inputs, load_inputs(inputs, on_anchored=on_anchored))


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Pause the garbage collector, which would visit all ratings again and again as they are read."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def load_inputs(
    inputs: AgreementInputs, elsewhere: Container[str] = (), on_anchored: OnAnchored | None = None
) -> LoadedRatings:
    """Load the ratings; those of items `elsewhere`, in another run, are left out without a note.

    Raises
    ------
    InputError
        The files, the scale and the options do not fit together.
    """
    if inputs.humans is None:
        raise InputError("no ratings of people given")
    if inputs.level is not None and inputs.scale is None:
        raise InputError("--level belongs to --scale: give both, or neither for the rubric's scale")
    if inputs.rater_scales and inputs.raters_are == "slots":
        raise InputError("--rater-scale needs raters who are persons; a slot holds ratings of several raters")
    loaded = load_ratings(
        inputs.runs,
        inputs.humans,
        items=inputs.items,
        rubric=load_rubric(inputs.rubric) if isinstance(inputs.rubric, str | Path) else inputs.rubric,
        columns=inputs.columns,
        dimensions=inputs.dimensions,
        scale=_scale(inputs),
        missing_codes=inputs.missing_codes,
        id_from=inputs.id_from,
        encoding=inputs.encoding,
        raters_in=inputs.raters_in,
        rater_scales={rater: _ends(rater, text) for rater, text in inputs.rater_scales.items()},
        elsewhere=elsewhere,
        on_anchored=on_anchored,
    )
    if inputs.on_read is not None:
        inputs.on_read(loaded.summary, loaded.notes)
    if inputs.sampling == "label-shift":
        if loaded.drawn.probabilities:
            raise InputError(
                "--sampling label-shift: the ratings have inclusion probabilities, which say how items were "
                "drawn from these answers, and label shift means that they were not; use one of both"
            )
        return loaded
    drawn = replace(loaded.drawn, name=inputs.sampling, target=inputs.population)
    return replace(loaded, drawn=drawn)


def align_loaded(inputs: AgreementInputs, loaded: LoadedRatings) -> AlignedRatings:
    """Align what `load_inputs` has loaded by item and dimension.

    Raises
    ------
    InputError
        The ratings, the scale and the options do not fit together.
    """
    aligned = align_ratings(
        loaded,
        target=_target(inputs.target),
        scale=_scale(inputs),
        pass_marks=inputs.pass_marks,
        dimensions=inputs.dimensions,
        cluster=inputs.cluster,
        slots=inputs.raters_are == "slots",
        reduction=inputs.reduction,
    )
    if inputs.sampling != "label-shift":
        return aligned
    shifted = {name: replace(one, label_shift=True) for name, one in aligned.ratings.items()}
    return replace(aligned, ratings=shifted)


def _scale(inputs: AgreementInputs) -> Scale | None:
    return None if inputs.scale is None else read_scale(inputs.scale, inputs.level)


def _target(given: Mapping[str, RowSource | Shares]) -> TargetMix | None:
    if len(given) > 1:
        raise InputError(f"--target: found {', '.join(given)}; allowed is one field. Cross two in one column")
    return next((TargetMix.of(name, source) for name, source in given.items()), None)


def _ends(rater: str, text: str) -> tuple[float, float]:
    """Lowest and highest value of the scale of one rater."""
    low, _, high = str(text).partition("-")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = math.nan, math.nan
    if not ends[0] < ends[1] < math.inf:
        raise InputError(f"--rater-scale {rater}={text}: allowed is LOW-HIGH, as in {rater}=1-10")
    return ends


def read_scale(text: str, level: Level | None = None) -> Scale:
    """Parse a scale as written on the command line: ``1-5``, ``0,0.5,1``, or labels ``fail,pass`` (nominal).

    >>> read_scale("1-5").values, read_scale("fail,pass").level
    ((1, 2, 3, 4, 5), 'nominal')

    Raises
    ------
    InputError
        The text has none of these forms.
    """
    if level is not None and level not in get_args(Level):
        raise InputError(f"level {level!r}: allowed are {', '.join(get_args(Level))}")
    ends = _RANGE.fullmatch(text)
    if ends and int(ends[1]) < int(ends[2]):
        if int(ends[2]) - int(ends[1]) >= MOST_LABELS:
            raise InputError(f"--scale {text}: allowed are at most {MOST_LABELS:,} scores")
        return Scale.integers(int(ends[1]), int(ends[2]), level or "ordinal")
    values = [value.strip() for value in text.split(",")]
    try:
        numbers = _numbers(values)
        return Scale(numbers, level or "ordinal") if numbers else Scale(values, level or "nominal")
    except ValueError as error:
        raise InputError(f"--scale {text}: {error} Write 1-5, or values as in 0,0.5,1 or fail,pass") from None


def _numbers(values: Sequence[str]) -> list[float]:
    """Values as numbers; empty if any of them is a label."""
    try:
        return [float(value) for value in values]
    except ValueError:
        return []
