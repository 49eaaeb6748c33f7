"""A run at a glance: how many answers pass and how often each score was given, as text and as HTML."""

from dataclasses import dataclass
from html import escape
from math import floor
from pathlib import Path
from typing import NamedTuple

from judge.rubric import CRITERIA, Rubric, RubricScale
from judge.scoring.run_summary import RunSummary, duration_text

_MOST_LABELS = 11
"""Scales with more labels are shown by their mean alone."""


class DistributionRow(NamedTuple):
    """One row of the distribution table; the first one is the header."""

    name: str
    cells: list[str] | str
    """Mean and counts of a dimension; one text for a flag."""
    missing: str
    """How many scores are missing, by status."""


@dataclass(frozen=True)
class RunOverview:
    """Pass rate, distribution of scores and statuses of a run.

    Attributes
    ----------
    path : Path
        Folder of the run.
    rubric : Rubric
        The rubric by which the scores were derived.
    summary : RunSummary
        Counts, tokens, cost and time.
    distribution : dict
        Dimension -> value -> how often it was given.
    """

    path: Path
    rubric: Rubric
    summary: RunSummary
    distribution: dict[str, dict[float, int]]

    def __str__(self) -> str:
        """Return headline and distribution as text."""
        return f"{self.headline}\n{self.table()}"

    @property
    def headline(self) -> str:
        """How many answers pass, how long scoring took and what it cost, in one line."""
        found = self.summary
        text = f"{self.path}: {found.passed:,} of {found.items:,} answers pass, {found.failed:,} fail"
        if found.undecided:
            text += f", {found.undecided:,} have no verdict"
        if found.not_applicable:
            text += f", the pass rule does not apply to {found.not_applicable:,}"
        cost = f", ${found.cost:.4f}" if found.cost else ""
        return f"{text} ({duration_text(found.seconds)}{cost})"

    def table(self, width: int = 80) -> str:
        """Lay out the distribution as text; in a narrow terminal, statuses are below each other."""
        rows = self._rows()
        longest = max(len(row.name) for row in rows)
        columns = zip(*(row.cells for row in rows if isinstance(row.cells, list)), strict=True)
        widths = [max(map(len, column)) for column in columns]
        middles = [_aligned(row.cells, widths) for row in rows]
        widest = max(map(len, middles))
        lines = (
            (f"{row.name:{longest}}  {middle:{widest}}", row.missing)
            for row, middle in zip(rows, middles, strict=True)
        )
        return "\n".join(_with_missing(line, missing, width) for line, missing in lines)

    def html(self) -> str:
        """Return headline and distribution as HTML, for notebooks."""
        head, *rows = self._rows()
        titles = (head.name, *head.cells, head.missing)
        lines = [f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in titles)}</tr>"]
        for row in rows:
            if isinstance(row.cells, str):
                cells = f'<td colspan="{len(head.cells)}">{escape(row.cells)}</td>'
            else:
                cells = "".join(f"<td>{escape(cell)}</td>" for cell in row.cells)
            lines.append(f"<tr><th>{escape(row.name)}</th>{cells}<td>{escape(row.missing)}</td></tr>")
        return f"<p>{escape(self.headline)}</p><table>{''.join(lines)}</table>"

    def _rows(self) -> list[DistributionRow]:
        """Count how often each score and each value of a flag was given."""
        labels = _labels(self.rubric.scale)
        rows = []
        for name, by_status in self.summary.statuses.items():
            values, n_given = self.distribution.get(name, {}), by_status.get("ok", 0)
            cells = self._text_of(name, values, n_given) or _score_cells(values, labels)
            missing = ", ".join(f"{n} {status}" for status, n in by_status.items() if status != "ok")
            rows.append(DistributionRow(name, cells, missing or "-"))
        only_text = bool(rows) and all(isinstance(row.cells, str) for row in rows)
        titles = [""] if only_text else ["mean", *map(str, labels)]
        return [DistributionRow("", titles, "no score"), *rows]

    def _text_of(self, name: str, values: dict[float, int], n_given: int) -> str | None:
        """Distribution as one text, for what is no score on the scale of the rubric."""
        rubric = self.rubric
        if name in rubric.flags:
            is_text = rubric.flags[name].type == "text"
            return f"{n_given} texts" if is_text else f"{values.get(1.0, 0)} true, {values.get(0.0, 0)} false"
        if name == CRITERIA:
            return _met_text(values)
        dimension, scale = rubric.dimensions.get(name), rubric.scale_of(name)
        if dimension and dimension.type == "binary":
            return _met_text(values)
        if dimension and dimension.type == "category":
            return ", ".join(f"{values.get(float(n), 0)} {label}" for n, label in enumerate(dimension.labels))
        return None if scale == rubric.scale else f"mean {_mean(values)} on {scale.min}-{scale.max}"


def _labels(scale: RubricScale) -> range:
    return scale.labels if len(scale.labels) <= _MOST_LABELS else range(0)


def _score_cells(values: dict[float, int], labels: range) -> list[str]:
    """Format mean and counts; a score between two labels (a mean) counts with the lower one."""
    return [_mean(values), *(str(sum(k for v, k in values.items() if floor(v) == label)) for label in labels)]


def _met_text(values: dict[float, int]) -> str:
    """Count of criteria that are met; probabilities (expected scores) are given as their mean."""
    n = sum(values.values())
    if values.keys() <= {0.0, 1.0}:
        return f"{values.get(1.0, 0):,} of {n:,} met"
    return f"mean probability {_mean(values)} of being met"


def _mean(values: dict[float, int]) -> str:
    n = sum(values.values())
    return f"{sum(value * k for value, k in values.items()) / n:.2f}" if n else "-"


def _with_missing(line: str, missing: str, width: int) -> str:
    """A line with the statuses of missing scores; below each other where the line would get too wide."""
    if len(line) + 2 + len(missing) <= width:
        return f"{line}  {missing}"
    return f"{line}  " + f",\n{' ' * len(line)}  ".join(missing.split(", "))


def _aligned(cells: list[str] | str, widths: list[int]) -> str:
    if isinstance(cells, str):
        return cells
    return "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
