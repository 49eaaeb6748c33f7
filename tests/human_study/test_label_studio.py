import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from human_study import label_studio
from human_study.export import counted_tasks, scores
from human_study.form import Form, FormQuestion, Option
from human_study.import_ratings import import_file
from human_study.source import StudySource
from human_study.store import Study
from judge.errors import InputError
from judge.records import Item
from judge.rubric import Rubric, load_rubric

from .builders import MakeStudy, rate, rate_all

FROM_LABEL_STUDIO = {
    "id": 41,
    "data": {"question_id": "q1", "prompt": "2 + 2?", "output": "4", "image": "a.png", "topic": "sums"},
    "annotations": [
        {
            "completed_by": {"id": 3, "email": "ann@example.org"},
            "was_cancelled": False,
            "lead_time": 12.5,
            "result": [
                {"from_name": "accuracy", "to_name": "answer", "type": "rating", "value": {"rating": 4}},
                {"from_name": "style", "to_name": "answer", "type": "choices", "value": {"choices": ["5"]}},
                {"from_name": "note", "to_name": "answer", "type": "textarea", "value": {"text": ["ok"]}},
                {
                    "from_name": "box",
                    "type": "rectanglelabels",
                    "value": {"x": 1, "rectanglelabels": ["Crack"]},
                },
            ],
        },
        {"completed_by": 5, "was_cancelled": True, "result": []},
    ],
}


def item_of(task: dict[str, Any], **options: Any) -> Item:
    """The item that a study makes of a task."""
    (item,) = StudySource.read([task], None, **options).items
    return item


def test_a_task_becomes_an_item_whatever_its_fields_are_called() -> None:
    item = item_of(FROM_LABEL_STUDIO)
    assert (item.id, item.question, item.answer) == ("q1", "2 + 2?", "4")
    assert item.images[0].path == "a.png"
    assert item.metadata == {"topic": "sums"}


def test_a_task_without_an_id_in_its_data_takes_its_own() -> None:
    assert item_of({"id": 9, "data": {"input": "?", "response": "!"}}).id == "9"


def test_the_id_of_a_task_may_be_chosen() -> None:
    task = {"id": 9, "data": {"input": "?", "response": "!", "nr": 7}}
    assert item_of(task, mapping={"id": "nr"}).id == "7"
    assert item_of(task, id_from=("nr", "input")).id != "9"


@pytest.mark.parametrize("name", ["reference", "references"])
def test_alternative_references_of_a_task_stay_alternatives(name: str) -> None:
    item = item_of({"id": 9, "data": {"input": "?", "response": "!", name: ["Paris", "Lutetia"]}})
    assert (item.reference, item.other_references) == ("Paris", ("Lutetia",))


def test_a_field_of_a_task_may_be_mapped() -> None:
    task = {"id": 9, "data": {"input": "?", "text": "!", "references": []}}
    assert item_of(task, mapping={"answer": "text"}).answer == "!"


@pytest.mark.parametrize("other", [{"id": 2, "data": [3]}, {"id": 2}])
def test_a_row_that_is_no_task_is_an_error(other: dict[str, Any], rubric: Rubric) -> None:
    with pytest.raises(InputError, match=r"row 2: found .*; the data of a task"):
        StudySource.read([FROM_LABEL_STUDIO, other], None)
    with pytest.raises(InputError, match=r"x: found .*; the data of a task"):
        list(label_studio.annotations(other, Form(rubric), "x"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"annotations": 3}, "annotations: found a number"),
        ({"annotations": ["x"]}, "annotations, entry 1: found a text"),
        ({"annotations": [{"completed_by": 1, "result": [3]}]}, "result, entry 1: found a number"),
        ({"annotations": [{"completed_by": 1, "result": [{"value": [3]}]}]}, "value: found a list"),
    ],
)
def test_a_damaged_task_is_an_error(change: dict[str, Any], problem: str, rubric: Rubric) -> None:
    with pytest.raises(InputError, match=problem):
        list(label_studio.annotations(FROM_LABEL_STUDIO | change, Form(rubric), "x"))


