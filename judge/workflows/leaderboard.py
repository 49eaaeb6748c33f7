"""`judge.leaderboard`: systems or runs ranked by pass rate."""

from collections.abc import Sequence
from typing import Unpack

from judge.reporting.builders.comparison import build_leaderboard
from judge.reporting.builders.run_data import read_run
from judge.reporting.report import Report
from judge.rubric import NoVerdict
from judge.workflows.corrections import with_corrections
from judge.workflows.inputs import RatingOptions, RatingSource, RunSource, paths


def leaderboard(
    runs: RunSource | Sequence[RunSource],
    *,
    humans: RatingSource | None = None,
    system: str | None = None,
    no_verdict: NoVerdict | None = None,
    **options: Unpack[RatingOptions],
) -> Report:
    """Rank several runs, or the systems within one, by pass rate, with the uncertainty of each rank.

    Parameters
    ----------
    runs : Run, path, or a list of them
        Several runs; or one, with `system`.
    humans : path, DataFrame, list of dict or RatingsTable, optional
        People's ratings of a random part of the answers of each run, or of each system in one run: these are
        then also ranked by the pass rate that people would give to all answers, with the differences between
        them. A run without ratings has no corrected figure. See `judge.compare` for answers with one id.
    system : str, optional
        Field of the items that says which system answered, such as ``"system"``.
    no_verdict : {'bounds', 'drop', 'fail'}
        As in `judge.report`.
    **options
        ``cluster``, as in `judge.report`; with `humans` also how ratings are read: see `judge.RatingOptions`.

    Returns
    -------
    Report
        ``tables["leaderboard"]`` holds the ranks, ``estimates["pass_rate.NAME"]`` the pass rates.

    Raises
    ------
    JudgeError
        There are fewer than two systems, or their scales differ; or, with `humans`, two runs hold the same
        answers.
    """
    sources = [read_run(run, no_verdict) for run in paths(runs)]
    found = build_leaderboard(sources, system=system, cluster=options.get("cluster"))
    names = [source.table.name for source in sources]
    policy = sources[0].table.no_verdict
    return with_corrections(found, runs, humans, options, field=system, names=names, no_verdict=policy)
