"""A study by a rubric with every type: its plan, pages, exports and figures."""

import csv
import io
import json
from pathlib import Path
from random import Random

import pytest

from human_study.app import create_app
from human_study.export import everything, long_rows, scores, wide_rows
from human_study.export_formats import WRITERS
from human_study.form import Reply
from human_study.gold_items import from_items, instructed_checks, worked_examples
from human_study.progress import QuestionRatings, as_plain, measure
from human_study.store import Study
from human_study.workflows import alpha, create_study, export_study
from judge.errors import InputError
from judge.records import Image, Item, Score
from judge.rubric import Rubric, parse_rubric
from judge.stats import krippendorff_alpha

from .builders import TYPED, MakeStudy, png, rate, typed_items, typed_values
from .client import Client


@pytest.fixture
def typed() -> Rubric:
    return parse_rubric(TYPED)


@pytest.fixture
def study(make_study: MakeStudy, typed: Rubric) -> Study:
    return make_study(typed_items(), typed, raters=2)


def rate_each(study: Study, rater: str, **changed: int | str) -> None:
    for task in [task for task in study.tasks() if task.rater == rater and task.kind == "main"]:
        rate(study, rater, task.n, typed_values(task.item, **changed))


# -- plan and store


def test_an_item_to_which_no_question_applies_is_refused(make_study: MakeStudy, typed: Rubric) -> None:
    only = typed.model_copy(update={"dimensions": {"count": typed.dimensions["count"]}, "criteria": None})
    with pytest.raises(InputError, match=r"applies to 3 of 6 items; the first is 'q1'.*--ids"):
        make_study(typed_items(), only)


def test_criteria_that_cannot_be_read_are_refused_before_the_study_is_made(
    make_study: MakeStudy, typed: Rubric, items: list[Item]
) -> None:
    with pytest.raises(InputError, match="item 'secret-id-0': field 'checklist': is missing"):
        make_study(items, typed)


def test_a_rating_is_checked_by_the_questions_of_its_item(study: Study) -> None:
    task = next(task for task in study.tasks() if task.item.id == "q1")
    with pytest.raises(InputError, match="'count' does not apply"):
        rate(study, task.rater, task.n, {"count": 2})


def test_ratings_are_read_back_as_they_were_given(study: Study) -> None:
    task = next(task for task in study.tasks() if task.item.id == "q0")
    values = typed_values(task.item, fault="major", truth="cannot_tell")
    rate(study, task.rater, task.n, values)
    with Study.open(study.path, read_only=True) as again:
        found = again.task(task.rater, task.n)
    assert found
    assert (found.rating.state, found.rating.reply.values) == ("done", values)


def test_imported_ratings_are_checked_by_the_questions_of_their_item(study: Study) -> None:
    with pytest.raises(InputError, match="item 'q1', rater A: 'count' does not apply"):
        study.add_ratings({"A": [("q1", 0, Reply(values={"count": 2}))]}, "r.csv")


# -- gold items


def test_a_check_of_several_types_names_the_place_of_an_option(typed: Rubric) -> None:
    for gold in instructed_checks(typed, typed_items(), 6, Random(0)):
        place = 0 if "choose the first option of every question" in gold.item.answer else 1
        assert place == 0 or "choose the second option of every question" in gold.item.answer
        assert gold.expected["fault"] == (("none", "minor")[place],)
        assert gold.expected["criteria/year"] == ((1, 0)[place],)
        assert ("count" in gold.expected) == (gold.item.metadata["kind"] == "counting")


def test_a_worked_example_gets_the_fields_that_its_dimensions_need(typed: Rubric) -> None:
    verdict = {"scores": {"truth": 3, "count": 2, "style": 9, "named": 1, "fault": "minor"}}
    example = {"question": "?", "answer": "!", "verdict": verdict}
    plain = {**typed.model_dump(by_alias=True), "criteria": None, "examples": [example]}
    rubric = Rubric.model_validate(plain)
    [gold] = worked_examples(rubric, typed_items())
    assert gold.item.metadata == {"kind": "counting"}
    assert gold.expected["fault"] == ("minor",)
    assert gold.missed({**verdict["scores"]}) == []


