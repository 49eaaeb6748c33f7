"""How many ticks the axes of a plot have room for."""

from xml.etree import ElementTree

import pytest

from judge.reporting.figures.plot_area import PlotArea
from judge.reporting.figures.svg import Drawing


def ticks(height=240.0, **more):
    area = PlotArea(Drawing(height), (0.0, 5.0), (0.0, 5.0), **more)
    area.draw_axes("across", "up")
    texts = [e for e in ElementTree.fromstring(area.drawing.svg) if e.tag.endswith("text")]
    x = [e.text for e in texts if e.get("text-anchor") == "middle" and e.get("font-size")]
    y = [e.text for e in texts if e.get("text-anchor") == "end"]
    return x, y


@pytest.mark.parametrize(("left", "shown"), [(80, "0 1 2 3 4 5"), (81, "0 2 4"), (83, "0 2 4")])
def test_ticks_of_the_x_axis_are_at_least_52_units_apart(left, shown):
    assert ticks(left=left)[0] == shown.split()


@pytest.mark.parametrize(("height", "shown"), [(220, "0 1 2 3 4 5"), (219, "0 2 4")])
def test_ticks_of_the_y_axis_are_at_least_34_units_apart(height, shown):
    assert ticks(height)[1] == shown.split()


@pytest.mark.parametrize(("left", "bottom"), [(300, 40), (46, 200)])
def test_an_axis_has_two_steps_however_little_room_there_is(left, bottom):
    x, y = ticks(left=left, bottom=bottom)
    assert len(x) >= 2
    assert len(y) >= 2