def test_a_value_that_is_no_option_of_the_question_is_an_error(rubric: Rubric) -> None:
    result = {"from_name": "accuracy", "type": "choices", "value": {"choices": [["4"], "5"]}}
    task = {"id": 1, "data": {}, "annotations": [{"completed_by": 1, "result": [result]}]}
    with pytest.raises(InputError, match="accuracy: found"):
        list(label_studio.annotations(task, Form(rubric), "x"))


@pytest.mark.parametrize(("column", "item_id"), [("topic", "sums"), ("id", "41"), (None, "q1")])
def test_the_item_of_an_annotation_may_be_another_field(
    column: str | None, item_id: str, rubric: Rubric
) -> None:
    keys = [key for key, _ in label_studio.annotations(FROM_LABEL_STUDIO, Form(rubric), "x", column)]
    assert {key[1] for key in keys} == {item_id}


def test_a_field_for_the_item_that_a_task_lacks_is_named(rubric: Rubric) -> None:
    with pytest.raises(InputError, match="no 'nr' in the data of the task; found: question_id, prompt"):
        list(label_studio.annotations(FROM_LABEL_STUDIO | {"id": None}, Form(rubric), "x", "nr"))


def test_a_task_without_any_id_is_an_error() -> None:
    with pytest.raises(InputError, match="row 1: the task has no id"):
        item_of({"data": {"input": "?", "response": "!"}})


def test_a_task_without_an_answer_is_an_error() -> None:
    with pytest.raises(
        InputError, match="row 1: no field 'question' and no field 'answer'; found: 'id', 'text'"
    ):
        item_of({"data": {"id": 1, "text": "?"}})


def test_annotations_become_ratings_and_other_controls_are_left_alone(rubric: Rubric) -> None:
    found = dict(label_studio.annotations(FROM_LABEL_STUDIO, Form(rubric), "x.json:1"))
    assert [key[:2] for key in found] == [("ann@example.org", "q1"), ("5", "q1")]
    ann, cancelled = found.values()
    assert (ann.values, ann.note, ann.skip) == ({"accuracy": 4, "clarity": 5}, "ok", "")
    assert cancelled.skip == "cancelled in Label Studio"


def test_an_annotation_of_nobody_is_an_error(rubric: Rubric) -> None:
    task = {"data": {"id": "q1"}, "annotations": [{"result": []}]}
    with pytest.raises(InputError, match="annotations, entry 1: no annotator"):
        list(label_studio.annotations(task, Form(rubric), "x"))


def test_two_annotations_of_one_person_are_samples(rubric: Rubric) -> None:
    task = {"data": {"id": "q1"}, "annotations": [{"completed_by": 1}, {"completed_by": 1}]}
    keys = [key for key, _ in label_studio.annotations(task, Form(rubric), "x")]
    assert keys == [("1", "q1", 0), ("1", "q1", 1)]


def test_a_skip_before_an_annotation_of_the_same_person_is_no_rating(rubric: Rubric) -> None:
    skipped = {"completed_by": 1, "was_cancelled": True}
    task = {
        "data": {"id": "q1"},
        "annotations": [skipped, {"completed_by": 1}, {**skipped, "completed_by": 2}],
    }
    keys = [key for key, _ in label_studio.annotations(task, Form(rubric), "x")]
    assert keys == [("1", "q1", 0), ("2", "q1", 0)]


def test_a_skip_and_a_repeat_go_through_label_studio(make_study: MakeStudy, tmp_path: Path) -> None:
    study, other = (make_study(raters=1, per_item=1, repeats=0.1) for _ in range(2))
    rate_all(study, "R01")
    repeat = next(task for task in study.tasks() if task.kind == "repeat")
    main = next(task for task in study.tasks() if task.item.id == repeat.item.id and task.kind == "main")
    rate(study, "R01", main.n, {}, skip="no idea")
    rate(study, "R01", repeat.n, {"accuracy": 1, "clarity": 2})
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(list(label_studio.tasks(study, list(counted_tasks(study))))), encoding="utf-8")
    import_file(other, path)
    assert list(scores(other)) == list(scores(study))


