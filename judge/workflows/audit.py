"""`judge.audit`: why answers fail, the worst answers, and anomalous scores."""

from collections.abc import Sequence

from judge.reporting.builders.run_data import read_run
from judge.reporting.builders.single_run import build_audit
from judge.reporting.report import Report
from judge.rubric import NoVerdict
from judge.workflows.inputs import RunSource, names, path


def audit(
    run: RunSource,
    *,
    by: str | Sequence[str] = (),
    cluster: str | None = None,
    worst: int = 10,
    no_verdict: NoVerdict | None = None,
) -> Report:
    """Report the binding dimension of failing answers, dimensions that fail together, and anomalous scores.

    Parameters
    ----------
    run : Run or path
        The run.
    by, cluster
        As in `judge.report`.
    worst : int
        Number of worst answers shown in full.
    no_verdict : {'bounds', 'drop', 'fail'}
        As in `judge.report`.

    Raises
    ------
    JudgeError
        The run cannot be read, or no item has one of the fields in `by`.
    """
    return build_audit(read_run(path(run), no_verdict), by=names(by), cluster=cluster, n_worst=worst)
