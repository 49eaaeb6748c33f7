"""The answers of a page: which of them fit, where each stands, and which ids of the page lead to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from judge.records import Image
from judge.reporting.document import Case, Cell, Column, Judgment, ListedAnswers, ReportContent
from judge.reporting.render.page_table import PageTable
from judge.reporting.render.text import clean

TEXT_BUDGET = 1_200_000
"""Letters of all answers of the lists on one page."""
LONGEST_TEXT, LONGEST_LISTED, LONGEST_FIELD = 4000, 1500, 200
"""Letters of a text of an answer, of one in a list, and of a field of its item in a list."""
MOST_PRINTED = 30
"""Rows of a list on paper; the number is also in the style of the page."""
_MARKUP = 900
_ID_COLUMNS = ("item", "example")


@dataclass(frozen=True)
class EmbeddedPicture:
    """One image of a case: its thumbnail, or the reason why there is none."""

    name: str
    role: str
    url: str = ""
    width: int = 0
    height: int = 0
    problem: str = ""


@dataclass(frozen=True)
class PageCase:
    """One answer in full, with its images and its place on the page."""

    case: Case
    pictures: Sequence[EmbeddedPicture]
    anchor: str


@dataclass(frozen=True)
class AnswerList:
    """A table of answers that can be searched and sorted, as the page shows it.

    Attributes
    ----------
    answers : ListedAnswers
        The content.
    table : PageTable
        The rows that fit on the page.
    cases : sequence of PageCase or None
        The answer of each row in full; None without texts.
    others : sequence of PageCase
        Answers that only other tables name.
    n_printed : int
        Number of rows whose answer is printed in full.
    """

    answers: ListedAnswers
    table: PageTable
    cases: Sequence[PageCase | None]
    others: Sequence[PageCase]
    n_printed: int

    @property
    def title(self) -> str:
        """Heading of the section."""
        return self.answers.title if self.cases else "Answers"

    @property
    def is_cut(self) -> bool:
        """Whether the page holds only some of the answers."""
        return len(self.cases) < self.answers.n_all

    @property
    def extent(self) -> str:
        """How many rows there are."""
        n, n_all, what = len(self.cases), self.answers.n_all, self.answers.what
        return (
            f"The {n:,} worst of {n_all:,} {what}." if self.is_cut else f"All {n_all:,} {what}, worst first."
        )


@dataclass
class Links:
    """Anchors of the answers on a page."""

    by_run: dict[str, dict[str, str]] = field(default_factory=dict)
    n: int = 0

    def add(self, section: str, item: str) -> str:
        """Make an anchor; tables of the same run that name the item lead to the first one."""
        self.n += 1
        anchor = f"answer-{self.n}"
        self.by_run.setdefault(_run_of(section), {}).setdefault(item, anchor)
        return anchor

    def to(self, table_key: str, column: Column, cell: Cell) -> str:
        """Anchor of the answer that a cell names, or an empty text."""
        if column.key not in _ID_COLUMNS:
            return ""
        return self.by_run.get(_run_of(table_key), {}).get(str(cell), "")


def _run_of(key: str) -> str:
    """Name of the run in the key of a table or section, where a report has several."""
    return key.rpartition("/")[0]


def page_answers(
    report: ReportContent, links: Links, show: Callable[[Image], EmbeddedPicture]
) -> dict[str, AnswerList]:
    """Lists of answers by the key of their section, within the size of a page."""
    budget = _Budget(TEXT_BUDGET)
    n_full = {section.key: len(section.cases) for section in report.sections}
    found = report.answers() if report.answers else ()
    made = (_listed(one, budget, links, show, n_full.get(one.section, 0)) for one in found)
    return {one.answers.section: one for one in made if one.cases or one.others}


def _listed(
    answers: ListedAnswers,
    budget: _Budget,
    links: Links,
    show: Callable[[Image], EmbeddedPicture],
    n_printed: int,
) -> AnswerList:
    short = {item: _shortened(case) for item, case in answers.cases.items()}
    rows = tuple(takewhile(lambda row: budget.takes(short.get(str(row[0]))), answers.table.rows))
    listed = [str(row[0]) for row in rows]
    named = [item for item in short if item not in {str(row[0]) for row in answers.table.rows}]

    def place(item: str) -> PageCase:
        pictures = [show(image) for image in short[item].images]
        return PageCase(short[item], pictures, links.add(answers.section, item))

    return AnswerList(
        answers,
        PageTable(replace(answers.table, rows=rows, detail=False), most_rows=len(rows)),
        [place(item) if item in short else None for item in listed],
        [place(item) for item in named if budget.takes(short[item])],
        n_printed,
    )


@dataclass
class _Budget:
    """Letters that the page has room for."""

    left: int

    def takes(self, case: Case | None) -> bool:
        """Take an answer onto the page if it has room for it."""
        self.left -= _MARKUP + (0 if case is None else sum(map(len, _texts(case))))
        return self.left >= 0


def _texts(case: Case) -> list[str]:
    given = [text for j in case.judgments for text in (j.answer, *j.reasons.values())]
    return [case.question, case.reference or "", *case.fields.values(), *given]


def _shortened(case: Case) -> Case:
    """An answer with texts that fit into a list of many."""
    return replace(
        case,
        question=block(case.question, LONGEST_LISTED),
        reference=None if case.reference is None else block(case.reference, LONGEST_LISTED),
        fields={name: clean(text, LONGEST_FIELD) for name, text in case.fields.items()},
        judgments=tuple(map(_shortened_judgment, case.judgments)),
    )


def _shortened_judgment(judgment: Judgment) -> Judgment:
    reasons = {name: block(reason, LONGEST_LISTED) for name, reason in judgment.reasons.items()}
    return replace(judgment, answer=block(judgment.answer, LONGEST_LISTED), reasons=reasons)


def block(text: str, limit: int = LONGEST_TEXT) -> str:
    r"""Text of several lines, made safe: no control characters or invisible marks; cut at `limit`.

    >>> block("a\x00b\n  c\u202e")
    'ab\n  c'
    """
    shown = (line.expandtabs(4) for line in text[: limit + 1].splitlines())
    lines = (" " * (len(line) - len(line.lstrip(" "))) + clean(line) for line in shown)
    kept = "\n".join(lines)
    return kept if len(text) <= limit else f"{kept[:limit].rstrip()} … ({len(text):,} characters)"
