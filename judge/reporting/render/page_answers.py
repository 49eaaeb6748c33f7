"""The answers of a page: which of them fit, where each stands, and which ids of the page lead to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from markupsafe import escape

from judge.records import Image
from judge.reporting.document import Case, Cell, CellKind, Column, Judgment, ListedAnswers, ReportContent, Row
from judge.reporting.render.page_table import PageTable, value_text
from judge.reporting.render.text import clean

SIZE = 255_000
"""Bytes of the lists of answers on one page: half of a page of 500 KB."""
LONGEST_TEXT, LONGEST_LISTED, LONGEST_FIELD = 4000, 1000, 200
"""Letters of a text of an answer, of one in a list, and of a field of its item in a list."""
_ROWS, _OTHERS = 2 / 3, 0.25
"""Largest shares: of rows in the size, and of answers that no row names in what the rows leave over."""
MOST_PRINTED = 30
"""Rows of a list on paper; the number is also in the style of the page."""
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
        The answer of each row in full; None without texts, and where there is no room for it.
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
    def n_full(self) -> int:
        """Number of rows with the answer in full: the first ones."""
        return sum(placed is not None for placed in self.cases)

    @property
    def is_short(self) -> bool:
        """Whether only some of the rows have the answer in full."""
        return 0 < self.n_full < len(self.cases)

    @property
    def extent(self) -> str:
        """How many rows there are, and how many of them with the answer in full."""
        n, n_all, what = len(self.cases), self.answers.n_all, self.answers.what
        rows = (
            f"The {n:,} worst of {n_all:,} {what}." if self.is_cut else f"All {n_all:,} {what}, worst first."
        )
        full = (
            f" The first {self.n_full:,} are here in full, the others without texts." if self.is_short else ""
        )
        return rows + full


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
    n_printed = {section.key: len(section.cases) for section in report.sections}
    found = report.answers() if report.answers else ()
    size = SIZE // max(len(found), 1)
    made = (_listed(one, size, links, show, n_printed.get(one.section, 0)) for one in found)
    return {one.answers.section: one for one in made if one.cases or one.others}


def _listed(
    answers: ListedAnswers,
    size: int,
    links: Links,
    show: Callable[[Image], EmbeddedPicture],
    n_printed: int,
) -> AnswerList:
    short = {item: _shortened(case) for item, case in answers.cases.items()}
    in_rows, kinds = _Budget(int(_ROWS * size)), [column.kind for column in answers.table.columns]
    rows = tuple(row for row in answers.table.rows if in_rows.takes(_size_of_row(row, kinds)))
    listed = dict.fromkeys(str(row[0]) for row in rows)
    left = size - in_rows.taken
    elsewhere = _Budget(int(_OTHERS * left))
    of_tables = {str(row[0]) for row in answers.table.rows}
    named = [item for item in short if item not in of_tables and elsewhere.takes(_size_of(short[item]))]
    in_full = _Budget(left - elsewhere.taken)
    full = {item for item in listed if item in short and in_full.takes(_size_in_table(short[item], kinds))}

    def place(item: str) -> PageCase:
        pictures = [show(image) for image in short[item].images]
        return PageCase(short[item], pictures, links.add(answers.section, item))

    return AnswerList(
        answers,
        PageTable(replace(answers.table, rows=rows, detail=False), most_rows=len(rows)),
        [place(item) if item in full else None for item in listed],
        [place(item) for item in named],
        n_printed,
    )


@dataclass
class _Budget:
    """Bytes that there is room for; once something had none, nothing has."""

    most: int
    taken: int = 0

    def takes(self, size: int) -> bool:
        """Take something if there is room for it."""
        fits = self.taken + size <= self.most
        self.most, self.taken = (self.most, self.taken + size) if fits else (0, self.taken)
        return fits


def _size_of_row(row: Row, kinds: Sequence[CellKind]) -> int:
    """Bytes of a row without its answer."""
    cells = zip(row, kinds, strict=True)
    return 14 + sum(4 + 11 * (kind == "text") + _n_bytes(value_text(cell, kind)) for cell, kind in cells)


def _size_in_table(case: Case, kinds: Sequence[CellKind]) -> int:
    """About how many bytes a row with the answer in full takes more than one without it."""
    return 200 + 70 * len(kinds) + _n_bytes(case.question[:180]) + _size_of(case)


def _size_of(case: Case) -> int:
    """About how many bytes an answer takes in full."""
    given = [text for j in case.judgments for text in (j.answer, *j.reasons.values())]
    texts = (case.id, case.question, case.reference or "", *case.fields, *case.fields.values(), *given)
    markup = sum(60 + 40 * len(j.scores) + 45 * len(j.reasons) for j in case.judgments)
    return 350 + markup + 100 * len(case.images) + sum(map(_n_bytes, texts))


def _n_bytes(text: str) -> int:
    return len(str(escape(text)).encode())


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
