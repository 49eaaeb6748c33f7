"""The findings of an agreement report with several judges: each further judge against the first."""

from __future__ import annotations

from collections.abc import Iterator

from judge.analysis.agreement.agree import Agreement
from judge.analysis.agreement.choices import Choice
from judge.analysis.agreement.coefficients import AGREEMENT
from judge.analysis.agreement.judge_pairs import JudgeDifference
from judge.reporting.tables.selection_table import where_selected
from judge.reporting.wording import dimension_name, listed, with_interval
from judge.stats.engine.estimate import NO_VARIATION

MOST_JUDGES = 4
MOST_CHOICES = 5
_DECISIONS = {
    "better": "agrees better",
    "non-inferior": "is non-inferior",
    "inconclusive": "is shown neither to be non-inferior nor to be worse (inconclusive)",
    "worse": "agrees less well by more than the margin",
}
_WITHOUT_MARGIN = {1: "agrees better", -1: "agrees less well", 0: "is not shown to agree better or less well"}
_OPEN = (_DECISIONS["inconclusive"], _WITHOUT_MARGIN[0])
"""Outcomes that come last."""


def judge_words(found: Agreement) -> Iterator[str]:
    """Differences of the further judges from the first, by outcome.

    Of several judges or dimensions, those without a difference beyond noise are left out, if any has one.
    """
    pairs = [(words, one) for one in found.judge_differences if (words := _outcome(one)) is not None]
    seconds = list(dict.fromkeys(one.second for _, one in pairs))[:MOST_JUDGES]
    shown = [(words, one) for words, one in pairs if one.second in seconds]
    shown.sort(key=lambda pair: pair[0] in _OPEN)
    if not shown:
        return
    first = shown[0][1].first
    if len(shown) > 1:
        shown = [(words, one) for words, one in shown if words != _WITHOUT_MARGIN[0]]
    if not shown:
        yield f"{listed(seconds)}: not shown to agree better or less well with people than {first}."
    elif len(seconds) == 1:
        groups: dict[str, list[str]] = {}
        for words, one in shown:
            groups.setdefault(words, []).append(_with_difference(one))
        findings = "; ".join(f"on {listed(names)} it {words}" for words, names in groups.items())
        yield f"{seconds[0]} compared with {first}, by agreement with people: {findings}."
    else:
        for result in dict.fromkeys(words for words, _ in shown):
            of = [f"{one.second} on {_with_difference(one)}" for words, one in shown if words == result]
            yield f"By agreement with people, compared with {first}, {result}: {'; '.join(of)}."


def left_out_judges(found: Agreement) -> Iterator[str]:
    """Name the judges that have no score on any rated item, and are therefore in no table."""
    compared = {one.judge for one in found.judge_agreements}
    missing = [judge for judge in found.aligned.judges if judge not in compared]
    if compared and missing:
        yield (
            f"{listed(missing)}: no score on any rated item, and therefore in no table. Judges are compared "
            "on the same items: give ratings of items that all of them scored."
        )


def choice_words(found: Agreement) -> Iterator[str]:
    """One sentence about the judge of each dimension that was chosen on other items."""
    if not found.selected_on:
        return
    chosen = [one for one in found.choices if one.what == "judge"]
    groups: dict[str, list[str]] = {}
    for one in chosen[:MOST_CHOICES]:
        groups.setdefault(one.chosen, []).append(f"{dimension_name(one.dimension)} ({_level(one)})")
    if groups:
        parts = "; ".join(f"{judge} on {listed(names)}" for judge, names in groups.items())
        more = "" if len(chosen) <= MOST_CHOICES else "; and others (--sections chosen)"
        yield (
            f"Chosen on {where_selected(found.selected_on)}: {parts}{more}. In brackets: chance-corrected "
            "agreement with people on all other items, which this report is about."
        )


def _level(one: Choice) -> str:
    return "no rating" if one.reported is None else with_interval(one.reported, "score")


def _never_differ(one: JudgeDifference) -> bool:
    """Whether the judges agree with people alike on every item, where the added items of kappa do not."""
    difference = one.corrected.difference
    return difference.value == 0 and NO_VARIATION in (difference.reason, one.raw.difference.reason)


def _outcome(one: JudgeDifference) -> str | None:
    difference = one.corrected.difference
    if _never_differ(one):
        return "agrees exactly as well"
    if one.verdict is not None:
        return _DECISIONS.get(str(one.verdict.verdict))
    if not difference.defined:
        return None
    return _WITHOUT_MARGIN[int(difference.low > 0) - int(difference.high < 0)]


def _with_difference(one: JudgeDifference) -> str:
    """Dimension, with the difference and the interval that the outcome rests on."""
    shown, is_raw = one.corrected.difference, False
    if _never_differ(one):
        return dimension_name(one.dimension)
    if one.verdict is not None:
        shown = one.verdict.wide if one.verdict.verdict == "better" else one.verdict.difference
        is_raw = one.decided_by == AGREEMENT
    level = f"[{100 * shown.confidence_level:.0f} %: "
    text = with_interval(shown, "points" if is_raw else "change").replace("[", level, 1)
    return f"{dimension_name(one.dimension)} ({text})"