def test_items_with_criteria_have_no_practice_of_their_own(typed: Rubric) -> None:
    verdict = {"scores": {"truth": 3, "style": 9, "named": 1, "fault": "minor"}}
    example = {"question": "?", "answer": "!", "verdict": verdict}
    rubric = Rubric.model_validate({**typed.model_dump(by_alias=True), "examples": [example]})
    assert worked_examples(rubric, typed_items()) == []


def own_check(item: Item, expected: dict[str, object]) -> list[Item]:
    return [item.model_copy(update={"metadata": {**item.metadata, "expected_scores": expected}})]


def test_own_checks_may_expect_labels_and_criteria(typed: Rubric) -> None:
    expected = {"fault": ["minor", "major"], "named": True, "criteria/error": 0}
    [gold] = from_items(own_check(typed_items()[0], expected), typed, "checks.jsonl")
    assert gold.expected == {"fault": ("minor", "major"), "named": (1,), "criteria/error": (0,)}


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        ({"fault": "grave"}, "found 'grave'; allowed: none, minor, major"),
        ({"fault": "cannot_tell"}, "found 'cannot_tell'"),
        ({"criteria/error": 1}, "names 'criteria/error'"),
        ({"truth": True}, "found True; allowed: whole numbers 1 to 3"),
    ],
    ids=["label", "abstention", "criterion", "bool"],
)
def test_a_wrong_expectation_of_a_type_is_named(
    typed: Rubric, expected: dict[str, object], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        from_items(own_check(typed_items()[1], expected), typed, "checks.jsonl")


# -- pages


def get(study: Study, path: str) -> tuple[int, dict[str, object]]:
    rater = study.raters()[0]
    reply = Client(create_app(study)).get(
        f"/api/rater/{path}", headers={"Authorization": f"Bearer {rater.token}"}
    )
    return reply.status_code, reply.json() if reply.content[:1] == b"{" else {}


def n_of(study: Study, item_id: str) -> int:
    return next(task.n for task in study.tasks() if task.rater == "R01" and task.item.id == item_id)


def test_the_page_of_an_item_asks_what_applies_to_it(study: Study) -> None:
    (_, counting), (_, other) = (get(study, f"tasks/{n_of(study, name)}") for name in ("q0", "q1"))
    assert 'data-question="criteria/error"' in str(counting["page"])
    assert "It errs." in str(counting["page"])
    assert 'data-question="count"' in str(counting["page"])
    assert 'data-question="count"' not in str(other["page"])
    assert "criteria/error" not in str(other["page"])
    assert other["required"] == ["truth", "style", "named", "fault", "criteria/year"]


def test_points_and_conditions_are_not_shown_to_raters(study: Study) -> None:
    _, found = get(study, f"tasks/{n_of(study, 'q0')}")
    assert "points" not in str(found["page"])
    assert "counting" not in str(found["page"])


def test_the_instructions_explain_labels_criteria_and_cannot_tell(study: Study) -> None:
    _, found = get(study, "session")
    for text in ("A small one.", "Each answer has criteria of its own", "“Cannot tell”", "some answers only"):
        assert text in str(found["welcome"])


def test_a_reference_picture_is_shown_and_served_only_where_its_rule_applies(
    make_study: MakeStudy, typed: Rubric, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(png())
    pair = (Image(path="a.png", role="reference"), Image(path="a.png"))
    items = [item.model_copy(update={"images": pair}) for item in typed_items(2)]
    study = make_study(items, typed, raters=1, per_item=1)
    counting, comparison = n_of(study, "q0"), n_of(study, "q1")
    assert get(study, f"tasks/{counting}")[1]["images"] == [1]
    assert get(study, f"tasks/{comparison}")[1]["images"] == [0, 1]
    assert get(study, f"tasks/{counting}/images/0")[0] == 404
    assert get(study, f"tasks/{counting}/images/1")[0] == 200


def test_feedback_in_practice_shows_labels(make_study: MakeStudy, typed: Rubric) -> None:
    verdict = {"scores": {"truth": 3, "style": 9, "named": 1, "fault": "minor"}}
    example = {"question": "?", "answer": "!", "verdict": verdict}
    plain = {**typed.model_dump(by_alias=True), "criteria": None, "examples": [example]}
    study = make_study(typed_items(), Rubric.model_validate(plain), raters=2)
    rate(study, "R01", 1, {"truth": 3, "style": 9, "named": 0, "fault": "cannot_tell"})
    page = str(get(study, "tasks/1/feedback")[1]["page"])
    assert "2 of 4 scores differ" in page
    for text in ("Not met", "Met", "Cannot tell", "minor"):
        assert text in page


# -- export


def test_long_rows_are_scores_with_criterion_and_status(study: Study) -> None:
    rate_each(study, "R01", fault="cannot_tell")
    rows = [row for row in long_rows(study) if row["item_id"] == "q1"]
    found = {(row["dimension"], row["criterion"]): (row["value"], row["status"]) for row in rows}
    assert found == {
        ("truth", None): (3.0, "ok"),
        ("count", None): (None, "not_applicable"),
        ("style", None): (10.0, "ok"),
        ("named", None): (1.0, "ok"),
        ("fault", None): (None, "abstained"),
        ("overall", None): (3.0, "ok"),
        ("criteria", "year"): (1.0, "ok"),
    }


def test_csv_has_a_column_for_the_criterion_only_where_items_have_criteria(
    study: Study, make_study: MakeStudy
) -> None:
    rate_each(study, "R01")
    stream, plain = io.StringIO(), io.StringIO()
    WRITERS["long"](study, stream, False, False)
    WRITERS["long"](make_study(), plain, False, False)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue())))
    assert {row["criterion"] for row in rows} == {"", "year", "error"}
    assert "criterion" not in plain.getvalue()


