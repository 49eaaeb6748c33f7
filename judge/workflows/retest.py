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

    Returns
    -------
    Report
        Tables of the agreement of the judge with itself and, with `humans`, with people by number of samples.

    Raises
    ------
    InputError
        There is no run, or none has repeated judgments.

    See Also
    --------
    judge.score : Its parameter `samples` requests repeated judgments.

    Examples
    --------
    >>> import tempfile
    >>> import judge
    >>> answers = [{"id": n, "question": "2 + 2?", "answer": str(n), "reference": "4"} for n in range(4, 9)]
    >>> run = judge.score(answers, judge="baseline", samples=2, out=tempfile.mkdtemp())
    >>> "samples" in str(judge.retest(run))
    True
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
