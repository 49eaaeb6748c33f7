"""Arguments of an agreement analysis."""

import gc

import numpy as np
import pytest

from judge.analysis.agreement.inputs import AgreementInputs, align_inputs, read_scale
from judge.errors import InputError


def write(path, *rows, header="item_id,rater,dimension,value"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return str(path)


def test_ratings_are_needed():
    with pytest.raises(InputError, match="no ratings of people given"):
        align_inputs(AgreementInputs(None))


def test_a_level_needs_a_scale(run, ratings):
    with pytest.raises(InputError, match="--level belongs to --scale"):
        align_inputs(AgreementInputs(str(ratings), [str(run)], level="nominal"))


@pytest.mark.parametrize(
    ("text", "level", "values", "found"),
    [
        ("1-5", None, (1, 2, 3, 4, 5), "ordinal"),
        ("1 - 3", "nominal", (1, 2, 3), "nominal"),
        ("0,1", "ratio", (0, 1), "ratio"),
        ("a, b", None, ("a", "b"), "nominal"),
        ("a,b", "ordinal", ("a", "b"), "ordinal"),
        ("-1,0,1", None, (-1, 0, 1), "ordinal"),
        ("-1-1", "interval", (-1, 0, 1), "interval"),
        ("-3--1", None, (-3, -2, -1), "ordinal"),
        ("x-y,z", None, ("x-y", "z"), "nominal"),
    ],
)
def test_a_scale_is_a_range_numbers_or_labels(text, level, values, found):
    scale = read_scale(text, level)
    assert (tuple(scale.values), scale.level) == (values, found)


@pytest.mark.parametrize(
    ("text", "level", "message"),
    [
        ("1-5", "cardinal", "level 'cardinal': allowed are nominal, ordinal, interval, ratio"),
        ("1-2000", None, "--scale 1-2000: allowed are at most 1,001 scores"),
        ("1-1002", None, "at most 1,001"),
        ("3,1", None, "--scale 3,1: .* Write 1-5"),
        ("a,a", None, "--scale a,a: .* Write 1-5"),
    ],
)
def test_other_texts_are_refused_with_an_example(text, level, message):
    with pytest.raises(InputError, match=message):
        read_scale(text, level)


def test_the_longest_scale_is_allowed():
    assert len(read_scale("1-1001").values) == 1001


def test_every_option_reaches_the_ratings(tmp_path):
    rows = ["a,ann,x,1", "a,ann,y,3", "a,ben,x,2", "b,ann,x,2"]
    items = write(tmp_path / "items.csv", "a,g", "b,g", header="id,group")
    aligned = align_inputs(
        AgreementInputs(
            write(tmp_path / "r.csv", *rows, header="id,who,dimension,value"),
            items=items,
            scale="1-3",
            columns={"rater": "who"},
            dimensions=("x",),
            raters_are="slots",
            cluster="group",
            pass_marks={"x": 2},
            reduction="mean",
        )
    )
    ratings = aligned.ratings["x"]
    assert list(aligned.ratings) == ["x"]
    assert (aligned.slots, ratings.slots, aligned.cluster, aligned.reduction) == (True, True, "group", "mean")
    assert ratings.clusters.tolist() == ["g", "g"]
    assert ratings.pass_mark == 2
    assert np.array_equal(ratings.human_passed(), [np.nan, 1], equal_nan=True)


@pytest.mark.parametrize("is_enabled", [True, False])
def test_garbage_collection_is_as_before_once_ratings_are_read_also_after_an_error(is_enabled, tmp_path):
    file = tmp_path / "ratings.csv"
    file.write_text("item_id,rater,clarity\nq1,ann,9\n")
    before = gc.isenabled()
    (gc.enable if is_enabled else gc.disable)()
    try:
        with pytest.raises(InputError):
            align_inputs(AgreementInputs(humans=file, scale="1-5"))
        assert gc.isenabled() is is_enabled
    finally:
        (gc.enable if before else gc.disable)()
