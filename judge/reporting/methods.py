"""The Methods paragraph of a report: what a paper must say about judge, data, statistics and tests.

It is made of the facts of the runs, of the sentences of the report, and of what follows from its tables: how
the intervals were made, how many tests there are, and which statistics are shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from judge.reporting.document import ReportContent, Table
from judge.reporting.references import REFERENCES, Reference
from judge.reporting.render.numbers import method_text
from judge.reporting.wording import NOT_GIVEN, WEIGHTED, counted, listed
from judge.stats.engine.estimate import Estimate
from judge.version import __version__

_FACTS = {
    "judge": "The judge was {}.",
    "model as served": "The replies came from {}.",
    "parameters": "Parameters: {}.",
    "engine": "Engine: {}.",
    "judge fingerprint": "Fingerprint of the judge: {}.",
    "judged": "Dates of the judgments: {}.",
    "samples": "Judgments per answer: {}.",
    "scores": "Scores are {}.",
    "rubric": "The rubric was {}.",
    "pass rule": "Pass rule: {}.",
    "input": "Answers: {}.",
    "answers": "Answers: {}.",
    "ratings": "Human ratings: {}.",
    "selection": "Selection of the answers: {}.",
    "score statuses": "Scores by status: {}.",
    "unreadable replies": "Unreadable replies {}.",
    "seed": "Random seed: {}.",
}
"""Fact -> its sentence, in the order of the paragraph."""
_FILES = ("input", "answers", "ratings")
_OF_ONE_JUDGE = "judge "
_VERSION = "judge-toolkit"
UNKNOWN = "unknown"
"""Value of a fact that some of several runs do not have."""
_CORRECTIONS = {"p_holm": "Holm-adjusted", "p_adjusted": "Benjamini-Yekutieli-adjusted"}
_TARGETS = {
    "report": "answers",
    "audit": "answers",
    "compare": "pairs of answers",
    "leaderboard": "answers",
    "choice": "answers",
    "calibrate": "answers",
    "stress": "pairs of an item and its changed twin",
}


@dataclass(frozen=True)
class MethodsSection:
    """The Methods paragraph of a report, and the papers that it cites.

    Attributes
    ----------
    text : str
        The paragraph without citations.
    citations : tuple of (int, Reference)
        Where the paragraph first names a method, and its paper, in this order.
    """

    text: str
    citations: tuple[tuple[int, Reference], ...]

    @property
    def references(self) -> tuple[Reference, ...]:
        """The papers, in the order in which the paragraph names their methods."""
        return tuple(one for _, one in self.citations)

    def numbers(self, found: tuple[Reference, ...]) -> str:
        """Numbers of references in the list, from 1."""
        return ", ".join(str(self.references.index(one) + 1) for one in found)

    def cited(self, escape: Callable[[str], str], cite: Callable[[tuple[Reference, ...]], str]) -> str:
        """Return the paragraph in a markup language, with a citation where a method is named first.

        Parameters
        ----------
        escape : callable
            Text -> text in the markup language.
        cite : callable
            References -> their citation in the markup language.
        """
        ends: dict[int, tuple[Reference, ...]] = {}
        for end, one in self.citations:
            ends[end] = (*ends.get(end, ()), one)
        parts, start = [], 0
        for end, found in ends.items():
            parts += [_escaped(self.text[start:end], escape), cite(found)]
            start = end
        return "".join([*parts, _escaped(self.text[start:], escape)])

    def plain(self) -> str:
        """Return the paragraph with the numbers of the references in brackets."""
        return self.cited(str, lambda found: f" [{self.numbers(found)}]")


def methods_of(report: ReportContent) -> MethodsSection:
    """Write the Methods paragraph of a report.

    Parameters
    ----------
    report : ReportContent
        Its facts, methods and tables.

    Returns
    -------
    MethodsSection
        Facts of the judge and the data come first, then the sentences of the report, then the intervals,
        tests and statistics of its tables, then the version of this software.
    """
    sentences = [*_facts(report), *report.methods, *_target(report), *_intervals(report), *_tests(report)]
    used = _without_left_out(report, " ".join(sentences))
    keys = _keys(report)
    unnamed = [one for one in REFERENCES if keys & set(one.shown_as) and one.end_in(used) is None]
    if unnamed:
        sentences.append(f"Statistics in the tables include {listed([one.phrase for one in unnamed])}.")
    text = " ".join([*sentences, _software(report)])
    used = _without_left_out(report, text)
    found = [(end, one) for one in REFERENCES if (end := one.end_in(used)) is not None]
    return MethodsSection(text, tuple(sorted(found, key=lambda pair: pair[0])))


def _without_left_out(report: ReportContent, text: str) -> str:
    """Blank the sentences about methods that the report does not use; all others stay in their places."""
    for sentence in report.methods:
        if sentence.startswith(NOT_GIVEN):
            text = text.replace(sentence, " " * len(sentence))
    return text


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    """Escape a part of a paragraph, which may begin with a space but does not end with one."""
    before = " " if text[:1].isspace() else ""
    return before + escape(text.strip())


def _facts(report: ReportContent) -> Iterator[str]:
    facts = {name: text for name, text in report.facts.items() if not name.startswith(_VERSION)}
    says_rule = any("passes when" in sentence for sentence in report.methods)
    for name, sentence in _FACTS.items():
        values = _values(facts, name)
        if values and not (name == "pass rule" and says_rule):
            yield sentence.format(listed(values))
    for name, text in facts.items():
        if name.startswith(_OF_ONE_JUDGE) and _base(name) not in _FACTS:
            yield f"Judge {name.removeprefix(_OF_ONE_JUDGE)}: {text}."


def _values(facts: Mapping[str, str], name: str) -> list[str]:
    """Return the value of a fact, or its value for each run."""
    values = [
        (key.removeprefix(name).removeprefix(" of "), PurePath(text).name if name in _FILES else text)
        for key, text in facts.items()
        if _base(key) == name and text != UNKNOWN
    ]
    return [f"{text} ({run})" if run else text for run, text in values]


def _base(name: str) -> str:
    """Return the name of a fact without that of the run.

    >>> _base("rubric of run-1"), _base("rubric")
    ('rubric', 'rubric')
    """
    return name.partition(" of ")[0]


def _target(report: ReportContent) -> Iterator[str]:
    what = _TARGETS.get(report.kind)
    if what and not any(sentence.startswith(WEIGHTED) for sentence in report.methods):
        of_judge = any(key.partition(":")[0] == "corrected" for key in report.tables)
        alone = " of the judge's own figures" if of_judge else ""
        yield f"The {what} count as a random sample; intervals{alone} are about {what} like these."


def _intervals(report: ReportContent) -> Iterator[str]:
    methods = dict.fromkeys(
        method_text(cell)
        for table in report.tables.values()
        for row in table.rows
        for cell in row
        if isinstance(cell, Estimate) and cell.method
    )
    if methods:
        yield f"Intervals in the tables: {listed(list(methods))}."


def _tests(report: ReportContent) -> Iterator[str]:
    counts = [(table, *_tests_of(table)) for table in report.tables.values()]
    by_table = [f"{n:,} in {table.title!r} ({correction})" for table, n, correction in counts if n]
    if by_table:
        total = counted(sum(n for _, n, _ in counts), "p-value")
        yield f"Tests: {total} in the tables, {listed(by_table)}."


def _tests_of(table: Table) -> tuple[int, str]:
    """Return the number of p-values of a table, and how they are corrected for their number."""
    keys = [column.key for column in table.columns if column.kind == "p"]
    if not keys:
        return 0, ""
    shown = next((key for key in keys if key in _CORRECTIONS), keys[0])
    n = sum(isinstance(p, float) and not math.isnan(p) for p in table.column(shown))
    return n, _CORRECTIONS.get(shown, "not adjusted")


def _keys(report: ReportContent) -> set[str]:
    """Names of the statistics that a report shows: of columns, of tables and of estimates."""
    tables = report.tables.values()
    return {
        *(column.key for table in tables for column in table.columns),
        *(f"table:{table.key.partition(':')[0]}" for table in tables),
        *(name.partition("@")[0].rpartition(".")[0].removeprefix("people.") for name in report.estimates),
    }


def _software(report: ReportContent) -> str:
    scored = dict.fromkeys(text for name, text in report.about.items() if _base(name) == _VERSION)
    done = f"Scored with {_VERSION} {listed(list(scored))}, analysed" if scored else "Computed"
    return f"{done} with {_VERSION} {__version__}."
