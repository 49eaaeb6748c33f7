"""Ratings off the declared scale, and raters with a scale of their own."""

import pytest

from judge.errors import InputError
from judge.formats.cells import CellReader
from judge.formats.ratings import read_ratings
from judge.formats.wanted import Wanted

ROWS = [
    {"item_id": f"q{n}", "rater": rater, "clarity": value * factor}
    for n, value in enumerate((1, 3, 5))
    for rater, factor in (("ann", 1), ("dan", 2))
]


def read(rows=ROWS, **wanted):
    cells = CellReader((1, 2, 3, 4, 5))
    return list(read_ratings(rows, wanted=Wanted(**{"cells": cells} | wanted)))


def test_a_rater_on_another_scale_is_named_with_the_first_line_and_the_range():
    with pytest.raises(InputError) as error:
        read()
    said = str(error.value)
    assert said.startswith(
        "row 4: column 'clarity': item 'q1', rater 'dan': clarity is 6, off the declared scale"
    )
    assert "2 such ratings: dan gives 2 to 10." in said
    assert "--rater-scale dan=LOW-HIGH" in said


def test_texts_off_the_scale_are_counted_each_time():
    rows = [
        {"item_id": f"q{n}", "rater": "dan", "clarity": text} for n, text in enumerate(["5", "9", "5", "9"])
    ]
    with pytest.raises(InputError, match="2 such ratings: dan gives 5 to 9"):
        read(rows)


def test_one_text_is_rescaled_for_the_rater_with_a_scale_of_its_own_alone():
    rows = [
        {"item_id": f"q{n}", "rater": rater, "clarity": "1"} for n in range(2) for rater in ("ann", "dan")
    ]
    found = read(rows, rater_scales={"dan": (0, 2)})
    assert [score.value for score in found] == [1, 3, 1, 3]


def test_every_rater_off_the_scale_is_named():
    rows = [{"item_id": "q", "rater": f"r{n}", "clarity": 9} for n in range(7)]
    with pytest.raises(InputError, match=r"7 such ratings: r0 gives 9, r1 gives 9, .*, r4 gives 9, …\."):
        read(rows)


@pytest.mark.parametrize(
    ("value", "is_off"), [(1, False), (5, False), (4.5, False), (0.9, True), (5.1, True)]
)
def test_the_ends_of_the_scale_are_on_it(value, is_off):
    rows = [{"item_id": "q", "rater": "ann", "clarity": value}]
    if is_off:
        with pytest.raises(InputError, match="off the declared scale"):
            read(rows)
    else:
        assert read(rows)[0].value == value


def test_ratings_are_rescaled_linearly_from_the_scale_of_the_rater():
    found = {(s.item_id, s.rater): s.value for s in read(rater_scales={"dan": (0, 10)})}
    assert found["q0", "dan"] == pytest.approx(1 + 2 / 10 * 4)
    assert found["q2", "dan"] == 5
    assert found["q0", "ann"] == 1


def test_a_rating_off_the_scale_of_the_rater_is_refused_with_its_line():
    with pytest.raises(
        InputError, match=r"row 6: .*clarity by dan is 10, off the scale 1 to 9 of this rater"
    ):
        read(rater_scales={"dan": (1, 9)})


def test_a_rater_whose_scale_is_given_must_be_in_the_file():
    with pytest.raises(InputError, match=r"--rater-scale eve: no rating by this rater; found: ann, dan"):
        read(rater_scales={"dan": (1, 10), "eve": (1, 7)})


def test_rescaling_needs_a_declared_scale_of_numbers():
    with pytest.raises(InputError, match="--rater-scale needs a declared scale of numbers"):
        read(
            [{"item_id": "q", "rater": "dan", "value": "good"}],
            cells=CellReader(("bad", "good")),
            rater_scales={"dan": (1, 9)},
        )


def test_ratings_on_dimensions_that_are_not_wanted_are_not_checked():
    rows = [{"item_id": "q", "rater": "ann", "clarity": 4, "pace": 120}]
    assert [s.dimension for s in read(rows, dimensions=("clarity",))] == ["clarity"]
