"""When agreement is computed, and which tasks count."""

from human_study.progress import measure
from human_study.store import Study

from .builders import rate, rate_all
from .test_progress import Fixed


def test_agreement_begins_with_the_second_rater(study: Study) -> None:
    rate_all(study, "R01")
    assert [question.agreement for question in measure(study, lambda _: Fixed(0.5)).questions] == [None, None]
    rate_all(study, "R02")
    found = [question.agreement for question in measure(study, lambda _: Fixed(0.5)).questions]
    assert found == [Fixed(0.5), Fixed(0.5)]


def test_the_table_of_agreement_has_a_column_for_each_rater_and_nan_where_one_did_not_rate(
    study: Study,
) -> None:
    tables = []
    for rater, value in (("R01", 2), ("R02", 4)):
        rate_all(study, rater, lambda _, value=value: value)
    measure(study, lambda ratings: tables.append(ratings.rows) or Fixed())
    assert {len(row) for row in tables[0]} == {2}
    assert {value for row in tables[0] for value in row if value == value} == {2.0, 4.0}
    both = sum(all(value == value for value in row) for row in tables[0])
    assert (len(tables[0]), both) == (12, 4)  # three raters, two an item: 8 items each, 4 shared


def test_items_are_counted_by_their_number_of_ratings(study: Study) -> None:
    rate_all(study, "R01")
    assert measure(study).rated == {0: 4, 1: 8}
    rate_all(study, "R02")
    assert measure(study).rated == {0: 0, 1: 8, 2: 4}


def test_a_skipped_answer_is_neither_done_nor_left_and_not_in_the_counts(study: Study) -> None:
    rate_all(study, "R01")
    task = next(task for task in study.tasks() if task.rater == "R01" and task.kind == "main")
    rate(study, "R01", task.n, {}, skip="no idea")
    found = measure(study)
    assert (found.raters[0].done, found.raters[0].skipped, found.raters[0].left) == (7, 1, 0)
    assert found.questions[0].counts == {1: 0, 2: 0, 3: 0, 4: 7, 5: 0}
