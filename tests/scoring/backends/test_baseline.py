import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.records import Item
from judge.rubric import Rubric, load_rubric, parse_rubric, shipped_rubrics
from judge.scoring.backends.baseline import BaselineBackend, chrf, measure
from judge.scoring.judge import Judge
from judge.scoring.parsing.parse import score_rows
from judge.scoring.prompt import build_requests

TOWER = {"question": "When was the tower built?", "reference": "It was built in 1889 by Gustave Eiffel."}
NAMED = """
name: named
task: Judge.
scale: {min: 0, max: 10}
dimensions:
  correctness: {description: d, anchors: &a {0: a, 1: a, 2: a, 3: a, 4: a, 5: a, 6: a, 7: a, 8: a, 9: a, 10: a}}
  completeness: {description: d, anchors: *a}
  beauty: {description: d, anchors: *a}
  polish: {description: d, anchors: *a, aliases: [fluency]}
pass: {overall: 5}
"""


def completions(items, rubric):
    requests = [request for item in items for request in build_requests(item, Judge("baseline", rubric))]
    return [c for batch in BaselineBackend(rubric).complete(requests) for c in batch]


def scores(answer, rubric=None, **fields):
    """Dimension -> value of one answer, through the parser; the status where there is no value."""
    rubric = rubric or load_rubric("open_qa")
    item = Item(id="i", answer=answer, **{**TOWER, **fields})
    rows = score_rows(item, completions([item], rubric), rubric, "baseline")
    return {row.dimension: row.status if row.value is None else row.value for row in rows}


@pytest.mark.parametrize(
    ("answer", "reference", "percent"),
    [  # sacrebleu 2.6.0: CHRF().sentence_score(answer, [reference]).score
        ("the cat sat on the mat", "the cat is on the mat", 64.5779420625287),
        ("it was built in 1889.", "the tower was built in 1889.", 65.26196315082558),
        ("paris", "the capital of france is paris, on the seine", 10.60197520041664),
        ("abc", "abd", 38.888888888888886),
    ],
)
def test_chrf_matches_sacrebleu(answer, reference, percent):
    assert 100 * chrf(answer, reference) == pytest.approx(percent, abs=1e-9)


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_chrf_lies_between_0_and_1_and_is_1_for_equal_texts(a, b):
    assert 0 <= chrf(a, b) <= 1 + 1e-12
    assert chrf(a, a) == pytest.approx(1.0 if a.split() else 0.0)


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_every_share_lies_between_0_and_1(answer, reference, question):
    measured = measure(answer, reference, question)
    for share in (measured.chrf, measured.overlap, measured.coverage, measured.on_question, measured.bloat):
        assert 0 <= share <= 1 + 1e-12
    assert measured.numbers is None or 0 <= measured.numbers <= 1


def test_overlap_is_the_f1_of_words():
    # 2 common words; 3 in the answer, 4 in the reference: 2 * 2 / 7
    assert measure("red green blue", "green blue black white", "").overlap == pytest.approx(4 / 7)


def test_coverage_counts_content_words_only():
    assert measure("the gearbox", "the gearbox and the shaft", "").coverage == 0.5


def test_coverage_counts_function_words_where_there_are_no_others():
    assert measure("she will", "She will.", "").coverage == 1


@pytest.mark.parametrize(
    ("answer", "reference", "question", "numbers"),
    [
        pytest.param("in 1889", "1889", "", 1.0, id="same"),
        pytest.param("in 1890", "1889", "", 0.0, id="other"),
        pytest.param("1889 and 1900", "1889", "", 0.5, id="one_too_many"),
        pytest.param("long ago", "1889", "", 0.0, id="missing"),
        pytest.param("1,000.50 m", "1000.5 m", "", 1.0, id="written_otherwise"),
        pytest.param("of 3, 2 are red", "2", "of 3?", 1.0, id="given_by_the_question"),
        pytest.param("many", "few", "", None, id="none"),
    ],
)
def test_numbers_agree_by_value(answer, reference, question, numbers):
    assert measure(answer, reference, question).numbers == numbers


def test_repetition_is_the_share_of_word_triples_seen_before():
    assert measure("a b c a b c", "", "").repetition == pytest.approx(1 / 4)


def test_case_and_width_do_not_matter():
    assert measure("ＰＡＲＩＳ", "paris", "").overlap == 1


def test_chinese_characters_are_words():
    assert measure("北京市", "北京", "").overlap == pytest.approx(4 / 5)


def test_a_right_answer_scores_above_a_wrong_one_on_every_dimension_of_content():
    right = scores("The tower was built in 1889 by Gustave Eiffel.")
    wrong = scores("I like bread.")
    for dimension in ("technical_accuracy", "comprehensiveness", "relevance", "overall"):
        assert right[dimension] > wrong[dimension]


def test_the_reference_itself_gets_the_highest_scores():
    assert set(scores(TOWER["reference"]).values()) == {5}


@pytest.mark.parametrize("answer", ["", "  \n", "?!"])
def test_an_answer_without_words_gets_the_lowest_scores(answer):
    assert set(scores(answer).values()) == {1}


def test_a_wrong_number_costs_accuracy():
    assert (
        scores("It was built in 1789 by Gustave Eiffel.")["technical_accuracy"]
        < scores("It was built in 1889 by Gustave Eiffel.")["technical_accuracy"]
    )


def test_repetition_costs_clarity():
    assert scores("It was built in 1889. " * 10)["clarity"] < scores("It was built in 1889.")["clarity"]


def test_an_answer_many_times_as_long_as_the_reference_loses_relevance():
    words = " ".join(f"filler{chr(97 + n)}" for n in range(26))
    assert (
        scores(f"It was built in 1889. {words}")["relevance"] < scores("It was built in 1889.")["relevance"]
    )
    assert measure("a b c d e f", "a", "").bloat == 0.5  # 3 of 6 words are beyond three times one


