"""`judge.retest`: test-retest agreement of a judge, and how many of its samples are worth averaging."""

from collections.abc import Sequence
from typing import Unpack

from judge.analysis.agreement.inputs import align_inputs
from judge.analysis.agreement.repeated import repeated_judgments
from judge.errors import InputError
from judge.reporting.builders.repeated import build_retest
from judge.reporting.report import Report
from judge.workflows.inputs import RatingOptions, RatingSource, RunSource, agreement_inputs


def retest(
    runs: RunSource | Sequence[RunSource],
    humans: RatingSource | None = None,
    **options: Unpack[RatingOptions],
) -> Report:
    """Measure the test-retest agreement of runs with two or more samples of each item.

    Parameters
    ----------
    runs : Run, path, or a list of them
        Runs that were scored with ``samples=2`` or more.
    humans : path, DataFrame, list of dict or RatingsTable, optional
        People's ratings, for the agreement with them by number of samples.
    **options
        How the ratings are read: see `judge.RatingOptions`.

    Raises
    ------
    JudgeError
        There is no run, or none has repeated judgments.
    """
    inputs = agreement_inputs(runs, humans, options)
    if not inputs.runs:
        raise InputError("test-retest agreement compares the samples of runs; give at least one run")
    found = repeated_judgments(
        inputs.runs,
        dimensions=inputs.dimensions,
        cluster=inputs.cluster,
        pass_marks=inputs.pass_marks,
        aligned=None if inputs.humans is None else align_inputs(inputs),
    )
    return build_retest(found)
