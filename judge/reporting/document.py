"""What a report holds, whoever shows it: words, tables and cases.

Terminal, JSON, HTML, Markdown and LaTeX are renderings of the same `Report`; none of them computes anything.
"""

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel

from judge.errors import InputError
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

    def to_pandas(self) -> "pd.DataFrame":
        """Return the table as a DataFrame.

        An estimate takes three columns: its value, ``_low`` and ``_high``.
        """
        import pandas as pd

        cells: dict[str, list[Any]] = {}
        for place, column in enumerate(self.columns):
            values = [row[place] for row in self.rows]
            if not any(isinstance(value, Estimate) for value in values):
                cells[column.key] = values
                continue
            found = [value if isinstance(value, Estimate) else None for value in values]
            cells[column.key] = [
                other if value is None else value.value for value, other in zip(found, values, strict=True)
            ]
            cells[f"{column.key}_low"] = [math.nan if value is None else value.low for value in found]
            cells[f"{column.key}_high"] = [math.nan if value is None else value.high for value in found]
        return pd.DataFrame(cells)

    def _repr_html_(self) -> str:
        from judge.reporting.render.notebook import table_html

        return table_html(self)


class Tables(dict[str, Table]):
    """The tables of a report by key; ``slices`` stands for all tables ``slices:FIELD`` as one."""

    def __missing__(self, key: str) -> Table:
        family = {name.partition(":")[2]: self[name] for name in self if name.startswith(f"{key}:")}
        tables = list(family.values())
        if not tables or any(table.columns != tables[0].columns for table in tables):
            raise InputError(f"the report has no table {key!r}; found: {', '.join(self) or 'none'}")
        rows = tuple((of, *row) for of, table in family.items() for row in table.rows)
        return replace(
            tables[0], key=key, columns=(Column("of", ""), *tables[0].columns), rows=rows, small=()
        )


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


@dataclass(frozen=True, repr=False)
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
    def tables(self) -> Tables:
        """Every table by its key."""
        return Tables({table.key: table for section in self.sections for table in section.tables})

    @property
    def pass_rate(self) -> Estimate:
        """Share of the answers with a verdict that pass."""
        if "pass_rate" not in self.figures:
            found = ", ".join(self.figures) or "none"
            raise InputError(f"this report ({self.kind}) has no single pass rate; figures: {found}")
        return self.figures["pass_rate"]

    def drawings(self) -> "Mapping[str, Figure]":
        """Key of a table -> the chart of it, as on the page."""
        from judge.reporting.figures.table_figures import figures_of

        return figures_of(self)

    def to_html(self, path: str | Path | None = None) -> str:
        """Render as one self-contained page, and write it to `path` where one is given."""
        from judge.reporting.render.html import page

        return _written(page(self), path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Render as Markdown, and write it to `path` where one is given."""
        from judge.reporting.render.markdown import to_markdown

        return _written(to_markdown(self), path)

    def to_latex(self, path: str | Path | None = None) -> str:
        """Render the tables as LaTeX (booktabs), and write them to `path` where one is given."""
        from judge.reporting.render.latex import to_latex

        return _written(to_latex(self), path)

    def to_json(self, path: str | Path | None = None) -> str:
        """Render as JSON, and write it to `path` where one is given."""
        return _written(json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False), path)

    def to_csv(self, folder: str | Path) -> list[Path]:
        """Write every table as a CSV file into `folder`, and return the files."""
        from judge.reporting.render.csv import write_csv

        return write_csv(self, folder)

    def __str__(self) -> str:
        from judge.reporting.render.text import print_report

        text = io.StringIO()
        print_report(self, text)
        return text.getvalue()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.title}>"

    def _repr_html_(self) -> str:
        from judge.reporting.render.notebook import report_html

        return report_html(self)

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


def _written(text: str, path: str | Path | None) -> str:
    if path is not None:
        write_file(path, text)
    return text


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
