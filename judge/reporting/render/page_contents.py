"""Contents of the page: a short title for each section, in groups, and which sections are open at first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from judge.reporting.document import ReportContent, Section

MOST_IN_ONE_LINE = 9
"""Links of one run that need no groups."""
_RESULT, _AGREEMENT, _PEOPLE, _SCORES, _MORE = "Result", "Agreement", "People", "Scores", "More"
_ALL_RUNS = "All runs"
_NAMED: Mapping[str, tuple[str, str]] = {
    "summary": (_RESULT, "Summary"),
    "judges": (_RESULT, "Judge against judge"),
    "chosen": (_RESULT, "Other items"),
    "approval": (_RESULT, "Approval"),
    "panel": (_RESULT, "Panel"),
    "agreement": (_AGREEMENT, "Judge and people"),
    "rates": (_AGREEMENT, "Rates"),
    "raw": (_AGREEMENT, "Same score"),
    "verdicts": (_AGREEMENT, "Pass or fail"),
    "criteria": (_AGREEMENT, "Criteria"),
    "annotators": (_AGREEMENT, "Alternative annotator test"),
    "details": (_AGREEMENT, "Details"),
    "people": (_PEOPLE, "Among people"),
    "raters": (_PEOPLE, "Raters"),
    "prediction": (_PEOPLE, "One person predicted"),
    "pass_rates": (_SCORES, "Bias and pass rates"),
    "levels": (_SCORES, "Level and spread"),
    "abstentions": (_SCORES, "Abstentions"),
    "corrected": (_SCORES, "Corrected"),
    "ranking": (_SCORES, "Systems"),
    "ranks": (_SCORES, "Ranks"),
    "probabilities": (_SCORES, "Probabilities"),
    "bias": (_SCORES, "Bias checks"),
}
_OF_KIND = {"slices": _AGREEMENT, "disagreements": _MORE}
_OF_RUN = {"corrected": "Corrected", "leaderboard": "Systems"}
METHODS = ("made-by", "Judge and methods")


@dataclass(frozen=True)
class ContentsEntry:
    """A section in the contents: its anchor and its short title."""

    anchor: str
    title: str


@dataclass
class ContentsGroup:
    """Entries with one heading; without groups the only heading is empty."""

    title: str
    entries: list[ContentsEntry] = field(default_factory=list)


def contents(report: ReportContent, shown: Iterable[tuple[str, str, str]]) -> list[ContentsGroup]:
    """Group the sections of a page: an agreement report by subject, several runs by run.

    Parameters
    ----------
    report : ReportContent
        The report.
    shown : iterable of (str, str, str)
        Key, anchor and title of each section of the page.

    Returns
    -------
    list of ContentsGroup
        In the order of their first section; the methods are in the last one.
    """
    held = list(shown)
    is_grouped = len(held) > MOST_IN_ONE_LINE or any(_run_of(report, key) for key, _, _ in held)
    groups: dict[str, ContentsGroup] = {}
    for key, anchor, title in held:
        group, short = _named(report, key, title)
        _group(groups, group if is_grouped else "").entries.append(ContentsEntry(anchor, short))
    last = _group(groups, _MORE if is_grouped else "")
    last.entries.append(ContentsEntry(*METHODS))
    return sorted(groups.values(), key=lambda group: group is last)


def _group(groups: dict[str, ContentsGroup], title: str) -> ContentsGroup:
    return groups.setdefault(title, ContentsGroup(title))


def _named(report: ReportContent, key: str, title: str) -> tuple[str, str]:
    """Group and short title of a section."""
    if run := _run_of(report, key):
        return run, title.removeprefix(f"{run}: ")
    name = Section(key, "").name
    if report.kind != "agree":
        return _ALL_RUNS, _OF_RUN.get(name, title) if report.kind == "report" else title
    group, short = _NAMED.get(name, (_OF_KIND.get(name, _RESULT), title))
    return group, short


def _run_of(report: ReportContent, key: str) -> str:
    """Run of a section in a report on several runs; names of judges may hold a slash, too."""
    return key.rpartition("/")[0] if report.kind == "report" else ""


def is_open(report: ReportContent, key: str) -> bool:
    """Whether a section is open at first: those that the terminal shows, too, or all of a short report."""
    return not report.short or Section(key, "").name in report.short
