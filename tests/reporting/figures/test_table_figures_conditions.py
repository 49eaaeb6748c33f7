"""Which tables of a report have a chart, with which rows, titles and captions."""

import pytest

from judge.reporting.document import Column, Table
from judge.reporting.figures.table_figures import figure_of, figures_of
from judge.stats.engine.estimate import Estimate

PASS, FAIL = {"accuracy": 4, "clarity": 4}, {"accuracy": 1, "clarity": 4}
A, B = Estimate(0.5, 0.4, 0.6), Estimate(0.75, 0.7, 0.8)


def table(key, *columns, rows, title="By kind", small=()):
    return Table(key, title, tuple(columns), tuple(rows), small=small)


def column(key, title=None, kind="share", **more):
    return Column(key, key if title is None else title, kind, **more)


@pytest.fixture(scope="module")
def reports(make_table):
    from judge.reporting.builders.comparison import build_comparison, build_leaderboard
    from judge.reporting.builders.run_data import RunData
    from judge.reporting.builders.several_runs import build_runs
    from judge.reporting.builders.single_run import build_report

    def run(name, n_pass, answer):
        rows = [{**(PASS if i < n_pass else FAIL), "kind": "ab"[i % 2], "answer": answer} for i in range(60)]
        return RunData(make_table(rows, name=name))

    same = [run("one", 50, "x"), run("two", 20, "x")]
    other = [run("one", 50, "x"), run("two", 20, "y")]
    return {
        "report": build_report(same[0]),
        "panel": build_runs(same),
        "runs": build_runs(other),
        "compare": build_comparison(*other),
        "leaderboard": build_leaderboard(other),
    }


def test_charts_of_every_report(reports):
    found = {name: set(figures_of(report)) for name, report in reports.items()}
    assert {"pass_rates", "slices:kind", "scores", "failures"} <= found["report"]
    assert {"pass_rate", "means", "slices:kind"} <= found["compare"]
    assert "leaderboard" in found["leaderboard"]
    assert "panel" in found["panel"]


def test_charts_of_runs_and_systems_are_named_after_their_measure(reports):
    assert reports["leaderboard"].charts["leaderboard"].title == "Pass rate by system"
    assert (
        reports["leaderboard"]
        .charts["leaderboard"]
        .alt.startswith("Pass rate by system: one 83.3 %, two 33.3 %")
    )
    assert reports["panel"].charts["panel"].title == "Pass rate by judge"


def test_means_are_drawn_for_two_runs_only(reports):
    assert "means:kind" in reports["report"].tables
    assert "means:kind" not in figures_of(reports["report"])
    assert "means" in figures_of(reports["compare"])


def test_a_gap_is_drawn_as_two_series_with_the_difference_at_the_right():
    found = figure_of(
        table(
            "gap:kind", column("slice", "kind", "text"), column("choice", "with options"), column("open", "without"),
            column("difference", "gap", "points"), rows=[("a", A, B, Estimate(-0.25, -0.3, -0.2))],
        )
    )  # fmt: skip
    assert "with options against without: a 50.0 % against 75.0 %" in found.alt
    assert "At the right: gap." in found.caption
    assert ">-25.0<" in found.svg


@pytest.mark.parametrize(
    ("key", "title", "drawn"),
    [
        ("pass_rate", "By kind", "Pass rate by kind"),
        ("figure", "By kind", "Accuracy by kind"),
        ("pass_rate", "run: By kind", "run: Pass rate by kind"),
        ("pass_rate", "Kinds", "Kinds"),
    ],
)
def test_a_chart_of_slices_names_its_measure(key, title, drawn):
    found = figure_of(
        table("slices:kind", column("slice", "kind", "text"), column(key), rows=[("a", A)], title=title)
    )
    assert found.title == drawn


def test_the_average_of_a_chart_of_slices_is_its_reference():
    rows = [("a", A), ("all items", B), ("slice mean", A)]
    found = figure_of(table("slices:kind", column("slice", "kind", "text"), column("pass_rate"), rows=rows))
    assert found.alt.endswith("a 50.0 %. All items: 75.0 %.")
    assert "Dashed: all items." in found.caption
    alone = figure_of(
        table("slices:kind", column("slice", "kind", "text"), column("pass_rate"), rows=rows[:1])
    )
    assert "Dashed" not in alone.caption
    assert alone.alt == "Pass rate by kind: a 50.0 %."


def test_the_key_of_a_table_may_have_the_run_before_it():
    found = figure_of(
        table("run/slices:kind", column("slice", "kind", "text"), column("pass_rate"), rows=[("a", A)])
    )
    assert found is not None


def test_binding_dimensions_by_slice_are_bars_without_the_unit_in_the_title():
    title = "Binding dimension (% of failing answers) by kind"
    columns = (column("slice", "kind", "text"), column("fail", kind="count"), column("x"), column("y"))
    rows = [("a", 30, Estimate(0.25), Estimate(0.75)), ("b", 5, Estimate(1.0), None), ("c", 0, None, None)]
    found = figure_of(table("failures:kind", *columns, rows=rows, title=title, small=(1,)))
    assert found.title == "Binding dimension by kind"
    assert found.alt == "Binding dimension by kind: a x 25.0 %, y 75.0 %; b x 100.0 %."
    assert "few observations" in found.caption
    plain = figure_of(table("failures:kind", *columns, rows=rows, title=title))
    assert "few observations" not in plain.caption


def test_binding_dimensions_of_a_run_are_intervals():
    found = figure_of(table("failures", column("dimension", "", "text"), column("binding"), rows=[("x", A)]))
    assert found.alt == "Binding dimension of the failing answers: x 50.0 %."


def test_twelve_rows_of_shares_are_told_in_words():
    rows = [(f"r{k}", 0.5, 0.5) for k in range(13)]
    found = figure_of(
        table("scores", column("dimension", "", "text"), column("1"), column("2"), rows=rows, title="S")
    )
    assert "r11 1 50.0 %" in found.alt
    assert "r12" not in found.alt


def test_a_distribution_takes_the_columns_that_are_numbers():
    columns = (
        column("dimension", "", "text"),
        column("mean", kind="score"),
        column("-1"),
        column("0"),
        column("1"),
    )
    found = figure_of(table("scores", *columns, rows=[("x", Estimate(0.2), 0.25, 0.25, 0.5)], title="S"))
    assert found.alt == "S: x -1 25.0 %, 0 25.0 %, 1 50.0 %."
    assert figure_of(table("scores", *columns, rows=[("x", None, None, None, None)])) is None
