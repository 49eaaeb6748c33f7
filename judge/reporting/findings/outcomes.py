"""What the comparison of a judge with people on one dimension shows: one of a few outcomes, and in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from judge.analysis.agreement.judge_human import JudgeAgreement

Outcome = Literal["better", "non-inferior", "inconclusive", "unclear", "no ceiling", "worse", "chance", ""]
DEFINITE_FIRST: tuple[Outcome, ...] = (
    *("worse", "chance", "better", "non-inferior", "no ceiling", "inconclusive", "unclear", ""),
)
"""Order of findings: where the judge must not be used, where it may be used, and what is open."""
CHANCE = "is not shown to agree with people beyond chance"
NO_CEILING = "agrees with people beyond chance, but there is no human ceiling to compare with"
FINDINGS: dict[Outcome, str] = {
    "better": "agrees with people better than they agree with each other",
    "non-inferior": "is non-inferior (it agrees with people as well as they agree with each other, up to the "
    "margin)",
    "inconclusive": "is shown neither to be non-inferior nor to be worse than people (inconclusive)",
    "worse": "agrees with people less well than they agree with each other, by more than the margin of {}",
}
ADVICE: dict[Outcome, str] = {
    "better": "It can replace one of these raters there.",
    "non-inferior": "It can replace one of these raters there.",
    "inconclusive": "More rated items would decide that (judge plan).",
    "unclear": "More rated items would decide that (judge plan).",
    "worse": "Do not use it in place of a rater there.",
    "chance": "Do not use it there.",
}
NO_VERDICT = "No margin was fixed in advance, so that this is no verdict (--margin 0.05)."
"""Advice where people agree less with each other than with the judge, but no test was set up."""
_WITHOUT_MARGIN: dict[Outcome, str] = {
    "better": FINDINGS["better"],
    "worse": "agrees with people less well than they agree with each other",
    "unclear": "is not shown to agree with people less, or more, than they do with each other",
    "no ceiling": NO_CEILING,
    "chance": CHANCE,
    "": "cannot be compared with people",
}


def outcome(one: JudgeAgreement) -> Outcome:
    """Verdict of the test or, without a margin, what the interval of the difference shows.

    Agreement that may be due to chance comes first: a judge does not become usable because people agree by
    chance, too.
    """
    if not one.main.judge.defined:
        return ""
    if _may_be_chance(one):
        return "chance"
    if not one.main.human.defined:
        return "no ceiling"
    if one.verdict is not None and one.verdict.verdict is not None:
        return one.verdict.verdict
    difference = one.main.difference
    if not difference.defined:
        return ""
    return "worse" if difference.high < 0 else "better" if difference.low > 0 else "unclear"


def _may_be_chance(one: JudgeAgreement) -> bool:
    """Whether the interval of the judge's agreement does not lie above 0, if 0 is agreement by chance."""
    agreement = one.main.judge
    if one.main.unit != "coefficient":
        return False
    if math.isnan(agreement.low):  # no interval, such as for a judge with one score for nearly all
        return agreement.value < 1
    return agreement.low <= 0


class StatedOutcome(NamedTuple):
    """An outcome, the end of a sentence about the judge that says it, and the margin that it rests on."""

    outcome: Outcome
    words: str
    margin: float | None


def stated_outcome(one: JudgeAgreement) -> StatedOutcome:
    """The outcome in words."""
    found = outcome(one)
    if found in FINDINGS and one.verdict is not None and one.verdict.verdict is not None:
        return StatedOutcome(found, FINDINGS[found], one.verdict.margin)
    if not one.main.judge.defined:
        return StatedOutcome(found, f"has no defined agreement ({undefined_because(one)})", None)
    return StatedOutcome(found, _WITHOUT_MARGIN[found], None)


def undefined_because(one: JudgeAgreement) -> str:
    """Why the agreement of the judge is undefined."""
    return (one.main.judge.reason or "no ratings").replace("_", " ")


def definite_first(findings: Iterable[StatedOutcome], set_by: str) -> Iterator[tuple[StatedOutcome, str]]:
    """Findings from definite to open, each with its words and margin; the first says who set margins."""
    source = f" ({set_by})" if set_by else ""
    for one in sorted(findings, key=lambda one: DEFINITE_FIRST.index(one.outcome)):
        if one.margin is None:
            yield one, one.words
        else:
            yield one, words_of_test(one.outcome, one.margin, source)
            source = ""


def words_of_test(verdict: Outcome, margin: float, source: str, more: str = "") -> str:
    """Verdict of a test in words, with its margin, which is named once; `more` follows the verdict."""
    words = FINDINGS[verdict]
    if "{}" in words:
        return words.format(f"{margin:g}{source}") + more
    return f"{words}{more}; margin {margin:g}{source}"
