"""Attention checks in human ratings: how many each rater failed, from columns of the table."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from judge.counting import counted

CHECKS_MISSED, CHECKS_SEEN = "checks_missed", "checks_seen"
"""Columns of a table of ratings: number of attention checks that the rater failed, and saw, in total."""
_MOST_NAMES = 3

CheckCounts = dict[str, tuple[int, int]]
"""Rater -> checks failed, checks seen."""


def failed_checks_warning(checks: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    """Warning that names the raters who failed attention checks, the worst first."""
    failed = {rater: counts for rater, counts in checks.items() if counts[0]}
    if not failed:
        return
    worst = sorted(failed, key=lambda rater: (-failed[rater][0] / failed[rater][1], rater))
    named = ", ".join(f"{rater} {failed[rater][0]} of {failed[rater][1]}" for rater in worst[:_MOST_NAMES])
    more = ", …" if len(worst) > _MOST_NAMES else ""
    seen = sum(1 for counts in checks.values() if counts[1])
    yield (
        f"{len(failed)} of {counted(seen, 'rater')} failed attention checks ({named}{more}). Review their "
        "ratings before you use them: judge study status"
    )


def checks_of(rows: Iterable[Mapping[str, Any]], rater: str) -> CheckCounts:
    """Attention checks of each rater from rows of ratings; `rater` names the column of the rater."""
    found: CheckCounts = {}
    for row in rows:
        try:
            found[str(row.get(rater))] = (int(row[CHECKS_MISSED]), int(row[CHECKS_SEEN]))
        except (KeyError, TypeError, ValueError):
            continue
    return found
