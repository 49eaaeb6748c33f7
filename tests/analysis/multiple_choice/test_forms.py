"""True/false, multiple choice and open answers to the same questions, in pairs."""

import math

import pytest

from judge.analysis.compare import pass_change
from judge.analysis.multiple_choice.choice import RUBRIC, read_answers
from judge.analysis.multiple_choice.forms import detection_by_form, form_pairs, tables_of_forms, unmatched
from judge.analysis.score_table import ScoreTable
from judge.records import Item, Score
from judge.reporting.builders.choice import build_choice
from judge.rubric import load_rubric

PASSES = [True, True, False, True, False, False, True, False, True, True, True, False]
CHOSEN = "AABAABABAAAA"


def choices(chosen=CHOSEN, options=("Yes", "No"), **fields):
    return [
        Item(
            id=f"c{n}{fields.get('form', '')}",
            question="Is there a defect?",
            answer=letter,
            choices=options,
            gold="A",
            metadata={"question_id": n, "image": f"p{n // 2}", "kind": "xy"[n % 2], **fields},
        )
        for n, letter in enumerate(chosen)
    ]


def opens(passes=PASSES, reference="A crack.", **fields):
    items = [
        Item(
            id=f"o{n}", question="Describe it.", answer="…", reference=reference, metadata={"question_id": n, **fields}
        )
        for n in range(len(passes))
    ]  # fmt: skip
    scores = [
        Score(item_id=one.id, rater="m", rater_kind="judge", dimension="correct", value=float(passed))
        for one, passed in zip(items, passes, strict=True)
    ]
    return ScoreTable.build("open", load_rubric(RUBRIC), items, scores)


def pairs(items, run=None, cluster="id"):
    return form_pairs(tables_of_forms(read_answers(items), run), cluster)


def test_questions_of_one_id_are_compared_as_pairs():
    (pair,) = pairs(choices(), opens())
    right = [float(letter == "A") for letter in CHOSEN]
    expected = pass_change("", *map(_array, (PASSES, right)))
    assert (pair.first, pair.second) == ("open", "multiple choice")
    assert pair.change.difference == expected.difference
    assert pair.change.difference.value == pytest.approx(9 / 12 - 7 / 12)


def _array(values):
    import numpy as np

    return np.array(values, dtype=float)


def test_pictures_are_clusters_of_questions():
    (pair,) = pairs(choices(), opens(), cluster="image")
    assert pair.change.difference.n_clusters == 6


def test_forms_in_one_file_are_told_apart_by_their_field():
    items = choices(form="true/false") + choices(CHOSEN[::-1], form="multiple choice")
    assert [(pair.first, pair.second) for pair in pairs(items, opens())] == [
        ("open", "multiple choice"),
        ("open", "true/false"),
        ("multiple choice", "true/false"),
    ]
    assert [pair.change.p_adjusted >= pair.change.p for pair in pairs(items, opens())] == [True] * 3


def test_only_questions_that_both_have_are_pairs():
    (pair,) = pairs(choices(), opens(PASSES[:5]))
    assert pair.change.difference.n_items == 5


def test_answers_that_share_a_key_match_nothing():
    doubled = choices() + [one.model_copy(update={"id": f"{one.id}b"}) for one in choices("A")]
    assert pairs(doubled, opens())[0].change.difference.n_items == 11


def test_systems_and_conditions_are_kept_apart():
    items = choices(condition="clean") + [
        one.model_copy(update={"id": f"{one.id}_low"}) for one in choices(condition="degraded")
    ]
    (pair,) = pairs(items, opens(condition="degraded"))
    assert pair.change.difference.n_items == 12


def test_a_number_that_is_used_for_another_picture_is_another_question():
    items = choices(image_path="a.png")
    assert pairs(items, opens(image_path="b.png")) == []
    assert pairs(items, opens(image_path="a.png"))[0].matched_by == "question_id"


def test_without_a_common_question_there_is_no_pair():
    items = [one.model_copy(update={"metadata": {}}) for one in choices()]
    assert pairs(items, opens()) == []


def test_an_answer_without_the_field_matches_nothing():
    items = choices()
    items[0] = items[0].model_copy(update={"metadata": {"kind": "x"}})
    assert pairs(items, opens())[0].change.difference.n_items == 11


