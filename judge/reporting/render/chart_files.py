"""The charts of a Report as SVG files, for papers and slides: one file for each chart."""

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

from judge.files.writing import make_folder, write_file
from judge.reporting.document import Figure
from judge.reporting.render.csv import safe_names

_VARIABLE = re.compile(r"var\(--[a-z0-9]+, (#[0-9a-f]{6})\)")
_FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
_OPENING = re.compile(r'<svg ([^>]*viewBox="0 0 ([\d.]+) ([\d.]+)") focusable="false" aria-hidden="true"')


def write_charts(charts: Mapping[str, Figure], folder: str | Path) -> list[Path]:
    """Write every chart into a folder, which is created if it does not exist.

    Returns
    -------
    list of Path
        The files: ``slices-condition.svg`` ...

    Raises
    ------
    InputError
        The folder cannot be created, or a file cannot be written.
    """
    folder = make_folder(folder)
    files = {folder / name: standalone(charts[key]) for name, key in safe_names(charts, ".svg").items()}
    for path, text in files.items():
        write_file(path, text)
    return list(files)


def standalone(figure: Figure) -> str:
    """The chart as a file of its own: with its size, its font and its colours instead of those of a page."""
    title = f"<title>{escape(figure.title)}</title><desc>{escape(figure.alt)}</desc>"
    opening = rf'<svg \1 width="\2" height="\3" font-family="{_FONT}"'
    drawn = _OPENING.sub(opening, _VARIABLE.sub(r"\1", figure.svg))
    head, end, body = drawn.partition(">")
    return f"{head}{end}{title}{body}\n"
