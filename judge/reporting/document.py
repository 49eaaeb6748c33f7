"""The Report: findings, tables, cases and named estimates, independent of how they are shown.

Terminal, notebook, HTML, Markdown, LaTeX, CSV and JSON are renderings of the same `Report`; none of them
computes a statistic.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel

from judge.files.writing import write_file
from judge.records import Image
from judge.stats.engine.estimate import Estimate

if TYPE_CHECKING:
    import pandas as pd

    from judge.reporting.figures.table_figures import Figure

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
        Machine-readable name: JSON key, CSV header.
    title : str
        Heading.
    kind : str
        Number format: a `share` in percent, `points` as a signed difference of shares in percentage points,
        a `score` on the scale, a `change` as a signed difference of scores.
    detail : bool
        Whether it is omitted where space is short (terminal, notebook).
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

    def __str__(self) -> str:
        """Return the table as the terminal shows it."""
        from judge.reporting.render.text import table_text

        return table_text(self)

    def _repr_html_(self) -> str:
        from judge.reporting.render.notebook import table_html

        return table_html(self)


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
        Dimension -> score, None where missing.
    reasons : dict
        Dimension -> the judge's reason, or why there is no score.
    """

    label: str
    answer: str
    outcome: str
    scores: dict[str, float | None]
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
class Section:
    """A part of a report with its heading."""

    key: str
    title: str
    lead: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    cases: tuple[Case, ...] = ()


class Tables(dict[str, Table]):
    """Tables by key; ``tables["slices"]`` finds ``slices:condition`` if no other table is of this kind."""

    def __missing__(self, key: str) -> Table:
        of_kind = [name for name in self if name.partition(":")[0] == key]
        if len(of_kind) == 1:
            return self[of_kind[0]]
        raise KeyError(f"no table {key!r}; the report has: {', '.join(of_kind or self)}")


@dataclass(frozen=True, repr=False)
class Report:
    """The result of an analysis, ready to be shown, exported or tested against thresholds.

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
        Report -> charts by the key of their table; default: one chart for every table that has one.

    Examples
    --------
    ``print(report)`` shows it in the terminal, a notebook shows it as HTML, ``report.to_html("report.html")``
    writes the full page, and ``report.tables["pass_rates"].to_pandas()`` gives one table as a DataFrame.
    """

    kind: ReportKind
    title: str
    verdict: tuple[str, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
    estimates: dict[str, Estimate]
    about: dict[str, str]
    methods: tuple[str, ...]
    draw: Callable[[Report], Mapping[str, Figure]] | None = field(default=None, compare=False)

    @property
    def tables(self) -> Tables:
        """Every table by its key."""
        return Tables({table.key: table for section in self.sections for table in section.tables})

    @property
    def charts(self) -> Mapping[str, Figure]:
        """Every chart by the key of the table that it shows."""
        from judge.reporting.figures.table_figures import figures_of

        return (self.draw or figures_of)(self)

    @property
    def pass_rate(self) -> Estimate:
        """Share of answers that pass, among those with a verdict."""
        if "pass_rate" not in self.estimates:
            raise AttributeError(f"this report has no pass_rate; its estimates: {', '.join(self.estimates)}")
        return self.estimates["pass_rate"]

    def __repr__(self) -> str:
        return f"<Report {self.kind}: {self.title}>"

    def __str__(self) -> str:
        """Return the report as the terminal shows it."""
        from judge.reporting.render.text import report_text

        return report_text(self)

    def _repr_html_(self) -> str:
        from judge.reporting.render.notebook import report_html

        return report_html(self)

    def to_pandas(self) -> pd.DataFrame:
        """Return the main table, which is the first one, as a DataFrame; see `tables` for the others."""
        import pandas as pd

        main = next(iter(self.tables.values()), None)
        return pd.DataFrame() if main is None else main.to_pandas()

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the report as one self-contained HTML page, and write it to `path` where one is given."""
        from judge.reporting.render.html import page

        return _written(page(self), path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Return the report as Markdown for GitHub or GitLab, and write it to `path` where one is given."""
        from judge.reporting.render.markdown import to_markdown

        return _written(to_markdown(self), path)

    def to_latex(self, path: str | Path | None = None) -> str:
        """Return the tables as LaTeX (booktabs), and write them to `path` where one is given."""
        from judge.reporting.render.latex import to_latex

        return _written(to_latex(self), path)

    def to_csv(self, folder: str | Path) -> list[Path]:
        """Write every table to `folder` as a CSV file; return the paths."""
        from judge.reporting.render.csv import write_csv

        return write_csv(self, folder)

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the report as JSON, and write it to `path` where one is given."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        return _written(text, path)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for JSON: rows are keyed by column, NaN becomes None."""
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
        }


def _written(text: str, path: str | Path | None) -> str:
    if path is not None:
        write_file(Path(path), text)
    return text


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
    if isinstance(value, dict):
        return {str(key): as_data(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [as_data(entry) for entry in value]
    if isinstance(value, Case | Judgment):
        return {field.name: as_data(getattr(value, field.name)) for field in fields(value)}
    return None if isinstance(value, float) and not math.isfinite(value) else value
