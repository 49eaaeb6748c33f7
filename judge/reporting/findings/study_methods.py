"""What a paper must say about a study of agreement, beside its statistics: sampling, statuses and margins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from judge.analysis.agreement.agree import Agreement
from judge.analysis.ratings import PASSES


def study_methods(found: Agreement) -> Iterator[str]:
    """How the rated items were drawn, how many scores there are, and what was fixed in advance."""
    if not (found.aligned.is_weighted or found.aligned.label_shift):
        yield "The rated items count as a random sample: no inclusion probabilities are given."
    counts = _counts(found)
    if counts:
        yield f"Scores of the judge on the rated items: {counts}."
    if found.judge_agreements and not found.criteria.margins:
        yield "No non-inferiority margin was set, so that there is no verdict."
    if found.alt_tests:
        epsilon = f"{found.criteria.epsilon:g}"
        yield f"Alternative annotator test: epsilon {epsilon} ({found.criteria.set_by})."


def _counts(found: Agreement) -> str:
    """Number of scores of all judges with each status; verdicts follow from scores and are left out."""
    counts = Counter[str]()
    for one in found.judge_agreements:
        if one.ratings.dimension != PASSES and one.judge in found.aligned.judges:  # a panel has no statuses
            counts.update(one.ratings.statuses.get(one.judge, {}))
    return ", ".join(f"{n:,} {status.replace('_', ' ')}" for status, n in counts.items())
