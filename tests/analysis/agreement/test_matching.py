"""Ratings matched with known items and dimensions."""

import pytest

from judge.analysis.agreement.matching import matching
from judge.errors import InputError
from judge.records import Item, Score
from judge.rubric import load_rubric


def score(item="a", rater="ann", dimension="clarity", value=3.0, kind="human", **more):
    return Score(item_id=item, rater=rater, rater_kind=kind, dimension=dimension, value=value, **more)


def items(*names):
    return {name: Item(id=name, question="?", answer="") for name in names}


def notes(scores, known, rubric=None):
    return matching(scores, items(*known), rubric, "r.csv")[1]


def test_what_matches_everything_has_no_note():
    kept, said = matching([score()], items("a"), None, "r.csv")
    assert ([s.item_id for s in kept], said) == (["a"], [])


def test_unrated_items_are_counted():
    assert notes([score()], "abc") == ["1 of 3 items were rated by people."]
    assert notes([score(kind="judge")], "abc") == ["1 of 3 items are in the file of ratings."]


def test_items_that_a_judge_alone_scored_in_the_file_count_as_unrated():
    scores = [score(name, rater="bot", kind="judge") for name in "abc"]
    assert notes([score(), *scores], "abc") == ["1 of 3 items were rated by people."]
    assert notes(scores, "abc") == []


@pytest.mark.parametrize(
    ("rated", "known", "matched"),
    [("a", "a", "a"), ("a", " a ", " a "), ("1.0", "1", "1"), ("1.0", " 1", " 1"), ("1.0", "1.0", "1.0")],
)
def test_ids_match_in_the_spelling_of_a_spreadsheet(rated, known, matched):
    kept, _ = matching([score(rated)], items(known), None, "r.csv")
    assert kept[0].item_id == matched


def test_an_id_that_ends_in_zero_is_no_other_id():
    with pytest.raises(
        InputError, match=r"none of the 1 rated items is known.*'10'.*'1'.*--column item_id=NAME"
    ):
        matching([score("10")], items("1"), None, "r.csv")


def test_a_changed_id_is_noted_and_an_equal_one_is_not():
    assert any("'1.0' were matched with '1'" in note for note in notes([score("1.0")], ["1"]))
    assert not any("matched with" in note for note in notes([score("1")], ["1"]))


def test_dimensions_that_the_rubric_lacks_are_left_out_and_named():
    rubric = load_rubric("open_qa")
    kept, said = matching([score(), score(dimension="charm")], items("a"), rubric, "r.csv")
    assert [s.dimension for s in kept] == ["clarity"]
    assert any("'charm'" in note for note in said)


def test_ratings_on_unknown_dimensions_only_are_refused_with_the_known_ones():
    with pytest.raises(
        InputError,
        match=r"r.csv: none of its 2 ratings is on a dimension of rubric open_qa.*allowed: technical",
    ):
        matching(
            [score(dimension="charm"), score(dimension="wit")], items("a"), load_rubric("open_qa"), "r.csv"
        )


def test_at_most_three_names_are_shown():
    (_, said) = matching([score(), *(score(f"x{i}") for i in range(5))], items("a"), None, "r.csv")
    assert any("5 rated items" in note and "'x0', 'x1', 'x2' …" in note for note in said)


def test_missing_codes_of_people_are_counted_with_their_words():
    rows = [
        score("a"),
        score("b", value=None, status="skipped", reason="found 'dk'"),
        score("b", "ben", value=None, status="skipped", reason="found '99'"),
        score("b", "bot", value=None, status="skipped", reason="found 'x'", kind="judge"),
        score("c", value=None, status="skipped", reason="something else"),
    ]
    (note,) = [n for n in notes(rows, "abc") if "missing" in n]
    assert "'dk', '99': 2" in note


def test_raters_and_ids_that_may_be_the_same_are_named():
    rows = [score(rater="Ann"), score("b", rater="ANN"), score("1", "ben"), score("1.0", "ben")]
    said = notes(rows, ["a", "b", "1", "1.0"])
    assert any("'Ann', 'ANN' differ in spelling only, and count as 2 raters" in note for note in said)
    assert any("'1.0' count as others than '1'" in note for note in said)
    assert not any("spelling" in note for note in notes([score(), score("b", "ben")], "ab"))


def test_a_file_that_names_no_dimension_is_told_how_to_name_it():
    rubric = load_rubric("open_qa").model_copy(
        update={"overall": load_rubric("open_qa").overall.model_copy(update={"how": "none"})}
    )
    rated = [Score(item_id="a", rater="ann", rater_kind="human", dimension="overall", value=3.0)]
    with pytest.raises(InputError, match="The file names no dimension: name it with --dimension"):
        matching(rated, {"a": Item(id="a", question="", answer="")}, rubric, "r.csv")


def test_ratings_of_one_of_two_items_of_one_content_are_noted():
    first = "972544de6108"
    (_, note) = notes([score(first)], (first, f"{first}-2"))
    assert f"Items {first!r} have the content of '{first}-2'" in note
    assert "--id-from" in note


@pytest.mark.parametrize("rated", [("972544de6108", "972544de6108-2"), ("b",)])
def test_items_of_one_content_that_are_told_apart_have_no_note(rated):
    said = notes([score(name) for name in rated], ("972544de6108", "972544de6108-2", "b"))
    assert not any("have the content" in note for note in said)


def test_ids_made_from_the_content_that_are_not_known_have_their_own_advice():
    with pytest.raises(InputError, match=r"none of the 1 rated items is known.*--column question=NAME"):
        matching([score("972544de6108")], items("f0528f8124a7"), None, "r.csv")