def test_tasks_exported_and_imported_give_the_same_scores(make_study: MakeStudy, tmp_path: Path) -> None:
    study, other = make_study(raters=2, per_item=2), make_study(raters=2, per_item=2)
    rate_all(study, "R01", lambda item: len(item) % 5 + 1)
    rate(study, "R01", 3, {"accuracy": 1, "clarity": 2}, note="two\nlines")
    rate(study, "R01", 4, {}, skip="no idea")
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(list(label_studio.tasks(study, list(counted_tasks(study))))), encoding="utf-8")
    import_file(other, path)
    assert list(scores(other)) == list(scores(study))


def test_flags_and_a_judged_overall_score_go_through_label_studio(
    make_study: MakeStudy, tmp_path: Path, items: list[Item]
) -> None:
    inspection = load_rubric("inspection")
    study, other = (make_study(items, inspection, raters=1, per_item=1) for _ in range(2))
    names = (*inspection.dimensions, "overall")
    replies = [task for task in study.tasks() if task.kind == "training"]
    for task in replies:
        rate(study, "R01", task.n, {**dict.fromkeys(names, 3), "is_accurate": 1})
    values = {**dict.fromkeys(names, 2), "is_accurate": 0, "reference_issue": "wrong object"}
    rate(study, "R01", len(replies) + 1, values)
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(list(label_studio.tasks(study, list(counted_tasks(study))))), encoding="utf-8")
    import_file(other, path)
    assert list(scores(other)) == list(scores(study))


def test_pictures_travel_inside_the_tasks(make_study: MakeStudy, with_picture: Item) -> None:
    [task] = label_studio.tasks(make_study([with_picture], raters=1, per_item=1), [])
    assert [url[:22] for url in task["data"]["images"]] == ["data:image/png;base64,"] * 2


def test_tasks_name_neither_system_nor_metadata(study: Study) -> None:
    text = json.dumps(list(label_studio.tasks(study, [])))
    assert "secret-system" not in text
    assert "secret-score" not in text


def test_the_reference_goes_out_only_where_the_design_shows_it(make_study: MakeStudy) -> None:
    for shown in (True, False):
        study = make_study(show_reference=shown)
        assert ("Reference 1" in json.dumps(list(label_studio.tasks(study, [])))) is shown
        assert ("$reference" in label_studio.interface(study)) is shown


def test_the_interface_asks_every_question_of_the_object_that_it_shows(
    make_study: MakeStudy, with_picture: Item
) -> None:
    study = make_study([with_picture], load_rubric("inspection"), raters=1, per_item=1)
    view = Xml.fromstring(label_studio.interface(study))
    assert view.find("Image") is not None
    shown = {element.get("name") for element in view if element.get("value", element.get("valueList"))}
    controls = {element.get("name"): element.tag for element in view if element.get("toName")}
    assert {element.get("toName") for element in view if element.get("toName")} <= shown
    assert controls["technical_accuracy"] == "Rating"
    assert controls["is_accurate"] == "Choices"
    assert controls["reference_issue"] == "TextArea"


def test_a_scale_from_zero_is_asked_by_choices(make_study: MakeStudy, rubric: Rubric) -> None:
    data = rubric.model_dump(by_alias=True)
    data |= {"scale": {"min": 0, "max": 2}, "examples": [], "pass": {"overall": 1}}
    for dimension in data["dimensions"].values():
        dimension["anchors"] = {0: "a", 1: "b", 2: "c"}
    view = Xml.fromstring(label_studio.interface(make_study(using=Rubric.model_validate(data))))
    choices = view.find("Choices[@name='accuracy']")
    assert choices is not None
    assert [choice.get("value") for choice in choices] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("anchors", "chosen"),
    [(("Yes", "No"), "Yes"), (("Right", "Wrong"), "1"), (("Yes", "No", "Perhaps"), "1")],
)
def test_only_a_flag_is_written_as_yes_or_no(anchors: tuple[str, ...], chosen: str) -> None:
    options = tuple(Option(value=1 - n, anchor=anchor) for n, anchor in enumerate(anchors))
    question = FormQuestion(name="flag", label="Flag", description="Is it so?", options=options)
    assert label_studio._choice(question, 1) == chosen
