"""The content of a report: findings, tables, cases and named estimates, independent of how they are shown.

Terminal, notebook, HTML, Markdown, LaTeX, CSV and JSON are renderings of the same content; none of them
computes a statistic. `judge.reporting.report.Report` adds the methods that render it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel

from judge.records import Image
from judge.stats.engine.estimate import Estimate

if TYPE_CHECKING:
    import pandas as pd


class Seconds(float):
    """A duration; it is shown in the units that people use, and is a number in JSON and CSV."""


Cell: TypeAlias = str | int | float | Estimate | None
Row: TypeAlias = tuple[Cell, ...]
CellKind = Literal["text", "count", "share", "score", "points", "change", "p", "number"]
ReportKind = Literal[
    "report", "audit", "compare", "leaderboard", "choice", "agree", "calibrate", "plan", "stress"
]
OtherEstimators: TypeAlias = Callable[[], Mapping[str, Mapping[str, Estimate]]]

IMAGE_ROOT = "image root"
"""Beginning of the names in `ReportContent.about` under which image folders are kept."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    key : str
        Machine-readable name: JSON key, CSV header.
    title : str
        Heading.
    kind : str
        Number format: a `share` in percent, `points` as a signed difference of shares in percentage points,
        a `score` on the scale, a `change` as a signed difference of scores.
    detail : bool
        Whether it is omitted where space is short (terminal, notebook).
    brief : bool
        Whether the terminal shows estimates without their intervals.
    """

    key: str
    title: str
    kind: CellKind = "text"
    detail: bool = False
    brief: bool = False


@dataclass(frozen=True)
class Table:
    """A table; every statistic in it is an Estimate.

    Attributes
    ----------
    key : str
        Machine-readable name, unique in a report: ``pass_rates``, ``slices:condition`` ...
    title : str
        Heading.
    columns, rows : tuple
        Cells are in the order of the columns.
    notes : tuple of str
        Notes below the table.
    small : tuple of int
        Indices of rows with few observations; they are shown faint and marked with an asterisk.
    detail : bool
        Whether it is omitted where space is short (terminal, notebook).
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    small: tuple[int, ...] = ()
    detail: bool = False

    def column(self, key: str) -> list[Cell]:
        """Return the cells of one column."""
        place = [column.key for column in self.columns].index(key)
        return [row[place] for row in self.rows]

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a DataFrame with the column keys as names.

        A column of estimates becomes three: the value, ``_low`` and ``_high`` (the ends of the interval), and
        a fourth, ``_reason``, where an estimate or its interval is undefined.
        """
        import pandas as pd

        data: dict[str, list[Any]] = {}
        for column in self.columns:
            cells = self.column(column.key)
            estimates = [cell if isinstance(cell, Estimate) else None for cell in cells]
            if not any(estimates):
                data[column.key] = cells
                continue
            data[column.key] = [
                cell if e is None else e.value for cell, e in zip(cells, estimates, strict=True)
            ]
            data[f"{column.key}_low"] = [None if e is None else e.low for e in estimates]
            data[f"{column.key}_high"] = [None if e is None else e.high for e in estimates]
            if any(e is not None and e.reason for e in estimates):
                data[f"{column.key}_reason"] = [None if e is None else e.reason for e in estimates]
        return pd.DataFrame(data)


@dataclass(frozen=True)
class Figure:
    """A chart, and the table with its data.

    Attributes
    ----------
    title : str
        Heading.
    alt : str
        Text alternative for readers who cannot see the chart.
    svg : str
        The chart; texts from data are escaped.
    table : Table
        The same data as a table.
    caption : str
        Legend.
    """

    title: str
    alt: str
    svg: str
    table: Table
    caption: str = ""


@dataclass(frozen=True)
class Judgment:
    """One answer with its scores.

    Attributes
    ----------
    label : str
        Name of the run or system where several are compared; otherwise empty.
    answer : str
        The text.
    outcome : str
        ``pass``, ``fail`` or ``no verdict``; empty where the pass rule cannot be evaluated.
    scores : dict
        Dimension -> score, or a text such as the label of a category; None where missing.
    reasons : dict
        Dimension -> the judge's reason, or why there is no score.
    """

    label: str
    answer: str
    outcome: str
    scores: Mapping[str, float | str | None]
    reasons: dict[str, str]


@dataclass(frozen=True)
class Case:
    """One item shown in full. All its texts come from data, so renderings must escape them.

    Attributes
    ----------
    id, question : str
        Id and question of the item.
    reference : str or None
        The reference answer.
    images : tuple of Image
        Paths are relative to the image root (`Report.about`).
    fields : dict
        Metadata as text.
    note : str
        Why the item is shown.
    judgments : tuple of Judgment
        One, or two that are compared.
    """

    id: str
    question: str
    reference: str | None
    images: tuple[Image, ...]
    fields: dict[str, str]
    note: str
    judgments: tuple[Judgment, ...]


@dataclass(frozen=True)
class ListedAnswers:
    """Answers that a reader of the page can look up: a table, worst first, and every answer in full.

    Attributes
    ----------
    section : str
        Key of the section that shows them.
    title : str
        Heading.
    table : Table
        One row an answer; the first column holds the id of the item.
    cases : dict
        Id -> the answer in full. It may hold further answers, which other tables name.
    n_all : int
        Number of rows, had the table no limit.
    what : str
        What the rows are: ``failing answers``.
    see_all : str
        How to see all of them.
    see_one : str
        How to see one whose text is not on the page, with ID for its id.
    in_browser : str
        How to browse all of them.
    """

    section: str
    title: str
    table: Table
    cases: Mapping[str, Case]
    n_all: int
    what: str
    see_all: str
    see_one: str = ""
    in_browser: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a report with its heading."""

    key: str
    title: str
    lead: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    cases: tuple[Case, ...] = ()

    @property
    def name(self) -> str:
        """Name by which a command selects the section; sections of one kind share it.

        >>> Section("slices:topic", "Agreement by topic").name
        'slices'
        """
        return self.key.partition(":")[0].partition("@")[0]


