"""Inputs that the public functions share: runs, fields, people's ratings and how they are read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict

from judge.analysis.agreement.inputs import AgreementInputs
from judge.analysis.reduction import Reduction
from judge.rows import RowSource, is_file
from judge.rubric import NoVerdict, Rubric
from judge.scoring.run import Run
from judge.stats.engine.scale import Level
from judge.workflows.read_ratings import RatingsTable

RunSource: TypeAlias = str | Path | Run
"""A run: the object that `judge.score` returned, or its folder."""
RatingSource: TypeAlias = str | Path | RatingsTable | RowSource
"""People's ratings: a file, a DataFrame, a list of dicts, or what `judge.read_ratings` returned."""


class RatingOptions(TypedDict, total=False):
    """How people's ratings are read and aligned with the judge's scores.

    Attributes
    ----------
    items : path, DataFrame or list of dict
        Table of the items: fields and texts beside their ids.
    columns : mapping
        Meaning -> column of the ratings with another name: ``{"rater": "coder"}``.
    rubric : str, Path or Rubric
        Declares scale and pass rule; default: the run's.
    scale : str
        Declares the scale: ``"1-5"``, or labels as in ``"fail,pass"``.
    level : {'nominal', 'ordinal', 'interval', 'ratio'}
        Level of measurement of `scale`; default: ordinal.
    missing_codes : str or sequence of str
        Words and numbers in the ratings that mark a missing one.
    id_from : sequence of str
        Columns of the ratings whose values make the id of an item, as in `judge.score`.
    encoding : str
        Encoding of the files that are text, such as ``"cp1252"``; default: recognised.
    raters_in : sequence of str
        Raters with columns of their own: ``["ann", "ben"]`` for columns ``ann`` and ``ben``, or
        ``ann_clarity``.
    rater_scales : mapping
        Scales of raters who did not use the declared one: ``{"ann": "1-10"}``. Their ratings are rescaled
        linearly, and only interval statistics are given.
    dimensions : sequence of str
        Only these dimensions.
    raters_are : {'persons', 'slots'}
        Slots are places in a list (rating 1 of this item), not the same person throughout.
    reduction : {'first', 'mean', 'median', 'majority'}
        How to combine repeated judgments of one item.
    cluster : str
        Items that share this field are resampled together. Default: ``pair_id``, or else the question, where
        several items share one; ``"id"``: all items are independent.
    pass_mark : float or mapping
        Least score that passes, of all dimensions or by dimension; default: the rubric's.
    sampling : {'stratified', 'poisson', 'label-shift'}
        How items were drawn for rating, where the ratings have the columns ``probability`` and ``stratum``:
        a fixed number within each stratum, or each item by its own probability. Label shift: the rated items
        come from elsewhere, or were drawn given people's verdicts, so that another share of them is good;
        pass rates of the other answers are then corrected by Rogan and Gladen's estimator.
    population : {'answers like these', 'these answers'}
        What weighted estimates are about: the process that gave the answers, or exactly these answers, of
        which the rated ones are a known part.
    target : mapping
        A field of the items and the mix to which estimates are weighted: ``{"topic": {"a": 0.7, "b": 0.3}}``,
        or a table of values and shares: ``{"topic": "shares.csv"}``.
    seed : int
        Random seed for resampling and cross-validation.
    on_read : callable
        Called with two lines about what was read (raters, items, dimensions, scale, missing ratings), and
        with notes on what was left out.
    """

    items: RowSource
    columns: Mapping[str, str]
    rubric: str | Path | Rubric | None
    scale: str | None
    level: Level | None
    missing_codes: str | Sequence[str]
    id_from: str | Sequence[str]
    encoding: str | None
    raters_in: str | Sequence[str]
    rater_scales: Mapping[str, str]
    dimensions: str | Sequence[str]
    raters_are: Literal["persons", "slots"]
    reduction: Reduction
    cluster: str | None
    pass_mark: float | Mapping[str, float]
    sampling: Literal["stratified", "poisson", "label-shift"]
    population: Literal["answers like these", "these answers"]
    target: Mapping[str, RowSource | Mapping[str, float]]
    seed: int
    on_read: Callable[[str, Sequence[str]], None] | None


def agreement_inputs(
    runs: RunSource | Sequence[RunSource], humans: RatingSource | None, options: RatingOptions
) -> AgreementInputs:
    """Runs, ratings and options as the analysis takes them.

    Raises
    ------
    TypeError
        There is no option of that name.
    """
    if unknown := options.keys() - RatingOptions.__annotations__.keys():
        allowed = ", ".join(RatingOptions.__annotations__)
        raise TypeError(f"unknown option {', '.join(sorted(unknown))}; allowed: {allowed}")
    given: dict[str, Any] = dict(options)
    if "pass_mark" in given:
        given["pass_marks"] = by_name(given.pop("pass_mark"))
    for name in ("dimensions", "id_from", "raters_in", "missing_codes"):
        if name in given:
            given[name] = names(given[name])
    return AgreementInputs(humans=_rows(humans), runs=paths(runs), **given)


def path(run: RunSource) -> str:
    """Folder of a run."""
    return str(run.path if isinstance(run, Run) else run)


def paths(runs: RunSource | Sequence[RunSource]) -> tuple[str, ...]:
    """Folders of one run or several."""
    return (path(runs),) if isinstance(runs, str | Path | Run) else tuple(map(path, runs))


def declared_policy(runs: Sequence[str]) -> NoVerdict:
    """How the rubric of the first run counts answers without a verdict."""
    if not runs:
        return "bounds"
    with Run.open(runs[0]) as run:
        return run.rubric.no_verdict


def names(fields: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several, as a tuple.

    >>> names("topic"), names(["topic", "system"])
    (('topic',), ('topic', 'system'))
    """
    return (fields,) if isinstance(fields, str) else tuple(fields)


def by_name(value: float | Mapping[str, float] | None) -> dict[str, float]:
    """Numbers by name; ``""`` is the name of a number for all.

    >>> by_name(0.05), by_name({"kappa": 0.1}), by_name(None)
    ({'': 0.05}, {'kappa': 0.1}, {})
    """
    if value is None:
        return {}
    return dict(value) if isinstance(value, Mapping) else {"": float(value)}


def _rows(humans: RatingSource | None) -> RowSource | None:
    if isinstance(humans, RatingsTable):
        return [*humans.rows(), *(one.row() for one in humans.anchored)]
    if humans is None or is_file(humans) or not isinstance(humans, Iterator):
        return humans
    return list(humans)  # it is read more than once
