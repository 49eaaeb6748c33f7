"""SVG drawings that live inside a page and take its colours and its font.

Colours are variables of the page (`--ink`, `--c1`, ...) with a fallback, so that one drawing serves light,
dark and print. The content security policy of the page forbids ``style`` attributes, so everything is a
presentation attribute. A drawing has no ids, times or random numbers: the same calls give the same bytes.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape

from rich.cells import cell_len

WIDTH = 350.0
"""Units of every drawing; near the width of a phone, so that text is as large as the page's there."""
FONT_SIZE, SMALL_TEXT = 11.5, 10.0
INK, MUTED = "var(--ink, #1b1f24)", "var(--muted, #57606a)"
LINE, PAPER = "var(--line, #d0d7de)", "var(--card, #ffffff)"
SERIES = tuple(
    f"var(--c{i}, {value})"
    # The palette of Okabe and Ito is safe for colour-blind readers; some of it is darkened for white pages.
    for i, value in enumerate(("#0072b2", "#c65100", "#00795a", "#a8558a", "#8a6d00", "#57606a"), start=1)
)
_SHAPES: tuple[tuple[tuple[float, float], ...], ...] = (
    (),  # a circle
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    ((0, -1.2), (1.1, 0.9), (-1.1, 0.9)),
    ((0, 1.2), (1.1, -0.9), (-1.1, -0.9)),
    ((-1.2, -0.4), (1.2, -0.4), (1.2, 0.4), (-1.2, 0.4)),
)
# Advance widths of the printable ASCII characters in DejaVu Sans, in hundredths of the font size.
_ASCII_WIDTHS = (
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 53, 100, 71, 69, 70, 77, 63, 58, 77, 75, 30, 30, 66, 56, 86, 75, 79,
    60, 79, 69, 63, 60, 73, 68, 99, 68, 61, 68, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 34, 63,
    63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 40, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
)  # fmt: skip


class Drawing:
    """The elements of one drawing, `WIDTH` by `height` units; the origin is the top left corner."""

    def __init__(self, height: float) -> None:
        self.height = height
        self._elements: list[str] = []

    @property
    def svg(self) -> str:
        """The drawing as an SVG element for a page."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(WIDTH)} {_n(self.height)}" '
            f'focusable="false" aria-hidden="true" font-size="{_n(FONT_SIZE)}" fill="{INK}">'
        )
        return "\n".join([head, *self._elements, "</svg>"])

    def line(
        self, points: Sequence[tuple[float, float]], colour: str, *, width: float = 1.0, dashes: str = ""
    ) -> None:
        """Draw straight lines from point to point."""
        path = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._elements.append(
            f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{_n(width)}"{dashed}/>'
        )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: str,
        *,
        opacity: float = 1.0,
        edge: float = 0.0,
    ) -> None:
        """Draw a filled rectangle; `edge` is the width of its border in the colour of the page."""
        border = f' stroke="{PAPER}" stroke-width="{_n(edge)}"' if edge else ""
        faint = f' fill-opacity="{opacity:.2f}"' if opacity < 1 else ""
        self._elements.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" '
            f'fill="{colour}"{faint}{border}/>'
        )

    def mark(
        self, x: float, y: float, radius: float, colour: str, *, shape: int = 0, hollow: bool = False
    ) -> None:
        """Draw a point: a circle, or another shape for each further series."""
        fill = PAPER if hollow else colour
        ink = f'fill="{fill}" stroke="{colour}" stroke-width="1.6"'
        corners = " ".join(f"{_n(x + radius * dx)},{_n(y + radius * dy)}" for dx, dy in _SHAPES[shape])
        self._elements.append(
            f'<polygon points="{corners}" {ink}/>'
            if corners
            else f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" {ink}/>'
        )

    def cloud(self, points: Iterable[tuple[float, float]], colour: str) -> None:
        """Draw many translucent points; where they overlap the colour is stronger."""
        dots = "".join(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="2"/>' for x, y in points)
        self._elements.append(f'<g fill="{colour}" fill-opacity="0.5">{dots}</g>')

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        colour: str = INK,
        size: float = FONT_SIZE,
        anchor: str = "start",
        upright: bool = False,
        bold: bool = False,
    ) -> None:
        """Write one line; `y` is its middle. Upright text reads from bottom to top."""
        attributes = f'x="{_n(x)}" y="{_n(y + 0.36 * size)}"'
        if upright:
            attributes = f'transform="translate({_n(x + 0.36 * size)} {_n(y)}) rotate(-90)"'
        attributes += "" if anchor == "start" else f' text-anchor="{anchor}"'
        attributes += "" if size == FONT_SIZE else f' font-size="{_n(size)}"'
        attributes += ' font-weight="600"' if bold else ""
        attributes += "" if colour == INK else f' fill="{colour}"'
        self._elements.append(f"<text {attributes}>{escape(text, quote=False)}</text>")


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """Width of a text in a font that is wider than most, so that labels fit in any.

    >>> text_width("iii") < text_width("mmm") < text_width("日本語漢字")
    True
    """
    hundredths = sum(
        _ASCII_WIDTHS[ord(c) - 32] if " " <= c <= "~" else (66 if cell_len(c) < 2 else 112) for c in text
    )
    return max(hundredths / 100, 0.56 * cell_len(text)) * size


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Round values that cover `low` to `high` in at most `most` equal steps.

    >>> round_ticks(0.62, 0.81, 4)
    [0.6, 0.7, 0.8, 0.9]
    """
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (factor * power for factor in (1, 2, 2.5, 5, 10, 20)):
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= most:
            break
    return [round(i * step, 10) for i in range(first, last + 1)]


def _n(number: float) -> str:
    """A coordinate with one decimal."""
    return f"{number:z.1f}".removesuffix(".0")
