"""Number formats shared by all renderings."""

import math
import re

from judge.reporting.document import Cell, CellKind, Seconds
from judge.scoring.run_summary import duration_text
from judge.stats.engine.estimate import Estimate

ABSENT = "–"
_METHODS = {
    "wilson": "Wilson",
    "newcombe": "Newcombe",
    "percentile": "bootstrap",
    "bca": "BCa bootstrap",
    "adjusted": "jackknife with two items added",
    "beta-draws": "quantiles of simulated Beta distributions",
    "dirichlet-draws": "quantiles of simulated Dirichlet distributions",
}
_INTERVAL = re.compile(
    r"(?:\d(?: %| points?| percentage points?)? )?"  # the end of a number, with its unit
    r"\[(?:\d+ %: )?[-+]?(?:[\d.,]+|inf), [-+]?(?:[\d.,]+|inf)\]"
)
_UNIT = re.compile(
    r"(?<=\d) (?=%|(?:ms|s|min|h|d|kB|MB|GB|points?|percentage)\b)|(?<=\bp) (?=[<>=])|(?<=[<>=]) (?=\.\d)"
)
_SPACE = "\N{NO-BREAK SPACE}"


def cell_text(cell: Cell, kind: CellKind = "text", *, compact: bool = False) -> str:
    """One cell of a table as text.

    Examples
    --------
    >>> cell_text(Estimate(0.795, 0.784, 0.805), "share")
    '79.5 % [78.4, 80.5]'
    >>> cell_text(Estimate(-0.031, -0.052, -0.01), "points")
    '-3.1 [-5.2, -1.0]'
    >>> cell_text(Estimate(3.18, 3.14, 3.22), "score", compact=True)
    '3.18 ±0.04'
    >>> cell_text(0.0004, "p"), cell_text(7380, "count"), cell_text(None)
    ('<.001', '7,380', '–')
    >>> cell_text(Seconds(8400), "number")
    '2 h 20 min'
    """
    if isinstance(cell, Estimate):
        return _estimate(cell, kind, compact)
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ABSENT
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Seconds):
        return duration_text(cell)
    return p_text(cell) if kind == "p" else number_text(cell, kind)


def score_text(score: float | str | None) -> str:
    """Score of one answer.

    >>> score_text(3.0), score_text("minor"), score_text(None)
    ('3', 'minor', '–')
    """
    return score if isinstance(score, str) else ABSENT if score is None else f"{score:g}"


def number_text(value: float, kind: CellKind = "number") -> str:
    """One number, with its unit.

    >>> number_text(0.795, "share"), number_text(-0.031, "points"), number_text(0.1, "change")
    ('79.5 %', '-3.1', '+0.10')
    >>> number_text(17_680_800), number_text(12.5229), number_text(3.0)
    ('17,680,800', '12.5', '3')
    >>> number_text(-0.0), number_text(-0.001, "score")
    ('0', '0.00')
    """
    if kind == "share":
        return f"{100 * value:.1f} %"
    return _bare(value, kind)


def unbroken(text: str) -> str:
    """Keep a number with its unit and its interval, and a p-value with its sign, in one line.

    >>> unbroken("by -3.1 [95 %: -5.2, -1.0], p < .001").replace("\N{NO-BREAK SPACE}", "_")
    'by -3.1_[95_%:_-5.2,_-1.0], p_<_.001'
    """
    kept = _INTERVAL.sub(lambda found: found[0].replace(" ", _SPACE), text)
    return _UNIT.sub(_SPACE, kept)


def p_text(p: float) -> str:
    """A p-value with three decimals, never rounded to zero.

    >>> p_text(0.0123), p_text(0.9999), p_text(math.nan)
    ('.012', '>.999', '–')
    """
    if math.isnan(p):
        return ABSENT
    if p < 0.001:
        return "<.001"
    return ">.999" if p > 0.999 else f"{p:.3f}".removeprefix("0")


def interval_text(estimate: Estimate, kind: CellKind) -> str:
    """The interval alone, or the reason why there is none.

    >>> interval_text(Estimate(0.795, 0.784, 0.805), "share")
    '[78.4, 80.5]'
    """
    if math.isnan(estimate.low):
        return f"[{_spoken(estimate.reason)}]" if estimate.reason else ""
    low, high = (_bare(end, kind).removeprefix("+") for end in (estimate.low, estimate.high))
    return f"[{low}, {high}]"


def _estimate(estimate: Estimate, kind: CellKind, compact: bool) -> str:
    if not estimate.defined:
        return f"{ABSENT} ({_spoken(estimate.reason)})" if estimate.reason and not compact else ABSENT
    half = (estimate.high - estimate.low) / 2
    symmetric = abs(estimate.value - half - estimate.low) < 0.005
    if compact and kind in ("score", "change") and symmetric:
        return f"{number_text(estimate.value, kind)} ±{half:.2f}"
    interval = interval_text(estimate, kind)
    if compact and kind == "share" and math.isfinite(estimate.low):
        value, low, high = (round(100 * end) for end in (estimate.value, estimate.low, estimate.high))
        return f"{value} [{low}, {high}]"
    return f"{number_text(estimate.value, kind)} {interval}".rstrip()


def _bare(value: float, kind: CellKind) -> str:
    if kind == "count":
        return f"{value:,.0f}"
    if kind in ("share", "points"):
        rounded = f"{100 * value:+.1f}"
        return "0.0" if float(rounded) == 0 else rounded
    if kind == "change":
        return "0.00" if round(value, 2) == 0 else f"{value:+.2f}"
    if kind == "score":
        return f"{value:z.2f}"
    return f"{value:,}" if isinstance(value, int) else f"{float(f'{value:z.3g}'):,}".removesuffix(".0")


def _spoken(reason: str | None) -> str:
    return (reason or "no interval").replace("_", " ")


def method_text(estimate: Estimate) -> str:
    """How an interval was made.

    >>> method_text(Estimate(0.5, 0.4, 0.6, method="percentile", n_resamples=2000, seed=1))
    '95 % bootstrap, 2,000 resamples, seed 1'
    """
    method = _METHODS.get(estimate.method, estimate.method.replace("_", " "))
    words = f"{100 * estimate.confidence_level:g} % {method}"
    drawn = f", {estimate.n_resamples:,} resamples" if estimate.n_resamples else ""
    return words + drawn + (f", seed {estimate.seed}" if drawn and estimate.seed is not None else "")
