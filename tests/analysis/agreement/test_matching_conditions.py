"""How many words, names and ratings the notes about matched ratings show."""

import pytest

from judge.analysis.agreement.matching import matching
from judge.errors import InputError
from judge.records import Item, Score
from judge.rubric import load_rubric


def score(item="a", rater="ann", dimension="clarity", value=3.0, kind="human", **more):
    return Score(item_id=item, rater=rater, rater_kind=kind, dimension=dimension, value=value, **more)


def notes(scores, known="abcdefgh", rubric=None):
    return matching(scores, {n: Item(id=n, question="?", answer="") for n in known}, rubric, "r.csv")[1]


def missing(words):
    return [
        score(f"{'abcdefgh'[k]}", value=None, status="skipped", reason=f"found '{word}'")
        for k, word in enumerate(words)
    ]


def test_four_words_for_a_missing_rating_are_shown_and_all_ratings_are_counted():
    (note,) = [n for n in notes([score("h"), *missing(["u", "v", "w", "x", "y", "u"])]) if "missing" in n]
    assert "'u', 'v', 'w', 'x'" in note
    assert "'y'" not in note
    assert note.endswith(": 6.")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("Technical acuracy", "If 'Technical acuracy' is technical_accuracy, correct its name in the file."),
        ("charm", "no such dimension in the rubric."),
    ],
)
def test_a_dimension_that_is_misspelt_is_named_with_that_of_the_rubric(name, advice):
    rated = [score(), score(dimension=name)]
    (note,) = [text for text in notes(rated, rubric=load_rubric("open_qa")) if "left out" in text]
    assert note.endswith(advice)


@pytest.mark.parametrize(("n", "is_cut"), [(3, False), (4, True)])
def test_three_unknown_items_are_shown(n, is_cut):
    (note,) = [text for text in notes([score(), *(score(f"x{k}") for k in range(n))]) if "left out" in text]
    assert f"{n} rated items" in note
    assert ("…" in note) is is_cut


def test_all_rated_items_leave_nothing_to_count():
    assert notes([score()], "a") == []
    assert any("1 of 2" in note for note in notes([score()], "ab"))


def test_later_samples_with_a_value_are_repeats_of_people_only():
    rows = [
        score(),
        score("b", sample=1),
        score("b", sample=2, value=None, status="skipped"),
        score("c", "bot", kind="judge", sample=1),
    ]
    (note,) = [text for text in notes(rows) if "sample" in text]
    assert "1 of their ratings" in note
    assert not any("sample" in text for text in notes([score(), score("b")]))


@pytest.mark.parametrize("name", ["Mean", "TOTAL", "std.", "avg"])
def test_rows_and_raters_named_like_sums_are_named_for_people_only(name):
    assert any(repr(name) in text for text in notes([score(rater=name)]))
    assert any(repr(name) in text for text in notes([score(name)], [name]))
    assert not any(repr(name) in text for text in notes([score(), score(rater=name, kind="judge")]))


@pytest.mark.parametrize("alias", ["Technical Accuracy", "technicalaccuracy", "TECHNICAL-ACCURACY"])
def test_a_dimension_is_known_in_other_spellings(alias):
    known = {"a": Item(id="a", question="?", answer="")}
    kept, said = matching([score(dimension=alias)], known, load_rubric("open_qa"), "r.csv")
    assert [one.dimension for one in kept] == ["technical_accuracy"]
    assert said == []


def test_unknown_items_are_the_reason_before_unknown_dimensions():
    rubric = load_rubric("open_qa")
    with pytest.raises(InputError, match="none of the 1 rated items is known"):
        notes([score("zz"), score(dimension="charm")], "a", rubric)


def test_two_dimensions_in_two_spellings_count_as_two():
    rows = [score(), score("b", dimension="Clarity"), score("b", dimension="relevance")]
    (note,) = [text for text in notes(rows) if "spelling" in text]
    assert "'clarity', 'Clarity'" in note
    assert "2 dimensions" in note
