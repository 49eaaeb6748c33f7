"""Views of a run: as text, as HTML in a notebook, and as a DataFrame."""

from html import escape
from math import floor
from typing import TYPE_CHECKING, Any, NamedTuple

from judge.rubric import RubricScale
from judge.scoring.run_summary import RunSummary

if TYPE_CHECKING:
    from judge.scoring.item_result import ItemResult
    from judge.scoring.run import Run

_MOST_LABELS = 11
"""Scales with more labels are shown by their mean alone."""


def headline(run: "Run", summary: RunSummary) -> str:
    """Say in one line how many answers pass, how long scoring took and what it cost."""
    text = f"{run.path}: {summary.passed:,} of {summary.items:,} answers pass, {summary.failed:,} fail"
    if summary.undecided:
        text += f", {summary.undecided:,} have no verdict"
    cost = f", ${summary.cost:.4f}" if summary.cost else ""
    return f"{text} ({summary.seconds:.1f} s{cost})"


class DistributionRow(NamedTuple):
    """One row of the distribution table; the first one is the header."""

    name: str
    cells: list[str] | str
    """Mean and counts of a dimension; one text for a flag."""
    missing: str
    """How many scores are missing, by status."""


def distribution_rows(run: "Run", summary: RunSummary) -> list[DistributionRow]:
    """Count how often each score and each value of a flag was given."""
    rubric, counts = run.rubric, run.distribution()
    labels = _labels(rubric.scale)
    rows = [DistributionRow("", ["mean", *map(str, labels)], "without a score")]
    for name, by_status in summary.statuses.items():
        values, n_given = counts.get(name, {}), by_status.get("ok", 0)
        is_flag = name in rubric.flags
        cells = _flag_text(values, n_given) if is_flag else _score_cells(values, labels)
        missing = ", ".join(f"{n} {status}" for status, n in by_status.items() if status != "ok")
        rows.append(DistributionRow(name, cells, missing or "-"))
    return rows


def distribution_table(run: "Run", summary: RunSummary) -> str:
    """Lay out the distribution as text."""
    rows = distribution_rows(run, summary)
    width = max(len(row.name) for row in rows)
    middles = [_aligned(row.cells) for row in rows]
    return "\n".join(
        f"{row.name:{width}}  {middle:{len(middles[0])}}   {row.missing}"
        for row, middle in zip(rows, middles, strict=True)
    )


def as_text(run: "Run") -> str:
    """Format pass rate, distribution and statuses as text."""
    summary = run.summary()
    return f"{headline(run, summary)}\n{distribution_table(run, summary)}"


def as_html(run: "Run") -> str:
    """Format pass rate, distribution and statuses as HTML for notebooks."""
    summary = run.summary()
    head, *rows = distribution_rows(run, summary)
    lines = [
        f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in (head.name, *head.cells, head.missing))}</tr>"
    ]
    for row in rows:
        if isinstance(row.cells, str):
            cells = f'<td colspan="{len(head.cells)}">{escape(row.cells)}</td>'
        else:
            cells = "".join(f"<td>{escape(cell)}</td>" for cell in row.cells)
        lines.append(f"<tr><th>{escape(row.name)}</th>{cells}<td>{escape(row.missing)}</td></tr>")
    return f"<p>{escape(headline(run, summary))}</p><table>{''.join(lines)}</table>"


def as_frame(run: "Run") -> Any:
    """Make a DataFrame with one row per item (and sample, if there are several).

    Columns: id, system, question, answer, reference and verdict (``passed``); score, status and reason of
    each dimension; the metadata. A metadata field whose name is already used gets the prefix ``metadata_``.
    """
    import pandas

    rubric, n_samples = run.rubric, run.fact("samples", 1)
    rows = [
        _frame_row(result, sample, n_samples > 1) for result in run.results() for sample in range(n_samples)
    ]
    frame = pandas.DataFrame(rows)
    types = {"passed": "boolean", **dict.fromkeys(rubric.scored, "float")}
    return frame.astype({name: type_ for name, type_ in types.items() if name in frame})


def _frame_row(result: "ItemResult", sample: int, with_sample: bool) -> dict[str, Any]:
    item = result.item
    row: dict[str, Any] = {"id": item.id}
    if with_sample:
        row["sample"] = sample
    for field in ("system", "question", "answer", "reference"):
        row[field] = getattr(item, field)
    row["passed"] = result.passes(sample)
    for score in result.of_sample(sample):
        row[score.dimension] = score.value
        row[f"{score.dimension}_status"] = score.status
        row[f"{score.dimension}_reason"] = score.reason
    for name, value in item.metadata.items():
        row[f"metadata_{name}" if name in row else name] = value
    return row


def _labels(scale: RubricScale) -> range:
    return scale.labels if len(scale.labels) <= _MOST_LABELS else range(0)


def _score_cells(values: dict[float, int], labels: range) -> list[str]:
    """Format mean and counts; a score between two labels (a mean) counts with the lower one."""
    n = sum(values.values())
    mean = f"{sum(value * k for value, k in values.items()) / n:.2f}" if n else "-"
    return [mean, *(str(sum(k for v, k in values.items() if floor(v) == label)) for label in labels)]


def _flag_text(values: dict[float, int], n_given: int) -> str:
    return f"{values.get(1.0, 0)} true, {values.get(0.0, 0)} false" if values else f"{n_given} texts"


def _aligned(cells: list[str] | str) -> str:
    if isinstance(cells, str):
        return cells
    return f"{cells[0]:>6}" + "".join(f"{cell:>7}" for cell in cells[1:])