def test_every_exported_row_is_a_valid_score(study: Study) -> None:
    rate_each(study, "R01", truth="cannot_tell")
    for row in scores(study):
        assert Score.model_validate(row.model_dump()) == row


def test_wide_rows_hold_labels_and_all_criteria_in_one_column(study: Study) -> None:
    rate_each(study, "R01")
    first = next(row for row in wide_rows(study) if row["item_id"] == "q0")
    other = next(row for row in wide_rows(study) if row["item_id"] == "q1")
    assert (first["fault"], first["count"], other["count"]) == ("minor", 1, None)
    assert json.loads(first["criteria"]) == {"year": 1, "error": 0}


def test_everything_holds_expected_labels(make_study: MakeStudy, typed: Rubric) -> None:
    study = make_study(typed_items(), typed, raters=1, per_item=1, checks=0.2)
    tasks = json.loads(json.dumps(everything(study)))["raters"][0]["tasks"]
    check = next(task for task in tasks if task["kind"] == "check")
    assert check["expected"]["fault"] in (["none"], ["minor"])


@pytest.mark.parametrize("layout", ["label-studio", "label-studio-config"])
def test_label_studio_is_refused_where_items_have_criteria(study: Study, layout: str) -> None:
    with pytest.raises(InputError, match="Label Studio asks the same questions of every task"):
        WRITERS[layout](study, io.StringIO(), False, False)  # type: ignore[index]


def test_label_studio_chooses_labels(make_study: MakeStudy, typed: Rubric) -> None:
    rubric = Rubric.model_validate({**typed.model_dump(by_alias=True), "criteria": None})
    study = make_study(typed_items(), rubric, raters=1, per_item=1)
    task = next(task for task in study.tasks() if task.item.id == "q1")
    rate(study, "R01", task.n, {"truth": "cannot_tell", "style": 10, "named": 1, "fault": "minor"})
    stream = io.StringIO()
    WRITERS["label-studio"](study, stream, False, False)
    exported = next(one for one in json.loads(stream.getvalue()) if one["data"]["id"] == "q1")
    results = {r["from_name"]: r["value"] for r in exported["annotations"][0]["result"]}
    assert results["fault"] == {"choices": ["minor"]}
    assert results["truth"] == {"choices": ["cannot_tell"]}


def test_label_studio_does_not_require_what_applies_to_some_items(
    make_study: MakeStudy, typed: Rubric
) -> None:
    rubric = Rubric.model_validate({**typed.model_dump(by_alias=True), "criteria": None})
    stream = io.StringIO()
    WRITERS["label-studio-config"](make_study(typed_items(), rubric), stream, False, False)
    required = {
        line.split('name="')[1].split('"')[0] for line in stream.getvalue().splitlines() if "required" in line
    }
    assert required == {"truth", "style", "named", "fault"}


# -- progress


