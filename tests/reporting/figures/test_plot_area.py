"""A plot with two numeric axes."""

from xml.etree import ElementTree

import pytest

from judge.reporting.figures.plot_area import PlotArea
from judge.reporting.figures.svg import LINE, WIDTH, Drawing


@pytest.fixture
def area():
    return PlotArea(Drawing(240), (0.0, 10.0), (-1.0, 1.0))


def texts(drawing):
    return [e.text for e in ElementTree.fromstring(drawing.svg) if e.tag.endswith("text")]


def test_values_map_to_the_drawing(area):
    assert area.x(0) == 46
    assert area.x(10) == WIDTH - 10
    assert area.x(5) == (46 + WIDTH - 10) / 2
    assert area.y(-1) == 200
    assert area.y(1) == 10
    assert area.y(0) == 105


def test_axes_have_ticks_and_labels(area):
    area.draw_axes("across", "up")
    assert texts(area.drawing) == [
        "0",
        "2",
        "4",
        "6",
        "8",
        "10",
        "−1",
        "−0.5",
        "0",
        "0.5",
        "1",
        "across",
        "up",
    ]  # minus signs


def test_given_ticks_replace_round_ones(area):
    area.draw_axes("across", "up", x_ticks=[(3, "three")], y_ticks=[(0, "zero")])
    assert texts(area.drawing) == ["three", "zero", "across", "up"]


def test_lines_are_drawn_in_values(area):
    area.horizontal(0, LINE)
    area.line([(0, -1), (10, 1)], LINE)
    paths = [e.get("d") for e in ElementTree.fromstring(area.drawing.svg)]
    assert paths == ["M46 105L340 105", "M46 200L340 10"]
