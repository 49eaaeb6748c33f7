"""Which columns of a table the page shows, and how the table keeps within its width."""

import math

import pytest

from judge.reporting.document import Column, Table
from judge.reporting.render.page_table import (
    BESIDE_CHART,
    CARD,
    HALF_CARD,
    MOST_CRITERIA,
    MOST_DETAIL_ROWS,
    MOST_ROWS,
    PHONE,
    PageTable,
    range_text,
    value_text,
)
from judge.stats.engine.estimate import Estimate

A = Estimate(0.5, 0.4, 0.6, method="wilson")
LABEL = Column("label", "")


def shown(*columns, rows, **more):
    return PageTable.of(Table("t", "T", columns, tuple(rows), **more))


def keys(found):
    return [column.key for column in found.table.columns]


def of_width(n, first="a"):
    """A table of n estimates."""
    return shown(LABEL, *(Column(f"c{i}", "rate", "share") for i in range(n)), rows=[(first, *[A] * n)])


def test_a_column_that_repeats_the_label_of_its_row_is_left_out():
    columns = (LABEL, Column("dimension", "dimension", detail=True), Column("n", "n", "count"))
    found = shown(*columns, rows=[("technical accuracy", "technical_accuracy", 3), ("clarity", "clarity", 3)])
    assert keys(found) == ["label", "n"]
    assert found.table.rows[0] == ("technical accuracy", 3)


def test_a_column_that_repeats_another_label_of_its_row_is_left_out():
    columns = (Column("slice", "topic"), LABEL, Column("dimension", "dimension", detail=True))
    assert keys(shown(*columns, rows=[("a", "clarity", "clarity"), ("a", "relevance", "relevance")])) == [
        "slice",
        "label",
    ]


def test_a_detail_with_the_same_text_in_every_row_is_left_out():
    columns = (LABEL, Column("judge", "judge", detail=True))
    assert keys(shown(*columns, rows=[("clarity", "robot"), ("relevance", "robot")])) == ["label"]
    assert keys(shown(*columns, rows=[("clarity", "robot"), ("relevance", "other")])) == ["label", "judge"]


def test_a_text_that_is_no_detail_stays_also_where_it_repeats():
    columns = (LABEL, Column("finding", "finding"))
    assert keys(shown(*columns, rows=[("yes", "yes"), ("yes", "yes")])) == ["label", "finding"]


@pytest.mark.parametrize("empty", [None, "", math.nan])
def test_a_column_without_any_value_is_named_in_a_note(empty):
    columns = (LABEL, Column("tau", "tau-b", "score"), Column("n", "n", "count"))
    found = shown(*columns, rows=[("a", empty, 3), ("b", empty, 4)])
    assert keys(found) == ["label", "n"]
    assert found.table.notes == ("Without a value in every row: tau-b.",)
    assert keys(shown(*columns, rows=[("a", empty, 3), ("b", 0.0, 4)])) == ["label", "tau", "n"]


def test_an_empty_detail_is_left_out_without_a_note():
    columns = (LABEL, Column("margin", "margin", "number", detail=True), Column("n", "n", "count"))
    found = shown(*columns, rows=[("a", None, 3)])
    assert keys(found) == ["label", "n"]
    assert found.table.notes == ()


def test_a_column_of_undefined_estimates_is_named_with_the_reasons():
    columns = (LABEL, Column("n", "n", "count"), Column("rate", "rate", "share"))
    undefined = [Estimate.undefined("no_ratings"), Estimate.undefined("no_variation")]
    found = shown(*columns, rows=[("a", 3, undefined[0]), ("b", 4, undefined[1])])
    assert keys(found) == ["label", "n"]
    assert found.table.notes == ("Without a value in every row: rate (no ratings; no variation).",)
    assert found.has_values
    assert keys(shown(*columns, rows=[("a", 3, undefined[0]), ("b", 4, A)])) == ["label", "n", "rate"]


def test_a_table_of_which_only_labels_are_left_has_no_values():
    rate = Column("rate", "rate", "share")
    assert not shown(LABEL, rate, rows=[("a", None), ("b", None)]).has_values
    assert shown(LABEL, Column("judge", "judge", detail=True), rows=[("a", "x"), ("b", "x")]).has_values


def test_intervals_go_below_their_values_where_they_do_not_fit_beside_them():
    fits = [n for n in range(1, 7) if of_width(n).fits(HALF_CARD)]
    assert "below" not in of_width(fits[-1]).layout(wide=False)
    assert "below" in of_width(fits[-1] + 1).layout(wide=False)
    assert "below" not in of_width(fits[-1] + 1).layout(wide=True)


def test_a_table_that_is_too_wide_for_one_of_two_columns_gets_the_page():
    assert of_width(2).narrow
    assert not of_width(6).narrow
    assert "below" not in of_width(5).layout(wide=False)
    assert of_width(5).fits(CARD)


def test_on_a_phone_a_wide_table_becomes_a_list_of_its_rows():
    assert "records" not in of_width(1).layout(wide=False)
    assert "records" in of_width(4).layout(wide=False)
    assert of_width(1).width(below=True) <= PHONE < of_width(4).width(below=True)


def test_long_texts_are_taken_to_wrap():
    assert of_width(1, "word " * 100).width(below=True) == of_width(1, "word " * 200).width(below=True)
    assert of_width(1, "word " * 100).beside
    assert not of_width(6).beside


def test_beside_a_chart_labels_wrap_rather_than_figures():
    found = of_width(3, "comprehensiveness: a-maker/a-model")
    assert found.width(below=True) > BESIDE_CHART
    assert found.beside


def test_a_table_has_as_many_rows_as_its_kind():
    table = Table("t", "T", (LABEL,), (("a",),))
    assert PageTable.of(table).most_rows == MOST_ROWS
    assert PageTable.of(Table("t", "T", (LABEL,), (), detail=True)).most_rows == MOST_DETAIL_ROWS
    assert PageTable.of(Table("x/criteria_all", "T", (LABEL,), ())).most_rows == MOST_CRITERIA


def test_a_cell_is_a_value_and_an_interval_or_the_reason_why_there_is_none():
    assert (value_text(A, "share"), range_text(A, "share")) == ("50.0 %", "[40.0, 60.0]")
    undefined = Estimate.undefined("no_ratings")
    assert (value_text(undefined, "share"), range_text(undefined, "share")) == ("–", "(no ratings)")
    assert (value_text("a\x07", "text"), range_text("a", "text")) == ("a", "")


def test_a_hint_for_the_terminal_is_not_on_the_page():
    found = shown(LABEL, rows=[("a",)], notes=("Unclear: so. Intervals: --sections agreement,pass_rates.",))
    assert found.table.notes == ("Unclear: so.",)
    assert shown(LABEL, rows=[("a",)], notes=("Intervals: --sections a.",)).table.notes == ()
