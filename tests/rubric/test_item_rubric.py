"""The rubric of one item: dimensions that apply, its own criteria, and the requests they take."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.errors import InputError
from judge.records import Image, Item
from judge.rubric import CRITERIA, Dimension, ItemRubrics, Rubric, load_rubric

ANCHORS = {1: "bad", 2: "middling", 3: "good"}
SCORE = {"description": "d", "anchors": ANCHORS}


def rubric(**changes):
    data = {
        "name": "small",
        "task": "Judge.",
        "scale": {"min": 1, "max": 3},
        "dimensions": {
            "truth": SCORE,
            "count": {**SCORE, "when": {"kind": "counting"}},
        },
        "pass": {"overall": 2},
    }
    return Rubric.model_validate({**data, **changes})


def by_criteria(**changes):
    data = {"dimensions": {}, "criteria": {}, "overall": {"how": "points"}, "pass": {"overall": 0.5}}
    return rubric(**{**data, **changes})


def item(images=(), **metadata):
    return Item(id="i", question="q", answer="a", images=images, metadata=metadata)


def test_a_rubric_of_today_is_that_of_every_item():
    shipped = load_rubric("inspection")
    assert ItemRubrics(shipped).of(item()).rubric is shipped
    assert [*ItemRubrics(shipped).of(item()).parts] == [None]


def test_a_dimension_applies_where_its_condition_holds():
    rubrics = ItemRubrics(rubric())
    assert [*rubrics.of(item(kind="counting")).rubric.dimensions] == ["truth", "count"]
    other = rubrics.of(item(kind="colour"))
    assert [*other.rubric.dimensions] == ["truth"]
    assert other.not_applicable == {"count": "kind is colour; it applies where kind is counting"}
    assert "kind is missing" in rubrics.of(item()).not_applicable["count"]


def test_items_with_the_same_dimensions_share_one_rubric():
    rubrics = ItemRubrics(rubric())
    assert rubrics.of(item(kind="counting", n=1)) is rubrics.of(item(kind="counting", n=2))


@given(
    weights=st.lists(st.integers(1, 9), min_size=3, max_size=3),
    scores=st.lists(st.integers(1, 3), min_size=3, max_size=3),
    applies=st.booleans(),
)
def test_weights_are_those_of_the_dimensions_that_apply(weights, scores, applies):
    names = ["truth", "form", "count"]
    dimensions = {"truth": SCORE, "form": SCORE, "count": {**SCORE, "when": {"kind": "counting"}}}
    made = rubric(
        dimensions=dimensions,
        overall={"how": "weighted", "weights": dict(zip(names, weights, strict=True))},
    )
    applying = names if applies else names[:2]
    of = ItemRubrics(made).of(item(kind="counting" if applies else "other"))
    given_scores = {name: float(scores[names.index(name)]) for name in applying}
    expected = sum(given_scores[n] * weights[names.index(n)] for n in applying) / sum(
        weights[names.index(n)] for n in applying
    )
    assert of.overall_score(given_scores, {}) == pytest.approx(expected)


def test_without_an_applying_dimension_the_overall_score_does_not_apply():
    made = rubric(dimensions={"count": {**SCORE, "when": {"kind": "counting"}}})
    of = ItemRubrics(made).of(item())
    assert of.not_applicable["overall"] == "no dimension of the overall score applies"
    assert of.parts == {}


def test_criteria_are_read_from_the_item():
    listed = [
        "It names the year.",
        {"id": "place", "text": "It names the place.", "points": 2, "tags": ["fact"]},
    ]
    of = ItemRubrics(by_criteria()).of(item(criteria=listed))
    assert [*of.criteria] == ["c1", "place"]
    assert of.criteria["place"].points == 2
    assert of.criteria["place"].tags == ("fact",)
    assert [*of.parts] == [f"{CRITERIA}/1"]


def test_a_cell_of_a_table_holds_criteria_as_json():
    of = ItemRubrics(by_criteria()).of(item(criteria=json.dumps({"a": "First.", "b": "Second."})))
    assert {key: c.description for key, c in of.criteria.items()} == {"a": "First.", "b": "Second."}


@given(n=st.integers(1, 12), size=st.integers(1, 5))
def test_every_criterion_is_asked_in_exactly_one_request(n, size):
    of = ItemRubrics(by_criteria(criteria={"per_request": size})).of(
        item(criteria=[f"Text {i}" for i in range(n)])
    )
    asked = [name for part in of.parts.values() for name in part.dimensions]
    assert asked == [*of.criteria]
    assert all(len(part.dimensions) <= size for part in of.parts.values())


def points(*values, met):
    of = ItemRubrics(by_criteria()).of(item(criteria=[{"text": f"T{v}", "points": v} for v in values]))
    return of.overall_score({}, dict(zip(of.criteria, map(float, met), strict=True)))


def test_the_overall_score_is_the_points_earned_over_the_positive_points():
    assert points(3, 1, met=[1, 0]) == 0.75
    assert points(3, 1, -2, met=[1, 1, 1]) == 0.5
    assert points(3, -2, met=[0, 1]) == 0.0  # clipped


def test_a_missing_criterion_leaves_the_overall_score_open():
    of = ItemRubrics(by_criteria()).of(item(criteria=["a", "b"]))
    assert of.overall_score({}, {"c1": 1.0}) is None


def test_penalties_alone_have_no_overall_score():
    of = ItemRubrics(by_criteria()).of(item(criteria=[{"text": "t", "points": -1}]))
    assert of.not_applicable["overall"] == "no criterion earns positive points"


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (None, "is missing"),
        ([], "found []"),
        ("nothing", "found 'nothing'"),
        ("[1", "not valid JSON"),
        ([{"points": 1}], "criterion 1: found 0 texts"),
        ([3], "criterion 1: found 3"),
        ([{"text": "a", "points": 0}], "points are 0"),
        ([{"text": "a", "points": "2"}], "points are '2'"),
        ([{"text": "a", "points": float("nan")}], "points are nan"),
        ([{"text": "a", "tags": [1]}], "tags are [1]"),
        ([{"text": "a", "id": "x"}, {"text": "b", "id": "x"}], "two criteria have the id 'x'"),
        (["t"] * 1001, "found 1,001 criteria"),
        ([{"text": "a", "id": "\u200b"}], "needs visible characters"),
    ],
)
def test_criteria_that_cannot_be_read_name_item_field_and_entry(found, problem):
    with pytest.raises(InputError) as caught:
        ItemRubrics(by_criteria()).of(item(criteria=found))
    assert str(caught.value).startswith("item 'i': field 'criteria'")
    assert problem in str(caught.value)


def test_reasons_are_chosen_by_the_item():
    made = rubric(reasons=[{"when": {"kind": "counting"}, "give": "after"}, {"give": "none"}])
    assert ItemRubrics(made).of(item(kind="counting")).rubric.reasons == "after"
    assert ItemRubrics(made).of(item()).rubric.reasons == "none"


def test_an_image_of_a_role_is_shown_where_its_condition_holds():
    made = rubric(images=[{"role": "reference", "when": {"kind": "comparison"}}])
    pictures = (Image(path="a.png"), Image(path="b.png", role="reference"))
    assert made.images_for(item(pictures, kind="comparison")) == (0, 1)
    assert made.images_for(item(pictures)) == (0,)


def test_a_worked_example_shows_the_dimensions_that_apply():
    example = {"question": "q", "answer": "a", "verdict": {"scores": {"truth": 3, "count": 1}}}
    of = ItemRubrics(rubric(examples=[example])).of(item())
    assert of.rubric.examples[0].verdict.scores == {"truth": 3}
    short = {**example, "verdict": {"scores": {"truth": 3}}}
    assert ItemRubrics(rubric(examples=[short])).of(item(kind="counting")).rubric.examples == ()


def test_with_bare_numbers_each_criterion_is_a_request():
    of = ItemRubrics(by_criteria(reply="number")).of(item(criteria=["a", "b"]))
    assert [*of.parts] == [f"{CRITERIA}/c1", f"{CRITERIA}/c2"]


def test_rubrics_of_items_that_are_kept_are_bounded(monkeypatch):
    monkeypatch.setattr("judge.rubric.item_rubric._MOST_KEPT", 1)
    rubrics = ItemRubrics(rubric())
    first = rubrics.of(item(kind="counting"))
    rubrics.of(item(kind="other"))
    again = rubrics.of(item(kind="counting"))
    assert again is not first
    assert again.rubric == first.rubric


@pytest.mark.parametrize(
    ("kind", "value", "name"),
    [
        ({"type": "category", "labels": ["low", "high"]}, 1.0, "high"),
        ({"type": "binary"}, 1.0, "yes"),
        ({"type": "binary"}, 0.0, "no"),
        ({"type": "binary"}, 0.5, "0.5"),
        ({"anchors": ANCHORS}, 2.0, "2"),
    ],
)
def test_a_stored_value_has_the_name_that_the_rubric_gives_it(kind, value, name):
    assert Dimension.model_validate({"description": "d", **kind}).label_of(value) == name


def test_a_judged_overall_score_does_not_apply_to_an_item_without_a_dimension():
    counted = {"count": {**SCORE, "when": {"kind": "counting"}}}
    rubrics = ItemRubrics(rubric(dimensions=counted, overall={"how": "judged"}))
    assert rubrics.of(item(kind="other")).not_applicable["overall"] == "no dimension applies"
    assert "overall" not in rubrics.of(item(kind="counting")).not_applicable
