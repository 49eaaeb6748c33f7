"""Charts of an agreement report, in the page of the examples."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import judge
from judge.cli import main

RATINGS = Path(__file__).parents[3] / "examples" / "ratings.csv"


@pytest.fixture(scope="module")
def page(example_run):
    words = ["agree", str(example_run), "--humans", str(RATINGS), "--dimension", "clarity", "--html", "-"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return result.stdout


def alternative(page, start):
    return next(
        text for text in re.findall(r'role="img" aria-label="([^"]*)"', page) if text.startswith(start)
    )


def test_the_forest_compares_both_agreements(page):
    found = alternative(page, "Chance-corrected agreement")
    assert "human-human against judge-human" in found
    assert "clarity 0.85 against 0.90" in found


def test_the_confusion_matrix_names_every_cell_with_items(page):
    found = alternative(page, "Confusion matrix")
    cells = [float(count) for count in re.findall(r"judge \d (\d+(?:\.\d)?)", found)]
    assert sum(cells) == pytest.approx(22, abs=0.3)


def test_limits_of_agreement_lie_around_the_mean_difference(page):
    found = alternative(page, "Judge minus human")
    mean, low, high = (float(x) for x in re.findall(r"-?\d+\.\d\d", found)[:3])
    assert mean == pytest.approx(0.03, abs=0.005)
    assert (low + high) / 2 == pytest.approx(mean, abs=0.01)
    assert found.endswith("22 items.")


def test_the_calibration_chart_names_the_mean_of_every_score(page):
    found = alternative(page, "Mean human score by judge score")
    assert re.search(r"judge 5: human 4\.\d\d", found)


def test_no_interval_leaves_its_drawing(page):
    for height, drawing in re.findall(r'<svg [^>]*viewBox="0 0 350 ([\d.]+)"(.*?)</svg>', page, re.DOTALL):
        ends = re.findall(r"[ML]([-\d.]+) ([-\d.]+)", drawing)
        assert all(0 <= float(x) <= 350 and 0 <= float(y) <= float(height) for x, y in ends)


def test_cells_of_the_confusion_matrix_fill_the_area(page):
    matrix = next(part for part in page.split("<figure")[1:] if "<h3>Confusion matrix" in part)
    boxes = [
        tuple(map(float, box))
        for box in re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', matrix)
    ]
    assert len(boxes) == 25
    left, right = min(x for x, *_ in boxes), max(x + width for x, _, width, _ in boxes)
    assert right == pytest.approx(340, abs=0.2)
    assert sum(width for _, y, width, _ in boxes if y == boxes[0][1]) == pytest.approx(right - left, abs=0.5)


def test_the_winning_rate_is_drawn_over_epsilon(lenient_run):
    words = ["agree", str(lenient_run / "run"), "--humans", str(lenient_run / "ratings.csv")]
    result = CliRunner().invoke(main, [*words, "--dimension", "clarity", "--html", "-"])
    assert result.exit_code == 0, result.output
    found = alternative(result.stdout, "Alternative annotator test")
    assert "clarity 0: 0.00" in found
    assert "winning rate .5" in result.stdout


def test_a_dimension_that_is_not_testable_has_no_curve():
    """40 items with clarity, of which 10 have depth, too: the alternative annotator test needs 30."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "item_id": f"q{i}",
            "rater": rater,
            "rater_kind": kind,
            "dimension": name,
            "value": int(rng.integers(1, 6)),
        }
        for name, n in (("clarity", 40), ("depth", 10))
        for i in range(n)
        for rater, kind in (("ann", "human"), ("ben", "human"), ("m", "judge"))
    ]
    found = judge.agree([], rows, scale="1-5")
    figure = found.draw(found)["omega"]
    assert "clarity 0:" in figure.alt
    assert "depth" not in figure.alt
    assert 'd="M"' not in figure.svg
    assert "depth" in found.tables["omega"].column("dimension")
    assert any("not testable" in note for note in found.tables["omega"].notes)


def two_judges():
    rng = np.random.default_rng(0)
    quality = rng.integers(1, 6, 40).astype(float)
    people = [np.clip(quality + rng.integers(-1, 2, 40), 1, 5) for _ in range(2)]
    judges = [quality, np.clip(6 - quality, 1, 5)]
    return [
        {
            "item_id": f"q{i}",
            "rater": rater,
            "rater_kind": kind,
            "dimension": "clarity",
            "value": float(scores[i]),
            "field": "ab"[i % 2],
        }
        for kind, raters in (
            ("human", dict(zip(("ann", "ben"), people, strict=True))),
            ("judge", dict(zip(("first", "second"), judges, strict=True))),
        )
        for rater, scores in raters.items()
        for i in range(40)
    ]


def test_judges_are_drawn_by_their_difference_from_the_first_one():
    figure = judge.agree([], two_judges(), scale="1-5").charts["judges"]
    assert figure.alt.startswith("Judges compared with first: clarity -")
    assert figure.alt.endswith("The first judge: 0.00.")
    assert [column.key for column in figure.table.columns].count("row") == 0


def headings(figure):
    return re.findall(r'<text [^>]*font-weight="600"[^>]*>([^<]*)</text>', figure.svg)


def test_a_forest_of_several_judges_has_a_heading_for_each_dimension_and_a_row_for_each_judge():
    rows = two_judges()
    rows += [{**row, "dimension": "depth"} for row in rows]
    figure = judge.agree([], rows, scale="1-5").charts["agreement"]
    assert headings(figure) == ["clarity", "depth"]
    assert [figure.svg.count(f">{name}<") for name in ("first", "second")] == [2, 2]
    assert "clarity, first" in figure.alt
    assert "depth, second" in figure.alt


def test_a_forest_of_slices_has_a_heading_for_each_label_and_a_row_for_each_slice():
    figure = judge.agree([], two_judges(), scale="1-5", by="field").charts["slices:field"]
    assert headings(figure) == ["first", "second"]
    assert figure.svg.count(">a<") == figure.svg.count(">b<") == 2


def test_a_forest_whose_rows_have_one_name_each_has_no_headings():
    one = [row for row in two_judges() if row["rater"] != "second"]
    assert headings(judge.agree([], two_judges(), scale="1-5").charts["agreement"]) == []
    only = judge.agree([], one, scale="1-5", by="field").charts["slices:field"]
    assert headings(only) == []
    assert only.svg.count(">a<") == only.svg.count(">b<") == 1


def test_plots_of_differences_share_an_axis_of_possible_values():
    rows = [
        {"item_id": f"q{i}", "rater": rater, "rater_kind": kind, "dimension": name, "value": float(value)}
        for name in ("agreed", "reversed")
        for i in range(30)
        for rater, kind, value in (
            ("ann", "human", 1 + 4 * (i % 2)),
            ("ben", "human", 1 + 4 * (i % 2)),
            ("robot", "judge", 1 + 4 * (i % 2) if name == "agreed" else 5 - 4 * (i % 2)),
        )
    ]
    charts = judge.agree([], rows, scale="1-5").charts
    agreed, turned = (
        re.findall(r'text-anchor="end"[^>]*>([^<]*)<', charts[f"differences:{name}@robot"].svg)
        for name in ("agreed", "reversed")
    )
    assert agreed == turned
    assert max(float(text) for text in turned if text[0].isdigit()) <= 4  # the limits of agreement are ±8
