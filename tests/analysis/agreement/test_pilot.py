"""A pilot as input of planning."""

import numpy as np
import pytest

from judge.analysis.agreement.inputs import AgreementInputs
from judge.analysis.agreement.pilot import human_verdicts, pilot_ratings
from judge.errors import InputError

HEADER = "item_id,rater,rater_kind,dimension,value"


def write(path, *rows):
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return str(path)


def test_ratings_are_those_of_the_people_and_the_judge_comes_first(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,human,x,1", "a,bot,judge,x,3", "b,ben,human,x,2")
    inputs = AgreementInputs(file, scale="1-3")
    alone = pilot_ratings(inputs, with_judge=False)
    assert np.array_equal(alone.ratings, [[1, np.nan], [np.nan, 2]], equal_nan=True)
    assert (alone.clusters, alone.items, alone.level) == (None, None, "ordinal")
    judged = pilot_ratings(inputs, with_judge=True).ratings
    assert np.array_equal(judged, [[3, 1, np.nan], [np.nan, np.nan, 2]], equal_nan=True)


def test_items_that_people_did_not_rate_are_left_out(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,human,x,1", "b,bot,judge,x,3")
    assert pilot_ratings(AgreementInputs(file, scale="1-3"), with_judge=False).ratings.tolist() == [[1]]


def test_a_difference_needs_the_judge(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,human,x,1")
    with pytest.raises(InputError, match="name the RUN of the judge"):
        pilot_ratings(AgreementInputs(file, scale="1-3"), with_judge=True)


def test_several_dimensions_are_refused_and_the_derived_verdict_is_none_of_them(tmp_path):
    rows = ["a,ann,human,x,1", "a,ann,human,y,2"]
    file = write(tmp_path / "r.csv", *rows)
    with pytest.raises(InputError, match=r"several dimensions \(x, y\); .*--dimension NAME"):
        pilot_ratings(AgreementInputs(file, scale="1-3"), with_judge=False)
    rule = {"x": 2, "y": 2}
    only = AgreementInputs(file, scale="1-3", pass_marks=rule, dimensions=("passes",))
    with pytest.raises(InputError, match="overall verdict only"):
        pilot_ratings(only, with_judge=False)


def test_verdicts_are_the_majority_by_the_whole_pass_rule(tmp_path):
    rows = ["a,ann,human,x,3", "a,ann,human,y,1", "b,ann,human,x,3", "b,ann,human,y,3"]
    inputs = AgreementInputs(write(tmp_path / "r.csv", *rows), scale="1-3", pass_marks={"x": 2, "y": 2})
    assert human_verdicts(inputs) == {"a": False, "b": True}


def test_a_tie_has_no_verdict(tmp_path):
    rows = ["a,ann,human,x,3", "a,ben,human,x,1", "b,ann,human,x,3", "b,ben,human,x,2"]
    inputs = AgreementInputs(write(tmp_path / "r.csv", *rows), scale="1-3", pass_marks={"x": 2})
    assert human_verdicts(inputs) == {"b": True}


def test_the_overall_score_decides_before_the_first_dimension(tmp_path):
    rows = ["a,ann,human,x,3", "a,ann,human,overall,1"]
    inputs = AgreementInputs(write(tmp_path / "r.csv", *rows), scale="1-3", pass_marks={"": 2})
    assert human_verdicts(inputs) == {"a": False}


def test_without_a_pilot_or_a_pass_mark_there_are_no_verdicts(tmp_path):
    assert human_verdicts(AgreementInputs(None)) == {}
    file = write(tmp_path / "r.csv", "a,ann,human,x,1")
    assert human_verdicts(AgreementInputs(file, scale="1-3")) == {}
