"""`judge.leaderboard`: systems or runs ranked by pass rate."""

from collections.abc import Sequence

from judge.analysis.ratings import NoVerdict
from judge.reporting.builders.comparison import build_leaderboard
from judge.reporting.builders.run_data import read_run
from judge.reporting.report import Report
from judge.workflows.inputs import RunSource, paths


def leaderboard(
    runs: RunSource | Sequence[RunSource],
    *,
    system: str | None = None,
    cluster: str | None = None,
    no_verdict: NoVerdict = "bounds",
) -> Report:
    """Rank several runs, or the systems within one, by pass rate, with the uncertainty of each rank.

    Parameters
    ----------
    runs : Run, path, or a list of them
        Several runs; or one, with `system`.
    system : str, optional
        Field of the items that says which system answered, such as ``"system"``.
    cluster : str, optional
        As in `judge.report`.
    no_verdict : {'bounds', 'drop', 'fail'}
        As in `judge.report`.

    Returns
    -------
    Report
        ``tables["leaderboard"]`` holds the ranks, ``estimates["pass_rate.NAME"]`` the pass rates.

    Raises
    ------
    JudgeError
        There are fewer than two systems, or their scales differ.
    """
    sources = [read_run(run, no_verdict) for run in paths(runs)]
    return build_leaderboard(sources, system=system, cluster=cluster)
