"""Texts as the pages show them: without invisible characters, shortened, and numbers in units people use."""

from dataclasses import dataclass
from datetime import UTC, datetime

from judge.scoring.prompt import visible

LONGEST = 12_000
"""Longer texts are cut on the page, with a link to the whole text."""
_EXCERPT = 180


@dataclass(frozen=True)
class ShownText:
    """A text on a page.

    Attributes
    ----------
    text : str
        The text, or its beginning.
    more : str
        Link to the whole text; empty if the text is complete.
    size : int
        Number of characters of the whole text.
    """

    text: str
    more: str = ""
    size: int = 0


def shown(text: str, link: str) -> ShownText:
    """Show a text; a long one is cut and gets a link."""
    is_long = len(text) > LONGEST
    return ShownText(visible(text[:LONGEST]), link if is_long else "", len(text))


def excerpt(text: str, most: int = _EXCERPT) -> str:
    r"""Return the beginning of a text on one line.

    >>> excerpt("one two\n three", 10)
    'one two…'
    """
    line = " ".join(visible(text[: 4 * most]).split())
    if len(line) <= most and len(text) <= 4 * most:
        return line
    return f"{line[:most].rsplit(' ', 1)[0] or line[:most]}…"


def rounded(value: float) -> str:
    """Format a score.

    >>> rounded(2 / 3), rounded(4.0)
    ('0.667', '4')
    """
    return f"{round(value, 3):g}"


def money(cost: float | None) -> str:
    """Format a cost in USD.

    >>> money(0.00213), money(12.5), money(None)
    ('$0.0021', '$12.50', '')
    """
    if cost is None or cost != cost:
        return ""
    return f"${cost:.2f}" if cost >= 1 else f"${cost:.2g}"


def duration(seconds: float | None) -> str:
    """Format a time.

    >>> duration(0.034), duration(75), duration(8400)
    ('0.034 s', '1 min 15 s', '2 h 20 min')
    """
    if seconds is None or seconds != seconds:
        return ""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def moment(seconds: float | None) -> str:
    """Format a Unix time as day and time (UTC)."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
