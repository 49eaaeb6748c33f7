"""A Report as one self-contained HTML page without external resources.

The template escapes all texts from data; the content security policy forbids foreign styles, and every script
but the one that searches and sorts the table of answers, which can be read without it. The same report gives
the same bytes.
"""

import base64
import hashlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeAlias

import jinja2
from markupsafe import Markup

from judge.errors import InputError
from judge.records import Image
from judge.reporting.document import Case, Figure, ReportContent, Section, Table
from judge.reporting.figures.table_figures import charts_of
from judge.reporting.methods import methods_of
from judge.reporting.render.numbers import score_text, unbroken
from judge.reporting.render.page_answers import (
    MOST_PRINTED,
    AnswerList,
    EmbeddedPicture,
    Links,
    PageCase,
    block,
    page_answers,
)
from judge.reporting.render.page_contents import METHODS, contents, is_open
from judge.reporting.render.page_table import PageTable, origin, range_text, value_text
from judge.reporting.render.text import clean
from judge.reporting.wording import counted, display_name
from judge.scoring.images import Thumbnail, thumbnail
from judge.version import __version__

PlaceCase: TypeAlias = Callable[[str, Case], PageCase]
Tables: TypeAlias = tuple[PageTable, ...]
IMAGE_BUDGET = 160_000
"""Bytes of thumbnails on one page."""
LONGEST_EXCERPT = 180
"""Letters of a question in the line that opens its answer."""
LONGEST_HINT = 110
"""Letters of the line that says what a closed section holds."""
MOST_OPEN_ROWS = 12
"""Rows of a table that is open below its chart, where the chart is the only one of its section."""
MOST_UNFOLDED, MOST_UNFOLDED_ROWS = 2, 24
"""Tables of a section without charts, and rows of one, that are not folded behind their title."""
MOST_PRINTED_ROWS = 100
"""Rows of the folded tables of a closed section that are printed; with more, paper names the tables."""
MOST_PRINTED_CHARTS = 12
"""Charts of a closed section that are printed; with more, paper counts them."""
LONGEST_FINDINGS = 400
"""Letters of the first findings, which a phone shows unfolded: the main table is on its first screen."""
RUBRIC = "rubric"
_TEMPLATES = Path(__file__).parent / "templates"
_NO_SLUG = re.compile(r"[^a-z0-9]+")


def page(report: ReportContent, figures: Mapping[str, Figure] | None = None) -> str:
    """Render a report as a page of HTML.

    Parameters
    ----------
    report : ReportContent
        What to show.
    figures : mapping, optional
        Charts by the key of the table that they show. Default: its own (`charts_of`).

    Returns
    -------
    str
        The page; write it as UTF-8.
    """
    drawn = charts_of(report) if figures is None else figures
    style, script = ((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    links, show = Links(), _Pictures(report.image_roots).show

    def place(section: str, case: Case) -> PageCase:
        return PageCase(case, [show(image) for image in case.images], links.add(section, case.id))

    lists = page_answers(report, links, show)
    sections = list(_sections(report, drawn, lists, place))
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            n_findings=_n_unfolded(report.verdict),
            sections=sections,
            contents=contents(report, [(one.key, one.anchor, one.title) for one in sections]),
            links=links,
            facts=report.facts,
            methods=methods_of(report),
            rubrics=[table for section in report.sections if _is_rubric(section) for table in section.tables],
            style=Markup(style),
            style_hash=_digest(style),
            script=Markup(script) if lists else "",
            script_hash=_digest(script) if lists else "",
            most_printed=MOST_PRINTED,
            most_open_rows=MOST_OPEN_ROWS,
            version=__version__,
        )
    )


def _n_unfolded(findings: Sequence[str]) -> int:
    """Number of the first findings that a phone shows unfolded; a single further one is shown, too."""
    lengths = itertools.accumulate(map(len, findings))
    n = max(1, sum(length <= LONGEST_FINDINGS for length in lengths))
    return len(findings) if n >= len(findings) - 1 else n