METHODS = "methods"
"""Name by which a command selects the methods of a report."""


@dataclass(frozen=True, repr=False)
class ReportContent:
    """What a report says: findings, tables, cases and named estimates.

    Attributes
    ----------
    kind : str
        The command that produces it: ``report``, ``agree``, ...
    title : str
        Heading.
    verdict : tuple of str
        Findings as sentences, most important first.
    warnings : tuple of str
        Limitations that a reader must know before relying on the findings.
    sections : tuple of Section
        In reading order.
    estimates : dict
        Estimates by name, for gates and badges: ``pass_rate``, ``pass_rate.technical_accuracy``,
        ``mean.overall``, ...
    about : dict
        Provenance of the scores: judge, rubric, versions, input.
    methods : tuple of str
        How the statistics were computed.
    draw : callable, optional
        Content -> charts by the key of their table; default: one chart for every table that has one.
    short : tuple of str
        Names of the sections that the terminal (in at most 30 lines) and a notebook show first, the main
        table in front; empty: all, and the methods.
    other_estimators : callable, optional
        Figure -> estimators of it that the design did not choose, by name; in JSON only.
    answers : callable, optional
        Answers that can be looked up, on the HTML page only.
    """

    kind: ReportKind
    title: str
    verdict: tuple[str, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
    estimates: dict[str, Estimate]
    about: dict[str, str]
    methods: tuple[str, ...]
    draw: Callable[[ReportContent], Mapping[str, Figure]] | None = field(default=None, compare=False)
    short: tuple[str, ...] = ()
    other_estimators: OtherEstimators | None = field(default=None, compare=False)
    answers: Callable[[], Sequence[ListedAnswers]] | None = field(default=None, compare=False)

    @property
    def section_names(self) -> tuple[str, ...]:
        """Names of the sections, in reading order, and of the methods."""
        return (*dict.fromkeys(section.name for section in self.sections), METHODS)

    @property
    def tables(self) -> Mapping[str, Table]:
        """Every table by its key."""
        return {table.key: table for section in self.sections for table in section.tables}

    @property
    def facts(self) -> dict[str, str]:
        """Provenance without image folders, which are paths of one machine."""
        return {name: text for name, text in self.about.items() if not name.startswith(IMAGE_ROOT)}

    @property
    def image_roots(self) -> list[Path]:
        """Folders that image paths are relative to, one for each run."""
        return [Path(text) for name, text in self.about.items() if name.startswith(IMAGE_ROOT)]

    @property
    def pass_rate(self) -> Estimate:
        """Share of answers that pass, among those with a verdict."""
        if "pass_rate" not in self.estimates:
            raise AttributeError(f"this report has no pass_rate; its estimates: {', '.join(self.estimates)}")
        return self.estimates["pass_rate"]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for JSON: rows are keyed by column, NaN becomes None."""
        others = (
            {} if self.other_estimators is None else {"other_estimators": as_data(self.other_estimators())}
        )
        return {
            "kind": self.kind,
            "title": self.title,
            "verdict": list(self.verdict),
            "warnings": list(self.warnings),
            "figures": as_data(self.estimates),
            "tables": {key: table_data(table) for key, table in self.tables.items()},
            "cases": {s.key: as_data(s.cases) for s in self.sections if s.cases},
            "about": self.about,
            "methods": list(self.methods),
            **others,
        }


def table_data(table: Table) -> dict[str, Any]:
    """Return one table as plain data."""
    keys = [column.key for column in table.columns]
    small = set(table.small)
    return {
        "title": table.title,
        "rows": [
            {**dict(zip(keys, map(as_data, row), strict=True)), **({"small": True} if i in small else {})}
            for i, row in enumerate(table.rows)
        ],
        "notes": list(table.notes),
    }


def as_data(value: Any) -> Any:
    """Convert records, estimates and numbers to JSON types; NaN becomes None."""
    if isinstance(value, Estimate):
        return value.to_dict()
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_none=True)
    if isinstance(value, Mapping):
        return {str(key): as_data(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [as_data(entry) for entry in value]
    if isinstance(value, Case | Judgment):
        return {field.name: as_data(getattr(value, field.name)) for field in fields(value)}
    return None if isinstance(value, float) and not math.isfinite(value) else value
