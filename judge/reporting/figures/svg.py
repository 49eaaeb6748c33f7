"""matplotlib figures as SVG that lives inside a page: its colours, its fonts, no style of its own.

Colours are variables of the page (`--ink`, `--c1` ...), so that one drawing serves light, dark and print; a
strict content policy forbids ``style`` attributes, so they become presentation attributes. Nothing in the
text depends on time, machine or other figures.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from rich.cells import cell_len

WIDTH = 350.0
"""Units of every drawing; near the width of a phone, so that text is as large as the page's there."""
FONT_SIZE = 11.5

# What stands in for each variable while matplotlib draws -> the variable, and its value outside of a page.
INK, MUTED, LINE, PAPER = "#000001", "#000002", "#000003", "#000004"
SERIES = tuple(f"#0000{10 + i}" for i in range(6))
_VARIABLES = {
    INK: "var(--ink, #1b1f24)",
    MUTED: "var(--muted, #57606a)",
    LINE: "var(--line, #d0d7de)",
    PAPER: "var(--card, #ffffff)",
} | {
    stand_in: f"var(--c{i}, {value})"
    # Okabe and Ito's colours, told apart by colour-blind readers; darker where white would swallow them.
    for i, (stand_in, value) in enumerate(
        zip(SERIES, ("#0072b2", "#c65100", "#00795a", "#a8558a", "#8a6d00", "#57606a"), strict=True), start=1
    )
}
_SETTINGS = {
    "svg.fonttype": "none",  # text stays text: small, sharp, in the font of the page
    "text.parse_math": False,  # a dollar sign in a label is a dollar sign
    "font.size": FONT_SIZE,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "axes.unicode_minus": True,
    "path.simplify": False,
}
_HEAD = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.DOTALL
)
_TAG = re.compile(r"<[^>]*>")
_STYLE = re.compile(r' style="([^"]*)"')
_ID = re.compile(r' id="[^"]*"')
_SIZE = re.compile(r' width="[^"]*" height="[^"]*"')
_ROTATION = re.compile(r' transform="rotate\(-?0 [^"]*"')
_SPACES = re.compile(r"\s+")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")


@contextmanager
def canvas(height: float, salt: str) -> Iterator[tuple[Any, "Drawing"]]:
    """Make axes to draw on, `WIDTH` by `height` units; after the block `Drawing.text` is the SVG.

    Parameters
    ----------
    height : float
        In units of the drawing.
    salt : str
        Tells the ids of this figure from those of others on the page.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    drawing = Drawing()
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": salt}), warnings.catch_warnings():
        _ignore_missing_glyphs()
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        FigureCanvasSVG(figure)
        figure.patch.set_visible(False)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.patch.set_visible(False)
        yield axes, drawing
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    drawing.text = cleaned(out.getvalue())


class Drawing:
    """What a canvas came to."""

    text: str = ""


@cache
def text_width(text: str) -> float:
    """Units that a text takes, in a font that is wider than most."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    with warnings.catch_warnings():
        _ignore_missing_glyphs()
        measured = text_to_path.get_text_width_height_descent(text, FontProperties(size=FONT_SIZE), False)[0]
    return float(max(measured, 0.56 * FONT_SIZE * cell_len(text)))  # wide letters that the font lacks


def _ignore_missing_glyphs() -> None:
    """Text is set by the browser; that the font which measures it lacks a glyph does not matter."""
    warnings.filterwarnings("ignore", message="Glyph .* missing from")


def cleaned(svg: str) -> str:
    """SVG of matplotlib as a part of a page: no head, no styles, no ids of groups, colours of the page.

    Only tags are changed, never the text between them: that comes from data. Groups that do nothing go.
    """
    kept: list[bool] = []  # for every open group, whether its tag stays

    def change(found: re.Match[str]) -> str:
        tag = _tag(found.group())
        if tag.startswith("<g"):
            kept.append(tag != "<g>")
            return tag if kept[-1] else ""
        return tag if tag != "</g>" or kept.pop() else ""

    body = _TAG.sub(change, _HEAD.sub("", svg)).replace("<defs>\n</defs>", "")
    lines = (line.strip() for line in body.splitlines())
    return "\n".join(line for line in lines if line)


def _tag(tag: str) -> str:
    tag = _STYLE.sub(lambda found: _attributes(found.group(1)), tag)
    tag = _LONG_NUMBER.sub(lambda found: f"{float(found.group()):.1f}".removesuffix(".0"), tag)
    for stand_in, variable in _VARIABLES.items():
        tag = tag.replace(stand_in, variable)
    if tag.startswith("<svg"):
        return _SIZE.sub(' focusable="false" aria-hidden="true"', tag)
    if tag.startswith("<g "):
        tag = _ID.sub("", tag)
    return _SPACES.sub(" ", _ROTATION.sub("", tag).replace("xlink:href", "href"))


def _attributes(style: str) -> str:
    """Declarations of a style as attributes; the family of the font is the page's.

    >>> _attributes("fill: none; stroke: #000001")
    ' fill="none" stroke="#000001"'
    >>> _attributes("font: 12px 'DejaVu Sans'; text-anchor: end")
    ' font-size="12px" text-anchor="end"'
    """
    kept = []
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            kept += [f'font-weight="{word}"' for word in value.split() if word in ("700", "bold")]
            size = next(word for word in value.split() if word.endswith("px"))
            kept.append(f'font-size="{size}"')
        elif name and name != "font-family":
            kept.append(f'{name}="{value}"')
    return "".join(f" {attribute}" for attribute in kept)