def test_an_open_question_is_about_an_anomaly_if_its_choice_is():
    found = detection_by_form(tables_of_forms(read_answers(choices()), opens()))
    assert {form: one.n_anomalous for form, one in found.items()} == {"open": 12, "multiple choice": 12}
    assert found["open"].figures["recall"].value == pytest.approx(7 / 12)
    assert found["multiple choice"].figures["miss"].value == pytest.approx(3 / 12)


def test_the_reference_of_an_open_question_goes_before_its_choice():
    run = opens(reference="No defect.")
    found = detection_by_form(tables_of_forms(read_answers(choices()), run))
    assert (found["open"].n_anomalous, found["open"].n_normal) == (0, 12)
    assert found["open"].figures["overkill"].value == pytest.approx(5 / 12)


def test_forms_without_anomaly_questions_have_no_figures():
    items = choices(options=("lid", "cap"))
    assert detection_by_form(tables_of_forms(read_answers(items), opens())) == {}


def report(items, run, **options):
    return build_choice(read_answers(items), cluster="id", run=run, **options)


def test_the_report_has_the_forms_and_a_paired_gap_by_slice():
    found = report(choices(), opens(), by=["kind"])
    keys = [section.key for section in found.sections]
    assert keys[-2:] == ["forms", "gap kind"]
    rows = found.tables["gap:kind"].rows
    assert [(row[0], row[1], row[2].value, row[3].value) for row in rows] == [
        ("x", 6, pytest.approx(5 / 6), pytest.approx(4 / 6)),
        ("y", 6, pytest.approx(4 / 6), pytest.approx(3 / 6)),
    ]
    assert found.estimates["difference.multiple choice-open"].value == pytest.approx(2 / 12)
    assert any(
        text.startswith("On the 12 questions with both, multiple choice against open")
        for text in found.verdict
    )
    assert "McNemar" in found.methods[-1]


def test_slices_of_several_forms_name_the_form_and_skip_what_has_no_pair():
    items = choices(form="true/false") + choices(form="multiple choice")
    rows = report(items, opens(PASSES[:1]), by=["kind"]).tables["gap:kind"].rows
    assert [row[0] for row in rows] == ["multiple choice: x", "true/false: x"]


def test_two_forms_without_open_answers_have_no_gap():
    items = choices(form="true/false") + choices(form="multiple choice")
    keys = [section.key for section in report(items, None, by=["kind"]).sections]
    assert "forms" in keys
    assert "gap kind" not in keys


def test_forms_without_pairs_show_the_detection_of_each():
    items = [one.model_copy(update={"metadata": {"kind": "x"}}) for one in choices()]
    run = opens(reference="No defect.", kind="x")
    tables = report(items, run, by=["kind"]).tables
    assert "detection:forms" in tables
    assert "forms" not in tables


def test_one_form_has_no_section_about_forms():
    assert "forms" not in [section.key for section in report(choices(), None, by=["kind"]).sections]


def test_a_single_question_has_a_difference_without_an_interval_or_a_wide_one():
    (pair,) = pairs(choices("A"), opens([False]))
    assert pair.change.difference.value == 1
    assert not math.isnan(pair.change.difference.value)


def test_forms_without_a_common_question_are_named():
    tables = tables_of_forms(read_answers(choices()), opens(question_id=None, pair_id="x"))
    assert unmatched(tables) == [
        "open and multiple choice have no question in common by id, and are not paired"
    ]


def test_answers_that_share_a_question_within_a_form_are_counted_once():
    twice = [*choices(form="a"), *choices(form="b")]
    twice = [one.model_copy(update={"id": f"{one.id}{n}"}) for n in range(2) for one in twice[:12]] + twice[
        12:
    ]
    tables = tables_of_forms(read_answers(twice), opens())
    said = [text for text in unmatched(tables) if "share" in text]
    assert said == [
        "24 of 24 answers of the form a share question_id with another one, so that they are not matched to other forms"
    ]


def test_forms_that_are_matched_are_not_warned_of():
    assert unmatched(tables_of_forms(read_answers(choices()), opens())) == []


def test_forms_are_matched_within_each_number_of_shots():
    both = [
        one.model_copy(update={"id": f"{one.id}/{n}", "metadata": {**one.metadata, "shots": n}})
        for form in "ab"
        for one in choices(form=form)
        for n in (0, 1)
    ]
    (pair,) = pairs(both)
    assert pair.change.difference.n_items == 24


def test_the_report_warns_of_forms_that_are_not_paired():
    report = build_choice(read_answers(choices()), run=opens(question_id=None, kind="x"), by=["kind"])
    assert "open and multiple choice have no question in common by id, and are not paired." in report.warnings
