"""Raters who seem to have used another scale than the others are named."""

import pytest

from judge.formats.rater_scales import scale_notes
from judge.records import Score

from .. import public_data

FIVE, TEN = [1, 2, 3, 4, 5] * 8, [1, 3, 5, 8, 10] * 8


def scores(**values):
    return [
        Score(item_id=f"q{n}", rater=rater, rater_kind="human", dimension="clarity", value=float(value))
        for rater, given in values.items()
        for n, value in enumerate(given)
    ]


def test_a_rater_far_above_all_others_is_named():
    found = list(scale_notes(scores(ann=[1, 3, 5] * 10, ben=[2, 4, 5] * 10, dan=[2, 6, 10] * 10)))
    assert len(found) == 1
    assert found[0].startswith("dan gives 2 to 10, all others 1 to 5.")


@pytest.mark.parametrize(
    "values",
    [
        {"ann": [1, 3, 4] * 10, "dan": [2, 4, 5] * 10},
        {"ann": [1, 3, 5] * 10, "dan": [5] * 28 + [9, 9]},
        {"ann": [1, 3, 5] * 6, "dan": [2, 6, 10] * 10},
        {"ann": [10, 50, 85] * 10, "dan": [20, 90, 100] * 10},
        {"dan": [2, 6, 10] * 10},
    ],
    ids=["one point", "few ratings above", "few ratings", "sliders", "alone"],
)
def test_a_rater_who_gives_high_scores_is_not_named(values):
    assert list(scale_notes(scores(**values))) == []


@pytest.mark.parametrize(
    ("values", "ends", "start"),
    [
        ({"ann": FIVE, "ben": TEN, "cy": TEN}, (1, 10), "ann gives 1 to 5, all others 1 to 10. If ann used"),
        ({"ann": FIVE, "ben": TEN, "cy": TEN}, None, "ann gives 1 to 5, all others 1 to 10"),
        ({"ann": FIVE, "ben": FIVE, "cy": TEN}, None, "cy gives 1 to 10, all others 1 to 5"),
        ({"ann": FIVE, "ben": FIVE, "cy": TEN}, (1, 10), "ann, ben give 1 to 5, all others 1 to 10"),
        ({"ann": FIVE, "ben": TEN}, (1, 10), "ann gives 1 to 5"),
        ({"ann": FIVE, "ben": TEN}, (1, 100), "ben gives 1 to 10"),
        ({"ann": FIVE, "ben": TEN, "cy": [10, 9]}, (1, 10), "ann gives 1 to 5, all others 1 to 10"),
        ({f"r{n}": FIVE for n in range(6)} | {"ben": TEN}, (1, 10), "r0, r1, r2, r3, r4, … give 1 to 5"),
    ],
)
def test_raters_on_two_scales_are_named(values, ends, start):
    (note,) = scale_notes(scores(**values), ends)
    assert note.startswith(start)


@pytest.mark.parametrize(
    ("values", "start"),
    [
        ({"ann": [1, 2, 3, 4, 5] * 8, "ben": [0, 1, 2, 3, 4] * 8}, "ben gives 0 to 4, all others 1 to 5"),
        ({name: [0, 1, 2, 3] * 8 for name in "ab"} | {"c": [1, 2, 3, 4] * 8}, "a, b give 0 to 3"),
    ],
)
def test_raters_who_count_from_0_are_named(values, start):
    (note,) = scale_notes(scores(**values), (0, 5))
    assert note.startswith(start)


@pytest.mark.parametrize(
    "values",
    [
        {"ann": [1, 2, 3, 4, 5] * 8, "ben": [0, 1, 2, 4] * 8},
        {"ann": [1, 2, 3, 4, 5] * 8, "ben": [0, 1, 2, 3, 4] * 8, "cy": [2, 3, 4] * 8},
        {"ann": [1, 2, 3, 4, 5] * 8, "ben": [0, 1, 2, 3, 4, 5] * 8},
        {"ann": [1, 2, 3, 4, 5] * 8, "ben": [0, 1, 2, 3, 4] * 3},
        {"ann": [1, 2] * 20, "ben": [0, 1] * 20},
        {"ann": [1, 2, 3, 4, 5] * 8, "ben": [0, 0.5, 1, 2, 3, 4] * 8},
    ],
    ids=["a gap", "a third range", "all points", "few", "two points", "halves"],
)
def test_raters_who_may_have_counted_from_1_are_not_named(values):
    assert list(scale_notes(scores(**values), (0, 5))) == []


def test_raters_with_few_ratings_alone_do_not_name_others():
    assert list(scale_notes(scores(ann=FIVE, ben=[10, 9, 10]))) == []


@pytest.mark.parametrize(
    "data_set",
    ["anaesthetists", "baseball_1987", "hanna", "llm_rubric", "llmbar", "pandalm", "realsumm", "recipes"],
)
def test_no_rater_of_public_data_is_named(data_set):
    from judge.formats.ratings import read_ratings

    assert list(scale_notes(read_ratings(public_data.ratings_file(data_set)))) == []
