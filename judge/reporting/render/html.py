"""A Report as one self-contained HTML page without scripts or external resources.

The template escapes all texts from data; the content security policy forbids scripts and foreign styles. The
same report gives the same bytes.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from judge.errors import InputError
from judge.records import Image
from judge.reporting.document import Case, Cell, CellKind, Figure, ReportContent, Section, Table
from judge.reporting.figures.table_figures import charts_of
from judge.reporting.methods import methods_of
from judge.reporting.render.numbers import (
    cell_text,
    interval_text,
    method_text,
    number_text,
    score_text,
    unbroken,
)
from judge.reporting.render.text import clean
from judge.reporting.wording import counted, display_name
from judge.scoring.images import Thumbnail, thumbnail
from judge.stats.engine.estimate import Estimate
from judge.version import __version__

MOST_ROWS, MOST_DETAIL_ROWS, MOST_CRITERIA = 210, 40, 2_000
MOST_COLUMNS = 7
"""A table with more columns omits those marked as detail."""
LONGEST_TEXT = 4000
IMAGE_BUDGET = 160_000
"""Bytes of thumbnails on one page."""
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
    style = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            sections=list(_sections(report, drawn)),
            facts=report.facts,
            methods=methods_of(report),
            rubrics=[table for section in report.sections if _is_rubric(section) for table in section.tables],
            style=Markup(style),
            style_hash=f"sha256-{digest}",
            version=__version__,
        )
    )


def write_page(report: ReportContent, path: str | Path, figures: Mapping[str, Figure] | None = None) -> None:
    """Render a report into a file."""
    Path(path).write_text(page(report, figures), encoding="utf-8", newline="\n")


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
class _Case:
    case: Case
    pictures: list[EmbeddedPicture]


@dataclass(frozen=True)
class _Section:
    """One section for the template: charts, open tables, folded tables, cases."""

    title: str
    anchor: str
    lead: tuple[str, ...]
    drawn: list[Figure]
    plain: list[Table]
    details: list[Table]
    cases: list[_Case]


def _sections(report: ReportContent, figures: Mapping[str, Figure]) -> Iterator[_Section]:
    pictures = _Pictures(report.image_roots)
    taken: set[str] = {"content", "made-by"}
    for section in report.sections:
        if _is_rubric(section):
            continue
        tables = [table for table in section.tables if table.rows]
        if not (tables or section.cases or section.lead):
            continue
        rest = [table for table in tables if table.key not in figures]
        folds = len(rest) > 2 and len(rest) < len(tables)  # many tables beside charts: the charts lead
        yield _Section(
            section.title,
            _anchor(section, taken),
            section.lead,
            [figures[table.key] for table in tables if table.key in figures],
            [table for table in rest if not (table.detail or folds)],
            [table for table in rest if table.detail or folds],
            [_Case(case, [pictures.show(image) for image in case.images]) for case in section.cases],
        )


def _is_rubric(section: Section) -> bool:
    """Whether a section belongs to the provenance at the end of the page."""
    return section.key.rpartition("/")[2] == RUBRIC


def _anchor(section: Section, taken: set[str]) -> str:
    """Anchor of a section: ASCII, and unique on the page."""
    slug = _NO_SLUG.sub("-", section.key.lower()).strip("-") or "section"
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
        "sentence": sentence,
        "display_name": lambda name: clean(display_name(name)),
        "value": _value,
        "interval": _interval,
        "origin": origin,
        "most_rows": _most_rows,
        "svg": _svg,
        "narrowed": narrowed,
        "rows": lambda n: counted(n, "row"),
    }
    return environment


def _most_rows(table: Table) -> int:
    """Rows of a table that the page shows; the list of all criteria is there to be looked up."""
    if table.key.endswith("criteria_all"):
        return MOST_CRITERIA
    return MOST_DETAIL_ROWS if table.detail else MOST_ROWS


def narrowed(table: Table) -> Table:
    """Omit the detail columns of a wide table."""
    kept = [i for i, column in enumerate(table.columns) if not column.detail]
    if len(table.columns) <= MOST_COLUMNS or len(kept) == len(table.columns):
        return table
    left_out = ", ".join(column.title for column in table.columns if column.detail)
    return replace(
        table,
        columns=tuple(table.columns[i] for i in kept),
        rows=tuple(tuple(row[i] for i in kept) for row in table.rows),
        notes=(*table.notes, f"Further columns in --csv and --json: {left_out}."),
    )


def _svg(text: str) -> Markup:
    return Markup(text)  # `Drawing.text` has escaped what came from data


def block(text: str, limit: int = LONGEST_TEXT) -> str:
    r"""Text of several lines, made safe: no control characters or invisible marks; cut at `limit`.

    >>> block("a\x00b\n  c\u202e")
    'ab\n  c'
    """
    shown = (line.expandtabs(4) for line in text[: limit + 1].splitlines())
    lines = (" " * (len(line) - len(line.lstrip(" "))) + clean(line) for line in shown)
    kept = "\n".join(lines)
    return kept if len(text) <= limit else f"{kept[:limit].rstrip()} … ({len(text):,} characters)"


def sentence(text: str) -> str:
    """A sentence with no-break spaces within numbers, units and intervals.

    >>> sentence("79.5 % [78.4, 80.5] of answers").count("\N{NO-BREAK SPACE}")
    3
    """
    return unbroken(clean(text))


def _value(cell: Cell, kind: CellKind) -> str:
    """Value of a cell without its interval, or its text."""
    if isinstance(cell, Estimate) and cell.defined:
        return number_text(cell.value, kind)
    return clean(cell_text(cell, kind))


def _interval(cell: Cell, kind: CellKind) -> str:
    return interval_text(cell, kind) if isinstance(cell, Estimate) and cell.defined else ""


def origin(table: Table) -> str:
    """Interval methods of a table, for its note.

    >>> from judge.reporting.document import Column
    >>> rate = Estimate(0.5, 0.4, 0.6, method="wilson")
    >>> origin(Table("t", "T", (Column("rate", "pass rate", "share"),), ((rate,),)))
    'Intervals: 95 % Wilson (pass rate).'
    """
    columns: dict[str, dict[str, None]] = {}
    for row in table.rows:
        for cell, column in zip(row, table.columns, strict=True):
            if isinstance(cell, Estimate) and cell.method:
                columns.setdefault(method_text(cell), {})[clean(column.title)] = None
    by_method = "; ".join(f"{method} ({', '.join(titles)})" for method, titles in columns.items())
    return f"Intervals: {by_method}." if by_method else ""
