"""What a report holds, whoever shows it: words, tables and cases.

Terminal, JSON, HTML, Markdown and LaTeX are renderings of the same `Report`; none of them computes anything.
"""

import math
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel

from judge.records import Image
from judge.stats.engine.estimate import Estimate

Cell: TypeAlias = str | int | float | Estimate | None
Row: TypeAlias = tuple[Cell, ...]
CellKind = Literal["text", "count", "share", "score", "points", "change", "p", "number"]
ReportKind = Literal["report", "audit", "compare", "leaderboard", "choice", "agree", "calibrate", "plan"]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    key : str
        Name for machines: JSON key, CSV header.
    title : str
        Name for people.
    kind : str
        How its cells are written: a `share` in percent, `points` as a signed difference of shares in
        percentage points, a `score` on the scale, a `change` as a signed difference of scores.
    detail : bool
        Left out where space is short (the terminal).
    """

    key: str
    title: str
    kind: CellKind = "text"
    detail: bool = False


@dataclass(frozen=True)
class Table:
    """A table; every statistic in it is an Estimate.

    Attributes
    ----------
    key : str
        Name for machines, unique in a report: ``pass_rates``, ``slices:condition`` ...
    title : str
        Name for people.
    columns, rows : tuple
        Cells are in the order of the columns.
    notes : tuple of str
        What a reader has to know about it.
    small : tuple of int
        Rows that rest on few observations: hints, no findings. Shown faint and marked.
    detail : bool
        Left out where space is short (the terminal).
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    small: tuple[int, ...] = ()
    detail: bool = False

    def column(self, key: str) -> list[Cell]:
        """Cells of one column, for plots."""
        place = [column.key for column in self.columns].index(key)
        return [row[place] for row in self.rows]


@dataclass(frozen=True)
class Judgment:
    """One answer as it was judged.

    Attributes
    ----------
    label : str
        Whose it is, where several stand side by side; else empty.
    answer : str
        The text.
    outcome : str
        ``pass``, ``fail`` or ``no verdict``; empty where the report does not hold what decides it.
    scores : dict
        Dimension -> score, None where missing.
    reasons : dict
        Dimension -> what the judge said, or why there is no score.
    """

    label: str
    answer: str
    outcome: str
    scores: dict[str, float | None]
    reasons: dict[str, str]


@dataclass(frozen=True)
class Case:
    """One item shown in full. Every text in it came from data: escape it.

    Attributes
    ----------
    id, question : str
        Of the item.
    reference : str or None
        The reference answer.
    images : tuple of Image
        Paths are relative to the image root (`Report.about`).
    fields : dict
        Metadata as text.
    note : str
        Why it is shown.
    judgments : tuple of Judgment
        One, or two side by side.
    """

    id: str
    question: str
    reference: str | None
    images: tuple[Image, ...]
    fields: dict[str, str]
    note: str
    judgments: tuple[Judgment, ...]


@dataclass(frozen=True)
class Section:
    """A part of a report under one heading."""

    key: str
    title: str
    lead: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True)
class Report:
    """All that is shown.

    Attributes
    ----------
    kind : str
        Which command made it.
    title : str
        Heading.
    verdict : tuple of str
        The findings in plain words, most important first.
    warnings : tuple of str
        What has to be known before the verdict is believed.
    sections : tuple of Section
        In reading order.
    figures : dict
        Named estimates, for gates and badges: ``pass_rate``, ``pass_rate.technical_accuracy``,
        ``mean.overall`` ...
    about : dict
        Judge, rubric, versions, input: what made the scores.
    methods : tuple of str
        How the numbers were computed.
    """

    kind: ReportKind
    title: str
    verdict: tuple[str, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
    figures: dict[str, Estimate]
    about: dict[str, str]
    methods: tuple[str, ...]

    @property
    def tables(self) -> dict[str, Table]:
        """Every table by its key."""
        return {table.key: table for section in self.sections for table in section.tables}

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data for JSON: rows are keyed by column, NaN is null."""
        return {
            "kind": self.kind,
            "title": self.title,
            "verdict": list(self.verdict),
            "warnings": list(self.warnings),
            "figures": as_data(self.figures),
            "tables": {key: table_data(table) for key, table in self.tables.items()},
            "cases": {s.key: as_data(s.cases) for s in self.sections if s.cases},
            "about": self.about,
            "methods": list(self.methods),
        }


def table_data(table: Table) -> dict[str, Any]:
    """One table as plain data."""
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
    """Records, estimates and numbers as JSON knows them; NaN becomes None."""
    if isinstance(value, Estimate):
        return value.to_dict()
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_none=True)
    if isinstance(value, dict):
        return {str(key): as_data(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [as_data(entry) for entry in value]
    if isinstance(value, Case | Judgment):
        return {field.name: as_data(getattr(value, field.name)) for field in fields(value)}
    return None if isinstance(value, float) and not math.isfinite(value) else value
