"""`judge.compare`: two systems, two conditions or two judges on the same items."""

from collections.abc import Sequence

from judge.analysis.ratings import NoVerdict
from judge.reporting.builders.comparison import build_comparison, read_pair
from judge.reporting.report import Report
from judge.workflows.inputs import RunSource, names, path


def compare(
    *runs: RunSource,
    between: str | None = None,
    by: str | Sequence[str] = (),
    cluster: str | None = None,
    flips: int = 5,
    no_verdict: NoVerdict = "bounds",
) -> Report:
    """Compare two runs on the same items, matched by id or ``pair_id``: the second minus the first.

    Parameters
    ----------
    *runs : Run or path
        Two runs; or one, with `between`.
    between : str, optional
        Compare two values of a field within one run: ``"condition"`` or ``"condition=clean,degraded"``.
    by, cluster
        As in `judge.report`.
    flips : int
        Number of answers whose verdict flipped that are shown in full.
    no_verdict : {'bounds', 'drop', 'fail'}
        As in `judge.report`.

    Returns
    -------
    Report
        ``estimates["difference"]`` is the difference of the pass rates.

    Raises
    ------
    JudgeError
        There are not two runs, or they have no items or no dimension in common.
    """
    a, b = read_pair([path(run) for run in runs], between, no_verdict)
    return build_comparison(a, b, by=names(by), cluster=cluster, n_flips=flips)
