"""Charts as files of their own."""

import re
from xml.etree import ElementTree

import pytest

from judge.errors import InputError
from judge.reporting.document import Column, Figure, Section, Table
from judge.reporting.figures.table_figures import charts_of
from judge.reporting.render.chart_files import standalone, write_charts
from judge.reporting.report import Report
from judge.stats.engine.estimate import Estimate

COLUMNS = (Column("slice", "kind"), Column("pass_rate", "pass rate", "share"))


def report_of(*keys):
    rows = (("a < b", Estimate(0.5, 0.4, 0.6)), ("c", Estimate(0.7, 0.6, 0.8)))
    tables = tuple(Table(key, f"Title of {key}", COLUMNS, rows) for key in keys)
    return Report("report", "T", (), (), (Section("s", "S", tables=tables),), {}, {}, ())


def test_every_chart_is_a_file_with_a_name_that_is_valid_everywhere(tmp_path):
    paths = report_of("slices:kind", "slices:a*b", "other").to_svg(tmp_path / "new" / "charts")
    assert [path.name for path in paths] == ["slices-kind.svg", "slices-a-x-b.svg"]
    assert all(path.read_text(encoding="utf-8").startswith("<svg ") for path in paths)


def test_a_chart_has_its_size_and_needs_no_page_for_its_colours_and_font():
    (figure,) = charts_of(report_of("slices:kind")).values()
    text = standalone(figure)
    drawn = ElementTree.fromstring(text)
    _, _, width, height = drawn.attrib["viewBox"].split()
    assert (drawn.attrib["width"], drawn.attrib["height"]) == (width, height)
    assert "sans-serif" in drawn.attrib["font-family"]
    assert "aria-hidden" not in drawn.attrib
    assert "var(" in figure.svg
    assert "var(" not in text
    assert re.search(r'fill="#[0-9a-f]{6}"', text)


def test_a_chart_says_what_it_shows():
    figure = Figure("A < B", "Text & more", '<svg viewBox="0 0 1 1"></svg>', Table("t", "T", COLUMNS, ()))
    title, alt = ElementTree.fromstring(standalone(figure))
    assert (title.text, alt.text) == ("A < B", "Text & more")


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="the folder cannot be created"):
        write_charts({}, tmp_path / "file" / "charts")
