"""Loading of runs and ratings: what is read, what is refused, what is noted."""

import io
import json

import numpy as np
import pytest

from judge.analysis.agreement.inputs import AgreementInputs, align_inputs
from judge.analysis.agreement.load import load_ratings
from judge.analysis.agreement.scales import with_codes
from judge.errors import InputError
from judge.items.identity import content_id
from judge.records import Item, Score
from judge.rubric import load_rubric, parse_rubric
from judge.scoring.run import Run
from judge.stats.engine.scale import Scale

from .conftest import make_run

LONG = "item_id,rater,dimension,value"


def write(path, *rows, header=LONG):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_humans_and_judges_are_told_apart(run, ratings):
    loaded = load_ratings([run], ratings)
    assert {score.rater for score in loaded.of("human")} == {"ann", "ben", "cy"}
    assert {score.rater for score in loaded.of("judge")} == {"robot"}
    assert list(loaded.items) == [f"q{i}" for i in range(60)]
    assert loaded.rubric.digest == load_rubric("open_qa").digest


def test_the_origin_of_the_scores_is_kept(run, ratings):
    about = load_ratings([run], ratings).about
    assert about["ratings"] == str(ratings)
    assert about["judge first"].startswith("robot, rubric open_qa version 1 (")


def test_an_empty_file_says_on_which_dimensions(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,1")
    with pytest.raises(InputError, match="holds no ratings on y"):
        load_ratings([], file, dimensions=["y"], scale=Scale.integers(1, 3))


def test_the_derived_dimensions_need_all_ratings(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,1", "a,ann,y,2")
    loaded = load_ratings([], file, dimensions=["passes"], scale=Scale.integers(1, 3))
    assert {score.dimension for score in loaded.scores} == {"x", "y"}
    one = load_ratings([], file, dimensions=["x"], scale=Scale.integers(1, 3))
    assert {score.dimension for score in one.scores} == {"x"}


def test_overall_needs_all_ratings_only_where_a_rubric_derives_it(run, tmp_path):
    file = write(tmp_path / "r.csv", "q1,ann,clarity,1", "q1,ann,overall,2")
    with_rubric = load_ratings([run], file, dimensions=["overall"])
    assert {score.dimension for score in with_rubric.of("human")} == {"clarity", "overall"}
    without = load_ratings([], file, dimensions=["overall"], scale=Scale.integers(1, 5))
    assert {score.dimension for score in without.scores} == {"overall"}


def test_a_single_dimension_names_ratings_without_one(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,1", header="item_id,rater,value")
    named = load_ratings([], file, dimensions=["x"], scale=Scale.integers(1, 3))
    assert {score.dimension for score in named.scores} == {"x"}
    default = load_ratings([], file, scale=Scale.integers(1, 3))
    assert {score.dimension for score in default.scores} == {"overall"}


@pytest.mark.parametrize(
    ("code", "scale", "refused"),
    [
        ("NO", Scale(("no", "yes"), "nominal"), True),
        ("none", Scale(("no", "yes"), "nominal"), False),
        ("5", Scale.integers(1, 5), True),
        ("5.0", Scale.integers(1, 5), True),
        ("9", Scale.integers(1, 5), False),
    ],
)
def test_a_value_of_the_declared_scale_cannot_be_a_missing_code(tmp_path, code, scale, refused):
    file = write(tmp_path / "r.csv", f"a,ann,x,{scale.values[-1]}")
    if refused:
        with pytest.raises(InputError, match=r"is a value of the scale .* declare the scale without it"):
            load_ratings([], file, scale=scale, missing_codes=[code])
    else:
        assert load_ratings([], file, scale=scale, missing_codes=[code]).scores


def test_a_value_of_the_rubrics_scale_cannot_be_a_missing_code_unless_another_scale_is_declared(tmp_path):
    file, rubric = write(tmp_path / "r.csv", "a,ann,clarity,1"), load_rubric("open_qa")
    with pytest.raises(InputError, match="--missing-codes 5"):
        load_ratings([], file, rubric=rubric, missing_codes=["5"])
    narrow = Scale.integers(1, 4)
    assert load_ratings([], file, rubric=rubric, scale=narrow, missing_codes=["5"]).scores


def test_runs_of_another_rubric_are_refused(run, ratings, make_rubric, tmp_path):
    items = [Item(id="new", question="?", answer="a")]
    other = tmp_path / "other"
    Run.imported(other, make_rubric(), items, [], model="m").close()
    with pytest.raises(InputError, match=r"other: scored by another rubric than .*one call need the same"):
        load_ratings([run, other], ratings)


def test_runs_of_one_judge_are_named_by_their_folders_and_others_by_their_judge(
    run, noisy, ratings, quality, tmp_path
):
    again = make_run(tmp_path / "again", np.random.default_rng(0), quality)
    loaded = load_ratings([run, noisy, again], ratings)
    assert list(dict.fromkeys(s.rater for s in loaded.of("judge"))) == ["first", "dice", "again"]


def test_a_table_of_items_adds_fields_to_the_items_of_a_run(run, ratings, tmp_path):
    table = write(tmp_path / "items.csv", "q0,red,x", "zz,blue,y", header="id,colour,system")
    loaded = load_ratings([run], ratings, items=table)
    assert len(loaded.items) == 60
    assert loaded.items["q0"].metadata["colour"] == "red"
    assert loaded.items["q0"].metadata["image"] == "m0"
    assert loaded.items["q0"].system == "a"  # that of the run stays
    assert "colour" not in loaded.items["q1"].metadata


def test_a_table_of_items_needs_ids_and_each_once(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,1")
    scale = Scale.integers(1, 3)
    with pytest.raises(InputError, match=r"items.csv:2: no id of the item; found: name"):
        load_ratings([], file, items=write(tmp_path / "items.csv", "a", header="name"), scale=scale)
    twice = write(tmp_path / "twice.csv", "a,1", "a,2", header="id,x")
    with pytest.raises(InputError, match=r"twice.csv:3: second row for item 'a'; keep one of the two"):
        load_ratings([], file, items=twice, scale=scale)


def test_columns_beside_the_ratings_are_fields_where_they_are_constant(tmp_path):
    rows = ["a,ann,x,1,red,9", "a,ben,x,1,red,8", "b,ann,x,1,blue,7"]
    file = write(tmp_path / "r.csv", *rows, header=f"{LONG},colour,mood")
    items = load_ratings([], file, scale=Scale.integers(1, 3)).items
    assert [item.metadata for item in items.values()] == [{"colour": "red"}, {"colour": "blue"}]


def test_failed_attention_checks_are_noted(tmp_path):
    rows = ["a,ann,x,1,2,4", "a,ben,x,1,0,4"]
    file = write(tmp_path / "r.csv", *rows, header=f"{LONG},checks_missed,checks_seen")
    notes = load_ratings([], file, scale=Scale.integers(1, 3)).notes
    assert any("1 of 2 raters failed attention checks (ann 2 of 4)" in note for note in notes)
    plain = write(tmp_path / "plain.csv", "a,ann,x,1")
    assert not any("attention" in n for n in load_ratings([], plain, scale=Scale.integers(1, 3)).notes)


def test_labels_become_their_positions_and_missing_ones_stay_missing(run, ratings):
    def score(value, status="ok"):
        return Score(item_id="a", rater="r", rater_kind="human", dimension="x", value=value, status=status)

    loaded = load_ratings([run], ratings)
    texts = [score("no"), score("yes"), score(None, "skipped")]
    scale = Scale(("no", "yes"), "nominal")
    coded, _ = with_codes(type(loaded)({}, tuple(texts), None), scale)
    assert [s.value for s in coded.scores] == [0.0, 1.0, None]
    with pytest.raises(InputError, match="x is 'maybe'; allowed are no, yes"):
        with_codes(type(loaded)({}, (score("maybe"),), None), scale)


# -- labels on a rubric of numbers


def scored(folder, points, values):
    """A run on the dimension ``right`` of a rubric with the given scores."""
    anchors = {point: f"score {point}" for point in points}
    rubric = parse_rubric(
        json.dumps(
            {
                "name": "labels",
                "task": "Judge.",
                "scale": {"min": points[0], "max": points[-1]},
                "dimensions": {"right": {"description": "Whether it is right.", "anchors": anchors}},
                "overall": {"how": "none"},
                "pass": {"right": points[-1]},
            }
        )
    )
    items = [Item(id=f"q{n}", question="?", answer="!") for n in range(len(values))]
    scores = [
        Score(item_id=item.id, rater="bot", rater_kind="judge", dimension="right", value=value)
        for item, value in zip(items, values, strict=True)
    ]
    Run.imported(folder, rubric, items, scores, model="bot").close()
    return str(folder)


def rated(tmp_path, *labels):
    return write(tmp_path / "r.csv", *(f"q{n},ann,right,{label}" for n, label in enumerate(labels)))


def test_labels_are_the_scores_at_their_positions(tmp_path):
    run = scored(tmp_path / "run", (1, 2), [1.0, 2.0, 2.0])
    inputs = AgreementInputs(rated(tmp_path, "fail", "pass", "fail"), [run], scale="fail,pass")
    aligned = align_inputs(inputs)
    ratings = aligned.ratings["right"]
    assert ratings.column("ann").tolist() == [1, 2, 1]
    assert ratings.column("bot").tolist() == [1, 2, 2]
    assert (ratings.scale.level, ratings.pass_mark) == ("nominal", 2)
    assert ratings.human_passed().tolist() == [0, 1, 0]
    assert aligned.remarks == ("Labels fail, pass are read as scores 1, 2.",)


def test_labels_of_a_rubric_from_0_keep_their_names(tmp_path):
    run = scored(tmp_path / "run", (0, 1), [0.0, 1.0])
    aligned = align_inputs(AgreementInputs(rated(tmp_path, "fail", "pass"), [run], scale="fail,pass"))
    assert aligned.ratings["right"].scale.values == ("fail", "pass")
    assert aligned.ratings["right"].column("bot").tolist() == [0, 1]


def test_a_rubric_with_more_scores_than_labels_is_refused(tmp_path):
    run = scored(tmp_path / "run", (1, 2, 3), [1.0, 3.0])
    with pytest.raises(InputError, match=r"has 2 labels, and rubric labels has 3 scores \(1 to 3\)"):
        align_inputs(AgreementInputs(rated(tmp_path, "fail", "pass"), [run], scale="fail,pass"))


def test_a_score_of_the_judge_without_a_label_is_refused(tmp_path):
    run = scored(tmp_path / "run", (1, 2), [1.0, 1.5])
    with pytest.raises(InputError, match=r"item 'q1', rater 'bot': right is 1.5; allowed are fail, pass"):
        align_inputs(AgreementInputs(rated(tmp_path, "fail", "pass"), [run], scale="fail,pass"))


# -- layouts


def test_ratings_without_a_dimension_are_on_the_only_one_of_the_rubric(tmp_path):
    run = scored(tmp_path / "run", (0, 1), [0.0, 1.0])
    file = write(tmp_path / "r.csv", "q0,0,1", "q1,1,1", header="id,ann,ben")
    loaded = load_ratings([run], file, raters_in=("ann", "ben"))
    assert {s.dimension for s in loaded.of("human")} == {"right"}


def test_columns_of_raters_are_no_fields_of_the_items(tmp_path):
    file = write(tmp_path / "r.csv", "q0,4,5,red", header="id,ann,ben,colour")
    loaded = load_ratings([], file, scale=Scale.integers(1, 5), raters_in=("ann", "ben"))
    assert loaded.items["q0"].metadata == {"colour": "red"}


def test_ratings_and_items_without_ids_meet_by_their_content(tmp_path):
    items = write(tmp_path / "items.csv", "2 + 2?,4,sums", header="question,answer,topic")
    file = write(tmp_path / "r.csv", "2 + 2?,4,5,4", header="question,answer,ann,ben")
    loaded = load_ratings([], file, items=items, scale=Scale.integers(1, 5), raters_in=("ann", "ben"))
    (item,) = loaded.items.values()
    assert (item.metadata["topic"], {s.item_id for s in loaded.scores}) == ("sums", {item.id})


def test_fields_of_items_without_ids_are_read_from_the_ratings(tmp_path):
    file = write(tmp_path / "r.csv", "2 + 2?,4,ann,5,red", header="question,answer,rater,value,colour")
    (item,) = load_ratings([], file, scale=Scale.integers(1, 5)).items.values()
    assert item.metadata["colour"] == "red"


def test_items_are_named_by_chosen_columns_in_both_tables(tmp_path):
    items = write(tmp_path / "items.csv", "x,7,a,red", header="id,nr,model,colour")
    file = write(tmp_path / "r.csv", "7,a,ann,5", header="nr,model,rater,value")
    loaded = load_ratings([], file, items=items, scale=Scale.integers(1, 5), id_from=("nr", "model"))
    assert loaded.items["7/a"].metadata["colour"] == "red"


def test_a_folder_of_potato_has_no_fields_of_items(tmp_path):
    (tmp_path / "ann").mkdir()
    line = {"id": "q0", "label_annotations": {"clarity": {"scale_4": "4"}}}
    (tmp_path / "ann" / "annotated_instances.jsonl").write_text(json.dumps(line))
    assert load_ratings([], tmp_path).items["q0"].metadata == {}


def test_a_rater_who_seems_to_use_another_scale_is_noted(tmp_path):
    rows = [
        f"q{n},{who},x,{value * by}"
        for n in range(30)
        for who, by in (("ann", 1), ("dan", 2))
        for value in [n % 5 + 1]
    ]
    notes = load_ratings([], write(tmp_path / "r.csv", *rows), scale=Scale.integers(1, 10)).notes
    assert any(note.startswith("ann gives 1 to 5, all others 2 to 10.") for note in notes)


def test_what_was_read_is_passed_on_in_two_lines(tmp_path):
    said = []
    file = write(tmp_path / "r.csv", "a,ann,x,4", "a,ben,x,")
    align_inputs(AgreementInputs(file, scale="1-5", on_read=lambda lines, _: said.append(lines)))
    assert said == ["2 raters (ann, ben), 1 item, 1 dimension (x)\n1 rating, scale 1-5 (declared), 1 missing"]


def test_ratings_without_a_dimension_are_overall_ratings_for_a_rubric_of_several(tmp_path):
    file = write(tmp_path / "r.csv", "q0,4,5", header="id,ann,ben")
    loaded = load_ratings([], file, rubric=load_rubric("open_qa"), raters_in=("ann", "ben"))
    assert {s.dimension for s in loaded.scores} == {"overall"}


def test_a_second_score_is_refused_with_both_lines(tmp_path):
    file = write(tmp_path / "r.csv", "a,ann,x,1", "a,ben,x,1", "a,ann,x,2")
    message = (
        r"r\.csv:4: column 'value': second score for item 'a', rater 'ann', dimension 'x', sample 0; the first "
        r"one is at .*r\.csv:2: column 'value'\. Keep one .*--id-from"
    )
    with pytest.raises(InputError, match=message):
        load_ratings([], file, scale=Scale.integers(1, 3))


def test_a_second_score_by_another_name_of_the_item_is_refused_with_both_lines(run, tmp_path):
    file = write(tmp_path / "r.csv", "zz,ann,clarity,1", "q1,ann,clarity,1", "q1.0,ann,clarity,2")
    with pytest.raises(InputError, match=r"r\.csv:4: .*the first one is at .*r\.csv:3"):
        load_ratings([run], file)


def test_a_second_score_on_standard_input_is_refused_with_its_number(monkeypatch):
    lines = "".join(
        json.dumps({"item_id": name, "rater": "ann", "value": 1}) + "\n" for name in ("a", "b", "a")
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    with pytest.raises(
        InputError, match=r"rating 3: second score for item 'a'.*first one is at .*rating 1\."
    ):
        load_ratings([], "-", scale=Scale.integers(1, 3))


def test_ids_in_scientific_notation_are_noted(tmp_path):
    file = write(tmp_path / "r.csv", "1.2E+15,ann,x,1", "b,ann,x,1")
    assert (
        "Items 1.2E+15: such ids are long numbers"
        in load_ratings([], file, scale=Scale.integers(1, 3)).notes[0]
    )


def test_content_under_other_names_gives_the_ids_of_the_items(tmp_path):
    items = write(tmp_path / "items.csv", "why?,so,red", header="frage,antwort,colour")
    ratings = write(tmp_path / "r.csv", "why?,so,ann,2", header="frage,antwort,rater,x")
    columns = {"question": "frage", "answer": "antwort"}
    loaded = load_ratings([], ratings, items=items, columns=columns, scale=Scale.integers(1, 3))
    (item,) = loaded.items.values()
    assert item.id == content_id("why?", "so")
    assert item.metadata["colour"] == "red"


def test_a_table_of_items_may_have_the_usual_names_of_the_content(tmp_path):
    items = write(tmp_path / "items.csv", "why?,so", header="question,answer")
    ratings = write(tmp_path / "r.csv", "why?,so,ann,2", header="frage,antwort,rater,x")
    columns = {"question": "frage", "answer": "antwort"}
    loaded = load_ratings([], ratings, items=items, columns=columns, scale=Scale.integers(1, 3))
    assert list(loaded.items) == [content_id("why?", "so")]
