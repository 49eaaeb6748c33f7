"""The same ratings in every layout give the same scores."""

import random

from hypothesis import given
from hypothesis import strategies as st

from judge.formats.cells import CellReader
from judge.formats.ratings import read_ratings
from judge.formats.wanted import Wanted

ITEMS, RATERS, DIMENSIONS = ("q1", "q2", "q3"), ("ann", "ben b", "cy_1"), ("clarity", "tone")
KEYS = [(i, r, d) for i in ITEMS for r in RATERS for d in DIMENSIONS]
SCORES = st.lists(st.sampled_from([None, 1.0, 2.0, 3.5, 5.0]), min_size=len(KEYS), max_size=len(KEYS))
WANTED = Wanted(cells=CellReader((1, 2, 3, 4, 5)))


def long(ratings):
    return [{"item_id": i, "rater": r, "dimension": d, "value": v} for (i, r, d), v in ratings.items()]


def wide_by_dimension(ratings):
    return [
        {"item_id": i, "rater": r, **{d: ratings[i, r, d] for d in DIMENSIONS}} for i in ITEMS for r in RATERS
    ]


def wide_by_rater(ratings):
    return [
        {"item_id": i, "dimension": d, **{r: ratings[i, r, d] for r in RATERS}}
        for i in ITEMS
        for d in DIMENSIONS
    ]


def wide_by_both(ratings):
    return [
        {"item_id": i, **{f"{r}_{d}": ratings[i, r, d] for r in RATERS for d in DIMENSIONS}} for i in ITEMS
    ]


def read(rows, wanted, seed):
    """Scores of a table whose rows and columns are shuffled."""
    order = random.Random(seed)
    columns = order.sample(list(rows[0]), len(rows[0]))
    shuffled = [{name: row[name] for name in columns} for row in order.sample(rows, len(rows))]
    found = read_ratings(shuffled, wanted=wanted)
    return {(s.item_id, s.rater, s.dimension): (s.value, s.status) for s in found}


@given(SCORES, st.integers(0, 1000))
def test_every_layout_gives_the_same_scores(values, seed):
    ratings = dict(zip(KEYS, values, strict=True))
    expected = {key: (value, "skipped" if value is None else "ok") for key, value in ratings.items()}
    raters = Wanted(cells=WANTED.cells, raters_in=RATERS)
    dimensions = Wanted(DIMENSIONS, cells=WANTED.cells)
    assert read(long(ratings), WANTED, seed) == expected
    assert read(wide_by_dimension(ratings), WANTED, seed) == expected
    assert read(wide_by_rater(ratings), raters, seed) == expected
    assert read(wide_by_both(ratings), raters, seed) == expected
    assert read(wide_by_both(ratings), dimensions, seed) == expected
