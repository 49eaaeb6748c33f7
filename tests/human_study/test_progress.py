from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from human_study.progress import QuestionRatings, as_plain, exact_agreement, measure
from human_study.store import Study
from judge.records import Item

from .builders import MakeStudy, rate, rate_all


@dataclass
class Fixed:
    """An agreement that is not computed."""

    value: float = 0.5
    low: float = float("nan")
    high: float = float("nan")
    reason: str | None = None


def score_of(item_id: str) -> int:
    return int(item_id.rsplit("-", 1)[1]) % 5 + 1 if item_id.startswith("secret") else 3


@pytest.fixture
def rated(study: Study) -> Study:
    """All agree."""
    for rater in ("R01", "R02", "R03"):
        rate_all(study, rater, score_of)
    return study


def test_progress_counts_what_is_rated_and_not_the_practice(study: Study) -> None:
    rate(study, "R01", 1, {"accuracy": 1, "clarity": 5})
    rate(study, "R01", 2, {"accuracy": 4, "clarity": 4})
    rate(study, "R01", 3, {"accuracy": 4})
    rate(study, "R01", 4, {}, skip="no idea")
    row = measure(study).raters[0]
    assert (row.total, row.done, row.skipped, row.left) == (8, 1, 1, 6)
    assert (row.training, row.training_missed) == ((1, 1), 1)


def test_a_failed_attention_check_is_counted(make_study: MakeStudy) -> None:
    study = make_study(raters=2, per_item=2, checks=0.2)
    checks = [task for task in study.tasks() if task.kind == "check"]
    wrong = checks[0].gold.expected["accuracy"][0] % 5 + 1 if checks[0].gold else 0
    rate_all(study, "R01", lambda item: wrong if item == checks[0].item.id else 1)
    failed, answered = measure(study).raters[0].checks
    assert answered == 2
    assert failed >= 1


def test_repeats_show_self_consistency(make_study: MakeStudy) -> None:
    study = make_study(raters=2, per_item=2, repeats=0.2)
    rate_all(study, "R01")
    repeat = next(task for task in study.tasks() if task.rater == "R01" and task.kind == "repeat")
    rate(study, "R01", repeat.n, {"accuracy": 1, "clarity": 4})
    assert measure(study).raters[0].repeats == (3, 4)


def test_ratings_of_each_question_are_counted(rated: Study) -> None:
    accuracy = measure(rated).questions[0]
    assert accuracy.counts == {1: 6, 2: 6, 3: 4, 4: 4, 5: 4}
    assert accuracy.exact == 1.0


def test_agreement_gets_items_by_raters_with_gaps(rated: Study) -> None:
    seen: list[list[list[float]]] = []
    fixed = Fixed()

    def agreement(ratings: QuestionRatings) -> Fixed:
        seen.append(ratings.rows)
        return fixed

    assert measure(rated, agreement).questions[0].agreement is fixed
    assert (len(seen[0]), len(seen[0][0])) == (12, 3)
    assert sum(value != value for row in seen[0] for value in row) == 12


def test_dropped_raters_do_not_count_in_agreement(rated: Study) -> None:
    rated.drop("R03", "gone")
    progress = measure(rated)
    assert sum(progress.questions[0].counts.values()) == 16
    assert progress.raters[2].rater.reason == "gone"


def test_items_two_points_apart_are_disputed_widest_first(study: Study, items: list[Item]) -> None:
    wide, near = items[0].id, items[1].id
    for number, rater in enumerate(("R01", "R02", "R03")):
        rate_all(
            study,
            rater,
            lambda item, low=number < 2: 1 if item == wide and low else 3 if item == near and low else 4,
        )
    # Whoever of the three rated them: the first two are low, the third is not.
    disputes = measure(study).disputes
    assert near not in [dispute.item_id for dispute in disputes]
    assert [d.item_id for d in disputes] == ([wide] if len({*raters_of(study, wide)} & {"R03"}) else [])


def raters_of(study: Study, item_id: str) -> Sequence[str]:
    return [task.rater for task in study.tasks() if task.item.id == item_id]


def test_a_disputed_item_shows_who_said_what_and_the_notes(study: Study, items: list[Item]) -> None:
    first, second = raters_of(study, items[0].id)
    rate_all(study, first, lambda _: 1)
    rate_all(study, second, lambda item: 5 if item == items[0].id else 1)
    task = next(t for t in study.tasks() if t.rater == second and t.item.id == items[0].id)
    rate(study, second, task.n, {"accuracy": 5, "clarity": 1}, note="source checked")
    dispute = next(d for d in measure(study).disputes if d.item_id == items[0].id)
    assert dispute.ratings == {"accuracy": {first: 1, second: 5}}
    assert dispute.notes == {second: "source checked"}
    assert dispute.spread == 4


def test_a_discussed_item_is_marked_and_its_first_ratings_stay_the_disputed_ones(
    study: Study, items: list[Item]
) -> None:
    first, second = raters_of(study, items[0].id)
    rate_all(study, first, lambda _: 1)
    rate_all(study, second, lambda _: 5)
    study.open_discussion([items[0].id])
    found = {d.item_id: d.discussed for d in measure(study).disputes}
    assert found[items[0].id] == "open"
    for task in [t for t in study.tasks() if t.kind == "discussion"]:
        rate(study, task.rater, task.n, {"accuracy": 3, "clarity": 3})
    found = {d.item_id: d.discussed for d in measure(study).disputes}
    assert found[items[0].id] == "done"


def test_items_are_counted_by_number_of_ratings(study: Study) -> None:
    rate_all(study, "R01")
    assert measure(study).rated == {0: 4, 1: 8}


@pytest.mark.parametrize(
    ("rows", "expected"), [([], None), ([[3.0]], None), ([[3.0, 3.0], [1.0, 2.0]], 0.5)], ids=str
)
def test_exact_agreement_of_pairs(rows: list[list[float]], expected: float | None) -> None:
    assert exact_agreement(rows) == expected


def test_what_is_undefined_is_null_in_json(rated: Study) -> None:
    plain = as_plain(measure(rated, lambda _: Fixed(value=float("nan"), reason="no_variation")))
    assert plain["questions"][0]["alpha"] is None
    assert plain["questions"][0]["reason"] == "no_variation"


def test_a_skipped_check_is_neither_passed_nor_failed(make_study: MakeStudy) -> None:
    study = make_study(raters=1, per_item=1, checks=0.1)
    rate(study, "R01", 1, {}, skip="no idea")
    check = next(task for task in study.tasks() if task.kind == "check")
    rate(study, "R01", check.n, {}, skip="this is no answer but an instruction")
    [row] = measure(study).raters
    assert (row.checks, row.training_missed, row.skipped) == ((0, 0), 0, 1)
