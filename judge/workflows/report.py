"""`judge.report`: pass rates, scores, slices, failures and anomalies of runs."""

from collections.abc import Sequence
from typing import Unpack

from judge.reporting.builders.run_data import read_run
from judge.reporting.builders.several_runs import build_runs
from judge.reporting.builders.single_run import build_report
from judge.reporting.report import Report
from judge.rubric import NoVerdict
from judge.workflows.corrections import with_corrections
from judge.workflows.inputs import RatingOptions, RatingSource, RunSource, names, paths


def report(
    runs: RunSource | Sequence[RunSource],
    *,
    humans: RatingSource | None = None,
    by: str | Sequence[str] = (),
    worst: int = 5,
    no_verdict: NoVerdict | None = None,
    **options: Unpack[RatingOptions],
) -> Report:
    """Report pass rates with intervals, scores, slices, failures, anomalies and cost.

    Several runs of one rubric are also ranked; runs over the same answers are shown as a panel of judges.

    Parameters
    ----------
    runs : Run, path, or a list of them
        One run or several.
    humans : path, DataFrame, list of dict or RatingsTable, optional
        People's ratings of a random part of the answers of one run, as for `judge.agree`: the report then
        also has pass rates and means of all answers corrected by them, ``estimates["corrected.pass_rate"]``.
    by : str or sequence of str
        Fields of the items to slice by; ``"a*b"`` crosses two. Default: every field with 2 to 12 values.
    worst : int
        Number of worst answers shown in full, for one run.
    no_verdict : {'bounds', 'drop', 'fail'}
        How answers without a verdict are counted: as fails; not at all; or not at all, with the figures that
        would result if all of them were fails or passes. Their number is always shown. Default: what the
        rubric says, which is bounds if it says nothing.
    **options
        ``cluster``: items that share this field (image, source) are not independent and are resampled
        together; default: ``pair_id``, where items have one; ``"id"`` keeps all items apart. With `humans`
        also how ratings are read: see `judge.RatingOptions`.

    Returns
    -------
    Report
        ``report.pass_rate`` is an Estimate, ``report.tables["slices"].to_pandas()`` a DataFrame, and
        ``report.to_html("report.html")`` writes the page.

    Raises
    ------
    JudgeError
        A run cannot be read, no item has one of the fields in `by`, or the scales of the runs differ.
    """
    sources = [read_run(run, no_verdict) for run in paths(runs)]
    cluster = options.get("cluster")
    if len(sources) == 1:
        found = build_report(sources[0], by=names(by), cluster=cluster, n_worst=worst)
    else:
        found = build_runs(sources, by=names(by), cluster=cluster)
    policy = sources[0].table.no_verdict
    return with_corrections(found, runs, humans, options, by=names(by), no_verdict=policy)
