"""The three drawings of a report: intervals, pairs of intervals, and bars of shares, one row a label.

A row's label stands left of its marks, or above them where a label is long; its figure stands at the right.
Where colours carry meaning, shapes, places or numbers carry it, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from judge.reporting.document import CellKind
from judge.reporting.figures.svg import FONT_SIZE, INK, LINE, MUTED, PAPER, SERIES, WIDTH, canvas, text_width
from judge.reporting.render.numbers import number_text
from judge.reporting.render.text import clean
from judge.stats.engine.estimate import Estimate

_WIDEST_LEFT, _MOST_LETTERS = 140.0, 80
_STAR = 14.0
"""Room for the mark of few observations."""
_MARGIN, _ROW, _LABEL_ROW, _AXIS_ROOM, _LEGEND_ROW = 3.0, 24.0, 17.0, 24.0, 20.0
_SMALL_TEXT = 10.0
_HALF_TICK = 18.0
"""Room for half of the first figure of the axis."""
_LEAST_SPAN = {"share": 0.1, "score": 0.5, "points": 0.1, "change": 0.5}
_LEAST_BAR_TEXT, _LEAST_UNIT_TEXT = 18.0, 32.0
_LOW, _MIDDLE, _HIGH = "#a8480a", "#c9ccd1", "#1a5fa0"


@dataclass(frozen=True)
class Mark:
    """One row of a drawing of intervals.

    Attributes
    ----------
    label : str
        What it is about; it may come from data.
    estimates : tuple of Estimate
        One, or one for each of two series.
    text : str
        The figure at the right.
    faint : bool
        Whether it rests on few observations.
    """

    label: str
    estimates: tuple[Estimate, ...]
    text: str
    faint: bool = False


@dataclass
class _Rows:
    """Where things stand in a drawing: units from the left and from the top."""

    labels: Sequence[str]
    right: float
    n_legend_rows: int = 0
    above: bool = field(init=False)
    left: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        widest = max(map(text_width, self.labels))
        self.above = widest > _WIDEST_LEFT
        self.left = _MARGIN if self.above else _MARGIN + widest + 8
        self.height = self.top + self.step * len(self.labels) + _AXIS_ROOM

    @property
    def top(self) -> float:
        return 4 + self.n_legend_rows * _LEGEND_ROW

    @property
    def step(self) -> float:
        return _ROW + (_LABEL_ROW if self.above else 0)

    def middle(self, row: int) -> float:
        """Where the marks of a row stand."""
        return self.top + row * self.step + (_LABEL_ROW if self.above else 0) + _ROW / 2

    @property
    def stretches(self) -> list[tuple[float, float]]:
        """From where to where lines go down: through the marks, not through labels above them."""
        bottom = self.height - _AXIS_ROOM
        if not self.above:
            return [(self.top, bottom)]
        return [(self.middle(row) - _ROW / 2, self.middle(row) + _ROW / 2) for row in range(len(self.labels))]

    def write_labels(self, axes: Any, faint: Sequence[bool]) -> None:
        for row, label in enumerate(self.labels):
            y = self.middle(row) - (_ROW / 2 + _LABEL_ROW / 2 - 2 if self.above else 0)
            x, side = (_MARGIN, "left") if self.above else (self.left - 8, "right")
            axes.text(x, y, label, ha=side, va="center_baseline", color=MUTED if faint[row] else INK)


def intervals(
    marks: Sequence[Mark],
    kind: CellKind,
    *,
    salt: str,
    reference: float | None = None,
    names: Sequence[str] = (),
) -> str:
    """Estimates with their intervals, one row a mark; a dashed line at `reference`.

    Parameters
    ----------
    marks : sequence of Mark
        From top to bottom. Undefined estimates leave their row without a mark.
    kind : str
        How numbers are written; see `Column.kind`.
    salt : str
        Key of the figure on its page.
    reference : float, optional
        Value that the rows are held against.
    names : sequence of str
        Names of the series where marks have two.

    Returns
    -------
    str
        SVG.
    """
    labels = [_starred(mark.label, mark.faint) for mark in marks]
    widest = max(text_width(mark.text) for mark in marks)
    rows = _Rows(labels, WIDTH - _MARGIN - widest - 8, n_legend_rows=1 if names else 0)
    scale = _Scale.of(marks, reference, kind, rows)
    with canvas(rows.height, salt) as (axes, drawing):
        _set_up(axes, rows.height)
        scale.draw(axes, rows)
        if reference is not None:
            for ends in rows.stretches:
                _line(axes, [scale(reference)] * 2, ends, MUTED, dashes=(3, 3))
        rows.write_labels(axes, [mark.faint for mark in marks])
        for row, mark in enumerate(marks):
            _draw_mark(axes, mark, scale, rows.middle(row))
            axes.text(
                WIDTH - _MARGIN, rows.middle(row), mark.text, ha="right", va="center_baseline", color=INK
            )
        if names:
            _draw_names(axes, names)
    return drawing.text


def bars(
    rows: Sequence[tuple[str, Sequence[float], bool]], names: Sequence[str], *, salt: str, ordered: bool
) -> str:
    """Shares that add up to one, a bar a row.

    Parameters
    ----------
    rows : sequence of (str, sequence of float, bool)
        Label, shares, and whether few observations stand behind them.
    names : sequence of str
        What the parts are.
    salt : str
        Key of the figure on its page.
    ordered : bool
        Whether the parts are steps of a scale (orange is low, blue is high), or kinds.

    Returns
    -------
    str
        SVG.
    """
    labels = [_starred(label, faint) for label, _, faint in rows]
    colours = scale_colours(len(names)) if ordered else [SERIES[i % len(SERIES)] for i in range(len(names))]
    legend = _legend_places(names)
    at = _Rows(labels, WIDTH - _MARGIN, n_legend_rows=legend[-1][1] + 1)
    with canvas(at.height - _AXIS_ROOM + 4, salt) as (axes, drawing):
        _set_up(axes, at.height - _AXIS_ROOM + 4)
        at.write_labels(axes, [faint for _, _, faint in rows])
        for (x, line, name), colour in zip(legend, colours, strict=True):
            y = _LEGEND_ROW * (line + 0.5)
            axes.barh(y, 10, left=x, height=10, color=colour, linewidth=0)
            axes.text(x + 14, y, name, va="center_baseline", color=INK, fontsize=_SMALL_TEXT)
        for row, (_, shares, _) in enumerate(rows):
            _draw_bar(axes, shares, colours, at, at.middle(row), ordered)
    return drawing.text


def scale_colours(n: int) -> list[str]:
    """Colours of the steps of a scale, from low (orange) through gray to high (blue).

    >>> colours = scale_colours(5)
    >>> colours[0], colours[-1]
    ('#a8480a', '#1a5fa0')
    """
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    ramp = LinearSegmentedColormap.from_list("scale", [_LOW, "#eba35f", _MIDDLE, "#7db3e0", _HIGH])
    return [to_hex(ramp(i / (n - 1) if n > 1 else 1.0)) for i in range(n)]


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
        """Make room for every interval, with round ends that are possible values themselves."""
        from matplotlib.ticker import MaxNLocator

        estimates = [e for m in marks for e in m.estimates if e.defined]
        ends = [x for e in estimates for x in (e.value, e.low, e.high) if x == x]
        ends += [] if reference is None or reference != reference else [reference]
        low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
        possible = [(0.0, 1.0) if kind == "share" else e.possible for e in estimates]
        lowest = min([low, *(smallest for smallest, _ in possible)])
        highest = max([high, *(largest for _, largest in possible)])
        short = _LEAST_SPAN.get(kind, 0.2) - (high - low)
        low, high = (low - short / 2, high + short / 2) if short > 0 else (low, high)
        low, high = max(low, lowest), min(high, highest)
        left, right = max(rows.left + 6, _HALF_TICK), rows.right - 6
        found = MaxNLocator(nbins=max(2, int((right - left) / 52)), steps=[1, 2, 2.5, 5, 10]).tick_values(
            low, high
        )
        ticks = [t for t in (float(round(t, 10)) for t in found) if lowest <= t <= highest]
        return cls(min(ticks[0], low), max(ticks[-1], high), tuple(ticks), left, right, kind)

    def __call__(self, value: float) -> float:
        return self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left)

    def draw(self, axes: Any, rows: _Rows) -> None:
        bottom = rows.height - _AXIS_ROOM
        for tick in self.ticks:
            for ends in rows.stretches:
                _line(axes, [self(tick)] * 2, ends, LINE)
            axes.text(
                self(tick),
                bottom + 12,
                self._text(tick),
                ha="center",
                va="center_baseline",
                color=MUTED,
                fontsize=_SMALL_TEXT,
            )

    def _text(self, tick: float) -> str:
        if self.kind in ("share", "points"):
            sign = "+" if self.kind == "points" and tick > 0 else ""
            return f"{sign}{100 * tick:g}{' %' if self.kind == 'share' else ''}"
        return f"{tick:+g}" if self.kind == "change" and tick else f"{tick:g}"


def _set_up(axes: Any, height: float) -> None:
    """Make the data of the axes the units of the drawing."""
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    axes.axis("off")


def _line(
    axes: Any, x: Sequence[float], y: Sequence[float], colour: str, *, width: float = 1.0, dashes: Any = ()
) -> None:
    line = axes.plot(x, y, color=colour, linewidth=width, solid_capstyle="butt", clip_on=False)[0]
    if dashes:
        line.set_dashes(dashes)


def _draw_mark(axes: Any, mark: Mark, scale: _Scale, y: float) -> None:
    """A dot with its interval; of two, the first is round and full, the second square and open."""
    several = len(mark.estimates) > 1
    for i, estimate in enumerate(mark.estimates):
        if estimate.value != estimate.value:
            continue
        colour = SERIES[i]
        at = y + (8 * i - 4 if several else 0)
        if estimate.low == estimate.low:
            _line(
                axes,
                [scale(estimate.low), scale(estimate.high)],
                [at, at],
                colour,
                width=1.6 if several else 2.0,
            )
        _draw_point(axes, scale(estimate.value), at, i, 3.4 if several else 4.2, hollow=i > 0 or mark.faint)


def _draw_point(axes: Any, x: float, y: float, series: int, radius: float, *, hollow: bool) -> None:
    """A round or a square mark: a line without length whose ends are round, or stand out."""
    cap: Literal["round", "projecting"] = "round" if series == 0 else "projecting"
    for colour, size in ((SERIES[series], 2 * radius + 1.6), (PAPER, 2 * radius - 1.6))[: 2 if hollow else 1]:
        axes.plot([x, x], [y, y], color=colour, linewidth=size, solid_capstyle=cap, clip_on=False, zorder=3)


def _draw_names(axes: Any, names: Sequence[str]) -> None:
    x = _MARGIN + 4.0
    for i, name in enumerate(names):
        text = _short(name, WIDTH / 2 - 30)
        _draw_point(axes, x, _LEGEND_ROW / 2, i, 3.4, hollow=i > 0)
        axes.text(x + 9, _LEGEND_ROW / 2, text, va="center_baseline", color=INK)
        x += 9 + text_width(text) + 18


def _legend_places(names: Sequence[str]) -> list[tuple[float, int, str]]:
    """Place (units from the left, line) and text of each name of a legend."""
    places, x, line = [], _MARGIN, 0
    for name in names:
        text = _short(name, WIDTH - 30)
        width = 14 + text_width(text) * _SMALL_TEXT / FONT_SIZE + 12
        if x > _MARGIN and x + width > WIDTH:
            x, line = _MARGIN, line + 1
        places.append((x, line, text))
        x += width
    return places


def _draw_bar(
    axes: Any, shares: Sequence[float], colours: Sequence[str], rows: _Rows, y: float, ordered: bool
) -> None:
    width, x = rows.right - rows.left, rows.left
    for share, colour in zip(shares, colours, strict=True):
        part = share * width if share == share else 0.0
        if part > 0.4:
            axes.barh(y, part, left=x, height=_ROW - 7, color=colour, edgecolor=PAPER, linewidth=0.8)
        if part >= _LEAST_BAR_TEXT:
            ink = _ink_on(colour) if ordered else PAPER
            text = f"{100 * share:.0f}{' %' if part >= _LEAST_UNIT_TEXT else ''}"
            axes.text(
                x + part / 2, y, text, ha="center", va="center_baseline", color=ink, fontsize=_SMALL_TEXT
            )
        x += part


def _ink_on(colour: str) -> str:
    """Black or white, whichever reads better on a colour."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000000"


def _short(label: str, room: float = WIDTH - 2 * _MARGIN) -> str:
    """A label from data, harmless and no wider than its room."""
    text = clean(label, _MOST_LETTERS) or "(empty)"
    while text_width(text) > room and len(text) > 2:
        text = text[:-2].rstrip() + "…"
    return text


def _starred(label: str, faint: bool) -> str:
    return f"{_short(label, WIDTH - 2 * _MARGIN - _STAR)} *" if faint else _short(label)


def series_words(marks: Sequence[Mark], kind: CellKind, most: int = 12) -> Iterator[str]:
    """What a drawing of intervals shows, in words, for those who cannot see it."""
    for mark in marks[:most]:
        figures = " against ".join(
            number_text(e.value, kind) if e.defined else "undefined" for e in mark.estimates
        )
        yield f"{clean(mark.label, 60)} {figures}"
    if len(marks) > most:
        yield f"and {len(marks) - most} more"
