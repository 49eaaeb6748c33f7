"""People's ratings and judges' scores come together by item, or an error says why not."""

import json

import numpy as np
import pytest

from judge.analysis.agreement.asked import Asked, join_asked, read_scale
from judge.errors import InputError

from .conftest import make_run


def write(path, *rows, header="item_id,rater,dimension,value"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return str(path)


def test_every_item_of_the_run_is_a_row_and_those_people_rated_are_marked(run, ratings):
    part = join_asked(Asked(str(ratings), [str(run)])).parts["clarity"]
    assert len(part.items) == 60
    assert int(part.rated.sum()) == 50
    assert part.people == ("ann", "ben", "cy")


def test_a_refused_judgment_is_counted_and_not_a_number(run, ratings):
    part = join_asked(Asked(str(ratings), [str(run)])).parts["clarity"]
    assert part.statuses["robot"] == {"ok": 49, "refused": 1}
    assert np.isnan(part.column("robot")[7])


def test_overall_scores_of_people_are_computed_as_the_rubric_computes_the_judges(run, ratings):
    joined = join_asked(Asked(str(ratings), [str(run)]))
    dimensions = [p.humans for n, p in joined.parts.items() if n not in ("overall", "passes")]
    complete = ~np.isnan(np.stack(dimensions)).any(axis=0)
    expected = np.mean(dimensions, axis=0)
    assert joined.parts["overall"].humans[complete] == pytest.approx(expected[complete])
    assert np.isnan(joined.parts["overall"].humans[~complete]).all()
    assert any("computed from their other scores" in remark for remark in joined.remarks)


def test_no_overall_score_is_computed_from_some_of_the_dimensions(run, ratings):
    part = join_asked(Asked(str(ratings), [str(run)])).parts["overall"]
    assert np.isnan(part.humans[3, part.people.index("ann")])


def test_ratings_of_unknown_items_and_dimensions_are_left_out_and_reported(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,clarity,4", "zz,ann,clarity,4", "q1,ann,charm,2")
    notes = " ".join(join_asked(Asked(file, [str(run)])).notes)
    assert "1 rated items are not among the items and were left out, e.g. 'zz'" in notes
    assert "Ratings on 'charm' were left out" in notes


def test_ratings_of_nothing_in_the_run_are_an_error_with_both_sides(run, tmp_path):
    file = write(tmp_path / "r.csv", "a1,ann,clarity,4")
    with pytest.raises(InputError, match=r"none of the 1 rated items is known.*'a1'.*'q0'"):
        join_asked(Asked(file, [str(run)]))


def test_ratings_on_no_dimension_of_the_rubric_are_an_error(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,charm,4")
    with pytest.raises(
        InputError, match=r"on a dimension of rubric open_qa. Found: 'charm'; allowed: technical"
    ):
        join_asked(Asked(file, [str(run)]))


def test_runs_with_another_content_under_one_id_are_ambiguous(run, ratings, quality, tmp_path):
    other = make_run(tmp_path / "other", np.random.default_rng(0), quality, name="second", change="!")
    with pytest.raises(InputError, match="item 'q0' has another content"):
        join_asked(Asked(str(ratings), [str(run), str(other)]))


def test_runs_of_one_judge_are_told_apart_by_their_names(run, ratings, quality, tmp_path):
    other = make_run(tmp_path / "again", np.random.default_rng(0), quality)
    assert join_asked(Asked(str(ratings), [str(run), str(other)])).judges == ("first", "again")


def test_a_rating_off_the_declared_scale_is_an_error(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,clarity,6")
    with pytest.raises(InputError, match=r"item 'q1', rater 'ann': clarity is 6, off the declared scale"):
        join_asked(Asked(file, [str(run)]))


def test_a_value_between_labels_is_an_error_and_a_mean_of_scores_is_none(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,1.5", "a,ben,x,2")
    assert not join_asked(Asked(file, scale="1-3")).parts["x"].on_scale
    with pytest.raises(InputError, match="off the declared scale"):
        join_asked(Asked(file, scale="1-3", level="nominal"))


def test_a_scale_is_never_guessed(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,1", "a,ben,x,2")
    with pytest.raises(InputError, match=r"the scale is not declared.*found: 1.0, 2.0"):
        join_asked(Asked(file))


def test_labels_become_positions_on_the_scale(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,pass", "a,ben,x,fail")
    assert join_asked(Asked(file, scale="fail,pass")).parts["x"].humans.tolist() == [[1.0, 0.0]]
    with pytest.raises(InputError, match="is 'pass'; allowed are no, yes"):
        join_asked(Asked(file, scale="no,yes"))


def test_a_second_rating_of_one_item_by_one_person_is_an_error(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,clarity,4", "q1,ann,clarity,5")
    with pytest.raises(InputError, match="second score for item 'q1', rater 'ann'"):
        join_asked(Asked(file, [str(run)]))


def test_judges_may_stand_in_the_file_of_ratings(tmp_path):
    rows = ["a,ann,human,x,1", "a,bot,judge,x,2", "b,ann,human,x,2"]
    file = write(tmp_path / "r.csv", *rows, header="item_id,rater,rater_kind,dimension,value")
    joined = join_asked(Asked(file, scale="1-3"))
    assert (joined.people, joined.judges) == (("ann",), ("bot",))
    assert joined.parts["x"].statuses == {"bot": {"ok": 1, "unscored": 1}}


def test_a_run_needs_people(run, tmp_path):
    file = write(
        tmp_path / "r.csv", "q1,bot,judge,clarity,4", header="item_id,rater,rater_kind,dimension,value"
    )
    with pytest.raises(InputError, match="nobody in it is a person"):
        join_asked(Asked(file, [str(run)]))


def test_fields_come_from_the_items_or_from_columns_beside_the_ratings(tmp_path):
    file = write(
        tmp_path / "r.csv",
        "a,ann,x,1,red,9",
        "a,ben,x,1,red,8",
        header="item_id,rater,dimension,value,colour,mood",
    )
    joined = join_asked(Asked(file, scale="1-3"))
    assert joined.field("colour").tolist() == ["red"]
    with pytest.raises(InputError, match="no item has the field 'mood'; found: colour"):
        joined.field("mood")
    table = tmp_path / "items.jsonl"
    table.write_text(json.dumps({"id": "a", "question": "why", "shape": "round"}))
    joined = join_asked(Asked(file, scale="1-3", items=str(table)))
    assert (joined.field("shape").tolist(), joined.items[0].question) == (["round"], "why")


def test_a_pass_rule_of_several_bars_makes_a_verdict(run, ratings):
    joined = join_asked(Asked(str(ratings), [str(run)], bars={"clarity": 3, "relevance": 3}))
    part = joined.parts["passes"]
    both = np.minimum(joined.parts["clarity"].humans, joined.parts["relevance"].humans)
    assert part.humans[:50] == pytest.approx((both[:50] >= 3).astype(float))


def test_a_bar_below_is_a_fail_even_if_another_score_is_missing(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,clarity,1", "q2,ann,clarity,5", "q3,ann,relevance,5")
    part = join_asked(Asked(file, [str(run)], bars={"clarity": 3, "relevance": 3})).parts["passes"]
    assert part.humans[1:4, 0].tolist()[0] == 0
    assert np.isnan(part.humans[2:4, 0]).all()


@pytest.mark.parametrize(
    ("text", "values", "kind"),
    [
        ("1-5", (1, 2, 3, 4, 5), "ordinal"),
        ("0,0.5,1", (0, 0.5, 1), "ordinal"),
        ("no,yes", ("no", "yes"), "nominal"),
    ],
)
def test_a_scale_is_read_as_people_write_it(text, values, kind):
    scale = read_scale(text)
    assert (tuple(scale.values), scale.kind) == (values, kind)


def test_a_scale_that_runs_backwards_is_refused():
    with pytest.raises(InputError, match=r"--scale 5,4: .*ascend"):
        read_scale("5,4")


def test_ratings_without_a_single_value_are_an_error(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,", "b,ben,x,")
    with pytest.raises(InputError, match="no rating by a person has a value"):
        join_asked(Asked(file, scale="1-3"))
