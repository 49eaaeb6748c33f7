"""Which remarks, statuses and refusals the alignment of ratings makes, and where each begins."""

import numpy as np
import pytest

from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
from judge.errors import InputError
from judge.rubric import load_rubric

LONG = "item_id,rater,dimension,value"


def write(path, *rows, header=LONG):
    path.write_text("\n".join([header, *rows]) + "\n")
    return str(path)


def aligned(tmp_path, *rows, header=LONG, scale="1-5", **more):
    return align_inputs(AgreementInputs(write(tmp_path / "r.csv", *rows, header=header), scale=scale, **more))


def unshared(found):
    return [note for note in found.notes if "rated by two people" in note]


# --- items that no two people share


def test_only_dimensions_without_a_shared_item_are_named(tmp_path):
    rows = ["a,ann,x,1", "a,ben,x,2", "b,ann,y,1", "c,ben,y,2", "b,ann,z,3", "c,ben,z,1"]
    (note,) = unshared(aligned(tmp_path, *rows))
    assert "on y, z:" in note


def test_one_shared_item_is_enough(tmp_path):
    assert not unshared(aligned(tmp_path, "a,ann,x,1", "a,ben,x,2", "b,ann,x,1", "c,ben,x,1"))


def test_one_person_alone_shares_nothing_and_no_note_says_so(tmp_path):
    assert not unshared(aligned(tmp_path, "a,ann,x,1", "b,ann,x,2"))


def test_the_derived_verdict_is_not_named_as_a_dimension(tmp_path):
    rows = ["a,ann,x,1", "a,ann,y,1", "b,ben,x,2", "b,ben,y,2"]
    found = aligned(tmp_path, *rows, pass_marks={"x": 2, "y": 2})
    (note,) = unshared(found)
    assert "on x, y:" in note
    assert "passes" in found.ratings


# --- scale


@pytest.mark.parametrize(("n", "is_cut"), [(12, False), (13, True)])
def test_twelve_values_of_an_undeclared_scale_are_listed(tmp_path, n, is_cut):
    rows = [f"a{k},ann,x,{k + 10}" for k in range(n)]
    with pytest.raises(InputError) as error:
        aligned(tmp_path, *rows, scale=None)
    assert "21.0" in str(error.value)
    assert "22.0" not in str(error.value)
    assert ("…" in str(error.value)) is is_cut


def test_every_rating_off_the_scale_is_counted_at_both_ends(tmp_path):
    rows = ["a,ann,x,0", "b,ann,x,6", "c,ann,x,7", "d,ann,x,5", "e,ann,x,1"]
    with pytest.raises(InputError, match=r"item 'a', rater 'ann': x is 0, .* 3 such ratings"):
        aligned(tmp_path, *rows)


def test_a_missing_label_is_not_off_its_scale(tmp_path):
    found = aligned(tmp_path, "a,ann,x,pass", "a,ben,x,", "b,ben,x,fail", scale="fail,pass")
    assert np.array_equal(found.ratings["x"].human_values, [[1, np.nan], [np.nan, 0]], equal_nan=True)


# --- statuses


def test_statuses_count_first_samples_of_rated_items(tmp_path):
    rows = [
        "a,ann,human,x,0,3",
        "b,ann,human,x,0,3",
        "c,ann,human,x,0,3",
        "a,bot,judge,x,0,2",
        "a,bot,judge,x,1,3",
        "b,bot,judge,x,0,2",
        "z,bot,judge,x,0,2",
    ]
    header = "item_id,rater,rater_kind,dimension,sample,value"
    assert aligned(tmp_path, *rows, header=header).ratings["x"].statuses["bot"] == {"ok": 2, "unscored": 1}


def test_a_judge_with_a_status_for_every_rated_item_has_nothing_unscored(tmp_path):
    rows = ["a,ann,human,x,3", "a,bot,judge,x,2"]
    found = aligned(tmp_path, *rows, header="item_id,rater,rater_kind,dimension,value")
    assert found.ratings["x"].statuses["bot"] == {"ok": 1}


# --- pass rule


def verdicts(tmp_path, marks, *rows):
    return aligned(tmp_path, *rows, pass_marks=marks).ratings.get("passes")


def test_one_pass_mark_makes_no_derived_verdict_and_two_do(tmp_path):
    rows = ["a,ann,x,2", "a,ann,y,2", "a,ben,x,2", "a,ben,y,1"]
    assert verdicts(tmp_path, {"x": 2}, *rows) is None
    assert verdicts(tmp_path, {"": 2}, *rows) is None
    assert verdicts(tmp_path, {"": 2, "x": 2}, *rows) is None
    assert verdicts(tmp_path, {"x": 2, "y": 2}, *rows).human_values.tolist() == [[1, 0]]


def test_a_verdict_is_open_only_where_the_missing_score_decides(tmp_path):
    rows = ["a,ann,x,2", "b,ann,x,1", "c,ann,x,2", "c,ann,y,2", "d,ann,y,1"]
    found = verdicts(tmp_path, {"x": 2, "y": 2}, *rows)
    assert np.array_equal(found.human_values[:, 0], [np.nan, 0, 1, 0], equal_nan=True)


def test_open_verdicts_of_a_judge_are_those_of_rated_items(tmp_path):
    rows = [f"i{k},ann,human,{name},3" for k in range(4) for name in "xy"]
    rows += [f"i{k},bot,judge,x,3" for k in range(4)] + ["i0,bot,judge,y,3"]
    header = "item_id,rater,rater_kind,dimension,value"
    found = aligned(tmp_path, *rows, header=header, pass_marks={"x": 2, "y": 2}).ratings["passes"]
    assert found.statuses["bot"] == {"ok": 1, "open": 3}


# --- overall scores of people


def people_of_rubric(tmp_path, *, values):
    """One answer with a rating of each dimension of open_qa by Ann, and those in `values` by Ben."""
    names = list(load_rubric("open_qa").dimensions)
    rows = [f"a,ann,{name},{k + 2}" for k, name in enumerate(names)]
    rows += [f"a,ben,{name},{value}" for name, value in values.items()]
    file = write(tmp_path / "r.csv", *rows, "a,cy,overall,5")
    return align_inputs(AgreementInputs(file, rubric="open_qa"))


def test_overall_is_computed_for_people_with_all_dimensions_only_and_given_ones_stay(tmp_path):
    found = people_of_rubric(tmp_path, values={"clarity": 4})
    assert found.ratings["overall"].humans == ("ann", "ben", "cy")
    assert np.array_equal(found.ratings["overall"].human_values[0], [3.5, np.nan, 5], equal_nan=True)
    assert any("computed from their other scores" in remark for remark in found.remarks)


def test_no_remark_speaks_of_computed_scores_where_none_was(tmp_path):
    names = list(load_rubric("open_qa").dimensions)
    rows = [f"a,ann,{name},4" for name in names[1:]]
    file = write(tmp_path / "r.csv", *rows, f"b,ann,{names[0]},4", "a,ann,overall,4")
    found = align_inputs(AgreementInputs(file, rubric="open_qa"))
    assert not any("computed" in remark for remark in found.remarks)
