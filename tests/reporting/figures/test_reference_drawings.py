"""Every kind of chart beside a reference drawing that was looked at: sizes, distances, places and colours.

After an intended change of the layout, look at the charts, then write the references again:
``python tests/reporting/figures/test_reference_drawings.py``.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from judge.analysis.agreement.agree import agree
from judge.reporting.builders.agreement import build_agreement
from judge.reporting.figures.charts import Mark, bars, intervals
from judge.reporting.figures.svg import MUTED, SERIES, SMALL_TEXT, Drawing
from judge.stats.engine.estimate import Estimate

ROOT = Path(__file__).parents[3]
REFERENCES = ROOT / "tests" / "data" / "drawings"
_SPEC = importlib.util.spec_from_file_location(
    "agreement_tables", ROOT / "tests" / "analysis" / "agreement" / "conftest.py"
)
_TABLES = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_TABLES)

RATES = (Estimate(0.5, 0.3, 0.7), Estimate(0.4), Estimate(0.62, 0.55, 0.69), Estimate(0.71, 0.6, 0.82))
LONG = "a label that is too long to stand at the left of its marks"


def intervals_with_reference():
    marks = [Mark("a", RATES[:1], "50.0 %"), Mark("b", RATES[1:2], "40.0 %", faint=True)]
    return intervals(marks, "share", reference=0.5)


def intervals_below_their_labels():
    differences = [Estimate(0.1, -0.3, 0.5, possible=(-4, 4)), Estimate(-0.02, -0.1, 0.06, possible=(-4, 4))]
    return intervals(
        [Mark(LONG, (differences[0],), "+0.10"), Mark("b", (differences[1],), "-0.02")], "change"
    )


def two_series():
    marks = [Mark("first", RATES[:1] + RATES[2:3], "+12.0"), Mark("second", RATES[2:], "+9.0", faint=True)]
    return intervals(marks, "share", names=("old", "new"))


def intervals_in_groups():
    marks = [
        Mark(name, RATES[i : i + 1], f"{i}", group=group)
        for i, (group, name) in enumerate([("x", "a"), ("x", "b"), ("y", "a"), ("y", "b")])
    ]
    return intervals(marks, "share")


def narrow_points():
    return intervals([Mark("a", (Estimate(0.001, 0, 0.002, possible=(-1, 1)),), "+0.1")], "points")


def bars_of_a_scale():
    rows = [("clarity", (0.05, 0.1, 0.15, 0.3, 0.4), False), ("b", (0.0, 0.06, 0.08, 0.0, 0.86), True)]
    return bars(rows, ("1", "2", "3", "4", "5"), ordered=True)


def bars_of_categories():
    names = ("first name of a part", "second name of a part", "third name of a part", "fourth")
    return bars([("a", (0.25, 0.25, 0.125, 0.25), False)], names, ordered=False)


def every_shape():
    drawing = Drawing(40)
    for shape, colour in enumerate(SERIES):
        drawing.mark(20 + 30 * shape, 10, 4.5, colour, shape=shape)
        drawing.mark(20 + 30 * shape, 30, 10, colour, shape=shape, hollow=True)
    drawing.cloud([(210, 10), (212, 11)], SERIES[0])
    drawing.text(230, 20, "upright", upright=True)
    drawing.text(250, 20, "small", size=SMALL_TEXT, colour=MUTED, anchor="middle")
    drawing.box(280, 5, 30, 20, SERIES[1], opacity=0.25, edge=1.5)
    return drawing.svg


def agreement_charts():
    """Charts of one dimension with 40 items, three people and one judge who is lenient."""
    rng = np.random.default_rng(4)
    quality = rng.normal(3, 1, 40)
    people = _TABLES.rounded(quality[:, None] + rng.normal(0, 0.5, (40, 3)))
    judge = _TABLES.rounded(quality + 0.6 + rng.normal(0, 0.4, 40))
    ratings = _TABLES.make_ratings(people, {"robot": judge}, statuses={"robot": {"ok": 40}})
    fields = [{"kind": "ab"[i % 2]} for i in range(40)]
    return build_agreement(agree(_TABLES.make_aligned(ratings, metadata=fields), by=["kind"])).charts


DRAWINGS = {
    made.__name__: made
    for made in (
        intervals_with_reference,
        intervals_below_their_labels,
        two_series,
        intervals_in_groups,
        narrow_points,
        bars_of_a_scale,
        bars_of_categories,
        every_shape,
    )
}
CHARTS = {
    "forest": "agreement",
    "forest_by_slice": "slices:kind",
    "winning_rate": "omega",
    "confusion": "confusion:clarity@robot",
    "bland_altman": "differences:clarity@robot",
    "calibration": "calibration:clarity@robot",
}


@pytest.fixture(scope="module")
def charts():
    return agreement_charts()


def reference(name):
    return (REFERENCES / f"{name}.svg").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_chart_with_one_row_a_label_is_the_reference(name):
    assert DRAWINGS[name]().splitlines() == reference(name).splitlines()


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_of_agreement_is_the_reference(name, charts):
    assert charts[CHARTS[name]].svg.splitlines() == reference(name).splitlines()


if __name__ == "__main__":
    REFERENCES.mkdir(exist_ok=True)
    drawn = {name: made() for name, made in DRAWINGS.items()}
    drawn |= {name: agreement_charts()[key].svg for name, key in CHARTS.items()}
    for name, svg in drawn.items():
        (REFERENCES / f"{name}.svg").write_text(svg + "\n", encoding="utf-8")
