"""Charts with one row for each label: intervals, pairs of intervals, and stacked bars of shares.

The label of a row is left of its marks, or above them where a label is long; its value is at the right.
Colour never carries meaning alone: shape, position or a number repeats it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from judge.reporting.document import CellKind
from judge.reporting.figures.svg import (
    INK,
    LINE,
    MUTED,
    PAPER,
    SERIES,
    SMALL_TEXT,
    WIDTH,
    Drawing,
    round_ticks,
    text_width,
)  # fmt: skip
from judge.reporting.render.numbers import number_text
from judge.reporting.render.text import clean
from judge.stats.engine.estimate import Estimate

_WIDEST_LEFT, _MOST_LETTERS = 140.0, 80
_STAR = 14.0
"""Room for the asterisk of few observations."""
_MARGIN, _LABEL_ROW, _AXIS_ROOM, _LEGEND_ROW = 3.0, 17.0, 24.0, 20.0
_ROW, _PAIR_ROW, _BAR_ROW = 19.0, 22.0, 24.0
"""Heights of a row with one interval, with two, and with a bar."""
_HALF_TICK = 18.0
"""Room for half of the first label of the axis."""
_LEAST_SPAN = {"share": 0.1, "score": 0.5, "points": 0.1, "change": 0.5}
_LEAST_BAR_TEXT, _LEAST_UNIT_TEXT = 18.0, 32.0
_RAMP = ("#a8480a", "#eba35f", "#c9ccd1", "#7db3e0", "#1a5fa0")


@dataclass(frozen=True)
class Mark:
    """One row of an interval chart.

    Attributes
    ----------
    label : str
        Label; it may come from data.
    estimates : tuple of Estimate
        One, or one for each of two series.
    text : str
        Text at the right.
    faint : bool
        Whether it has few observations.
    group : str
        Heading that it has in common with the rows before or after it.
    """

    label: str
    estimates: tuple[Estimate, ...]
    text: str
    faint: bool = False
    group: str = ""


@dataclass
class _Rows:
    """Layout of a chart: units from the left and from the top."""

    labels: Sequence[str]
    right: float
    widest: float
    row: float
    n_legend_rows: int = 0
    groups: Sequence[str] = ()
    above: bool = field(init=False)
    left: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        self.above = self.widest > _WIDEST_LEFT
        self.left = _MARGIN if self.above else _MARGIN + self.widest + 8
        self.height = self.middle(len(self.labels) - 1) + self.row / 2 + _AXIS_ROOM

    @property
    def top(self) -> float:
        return 4 + self.n_legend_rows * _LEGEND_ROW

    @property
    def step(self) -> float:
        return self.row + (_LABEL_ROW if self.above else 0)

    @property
    def first_of_groups(self) -> list[int]:
        """Rows that have the heading of a group above them."""
        before = ["", *self.groups]
        return [row for row, name in enumerate(self.groups) if name and name != before[row]]

    def middle(self, row: int) -> float:
        """Vertical position of the marks of a row."""
        n_headings = sum(first <= row for first in self.first_of_groups)
        above = _LABEL_ROW if self.above else 0
        return self.top + row * self.step + n_headings * _LABEL_ROW + above + self.row / 2

    @property
    def stretches(self) -> list[tuple[float, float]]:
        """Vertical extents of grid lines, which cross the marks but not labels above them."""
        rows = range(len(self.labels))
        starts = [row for row in rows if self.above or row == 0 or row in self.first_of_groups]
        ends = [*(row - 1 for row in starts[1:]), len(self.labels) - 1]
        half = self.row / 2
        return [
            (self.middle(start) - half, self.middle(end) + half)
            for start, end in zip(starts, ends, strict=True)
        ]

    def write_labels(self, drawing: Drawing, faint: Sequence[bool]) -> None:
        for row, label in enumerate(self.labels):
            y = self.middle(row) - (self.row / 2 + _LABEL_ROW / 2 - 2 if self.above else 0)
            x, anchor = (_MARGIN, "start") if self.above else (self.left - 8, "end")
            drawing.text(x, y, label, anchor=anchor, colour=MUTED if faint[row] else INK)
        for row in self.first_of_groups:
            y = self.middle(row) - self.step + self.row / 2 - _LABEL_ROW / 2 + 2
            drawing.text(_MARGIN, y, _short(self.groups[row]), bold=True)


def intervals(
    marks: Sequence[Mark],
    kind: CellKind,
    *,
    reference: float | None = None,
    names: Sequence[str] = (),
    beside: Sequence[Mark] = (),
) -> str:
    """Estimates with their intervals, one row a mark; a dashed line at `reference`.

    Parameters
    ----------
    marks : sequence of Mark
        From top to bottom. Undefined estimates leave their row without a mark.
    kind : str
        How numbers are written; see `Column.kind`.
    reference : float, optional
        Value of the reference line.
    names : sequence of str
        Names of the series where marks have two.
    beside : sequence of Mark
        Marks of the charts in the same row of the page: with them, all of these charts have one axis.

    Returns
    -------
    str
        SVG.
    """
    labels = [_starred(mark.label, mark.faint) for mark in marks]
    row = (*marks, *beside)
    text, label = (
        max(map(text_width, of)) for of in ((m.text for m in row), (_starred(m.label, m.faint) for m in row))
    )
    rows = _Rows(
        labels,
        WIDTH - _MARGIN - text - 8,
        label,
        _PAIR_ROW if names else _ROW,
        n_legend_rows=1 if names else 0,
        groups=[mark.group for mark in marks],
    )
    scale = _Scale.of(row, reference, kind, rows)
    drawing = Drawing(rows.height)
    scale.draw(drawing, rows)
    if reference is not None:
        for top, bottom in rows.stretches:
            at = scale(reference)
            drawing.line([(at, top), (at, bottom)], MUTED, dashes="3 3")
    rows.write_labels(drawing, [mark.faint for mark in marks])
    for place, mark in enumerate(marks):
        _draw_mark(drawing, mark, scale, rows.middle(place))
        drawing.text(WIDTH - _MARGIN, rows.middle(place), mark.text, anchor="end")
    if names:
        _draw_names(drawing, names)
    return drawing.svg


def bars(rows: Sequence[tuple[str, Sequence[float], bool]], names: Sequence[str], *, ordered: bool) -> str:
    """Shares that add up to one, one stacked bar for each row.

    Parameters
    ----------
    rows : sequence of (str, sequence of float, bool)
        Label, shares, and whether there are few observations.
    names : sequence of str
        Names of the parts.
    ordered : bool
        Whether the parts are ordered steps of a scale (orange is low, blue is high) or categories.

    Returns
    -------
    str
        SVG.
    """
    labels = [_starred(label, faint) for label, _, faint in rows]
    colours = scale_colours(len(names)) if ordered else [SERIES[i % len(SERIES)] for i in range(len(names))]
    legend = _legend_places(names)
    widest = max(map(text_width, labels))
    at = _Rows(labels, WIDTH - _MARGIN, widest, _BAR_ROW, n_legend_rows=legend[-1][1] + 1)
    drawing = Drawing(at.height - _AXIS_ROOM + 4)
    at.write_labels(drawing, [faint for _, _, faint in rows])
    for (x, line, name), colour in zip(legend, colours, strict=True):
        y = _LEGEND_ROW * (line + 0.5)
        drawing.box(x, y - 5, 10, 10, colour)
        drawing.text(x + 14, y, name, size=SMALL_TEXT)
    for row, (_, shares, _) in enumerate(rows):
        _draw_bar(drawing, shares, colours, at, at.middle(row), ordered)
    return drawing.svg


def scale_colours(n: int) -> list[str]:
    """Colours of the steps of a scale, from low (orange) through gray to high (blue).

    >>> colours = scale_colours(5)
    >>> colours[0], colours[-1]
    ('#a8480a', '#1a5fa0')
    """
    return [_mixed(i / (n - 1) if n > 1 else 1.0) for i in range(n)]


def _mixed(place: float) -> str:
    """Colour at a place between 0 and 1 of the ramp."""
    i = min(int(place * (len(_RAMP) - 1)), len(_RAMP) - 2)
    part = place * (len(_RAMP) - 1) - i
    pairs = ((int(_RAMP[i][k : k + 2], 16), int(_RAMP[i + 1][k : k + 2], 16)) for k in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


@dataclass(frozen=True)
class _Scale:
    """Values to units from the left, and the ticks of the axis."""

    low: float
    high: float
    ticks: tuple[float, ...]
    left: float
    right: float
    kind: CellKind

    @classmethod
    def of(cls, marks: Sequence[Mark], reference: float | None, kind: CellKind, rows: _Rows) -> "_Scale":
        """Fit the axis to all intervals, with round ends within the possible values."""
        estimates = [e for m in marks for e in m.estimates if e.defined]
        ends = [x for e in estimates for x in (e.value, e.low, e.high) if not math.isnan(x)]
        ends += [] if reference is None or math.isnan(reference) else [reference]
        low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
        possible = [(0.0, 1.0) if kind == "share" else e.possible for e in estimates]
        # The narrowest of the ranges: some estimates do not know theirs.
        lowest = min(low, max((smallest for smallest, _ in possible), default=-math.inf))
        highest = max(high, min((largest for _, largest in possible), default=math.inf))
        short = _LEAST_SPAN.get(kind, 0.2) - (high - low)
        low, high = (low - short / 2, high + short / 2) if short > 0 else (low, high)
        low, high = max(low, lowest), min(high, highest)
        left, right = max(rows.left + 6, _HALF_TICK), rows.right - 6
        found = round_ticks(low, high, max(2, int((right - left) / 52)))
        ticks = [tick for tick in found if lowest <= tick <= highest]
        return cls(min(ticks[0], low), max(ticks[-1], high), tuple(ticks), left, right, kind)

    def __call__(self, value: float) -> float:
        return self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left)

    def draw(self, drawing: Drawing, rows: _Rows) -> None:
        for tick in self.ticks:
            x = self(tick)
            for top, bottom in rows.stretches:
                drawing.line([(x, top), (x, bottom)], LINE)
            y = rows.height - _AXIS_ROOM + 12
            drawing.text(x, y, self._text(tick), anchor="middle", colour=MUTED, size=SMALL_TEXT)

    def _text(self, tick: float) -> str:
        if self.kind in ("share", "points"):
            sign = "+" if self.kind == "points" and tick > 0 else ""
            return f"{sign}{100 * tick:g}{' %' if self.kind == 'share' else ''}"
        return f"{tick:+g}" if self.kind == "change" and tick else f"{tick:g}"


def _draw_mark(drawing: Drawing, mark: Mark, scale: _Scale, y: float) -> None:
    """A dot with its interval; of two, the first is round and full, the second square and open."""
    several = len(mark.estimates) > 1
    for i, estimate in enumerate(mark.estimates):
        if not estimate.defined:
            continue
        at = y + (8 * i - 4 if several else 0)
        if not math.isnan(estimate.low):
            ends = [(scale(estimate.low), at), (scale(estimate.high), at)]
            drawing.line(ends, SERIES[i], width=1.6 if several else 2.0)
        radius = 3.4 if several else 4.2
        drawing.mark(scale(estimate.value), at, radius, SERIES[i], shape=i, hollow=i > 0 or mark.faint)


def _draw_names(drawing: Drawing, names: Sequence[str]) -> None:
    x = _MARGIN + 4.0
    for i, name in enumerate(names):
        text = _short(name, WIDTH / 2 - 30)
        drawing.mark(x, _LEGEND_ROW / 2, 3.4, SERIES[i], shape=i, hollow=i > 0)
        drawing.text(x + 9, _LEGEND_ROW / 2, text)
        x += 9 + text_width(text) + 18


def _legend_places(names: Sequence[str]) -> list[tuple[float, int, str]]:
    """Place (units from the left, line) and text of each name of a legend."""
    places, x, line = [], _MARGIN, 0
    for name in names:
        text = _short(name, WIDTH - 30)
        width = 14 + text_width(text, SMALL_TEXT) + 12
        if x > _MARGIN and x + width > WIDTH:
            x, line = _MARGIN, line + 1
        places.append((x, line, text))
        x += width
    return places


def _draw_bar(
    drawing: Drawing,
    shares: Sequence[float],
    colours: Sequence[str],
    rows: _Rows,
    y: float,
    ordered: bool,
) -> None:
    x, height = rows.left, rows.row - 7
    for share, colour in zip(shares, colours, strict=True):
        part = 0.0 if math.isnan(share) else share * (rows.right - rows.left)
        if part > 0.4:
            drawing.box(x, y - height / 2, part, height, colour, edge=0.8)
        if part >= _LEAST_BAR_TEXT:
            text = f"{100 * share:.0f}{' %' if part >= _LEAST_UNIT_TEXT else ''}"
            ink = _ink_on(colour) if ordered else PAPER
            drawing.text(x + part / 2, y, text, anchor="middle", colour=ink, size=SMALL_TEXT)
        x += part


def _ink_on(colour: str) -> str:
    """Black or white, whichever has the higher contrast."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000000"


def _short(label: str, room: float = WIDTH - 2 * _MARGIN) -> str:
    """A cleaned label, shortened to the available width."""
    text = clean(label, _MOST_LETTERS) or "(empty)"
    while text_width(text) > room and len(text) > 2:
        text = text[:-2].rstrip() + "…"
    return text


def _starred(label: str, faint: bool) -> str:
    return f"{_short(label, WIDTH - 2 * _MARGIN - _STAR)} *" if faint else _short(label)


def series_words(marks: Sequence[Mark], kind: CellKind, most: int = 12) -> Iterator[str]:
    """Text alternative of an interval chart."""
    for mark in marks[:most]:
        figures = " against ".join(
            number_text(e.value, kind) if e.defined else "undefined" for e in mark.estimates
        )
        yield f"{clean(', '.join(filter(None, (mark.group, mark.label))), 60)} {figures}"
    if len(marks) > most:
        yield f"and {len(marks) - most} more"