def test_figures_are_by_question_and_abstentions_are_counted_apart(study: Study) -> None:
    rate_each(study, "R01", fault="cannot_tell")
    rate_each(study, "R02", fault="major")
    found = {one.question.name: one for one in measure(study).questions}
    assert found["fault"].counts == {"none": 0, "minor": 0, "major": 6}
    assert found["fault"].abstained == 6
    assert found["fault"].exact is None
    assert sum(found["count"].counts.values()) == 6
    assert sum(found["truth"].counts.values()) == 12
    assert found["criteria"].counts == {1: 12, 0: 6}


def test_agreement_gets_each_question_at_its_level_and_criteria_by_item(study: Study) -> None:
    rate_each(study, "R01")
    rate_each(study, "R02", fault="cannot_tell")
    seen: list[QuestionRatings] = []

    def agreement(ratings: QuestionRatings) -> object:
        seen.append(ratings)
        return alpha(ratings)

    names = [one.question.name for one in measure(study, agreement).questions]  # type: ignore[arg-type]
    found = dict(zip(names, seen, strict=True))
    assert {name: ratings.level for name, ratings in found.items()} == {
        "truth": "ordinal",
        "count": "ordinal",
        "style": "ordinal",
        "named": "nominal",
        "fault": "nominal",
        "criteria": "nominal",
    }
    assert (len(found["criteria"].rows), len(set(found["criteria"].items))) == (9, 6)
    assert [row[1] != row[1] for row in found["fault"].rows] == [True] * 6


def test_alpha_of_criteria_resamples_items() -> None:
    rows = [[1.0, 1.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]
    items = ["a", "a", "b", "b", "c", "c"]
    found = alpha(QuestionRatings(rows, items, "nominal"))
    assert found == krippendorff_alpha(rows, level="nominal", clusters=items)
    assert found != krippendorff_alpha(rows, level="nominal")


def test_different_labels_and_criteria_are_disputed_and_read_in_words(study: Study) -> None:
    rate_each(study, "R01")
    rate_each(study, "R02", fault="major", criteria_year=0, style=9, truth="cannot_tell")
    dispute = next(one for one in measure(study).disputes if one.item_id == "q1")
    assert dispute.ratings == {
        "fault": {"R01": "minor", "R02": "major"},
        "criteria/year": {"R01": "Met", "R02": "Not met"},
    }
    assert dispute.spread == 1


def test_the_organisers_page_shows_labels_and_abstentions(study: Study) -> None:
    rate_each(study, "R01")
    rate_each(study, "R02", fault="major", truth="cannot_tell")
    headers = {"Authorization": f"Bearer {study.admin_token}"}
    page = Client(create_app(study, alpha)).get("/api/admin/overview", headers=headers).json()["page"]
    assert "6 times “Cannot tell”" in page
    assert "R01 <b>minor</b>" in page
    assert "Not met: 6" in page


def test_progress_as_plain_data_has_level_and_abstentions(study: Study) -> None:
    rate_each(study, "R01", fault="cannot_tell")
    found = {one["question"]: one for one in as_plain(measure(study))["questions"]}
    assert (found["fault"]["level"], found["fault"]["abstained"]) == ("nominal", 6)


def test_repeats_compare_labels_and_criteria(make_study: MakeStudy, typed: Rubric) -> None:
    study = make_study(typed_items(), typed, raters=1, per_item=1, repeats=0.2)
    for task in list(study.tasks()):
        changed = {"fault": "major"} if task.kind == "repeat" else {}
        rate(study, "R01", task.n, typed_values(task.item, **changed))
    [row] = measure(study).raters
    same, total = row.repeats
    assert total - same == 1
    assert total in (5, 7)


# -- source


def test_a_run_is_stratified_by_its_share_of_points(tmp_path: Path) -> None:
    import judge

    text = (
        "name: c\ntask: Judge.\ncriteria: {field: checklist}\noverall: {how: points}\npass: {overall: 0.5}\n"
    )
    run = judge.score(typed_items(), judge="baseline", rubric=parse_rubric(text), out=tmp_path / "run")
    with run, create_study(run, tmp_path / "s.db", stratify="score", raters=2, per_item=1) as study:
        strata = {task.stratum for task in study.tasks() if task.kind == "main"}
    assert strata <= {f"overall {number / 10:.1f}" for number in range(11)}


def test_an_export_of_every_type_is_written_to_a_file(study: Study, tmp_path: Path) -> None:
    rate_each(study, "R01")
    assert export_study(study, tmp_path / "r.csv") == 3 * (8 + 7)