def test_more_words_than_allowed_cost_clarity():
    words = " ".join(f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(75))
    limited = load_rubric("inspection")
    unlimited = Rubric.model_validate({**limited.model_dump(by_alias=True), "max_words": None})
    long = {"reference": words}
    assert scores(words, limited, **long)["clarity"] < scores(words, unlimited, **long)["clarity"]


def test_without_a_reference_the_item_is_refused_with_the_reason():
    item = Item(id="i", question="q", answer="a")
    (completion,) = completions([item], load_rubric("open_qa"))
    assert completion.reply is None
    assert completion.refusal == (
        "The baseline measures overlap with a reference answer, and this item has none. "
        "Add a reference, or choose a model as the judge"
    )
    assert set(scores("a", reference=None).values()) == {"refused"}


def test_an_empty_answer_needs_no_reference():
    assert set(scores("", reference=None).values()) == {1}


def test_reasons_name_the_measures_and_say_that_this_is_no_judge():
    item = Item(id="i", answer="In 1889.", **TOWER)
    (completion,) = completions([item], load_rubric("open_qa"))
    reasons = {name: entry["reason"] for name, entry in json.loads(completion.reply).items()}
    assert all(reason.startswith("Lexical floor, no judge: ") for reason in reasons.values())
    assert "chrF" in reasons["technical_accuracy"]
    assert "100% of numbers agree" in reasons["technical_accuracy"]
    assert "of the reference's content words" in reasons["comprehensiveness"]


@pytest.mark.parametrize("name", [*shipped_rubrics()])
@pytest.mark.parametrize("answer", ["In 1889.", "", "Something else."])
def test_every_dimension_of_every_shipped_rubric_gets_a_score(name, answer):
    assert all(
        isinstance(value, float | str) and value != "unparsed"
        for value in scores(answer, load_rubric(name)).values()
    )


def test_any_scale_and_any_names_work():
    named = parse_rubric(NAMED)
    assert scores(TOWER["reference"], named) == {
        "correctness": 10, "completeness": 10, "beauty": 10, "polish": 10, "overall": 10,
    }  # fmt: skip
    assert scores("Bread", named)["polish"] == 10  # by its alias it is about form


def test_one_dimension_a_request_is_answered_by_a_bare_number():
    changed = {**load_rubric("open_qa").model_dump(by_alias=True), "reply": "number"}
    found = completions([Item(id="i", answer="In 1889.", **TOWER)], Rubric.model_validate(changed))
    assert [c.dimension for c in found] == [*load_rubric("open_qa").dimensions]
    assert all(c.reply in {"1", "2", "3", "4", "5"} for c in found)


def test_reasons_are_left_out_where_the_rubric_wants_none():
    changed = Rubric.model_validate({**load_rubric("open_qa").model_dump(by_alias=True), "reasons": "none"})
    (completion,) = completions([Item(id="i", answer="In 1889.", **TOWER)], changed)
    assert all(set(entry) == {"score"} for entry in json.loads(completion.reply).values())


FLAGS = [
    pytest.param("is_accurate", "boolean", TOWER["reference"], 1, id="accurate"),
    pytest.param("is_accurate", "boolean", "Bread.", 0, id="inaccurate"),
    pytest.param("is_polite", "boolean", "Bread.", "unparsed", id="what_overlap_cannot_say"),
    pytest.param("remark", "text", "Bread.", "", id="text"),
]


@pytest.mark.parametrize(("name", "kind", "answer", "value"), FLAGS)
def test_a_flag_is_answered_only_where_overlap_can_tell(name, kind, answer, value):
    flags = {name: {"type": kind, "description": "d"}}
    changed = {**load_rubric("open_qa").model_dump(by_alias=True), "flags": flags, "examples": []}
    assert scores(answer, Rubric.model_validate(changed))[name] == value


def test_an_accuracy_flag_needs_a_dimension_of_accuracy():
    data = load_rubric("summary").model_dump(by_alias=True)
    data["dimensions"].pop("consistency")
    data |= {"pass": {"overall": 3}, "examples": [], "flags": {"accurate": {"description": "d"}}}
    assert scores("In 1889.", Rubric.model_validate(data))["accurate"] == "unparsed"


def test_very_long_texts_are_cut_and_the_reason_says_so():
    item = Item(id="i", answer="word " * 1_000_000, **TOWER)
    (completion,) = completions([item], load_rubric("open_qa"))
    assert "only the first 10000 characters of each text count" in completion.reply


def test_the_same_items_get_the_same_replies():
    items = [Item(id=str(n), answer=f"In {n}.", **TOWER) for n in range(600)]
    first, second = (completions(items, load_rubric("open_qa")) for _ in range(2))
    assert [c.reply for c in first] == [c.reply for c in second]
    assert [c.item_id for c in first] == [item.id for item in items]


def test_requests_are_pulled_a_batch_at_a_time():
    pulled = []
    rubric = load_rubric("open_qa")

    def requests():
        for n in range(1000):
            pulled.append(n)
            yield from build_requests(Item(id=str(n), answer="a", **TOWER), Judge("baseline", rubric))

    backend = BaselineBackend(rubric)
    assert len(next(backend.complete(requests()))) == len(pulled) == 256
    assert (backend.drain(), backend.stopped) == ((), None)


def test_the_closest_of_several_references_counts():
    answer = "It was built in 1889 by Gustave Eiffel."
    right = scores(answer)
    assert scores(answer, reference="Nobody knows.", other_references=(TOWER["reference"],)) == right
    assert scores(answer, other_references=("Nobody knows.",)) == right
    assert scores(answer, reference="Nobody knows.") != right
