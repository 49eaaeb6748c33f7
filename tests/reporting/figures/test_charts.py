"""Charts with one row for each label."""

import re
from xml.etree import ElementTree

import pytest

from judge.reporting.figures.charts import Mark, bars, intervals, series_words
from judge.reporting.figures.svg import WIDTH, text_width
from judge.stats.engine.estimate import Estimate


def texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def grid(svg):
    """Horizontal positions of the grid lines, and of the reference line."""
    lines = re.findall(r'<path d="M([\d.]+) [\d.]+L\1 [\d.]+" fill="none" stroke="var\(--(line|muted)', svg)
    return [float(x) for x, kind in lines if kind == "line"], [
        float(x) for x, kind in lines if kind == "muted"
    ]


@pytest.mark.parametrize(
    ("kind", "estimate", "axis"),
    [
        ("share", Estimate(0.5, 0.3, 0.7), ["30 %", "40 %", "50 %", "60 %", "70 %"]),
        ("points", Estimate(0.0, -0.2, 0.2, possible=(-1, 1)), ["-20", "-10", "0", "+10", "+20"]),
        ("change", Estimate(0.0, -1.0, 1.0, possible=(-4, 4)), ["-1", "-0.5", "0", "+0.5", "+1"]),
        ("score", Estimate(3, 2, 4, possible=(1, 5)), ["2", "2.5", "3", "3.5", "4"]),
    ],
)
def test_ticks_are_written_in_the_unit_of_the_column(kind, estimate, axis):
    assert texts(intervals([Mark("a", (estimate,), "")], kind))[: len(axis)] == axis


def test_there_is_a_grid_line_for_every_tick_in_order():
    svg = intervals([Mark("a", (Estimate(0.5, 0.3, 0.7),), "")], "share")
    lines, reference = grid(svg)
    assert len(lines) == 5
    assert lines == sorted(lines)
    assert reference == []


def test_the_reference_is_a_dashed_line_at_its_value():
    svg = intervals([Mark("a", (Estimate(0.5, 0.3, 0.7),), "")], "share", reference=0.4)
    lines, (at,) = grid(svg)
    assert at == pytest.approx(lines[1], abs=0.1)
    assert 'stroke-dasharray="3 3"' in svg


def test_long_labels_go_above_their_marks_and_grid_lines_leave_room():
    short, long = "a", "a label that is far too long to stand at the left"
    estimates = (Estimate(0.5, 0.3, 0.7),)
    low = intervals([Mark(short, estimates, ""), Mark(short, estimates, "")], "share")
    high = intervals([Mark(long, estimates, ""), Mark(short, estimates, "")], "share")

    def height(svg):
        return float(re.search(r'viewBox="0 0 350 ([\d.]+)"', svg)[1])

    assert height(high) == height(low) + 2 * 17
    assert len(grid(high)[0]) == 2 * len(set(grid(high)[0]))
    assert long in texts(high)


def test_rows_of_a_group_have_one_heading_above_them_and_grid_lines_leave_room():
    estimates = (Estimate(0.5, 0.3, 0.7),)
    names = [("x", "a"), ("x", "b"), ("y", "a"), ("", "c")]
    plain = intervals([Mark(name, estimates, "") for _, name in names], "share")
    grouped = intervals([Mark(name, estimates, "", group=group) for group, name in names], "share")
    height = [float(re.search(r'viewBox="0 0 350 ([\d.]+)"', svg)[1]) for svg in (plain, grouped)]
    assert height[1] == height[0] + 2 * 17
    assert [text for text in texts(grouped) if text and text in "xyabc"] == ["a", "b", "a", "c", "x", "y"]
    assert len(grid(grouped)[0]) == 2 * len(set(grid(grouped)[0]))


def test_a_label_that_is_wider_than_the_drawing_is_cut():
    svg = intervals([Mark("m" * 80, (Estimate(0.5, 0.3, 0.7),), "", faint=True)], "share")
    (label,) = [text for text in texts(svg) if text and "m" in text]
    assert label.endswith("… *")
    assert text_width(label) <= WIDTH


def test_two_series_have_a_legend_and_two_lines_a_row():
    marks = [Mark("a", (Estimate(0.5, 0.4, 0.6), Estimate(0.7, 0.6, 0.8)), "")]
    svg = intervals(marks, "share", names=("old", "new"))
    assert {"old", "new"} <= set(texts(svg))
    assert svg.count("<circle") == 2
    assert svg.count("<polygon") == 2


def test_a_mark_without_an_interval_is_a_point():
    svg = intervals([Mark("a", (Estimate(0.5),), ""), Mark("b", (Estimate(0.5, 0.4, 0.6),), "")], "share")
    assert svg.count("<circle") == 2
    assert len(re.findall(r'stroke="var\(--c1[^"]*" stroke-width="2"', svg)) == 1


def test_parts_that_are_too_narrow_have_no_number():
    svg = bars([("a", (0.02, 0.08, 0.9), False)], ("x", "y", "z"), ordered=False)
    assert "2" not in texts(svg)
    assert "8" in texts(svg)
    assert "90 %" in texts(svg)


def test_words_name_at_most_twelve_rows():
    marks = [Mark(f"r{i}", (Estimate(0.5),), "") for i in range(14)]
    words = list(series_words(marks, "share"))
    assert words[0] == "r0 50.0 %"
    assert words[-1] == "and 2 more"
    assert len(words) == 13
    assert list(series_words(marks[:12], "share"))[-1] == "r11 50.0 %"
    undefined = Mark("u", (Estimate.undefined("no_ratings"), Estimate(0.1)), "")
    assert list(series_words([undefined], "share")) == ["u undefined against 10.0 %"]


def test_charts_of_one_row_have_the_same_axis():
    low, high = (
        Mark("a", (Estimate(0.2, 0.1, 0.3),), "20.0 %"),
        Mark("longer", (Estimate(0.9, 0.8, 1.0),), "90.0 %"),
    )
    alone = intervals([low], "share")
    first, second = (
        intervals([low], "share", beside=[low, high]),
        intervals([high], "share", beside=[low, high]),
    )
    assert grid(first) == grid(second) != grid(alone)
    assert [t for t in texts(first) if t.endswith(" %")][:-1] == [
        t for t in texts(second) if t.endswith(" %")
    ][:-1]


def test_an_axis_ends_at_the_largest_possible_value_also_where_one_estimate_does_not_know_it():
    kappa = Estimate(0.95, 0.4, 0.99, possible=(-1, 1))
    svg = intervals([Mark("a", (kappa,), "0.95"), Mark("b", (Estimate(0.97, 0.5, 1.0),), "0.97")], "score")
    assert max(float(text) for text in texts(svg) if text[0].isdigit() and text not in ("0.95", "0.97")) == 1
