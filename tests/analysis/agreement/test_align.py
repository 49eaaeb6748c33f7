"""People's ratings and judges' scores come together by item, or an error says why not."""

import json

import numpy as np
import pytest

from judge.analysis.agreement.agree import agree
from judge.analysis.agreement.inputs import AgreementInputs, align_inputs, read_scale
from judge.errors import InputError

from .conftest import make_run


def write(path, *rows, header="item_id,rater,dimension,value"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return str(path)


def test_every_item_of_the_run_is_a_row_and_those_people_rated_are_marked(run, ratings):
    part = align_inputs(AgreementInputs(str(ratings), [str(run)])).ratings["clarity"]
    assert len(part.items) == 60
    assert int(part.rated.sum()) == 50
    assert part.humans == ("ann", "ben", "cy")


def test_a_refused_judgment_is_counted_and_not_a_number(run, ratings):
    part = align_inputs(AgreementInputs(str(ratings), [str(run)])).ratings["clarity"]
    assert part.statuses["robot"] == {"ok": 49, "refused": 1}
    assert np.isnan(part.column("robot")[7])


def test_overall_scores_of_people_are_computed_as_the_rubric_computes_the_judges(run, ratings):
    aligned = align_inputs(AgreementInputs(str(ratings), [str(run)]))
    dimensions = [p.human_values for n, p in aligned.ratings.items() if n not in ("overall", "passes")]
    complete = ~np.isnan(np.stack(dimensions)).any(axis=0)
    expected = np.mean(dimensions, axis=0)
    assert aligned.ratings["overall"].human_values[complete] == pytest.approx(expected[complete])
    assert np.isnan(aligned.ratings["overall"].human_values[~complete]).all()
    assert any("computed from their other scores" in remark for remark in aligned.remarks)


def test_no_overall_score_is_computed_from_some_of_the_dimensions(run, ratings):
    part = align_inputs(AgreementInputs(str(ratings), [str(run)])).ratings["overall"]
    assert np.isnan(part.human_values[3, part.humans.index("ann")])


def test_ratings_of_unknown_items_and_dimensions_are_left_out_and_reported(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,clarity,4", "zz,ann,clarity,4", "q1,ann,charm,2")
    notes = " ".join(align_inputs(AgreementInputs(file, [str(run)])).notes)
    assert "1 rated item is not among the items and was left out, e.g. 'zz'" in notes
    assert "Ratings on 'charm' were left out" in notes


def test_ratings_of_nothing_in_the_run_are_an_error_with_both_sides(run, tmp_path):
    file = write(tmp_path / "r.csv", "a1,ann,clarity,4")
    with pytest.raises(InputError, match=r"none of the 1 rated items is known.*'a1'.*'q0'"):
        align_inputs(AgreementInputs(file, [str(run)]))


def test_ratings_on_no_dimension_of_the_rubric_are_an_error(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,charm,4")
    with pytest.raises(
        InputError, match=r"on a dimension of rubric open_qa. Found: 'charm'; allowed: technical"
    ):
        align_inputs(AgreementInputs(file, [str(run)]))


def test_runs_with_another_content_under_one_id_are_ambiguous(run, ratings, quality, tmp_path):
    other = make_run(tmp_path / "other", np.random.default_rng(0), quality, name="second", change="!")
    with pytest.raises(InputError, match="item 'q0' has another question or answer"):
        align_inputs(AgreementInputs(str(ratings), [str(run), str(other)]))


def test_runs_of_one_judge_are_told_apart_by_their_names(run, ratings, quality, tmp_path):
    other = make_run(tmp_path / "again", np.random.default_rng(0), quality)
    assert align_inputs(AgreementInputs(str(ratings), [str(run), str(other)])).judges == ("first", "again")


def test_a_rating_off_the_declared_scale_is_an_error(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,clarity,6")
    with pytest.raises(InputError, match=r"item 'q1', rater 'ann': clarity is 6, off the declared scale"):
        align_inputs(AgreementInputs(file, [str(run)]))


def test_a_value_between_labels_is_an_error_and_a_mean_of_scores_is_none(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,1.5", "a,ben,x,2")
    assert not align_inputs(AgreementInputs(file, scale="1-3")).ratings["x"].on_scale
    with pytest.raises(InputError, match="off the declared scale"):
        align_inputs(AgreementInputs(file, scale="1-3", level="nominal"))


def test_a_scale_is_never_guessed(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,1", "a,ben,x,2")
    with pytest.raises(InputError, match=r"the scale is not declared.*found: 1.0, 2.0"):
        align_inputs(AgreementInputs(file))


def test_labels_become_positions_on_the_scale(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,pass", "a,ben,x,fail")
    assert align_inputs(AgreementInputs(file, scale="fail,pass")).ratings["x"].human_values.tolist() == [
        [1.0, 0.0]
    ]
    with pytest.raises(InputError, match="is 'pass'; allowed are no, yes"):
        align_inputs(AgreementInputs(file, scale="no,yes"))


def test_a_second_rating_of_one_item_by_one_person_is_an_error(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,clarity,4", "q1,ann,clarity,5")
    with pytest.raises(InputError, match="second score for item 'q1', rater 'ann'"):
        align_inputs(AgreementInputs(file, [str(run)]))


def test_judges_may_stand_in_the_file_of_ratings(tmp_path):
    rows = ["a,ann,human,x,1", "a,bot,judge,x,2", "b,ann,human,x,2"]
    file = write(tmp_path / "r.csv", *rows, header="item_id,rater,rater_kind,dimension,value")
    aligned = align_inputs(AgreementInputs(file, scale="1-3"))
    assert (aligned.humans, aligned.judges) == (("ann",), ("bot",))
    assert aligned.ratings["x"].statuses == {"bot": {"ok": 1, "unscored": 1}}


def test_a_run_needs_people(run, tmp_path):
    file = write(
        tmp_path / "r.csv", "q1,bot,judge,clarity,4", header="item_id,rater,rater_kind,dimension,value"
    )
    with pytest.raises(InputError, match="no rater is a person"):
        align_inputs(AgreementInputs(file, [str(run)]))


def test_fields_come_from_the_items_or_from_columns_beside_the_ratings(tmp_path):
    file = write(
        tmp_path / "r.csv",
        "a,ann,x,1,red,9",
        "a,ben,x,1,red,8",
        header="item_id,rater,dimension,value,colour,mood",
    )
    aligned = align_inputs(AgreementInputs(file, scale="1-3"))
    assert aligned.field("colour").tolist() == ["red"]
    with pytest.raises(InputError, match="no item has the field 'mood'; found: colour"):
        aligned.field("mood")
    table = tmp_path / "items.jsonl"
    table.write_text(json.dumps({"id": "a", "question": "why", "shape": "round"}))
    aligned = align_inputs(AgreementInputs(file, scale="1-3", items=str(table)))
    assert (aligned.field("shape").tolist(), aligned.items[0].question) == (["round"], "why")


def test_a_pass_rule_of_several_bars_makes_a_verdict(run, ratings):
    aligned = align_inputs(
        AgreementInputs(str(ratings), [str(run)], pass_marks={"clarity": 3, "relevance": 3})
    )
    part = aligned.ratings["passes"]
    both = np.minimum(aligned.ratings["clarity"].human_values, aligned.ratings["relevance"].human_values)
    assert part.human_values[:50] == pytest.approx((both[:50] >= 3).astype(float))


def test_a_bar_below_is_a_fail_even_if_another_score_is_missing(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,clarity,1", "q2,ann,clarity,5", "q3,ann,relevance,5")
    part = align_inputs(AgreementInputs(file, [str(run)], pass_marks={"clarity": 3, "relevance": 3})).ratings[
        "passes"
    ]
    assert part.human_values[1:4, 0].tolist()[0] == 0
    assert np.isnan(part.human_values[2:4, 0]).all()


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
    assert (tuple(scale.values), scale.level) == (values, kind)


def test_a_scale_that_runs_backwards_is_refused():
    with pytest.raises(InputError, match=r"--scale 5,4: .*ascend"):
        read_scale("5,4")


def test_ratings_without_a_single_value_are_an_error(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,", "b,ben,x,")
    with pytest.raises(InputError, match="no rating by a person has a value"):
        align_inputs(AgreementInputs(file, scale="1-3"))


LABELS = {2: "fail,pass", 3: "fail,maybe,pass", 4: "fail,poor,fair,pass"}


def labelled(path, n_labels, *, with_judge):
    """Ratings of 12 items by two people, and a judge where wanted, on a scale of labels."""
    rng = np.random.default_rng(n_labels)
    labels = LABELS[n_labels].split(",")
    raters = [("ann", "human"), ("ben", "human"), *([("bot", "judge")] if with_judge else [])]
    truth = rng.integers(n_labels, size=12)
    said = [
        (item, rater, kind, labels[value if rng.random() < 0.7 else rng.integers(n_labels)])
        for item, value in enumerate(truth)
        for rater, kind in raters
    ]
    return write(path, *(f"i{i},{r},{k},{v}" for i, r, k, v in said), header="item_id,rater,rater_kind,label")


@pytest.mark.parametrize("level", [None, "nominal", "ordinal", "interval", "ratio"])
@pytest.mark.parametrize("with_judge", [False, True], ids=["people", "judge"])
@pytest.mark.parametrize("n_labels", LABELS)
def test_agreement_on_a_scale_of_labels_is_reported_at_every_level(tmp_path, n_labels, with_judge, level):
    file = labelled(tmp_path / "r.csv", n_labels, with_judge=with_judge)
    found = agree(align_inputs(AgreementInputs(file, scale=LABELS[n_labels], level=level)))
    assert np.isfinite(found.human_agreements["overall"].estimates["alpha"].value)
    assert len(found.judge_agreements) == with_judge


def test_alpha_of_labels_is_that_of_the_worked_case(tmp_path):
    rows = ["a,x,fail", "a,y,fail", "b,x,pass", "b,y,fail", "c,x,pass", "c,y,pass"]
    file = write(tmp_path / "r.csv", *rows, header="item_id,rater,label")
    found = agree(align_inputs(AgreementInputs(file, scale="fail,pass")))
    assert found.human_agreements["overall"].estimates["alpha"].value == pytest.approx(0.444, abs=5e-4)


def test_labels_that_mean_missing_elsewhere_are_ratings_on_their_scale(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,none", "a,ben,x,NONE", "b,ann,x,yes", "b,ben,x,unsure")
    humans = align_inputs(AgreementInputs(file, scale="none,yes")).ratings["x"].human_values
    assert np.isnan(humans[1, 1])
    assert humans[:, 0].tolist() == [0.0, 1.0]


def test_named_codes_are_missing_and_other_words_are_counted(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,4", "a,ben,x,99", "b,ann,x,dk", "b,ben,x,#N/A")
    aligned = align_inputs(AgreementInputs(file, scale="1-5", missing_codes=("99", "dk")))
    assert int(np.isnan(aligned.ratings["x"].human_values).sum()) == 3
    assert any("'99', 'dk', '#N/A': 3." in note for note in aligned.notes)


@pytest.mark.parametrize("code", ["3", "3.0"])
def test_a_value_of_the_scale_cannot_be_a_missing_code(tmp_path, code):
    file = write(tmp_path / "r.csv", "a,ann,x,4")
    with pytest.raises(InputError, match="--missing-codes 3: is a value of the scale"):
        align_inputs(AgreementInputs(file, scale="1-5", missing_codes=(code,)))


def test_only_the_dimensions_that_are_asked_for_must_lie_on_the_scale(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,4,120", "a,ben,5,80", header="item_id,rater,clarity,pace")
    assert list(align_inputs(AgreementInputs(file, scale="1-5", dimensions=("clarity",))).ratings) == [
        "clarity"
    ]
    with pytest.raises(InputError, match=r"pace is 120, off the declared scale.*--dimension"):
        align_inputs(AgreementInputs(file, scale="1-5"))


def test_the_overall_score_is_still_derived_where_it_alone_is_asked_for(run, ratings):
    assert list(align_inputs(AgreementInputs(str(ratings), [str(run)], dimensions=("overall",))).ratings) == [
        "overall"
    ]


def test_raters_that_differ_by_case_are_named(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,4", "a,bob ,x,4", "b,bob,x,3", "b,Bob,x,3")
    aligned = align_inputs(AgreementInputs(file, scale="1-5"))
    assert aligned.humans == ("ann", "bob", "Bob")
    assert any("Raters 'bob', 'Bob' differ in spelling only" in note for note in aligned.notes)


def test_ids_that_a_table_program_made_numbers_of_are_matched_and_named(tmp_path):
    items = write(tmp_path / "items.csv", "1,red", " q2 ,blue", header="item_id,colour")
    file = write(tmp_path / "r.csv", "1.0,ann,x,4", "1.0,ben,x,4", "q2,ann,x,3")
    aligned = align_inputs(AgreementInputs(file, scale="1-5", items=items))
    assert int(aligned.ratings["x"].rated.sum()) == 2
    assert any("'1.0' were matched with '1'" in note for note in aligned.notes)


def test_ids_that_may_be_the_same_are_named(tmp_path):
    file = write(tmp_path / "r.csv", "1,ann,x,4", "1.0,ben,x,4")
    assert any(
        "'1.0' count as others than '1'" in n for n in align_inputs(AgreementInputs(file, scale="1-5")).notes
    )


def test_where_no_two_people_rated_one_item_it_is_said(tmp_path):
    file = write(tmp_path / "r.csv", "a,r1,mqm,0", "b,r2,mqm,5", "c,r3,mqm,1")
    aligned = align_inputs(AgreementInputs(file, scale="0-10"))
    assert "No item was rated by two people on mqm: there is no agreement among people." in aligned.notes
    assert agree(aligned).human_agreements["mqm"].estimates["alpha"].reason == "no_pairable_items"


def test_a_wanted_dimension_that_no_person_rated_is_refused_with_those_they_rated(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,clarity,4", "q1,ann,relevance,4")
    with pytest.raises(InputError, match="people rated no dimension 'technical_accuracy'; found: clarity"):
        align_inputs(AgreementInputs(file, [str(run)], dimensions=("technical_accuracy", "clarity")))


@pytest.mark.parametrize("mark", [0, 6, -1])
def test_a_pass_mark_off_the_scale_is_refused(run, ratings, mark):
    with pytest.raises(InputError, match=f"--pass {mark}: off the scale; allowed is a score from 1 to 5"):
        align_inputs(AgreementInputs(str(ratings), [str(run)], pass_marks={"": mark}))


@pytest.mark.parametrize("mark", [1, 5])
def test_the_ends_of_the_scale_are_pass_marks(run, ratings, mark):
    aligned = align_inputs(AgreementInputs(str(ratings), [str(run)], pass_marks={"": mark}))
    assert aligned.ratings["clarity"].pass_mark == mark


def test_a_pass_mark_of_an_unknown_dimension_is_refused(run, ratings):
    with pytest.raises(InputError, match="--pass wit: no such dimension; found: technical_accuracy"):
        align_inputs(AgreementInputs(str(ratings), [str(run)], pass_marks={"wit": 3}))


def test_a_pass_mark_of_one_dimension_takes_precedence_over_that_of_all(run, ratings):
    given = {"": 3, "clarity": 4}
    found = align_inputs(AgreementInputs(str(ratings), [str(run)], pass_marks=given)).ratings
    assert (found["clarity"].pass_mark, found["relevance"].pass_mark) == (4, 3)
    one = align_inputs(AgreementInputs(str(ratings), [str(run)], pass_marks={"clarity": 4})).ratings
    assert (one["clarity"].pass_mark, one["relevance"].pass_mark) == (4, None)
    assert "passes" not in one


def test_one_name_cannot_be_a_person_and_a_judge_on_any_dimensions(tmp_path):
    rows = ["a,bot,judge,x,1", "a,bot,human,y,2"]
    file = write(tmp_path / "r.csv", *rows, header="item_id,rater,rater_kind,dimension,value")
    with pytest.raises(InputError, match="'bot' is a person in one row and a judge in another"):
        align_inputs(AgreementInputs(file, scale="1-3"))


def test_an_open_verdict_of_a_judge_is_counted_as_open(tmp_path):
    rows = ["a,ann,human,x,3", "a,ann,human,y,3", "a,bot,judge,x,3", "b,ann,human,x,1", "b,bot,judge,x,1"]
    file = write(tmp_path / "r.csv", *rows, header="item_id,rater,rater_kind,dimension,value")
    aligned = align_inputs(AgreementInputs(file, scale="1-3", pass_marks={"x": 2, "y": 2}))
    passes = aligned.ratings["passes"]
    assert np.array_equal(passes.values, [[1, np.nan], [0, 0]], equal_nan=True)
    assert passes.statuses == {"bot": {"ok": 1, "open": 1}}
    assert (passes.pass_mark, passes.scale.level) == (1, "nominal")


def test_repeats_of_different_number_make_one_verdict(tmp_path, quality):
    noisy = make_run(tmp_path / "noisy", np.random.default_rng(2), quality, n_samples=2)
    file = write(tmp_path / "r.csv", "q1,ann,clarity,4", "q1,ann,relevance,4")
    marks = {"clarity": 3, "relevance": 3}
    found = align_inputs(AgreementInputs(file, [str(noisy)], pass_marks=marks)).ratings
    assert found["passes"].samples.shape == found["clarity"].samples.shape == (60, 2, 2)


@pytest.mark.parametrize("reduction", ["first", "mean"])
def test_repeated_judgments_are_combined_as_wanted(noisy, ratings, reduction):
    found = align_inputs(AgreementInputs(str(ratings), [str(noisy)], reduction=reduction)).ratings["clarity"]
    samples = found.samples[:, found.raters.index("dice")]
    expected = samples[:, 0] if reduction == "first" else samples.mean(axis=1)
    assert found.column("dice")[:7] == pytest.approx(expected[:7])


@pytest.mark.parametrize(
    ("value", "allowed"), [("0.9", False), ("1", True), ("5", True), ("5.1", False), ("3.5", True)]
)
def test_values_may_lie_between_the_points_but_not_beyond_the_ends(tmp_path, value, allowed):
    file = write(tmp_path / "r.csv", f"a,ann,x,{value}")
    if allowed:
        assert align_inputs(AgreementInputs(file, scale="1-5")).ratings["x"].values.tolist() == [
            [float(value)]
        ]
    else:
        with pytest.raises(InputError, match=f"x is {value}, off the declared scale .* 1 such rating:"):
            align_inputs(AgreementInputs(file, scale="1-5"))


def test_dimensions_that_differ_by_case_are_named(tmp_path):
    file = write(
        tmp_path / "r.csv", "a,ann,clarity,4", "a,ben,Clarity,4", "b,ann,clarity,3", "b,ben,clarity,3"
    )
    notes = align_inputs(AgreementInputs(file, scale="1-5")).notes
    assert any("Dimensions 'clarity', 'Clarity' differ in spelling only" in note for note in notes)


def test_dimension_of_the_rubric_is_known_whatever_its_case_and_spaces(tmp_path):
    file = write(
        tmp_path / "r.csv", "a,ann,4,5", "a,ben,3,5", header="item_id,rater,Clarity,Technical Accuracy"
    )
    aligned = align_inputs(AgreementInputs(file, rubric="open_qa"))
    assert list(aligned.ratings) == ["technical_accuracy", "clarity"]


def test_two_columns_that_mean_one_dimension_are_refused(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,4,5", "a,ben,3,5", header="item_id,rater,Clarity,clarity")
    with pytest.raises(InputError, match="second score for item 'a'"):
        align_inputs(AgreementInputs(file, rubric="open_qa"))


def test_row_of_means_that_counts_as_an_item_is_named(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,4", "a,ben,x,5", "Mean,Mean,x,4.5")
    notes = align_inputs(AgreementInputs(file, scale="1-5")).notes
    assert any("called 'Mean' count like any others" in note for note in notes)


def test_ratings_of_people_in_later_samples_are_counted(tmp_path):
    rows = ("a,ann,4,0", "a,ann,3,1", "a,ben,5,0")
    file = write(tmp_path / "r.csv", *rows, header="item_id,rater,clarity,sample")
    notes = align_inputs(AgreementInputs(file, scale="1-5")).notes
    assert any("1 of their ratings are of a sample other than 0" in note for note in notes)
