"""The Report that the public functions return: its content, and the methods that show and write it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from judge.errors import InputError
from judge.files.writing import write_file
from judge.reporting.document import Figure, ReportContent, Table
from judge.reporting.figures.table_figures import charts_of
from judge.reporting.methods import methods_of
from judge.reporting.references import Reference
from judge.reporting.render.chart_files import write_charts
from judge.reporting.render.csv import write_csv
from judge.reporting.render.html import page
from judge.reporting.render.latex import to_latex
from judge.reporting.render.markdown import to_markdown
from judge.reporting.render.notebook import report_html, table_html
from judge.reporting.render.text import report_text, table_text

if TYPE_CHECKING:
    import pandas as pd


ALL = "all"


@dataclass(frozen=True)
class ReportTable(Table):
    """A table of a report that shows itself in a terminal and in a notebook."""

    def __str__(self) -> str:
        """Return the table as the terminal shows it."""
        return table_text(self)

    def _repr_html_(self) -> str:
        return table_html(self)


class Tables(dict[str, ReportTable]):
    """Tables by key; ``tables["slices"]`` finds ``slices:condition`` if no other table is of this kind."""

    def __missing__(self, key: str) -> Table:
        of_kind = [name for name in self if name.partition(":")[0] == key]
        if len(of_kind) == 1:
            return self[of_kind[0]]
        raise KeyError(f"no table {key!r}; the report has: {', '.join(of_kind or self)}")


@dataclass(frozen=True, repr=False)
class Report(ReportContent):
    """The result of an analysis, ready to be shown, exported or tested against thresholds.

    See `ReportContent` for its attributes.

    Examples
    --------
    ``print(report)`` shows it in the terminal, a notebook shows it as HTML, ``report.to_html("report.html")``
    writes the full page, and ``report.tables["pass_rates"].to_pandas()`` gives one table as a DataFrame.
    """

    @property
    def tables(self) -> Tables:
        """Every table by its key."""
        return Tables({key: ReportTable(**vars(table)) for key, table in super().tables.items()})

    @property
    def charts(self) -> Mapping[str, Figure]:
        """Every chart by the key of the table that it shows."""
        return charts_of(self)

    @property
    def references(self) -> tuple[Reference, ...]:
        """The papers of the statistics and methods that the report uses."""
        return methods_of(self).references

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data for JSON: rows are keyed by column, NaN becomes None."""
        methods = methods_of(self)
        return {
            **super().to_dict(),
            "methods_paragraph": methods.plain(),
            "references": [str(one) for one in methods.references],
        }

    def __repr__(self) -> str:
        return f"<Report {self.kind}: {self.title}>"

    def __str__(self) -> str:
        """Return the report as the terminal shows it."""
        return report_text(self)

    def _repr_html_(self) -> str:
        return report_html(self)

    def to_text(self, sections: str | Sequence[str] | None = None) -> str:
        """Return the report as the terminal shows it.

        Parameters
        ----------
        sections : str or sequence of str, optional
            Names of sections, or ``"all"``; default: those that the report shows first.

        Raises
        ------
        InputError
            The report has no section of this name.
        """
        return report_text(self, self.sections_named(sections))

    def sections_named(self, sections: str | Sequence[str] | None) -> tuple[str, ...] | None:
        """Return the names of the sections asked for, and check that the report has them."""
        if sections is None:
            return None
        asked = (sections,) if isinstance(sections, str) else tuple(sections)
        if ALL in asked:
            return self.section_names
        for name in asked:
            if name not in self.section_names:
                raise InputError(
                    f"no section {name!r}; this report has: {', '.join(self.section_names)}, {ALL}"
                )
        return asked

    def to_pandas(self) -> "pd.DataFrame":
        """Return the main table, which is the first one, as a DataFrame; see `tables` for the others."""
        import pandas as pd

        main = next(iter(self.tables.values()), None)
        return pd.DataFrame() if main is None else main.to_pandas()

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the report as one self-contained HTML page, and write it to `path` where one is given."""
        return _written(page(self), path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Return the report as Markdown for GitHub or GitLab, and write it to `path` where one is given."""
        return _written(to_markdown(self), path)

    def to_latex(self, path: str | Path | None = None, *, sections: str | Sequence[str] | None = None) -> str:
        """Return tables and methods as LaTeX (booktabs), and write them to `path` where one is given.

        Parameters
        ----------
        path : path, optional
            File that is written.
        sections : str or sequence of str, optional
            Names of the sections whose tables are written, or ``"all"``; default: those that the report shows
            first.

        Raises
        ------
        InputError
            The report has no section of this name.
        """
        return _written(to_latex(self, self.sections_named(sections) or self.short), path)

    def to_csv(self, folder: str | Path) -> list[Path]:
        """Write every table to `folder` as a CSV file; return the paths."""
        return write_csv(self, folder)

    def to_svg(self, folder: str | Path) -> list[Path]:
        """Write every chart to `folder` as an SVG file; return the paths."""
        return write_charts(charts_of(self), folder)

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the report as JSON, and write it to `path` where one is given."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        return _written(text, path)


def _written(text: str, path: str | Path | None) -> str:
    if path is not None:
        write_file(Path(path), text)
    return text
