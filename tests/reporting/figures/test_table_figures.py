"""Drawings of tables: what they say in words, and that they can live inside a page."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from judge.reporting.document import Column, ReportContent, Section, Table
from judge.reporting.figures.charts import Mark, bars, intervals, scale_colours
from judge.reporting.figures.svg import WIDTH, text_width
from judge.reporting.figures.table_figures import MOST_ROWS, figure_of, figures_of
from judge.stats.engine.estimate import Estimate

RATE = (Column("slice", "kind"), Column("pass_rate", "pass rate", "share"))
NASTY = """<b> & " style="fill: red" #000001 $x_1$ 3.14159 xlink:href -->"""


def slices(*rates, key="slices:kind", small=()):
    rows = tuple(
        (f"s{i}" if isinstance(rate, Estimate) else rate[0], rate if isinstance(rate, Estimate) else rate[1])
        for i, rate in enumerate(rates)
    )
    return Table(key, "By kind", RATE, rows, small=small)


def text_elements(svg):
    return list(ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"))


def texts(svg):
    return [element.text for element in text_elements(svg)]


def drawn_lines(svg):
    """Ends of the intervals."""
    found = re.findall(r'<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)" fill="none" stroke="var\(--c1', svg)
    return [tuple(map(float, line)) for line in found]


def test_words_say_what_the_drawing_shows():
    figure = figure_of(
        slices(
            ("easy", Estimate(0.9, 0.8, 0.95)),
            ("hard", Estimate(0.5, 0.4, 0.6)),
            ("all items", Estimate(0.7, 0.6, 0.8)),
        )
    )
    assert figure.alt == "Pass rate by kind: easy 90.0 %, hard 50.0 %. All items: 70.0 %."
    assert figure.caption == "Dot: estimate. Line: 95 % interval. Dashed: all items."


def test_accuracy_is_drawn_as_the_table_shows_it_beside_the_mean_of_the_slices():
    columns = (
        Column("slice", "kind"),
        Column("figure", "accuracy", "share"),
        Column("accuracy", "raw", "share"),
    )
    rows = (("easy", Estimate(0.9, 0.8, 0.95), Estimate(0.5)), ("slice mean", Estimate(0.7, 0.6, 0.8), None))
    figure = figure_of(Table("slices:kind", "Accuracy by kind", columns, rows))
    assert figure.alt == "Accuracy by kind: easy 90.0 %. Slice mean: 70.0 %."
    assert figure.caption.endswith("Dashed: slice mean.")


def test_a_mean_that_is_undefined_is_neither_drawn_nor_named():
    figure = figure_of(slices(Estimate(0.9, 0.8, 0.95), ("slice mean", Estimate.undefined("no_ratings"))))
    assert "Dashed" not in figure.caption
    assert "Slice mean" not in figure.alt


def test_averages_are_a_line_and_no_row():
    svg = figure_of(
        slices(
            ("easy", Estimate(0.9, 0.8, 0.95)),
            ("all items", Estimate(0.7, 0.6, 0.8)),
            ("slice mean", Estimate(0.7, 0.6, 0.8)),
        )
    ).svg
    assert "all items" not in texts(svg)
    assert "slice mean" not in texts(svg)
    assert "easy" in texts(svg)


def test_ends_of_a_line_are_ends_of_the_interval():
    svg = intervals(
        [Mark("a", (Estimate(0.5, 0.25, 0.75),), ""), Mark("b", (Estimate(0.5, 0.0, 1.0),), "")],
        "share",
    )
    (a_low, _, a_high, _), (b_low, _, b_high, _) = drawn_lines(svg)
    width = b_high - b_low
    assert (a_low - b_low) / width == pytest.approx(0.25, abs=0.002)
    assert (a_high - b_low) / width == pytest.approx(0.75, abs=0.002)


def test_rows_without_a_value_are_left_out_and_rows_without_an_interval_are_dots():
    figure = figure_of(
        slices(
            Estimate.undefined("no_ratings"), Estimate(0.4, reason="no_variation"), Estimate(0.5, 0.4, 0.6)
        )
    )
    assert "s0" not in figure.alt
    assert {"s1", "s2"} <= set(texts(figure.svg))
    assert len(drawn_lines(figure.svg)) == 1


def test_a_table_without_any_value_is_not_drawn():
    assert figure_of(slices(Estimate.undefined("no_ratings"))) is None
    assert figure_of(Table("slices:kind", "By kind", RATE, ())) is None


def test_a_table_that_nobody_knows_is_not_drawn():
    assert figure_of(slices(Estimate(0.5), key="mine")) is None


def test_a_table_with_very_many_rows_is_not_drawn():
    assert figure_of(slices(*[Estimate(0.5, 0.4, 0.6)] * MOST_ROWS)) is not None
    assert figure_of(slices(*[Estimate(0.5, 0.4, 0.6)] * (MOST_ROWS + 1))) is None


def test_small_rows_are_marked_by_a_star_and_an_open_dot():
    figure = figure_of(slices(Estimate(0.5, 0.4, 0.6), Estimate(0.5, 0.4, 0.6), small=(1,)))
    assert "s1 *" in texts(figure.svg)
    assert "few observations" in figure.caption
    assert figure.svg.count('fill="var(--card') == 1


def test_text_from_data_is_kept_word_for_word_and_acts_on_nothing():
    svg = figure_of(slices((NASTY[:52], Estimate(0.5, 0.4, 0.6)))).svg
    assert NASTY[:52] in texts(svg)
    allowed = {"svg", "path", "text", "rect", "circle"}
    assert {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()} <= allowed


@pytest.mark.parametrize(
    "label",
    ["日本語のラベル", "عربى", "👩‍🔬🧪", "\x00\x1b[31mred", ""],
    ids=["japanese", "arabic", "emoji", "control", "empty"],
)
def test_labels_of_any_script_are_drawn_without_a_warning(label):
    assert figure_of(slices((label, Estimate(0.5, 0.4, 0.6)))).svg


def test_there_is_no_style_no_script_and_no_colour_that_a_dark_page_cannot_change():
    svg = figure_of(slices(Estimate(0.5, 0.4, 0.6))).svg
    assert "style" not in svg
    assert not re.findall(r'(?:fill|stroke)="#[0-9a-f]{6}"', svg)
    assert not re.search(r"#0000\d\d", svg)


def test_the_same_table_gives_the_same_drawing_without_ids():
    one, same = (figure_of(slices(Estimate(0.5, 0.4, 0.6), key="slices:a")).svg for _ in range(2))
    assert one == same
    assert " id=" not in one


@pytest.mark.parametrize("length", [1, 6, 12, 18, 30, 60])
def test_no_label_leaves_the_drawing(length):
    svg = intervals([Mark("m" * length, (Estimate(0.5, 0.4, 0.6),), "50.0 %")], "share")
    for element in text_elements(svg):
        width, x = text_width(element.text, float(element.get("font-size", 11.5))), float(element.get("x"))
        left = x - {"end": width, "middle": width / 2}.get(element.get("text-anchor"), 0)
        assert left >= -0.5
        assert left + width <= WIDTH + 0.5


def test_parts_of_a_bar_are_as_long_as_their_shares():
    svg = bars([("a", (0.25, 0.75), False)], ("low", "high"), ordered=True)
    boxes = re.findall(r'<rect x="([\d.]+)"[^>]* width="([\d.]+)"[^>]* stroke=', svg)
    (low, low_width), (high, high_width) = (tuple(map(float, box)) for box in boxes)
    assert low_width / (low_width + high_width) == pytest.approx(0.25, abs=0.005)
    assert high == pytest.approx(low + low_width, abs=0.1)
    assert high + high_width == pytest.approx(WIDTH, abs=5)  # the whole is as long as the drawing is wide


def test_distribution_is_drawn_with_the_colours_of_a_scale():
    columns = (Column("dimension", ""), *(Column(str(i), str(i), "share") for i in range(1, 6)))
    figure = figure_of(Table("scores", "Scores", columns, (("clarity", 0.1, 0.2, 0.3, 0.4, None),)))
    assert figure.alt == "Scores: clarity 1 10.0 %, 2 20.0 %, 3 30.0 %, 4 40.0 %."
    assert scale_colours(5)[0] in figure.svg


def luminance(colour):
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("n", [2, 3, 5, 7, 11])
def test_figures_on_the_colours_of_a_scale_can_be_read(n):
    svg = bars([("a", [1 / n] * n, False)], [str(i) for i in range(n)], ordered=True)
    found = [element.get("fill", "") for element in text_elements(svg)]
    inks = [ink for ink in found if ink.startswith("#")]
    for colour, ink in zip(scale_colours(n), inks, strict=True):
        light, dark = sorted((luminance(colour), luminance(ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("n", [3, 5, 7])
def test_steps_of_a_scale_are_told_apart_without_colour_by_eyes_that_miss_red_or_green(n):
    """Vienot's matrices for protanopia and deuteranopia: neighbours stay apart."""
    matrices = ([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]], [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])  # fmt: skip
    rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in scale_colours(n)])
    for matrix in matrices:
        seen = (rgb**2.2) @ np.array(matrix).T
        assert np.abs(np.diff(np.clip(seen, 0, 1) ** (1 / 2.2), axis=0)).max(axis=1).min() > 0.07


def test_two_runs_stand_side_by_side_in_shape_and_colour():
    columns = (
        Column("what", ""),
        Column("a", "old", "share"),
        Column("b", "new", "share"),
        Column("difference", "difference", "points"),
    )
    row = ("pass", Estimate(0.5, 0.4, 0.6), Estimate(0.7, 0.6, 0.8), Estimate(0.2, 0.1, 0.3))
    figure = figure_of(Table("pass_rate", "Pass rate", columns, (row,)))
    assert figure.alt == "Pass rate, old against new: pass 50.0 % against 70.0 %."
    assert {"old", "new", "+20.0"} <= set(texts(figure.svg))
    assert {"--c1", "--c2"} <= set(re.findall(r"--c\d", figure.svg))


@pytest.mark.parametrize(("n", "drawn"), [(6, True), (7, False)])
def test_more_kinds_than_colours_are_a_table_and_no_drawing(n, drawn):
    columns = (Column("slice", "kind"), *(Column(f"d{i}", f"d{i}", "share") for i in range(n)))
    table = Table("failures:kind", "Binding dimension by kind", columns, (("a", *[1 / n] * n),))
    assert (figure_of(table) is not None) is drawn


@pytest.mark.parametrize(
    ("kind", "estimate", "last"),
    [
        ("score", Estimate(4.9, 4.6, 5.4, possible=(1.0, 5.0)), "5"),
        ("points", Estimate(0.9, 0.7, 1.3, possible=(-1.0, 1.0)), "+100"),
        ("share", Estimate(0.98, 0.9, 1.0), "100 %"),
    ],
)
def test_the_axis_ends_where_the_possible_values_end(kind, estimate, last):
    *axis, _, _ = texts(intervals([Mark("a", (estimate,), "at the right")], kind))
    assert axis[-1] == last


def axis_of(figure):
    """Labels of the axis with their places."""
    return re.findall(r'<text x="([\d.]+)" [^>]*text-anchor="middle"[^>]*>([^<]*)', figure.svg)


def test_charts_of_one_measure_in_a_section_share_their_axis():
    tables = (
        slices(Estimate(0.2, 0.1, 0.3), key="slices:kind"),
        slices(("a longer label", Estimate(0.9, 0.8, 0.95)), key="slices:other"),
    )
    report = ReportContent("report", "t", (), (), (Section("slices", "Slices", tables=tables),), {}, {}, ())
    first, second = figures_of(report).values()
    assert axis_of(first) == axis_of(second)
    assert axis_of(first) != axis_of(figure_of(tables[0]))


def test_charts_of_different_sections_have_their_own_axes():
    tables = slices(Estimate(0.2, 0.1, 0.3), key="slices:a"), slices(Estimate(0.9, 0.8, 0.95), key="slices:b")
    sections = tuple(Section(table.key, "Slices", tables=(table,)) for table in tables)
    first, second = figures_of(ReportContent("report", "t", (), (), sections, {}, {}, ())).values()
    assert axis_of(first) != axis_of(second)
