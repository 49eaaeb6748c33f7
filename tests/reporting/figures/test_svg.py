"""The elements of a drawing."""

from xml.etree import ElementTree

import pytest

from judge.reporting.figures.svg import SERIES, Drawing, round_ticks, text_width

SVG = "{http://www.w3.org/2000/svg}"


def elements(drawing):
    return [(e.tag.removeprefix(SVG), e) for e in ElementTree.fromstring(drawing.svg)]


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (0, 1, 4, [0, 0.25, 0.5, 0.75, 1]),
        (0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-0.3, 0.3, 3, [-0.5, 0, 0.5]),
        (1, 5, 5, [1, 2, 3, 4, 5]),
        (12, 348, 4, [0, 100, 200, 300, 400]),
        (0.501, 0.504, 3, [0.501, 0.502, 0.503, 0.504]),
    ],
)
def test_ticks_are_round_and_cover_the_range(low, high, most, ticks):
    assert round_ticks(low, high, most) == ticks


@pytest.mark.parametrize("most", [2, 3, 5, 6])
@pytest.mark.parametrize(("low", "high"), [(0.13, 0.87), (-7.3, 2.2), (99, 101), (0.001, 0.0042)])
def test_there_are_never_more_steps_than_allowed(low, high, most):
    ticks = round_ticks(low, high, most)
    assert len(ticks) - 1 <= most
    assert ticks[0] <= low
    assert ticks[-1] >= high


def test_a_line_goes_from_point_to_point():
    drawing = Drawing(100)
    drawing.line([(1, 2), (3.04, -0.01), (5, 6)], SERIES[0], width=1.5, dashes="3 3")
    ((tag, line),) = elements(drawing)
    assert tag == "path"
    assert line.get("d") == "M1 2L3 0L5 6"
    assert (line.get("stroke-width"), line.get("stroke-dasharray")) == ("1.5", "3 3")


def test_a_box_has_its_place_and_size():
    drawing = Drawing(100)
    drawing.box(1, 2, 3, 4, "#123456", opacity=0.5, edge=1)
    drawing.box(1, 2, 3, 4, "#123456")
    (_, first), (_, second) = elements(drawing)
    assert [first.get(name) for name in ("x", "y", "width", "height")] == ["1", "2", "3", "4"]
    assert (first.get("fill-opacity"), first.get("stroke-width")) == ("0.50", "1")
    assert (second.get("fill-opacity"), second.get("stroke")) == (None, None)


def test_every_series_has_a_shape_of_its_own():
    drawing = Drawing(100)
    for shape in range(6):
        drawing.mark(10, 10, 4, SERIES[shape], shape=shape)
    found = elements(drawing)
    assert found[0][0] == "circle"
    assert len({mark.get("points") for _, mark in found[1:]}) == 5


def test_a_hollow_mark_has_the_colour_of_the_page_inside():
    drawing = Drawing(100)
    drawing.mark(10, 10, 4, SERIES[0], hollow=True)
    drawing.mark(10, 10, 4, SERIES[0])
    (_, hollow), (_, full) = elements(drawing)
    assert hollow.get("fill").startswith("var(--card")
    assert full.get("fill") == full.get("stroke") == SERIES[0]


def test_text_is_escaped_and_centred_on_its_line():
    drawing = Drawing(100)
    drawing.text(5, 50, "<a> & b", size=10, anchor="end")
    drawing.text(5, 50, "up", upright=True)
    (_, flat), (_, upright) = elements(drawing)
    assert flat.text == "<a> & b"
    assert (flat.get("x"), float(flat.get("y")), flat.get("text-anchor")) == ("5", pytest.approx(53.6), "end")
    assert "rotate(-90)" in upright.get("transform")


def test_a_cloud_has_one_dot_for_each_point():
    drawing = Drawing(100)
    drawing.cloud([(1, 1), (2, 2), (2, 2)], SERIES[0])
    ((tag, group),) = elements(drawing)
    assert tag == "g"
    assert len(list(group)) == 3


def test_width_grows_with_letters_and_size():
    assert text_width("iiii") < text_width("mmmm")
    assert text_width("日本") > text_width("ab")
    assert text_width("abc", 20) == pytest.approx(2 * text_width("abc", 10))