def _digest(text: str) -> str:
    """Hash of a style or script for the content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def write_page(report: ReportContent, path: str | Path, figures: Mapping[str, Figure] | None = None) -> None:
    """Render a report into a file."""
    Path(path).write_text(page(report, figures), encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class _Section:
    """One section for the template: charts, tables, cases, a list of answers.

    `folded` tables are printed on paper, unless they are many in a closed section; `details` are not.
    """

    key: str
    title: str
    anchor: str
    is_open: bool
    lead: tuple[str, ...] = ()
    drawn: Sequence[tuple[Figure, PageTable]] = ()
    plain: Sequence[PageTable] = ()
    folded: Sequence[PageTable] = ()
    details: Sequence[PageTable] = ()
    cases: Sequence[PageCase] = ()
    answers: AnswerList | None = None

    @property
    def alone(self) -> bool:
        """Whether its only chart or table has the width of the page."""
        return len(self.drawn) + len(self.plain) == 1

    @property
    def hint(self) -> str:
        """What it holds, for a reader who sees its title only."""
        tables = [*self.plain, *self.folded, *self.details]
        titles = [*(figure.title for figure, _ in self.drawn), *(one.whole.title for one in tables)]
        run = f"{self.key.rpartition('/')[0]}: "
        others = (title.removeprefix(run) for title in titles if title != self.title)
        return clean(", ".join(others), LONGEST_HINT)

    @property
    def charts_on_paper(self) -> bool:
        """Whether its charts are printed."""
        return self.is_open or len(self.drawn) <= MOST_PRINTED_CHARTS

    @property
    def folded_on_paper(self) -> bool:
        """Whether its folded tables are printed."""
        return self.is_open or sum(len(one.whole.rows) for one in self.folded) <= MOST_PRINTED_ROWS

    @property
    def not_on_paper(self) -> str:
        """What is not printed, for a reader on paper."""
        charts = [] if self.charts_on_paper else [counted(len(self.drawn), "chart")]
        tables = [] if self.folded_on_paper else [counted(len(self.folded), "table")]
        return " and ".join([*charts, *tables])

    @property
    def in_threes(self) -> bool:
        """Whether its charts come as three for each judge and dimension."""
        kinds = [figure.table.key.partition(":")[0] for figure, _ in self.drawn]
        return len(set(kinds[:3])) == 3 and kinds == kinds[:3] * (len(kinds) // 3)


def _sections(
    report: ReportContent, figures: Mapping[str, Figure], lists: Mapping[str, AnswerList], place: PlaceCase
) -> Iterator[_Section]:
    taken: set[str] = {"content", METHODS[0]}
    is_first_chart = True
    for section in report.sections:
        answers = lists.get(section.key)
        tables = [table for table in section.tables if table.rows]
        if _is_rubric(section) or not (tables or section.cases or section.lead):
            continue
        if answers is not None:  # it holds what the section holds, and more
            yield _answers_section(answers, taken, section.lead)
            continue
        drawn = [figures[table.key] for table in tables if table.key in figures]
        opens = is_open(report, section.key) or bool(drawn and is_first_chart)
        is_first_chart = is_first_chart and not drawn
        plain, folded, details = _by_fold(tables, figures, is_first=section is report.sections[0])
        yield _Section(
            section.key,
            section.title,
            _anchor(section.key, taken),
            opens,
            section.lead,
            [(figure, PageTable.of(figure.table)) for figure in drawn],
            plain,
            folded,
            details,
            [place(section.key, case) for case in section.cases],
        )
    shown = {section.key for section in report.sections}
    for key, answers in lists.items():
        if key not in shown:
            yield _answers_section(answers, taken)


def _by_fold(
    tables: Sequence[Table], figures: Mapping[str, Figure], *, is_first: bool
) -> tuple[Tables, Tables, Tables]:
    """The tables of a section without a chart: open ones, folded ones, and details."""
    rest = [table for table in tables if table.key not in figures]
    charts_lead = len(rest) > 2 and len(rest) < len(tables)
    details = [table for table in rest if table.detail or charts_lead]
    main = [table for table in rest if table not in details]
    folded = [
        table
        for place, table in enumerate(main)
        if not is_first and (place >= MOST_UNFOLDED or len(table.rows) > MOST_UNFOLDED_ROWS)
    ]
    plain = [table for table in main if table not in folded]
    return (
        tuple(map(PageTable.of, plain)),
        tuple(map(PageTable.of, folded)),
        tuple(map(PageTable.of, details)),
    )


def _answers_section(answers: AnswerList, taken: set[str], lead: tuple[str, ...] = ()) -> _Section:
    key = answers.answers.section
    return _Section(key, answers.title, _anchor(key, taken), True, lead, answers=answers)


def _is_rubric(section: Section) -> bool:
    """Whether a section belongs to the provenance at the end of the page."""
    return section.key.rpartition("/")[2] == RUBRIC


def _anchor(key: str, taken: set[str]) -> str:
    """Anchor of a section: ASCII, and unique on the page."""
    slug = _NO_SLUG.sub("-", key.lower()).strip("-") or "section"
    name = slug
    for number in range(2, len(taken) + 3):
        if name not in taken:
            break
        name = f"{slug}-{number}"
    taken.add(name)
    return name


@dataclass
class _Pictures:
    """Thumbnails within the budget of the page; an image shared by items is read once."""

    roots: Sequence[Path]
    left: int = IMAGE_BUDGET
    known: dict[Image, Thumbnail] = field(default_factory=dict)

    def show(self, image: Image) -> EmbeddedPicture:
        name = f"{image.path or 'address'} ({image.role})"
        try:
            made = self._made(image)
        except InputError as error:
            return EmbeddedPicture(name, image.role, problem=str(error))
        if len(made.url) > self.left:
            return EmbeddedPicture(name, image.role, problem="omitted to limit the size of the page")
        self.left -= len(made.url)
        return EmbeddedPicture(name, image.role, made.url, made.width, made.height)

    def _made(self, image: Image) -> Thumbnail:
        problem = InputError("not shown: the image folder of the run is unknown")
        for root in self.roots:
            try:
                if image not in self.known:
                    self.known[image] = thumbnail(image, root)
                return self.known[image]
            except InputError as error:
                problem = error
        raise problem


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "score_text": score_text,
        "line": clean,
        "block": block,
        "excerpt": lambda text: clean(text, LONGEST_EXCERPT),
        "sentence": sentence,
        "display_name": lambda name: clean(display_name(name)),
        "value": value_text,
        "interval": range_text,
        "origin": origin,
        "svg": _svg,
        "page_table": PageTable.of,
        "rows": lambda n: counted(n, "row"),
    }
    return environment


def _svg(text: str) -> Markup:
    return Markup(text)  # `Drawing.text` has escaped what came from data


def sentence(text: str) -> str:
    """A sentence with no-break spaces within numbers, units and intervals.

    >>> sentence("79.5 % [78.4, 80.5] of answers").count("\N{NO-BREAK SPACE}")
    3
    """
    return unbroken(clean(text))
