"""`judge.compare`: two systems, two conditions or two judges on the same items."""

from collections.abc import Sequence
from typing import Unpack

from judge.reporting.builders.comparison import build_comparison, read_pair
from judge.reporting.report import Report
from judge.rubric import NoVerdict
from judge.workflows.corrections import with_corrections
from judge.workflows.inputs import RatingOptions, RatingSource, RunSource, names, path


def compare(
    *runs: RunSource,
    humans: RatingSource | None = None,
    between: str | None = None,
    by: str | Sequence[str] = (),
    flips: int = 5,
    no_verdict: NoVerdict | None = None,
    **options: Unpack[RatingOptions],
) -> Report:
    """Compare two runs on the same items, matched by id or ``pair_id``: the second minus the first.

    Parameters
    ----------
    *runs : Run or path
        Two runs; or one, with `between`.
    humans : path, DataFrame, list of dict or RatingsTable, optional
        People's ratings of a random part of the answers of both runs, or of both groups of `between`: the
        report then also has the difference between all answers corrected by them,
        ``estimates["corrected.difference"]``. Where both runs have another answer under one id, the ratings
        need a column ``run`` (or ``system``, or ``answer``) that says which one was rated.
    between : str, optional
        Compare two values of a field within one run: ``"condition"`` or ``"condition=clean,degraded"``.
    by
        As in `judge.report`.
    flips : int
        Number of answers whose verdict flipped that are shown in full.
    no_verdict : {'bounds', 'drop', 'fail'}
        As in `judge.report`.
    **options
        ``cluster``, as in `judge.report`; with `humans` also how ratings are read: see `judge.RatingOptions`.

    Returns
    -------
    Report
        ``estimates["difference"]`` is the difference of the pass rates.

    Raises
    ------
    JudgeError
        There are not two runs, or they have no items or no dimension in common; or, with `humans`, they hold
        the same answers.
    """
    a, b = read_pair([path(run) for run in runs], between, no_verdict)
    found = build_comparison(a, b, by=names(by), cluster=options.get("cluster"), n_flips=flips)
    field = between and between.partition("=")[0]
    pair = (a.table.name, b.table.name)
    return with_corrections(
        found, runs, humans, options, field=field, pair=pair, names=pair, no_verdict=a.table.no_verdict
    )
