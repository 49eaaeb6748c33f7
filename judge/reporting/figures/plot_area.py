"""A plot with two numeric axes: values to units of the drawing, ticks, and axis labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from judge.reporting.figures.svg import LINE, MUTED, SMALL_TEXT, WIDTH, Drawing, round_ticks

_RIGHT, _TOP = 10.0, 10.0
_TICK_STEP = {"x": 52.0, "y": 34.0}
Ticks = Sequence[tuple[float, str]]


@dataclass(frozen=True)
class PlotArea:
    """The part of a drawing between its axes.

    Attributes
    ----------
    drawing : Drawing
        What is drawn on.
    x_range, y_range : tuple of float
        Smallest and largest value of each axis. The y axis points upwards unless its range is reversed.
    left, bottom : float
        Room for the labels of the axes.
    """

    drawing: Drawing
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    left: float = 46.0
    bottom: float = 40.0

    def x(self, value: float) -> float:
        """Units from the left."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (WIDTH - self.left - _RIGHT)

    def y(self, value: float) -> float:
        """Units from the top."""
        low, high = self.y_range
        return self._floor - (value - low) / (high - low) * (self._floor - _TOP)

    @property
    def _floor(self) -> float:
        return self.drawing.height - self.bottom

    def draw_axes(
        self, x_label: str, y_label: str, *, x_ticks: Ticks | None = None, y_ticks: Ticks | None = None
    ) -> None:
        """Draw both axes with their ticks (default: round values) and labels."""
        self.drawing.line([(self.left, _TOP), (self.left, self._floor), (WIDTH - _RIGHT, self._floor)], LINE)
        for value, text in x_ticks or self.ticks("x"):
            x = self.x(value)
            self.drawing.line([(x, self._floor), (x, self._floor + 3)], LINE)
            self.drawing.text(x, self._floor + 11, text, anchor="middle", colour=MUTED, size=SMALL_TEXT)
        for value, text in y_ticks or self.ticks("y"):
            y = self.y(value)
            self.drawing.line([(self.left - 3, y), (self.left, y)], LINE)
            self.drawing.text(self.left - 6, y, text, anchor="end", colour=MUTED, size=SMALL_TEXT)
        middle = (self.left + WIDTH - _RIGHT) / 2
        self.drawing.text(middle, self._floor + 31, x_label, anchor="middle", colour=MUTED)
        self.drawing.text(9, (_TOP + self._floor) / 2, y_label, anchor="middle", colour=MUTED, upright=True)

    def horizontal(self, value: float, colour: str, *, width: float = 1.0, dashes: str = "") -> None:
        """Draw a line at one value of the y axis."""
        ends = [(self.left, self.y(value)), (WIDTH - _RIGHT, self.y(value))]
        self.drawing.line(ends, colour, width=width, dashes=dashes)

    def line(
        self, points: Sequence[tuple[float, float]], colour: str, *, width: float = 1.0, dashes: str = ""
    ) -> None:
        """Draw straight lines from value to value."""
        self.drawing.line([(self.x(x), self.y(y)) for x, y in points], colour, width=width, dashes=dashes)

    def ticks(self, axis: Literal["x", "y"]) -> Ticks:
        """Round values of an axis, with their labels."""
        low, high = self.x_range if axis == "x" else self.y_range
        room = WIDTH - self.left - _RIGHT if axis == "x" else self._floor - _TOP
        found = round_ticks(low, high, max(2, int(room / _TICK_STEP[axis])))
        shown = [value for value in found if low <= value <= high]
        return [(value, f"{value:g}".replace("-", "\N{MINUS SIGN}")) for value in shown]
