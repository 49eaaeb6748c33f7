"""Label Studio: its tasks and annotations in JSON, and the labeling configuration for them.

The data fields of a task are those of an Item, and each question is a control of the same name on the object
``answer``. Format: labelstud.io/guide/task_format.
"""

import base64
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as Xml

from human_study.form import YES_NO, Form, FormQuestion
from human_study.store import Study
from human_study.study_records import Key, RatingDraft, Task
from judge.errors import InputError
from judge.formats.document import kind_of, objects
from judge.formats.label_studio import STUDY_DOMAIN, counted
from judge.items import ALIASES
from judge.items.columns import plain

_MAX_STARS = 10
_NOTE = "note"
_TEXT = dict(YES_NO)
_NUMBERS = {text: number for number, text in _TEXT.items()}


def is_task(row: dict[str, Any]) -> bool:
    """Whether a row of a JSON file is a task of Label Studio."""
    return isinstance(row.get("data"), dict) and "question" not in row


def to_row(row: dict[str, Any], where: str, *, has_id: bool = False) -> dict[str, Any]:
    """Return the data of a task as a row of a table of items.

    Parameters
    ----------
    row : dict
        The task.
    where : str
        Place of the task, for errors.
    has_id : bool
        Whether an option says what makes the id. Otherwise a task whose data has no id takes its own.

    Raises
    ------
    InputError
        The task has no id.
    """
    data = _data(row, where)
    return data if has_id or _ids_in(data) else {"id": _item_id(row, where), **data}


def annotations(
    row: dict[str, Any], form: Form, where: str, id_column: str | None = None
) -> Iterator[tuple[Key, RatingDraft]]:
    """Convert each annotation of a task into a rating; `id_column` names the data with the id of the item."""
    item = _item_id(row, where, id_column)
    seen: dict[str, int] = defaultdict(int)
    for place, rater, annotation in counted(row.get("annotations"), f"{where}: annotations"):
        draft = RatingDraft(
            place, skip="cancelled in Label Studio" if annotation.get("was_cancelled") else ""
        )
        for found, result in objects(annotation.get("result") or [], f"{place}: result"):
            _read_result(draft, form, result, found)
        yield (rater, item, seen[rater]), draft
        seen[rater] += 1


def tasks(study: Study, rated: list[Task]) -> Iterator[dict[str, Any]]:
    """Return every item as a task, with one annotation per rating in `rated`.

    As on the rating page, raters see neither the system nor the metadata of an item.
    """
    by_item = defaultdict(list)
    for task in rated:
        by_item[task.item.id].append(task)
    hidden = {"metadata", "images", "system", "gold"} | _hidden_references(study)
    for number, item in enumerate(study.items(), start=1):
        pictures = [
            f"data:{media_type};base64,{base64.b64encode(content).decode()}"
            for media_type, content in study.pictures_of(item.id)
        ]
        yield {
            "id": number,
            "data": item.model_dump(mode="json", exclude=hidden) | {"images": pictures},
            "annotations": [_annotation(task, study.form) for task in by_item[item.id]],
        }


def interface(study: Study) -> str:
    """Return the labeling configuration (XML) for the tasks and the questions of the study."""
    view = Xml.Element("View")
    if any(item.images for item in study.items()):
        Xml.SubElement(view, "Image", name="images", valueList="$images")
    for name in ("question", "answer", *(["reference"] if _shows_reference(study) else [])):
        Xml.SubElement(view, "Header", value=name.capitalize())
        Xml.SubElement(view, "Text", name=name, value=f"${name}")
    conditional = {name for name, dimension in study.rubric.dimensions.items() if dimension.when}
    for question in study.form.questions:
        Xml.SubElement(view, "Header", value=f"{question.label}: {question.description}", size="4")
        _control(view, question, is_required=question.name not in conditional)
    Xml.SubElement(view, "TextArea", name=_NOTE, toName="answer", placeholder="Note")
    Xml.indent(view)
    return Xml.tostring(view, encoding="unicode")


def _hidden_references(study: Study) -> set[str]:
    return set() if _shows_reference(study) else {"reference", "other_references"}


def _shows_reference(study: Study) -> bool:
    return study.design.show_reference and any(item.reference for item in study.items())


def _has_stars(question: FormQuestion) -> bool:
    values = [option.value for option in question.options]
    return values == list(range(1, len(values) + 1)) and len(values) <= _MAX_STARS


def _control(view: Xml.Element, question: FormQuestion, *, is_required: bool) -> None:
    if question.is_text:
        Xml.SubElement(view, "TextArea", name=question.name, toName="answer")
        return
    if _has_stars(question):
        stars = str(len(question.options))
        control = Xml.SubElement(view, "Rating", name=question.name, toName="answer", maxRating=stars)
    else:
        control = Xml.SubElement(view, "Choices", name=question.name, toName="answer", choice="single-radio")
        for option in question.options:
            Xml.SubElement(control, "Choice", value=_choice(question, option.value), hint=option.anchor)
    if is_required:
        control.set("required", "true")


def _annotation(task: Task, form: Form) -> dict[str, Any]:
    reply = task.rating.reply
    results = [
        _result(question, reply.values[question.name])
        for question in form.questions
        if question.name in reply.values
    ]
    texts = [text for text in (reply.note, reply.skip) if text]
    note = [_control_result(_NOTE, "textarea", {"text": texts})] if texts else []
    return {
        "completed_by": {"email": f"{task.rater}{STUDY_DOMAIN}"},
        "was_cancelled": task.rating.state == "skipped",
        "lead_time": task.rating.seconds,
        "result": results + note,
    }


def _result(question: FormQuestion, value: int | str) -> dict[str, Any]:
    if question.is_text:
        return _control_result(question.name, "textarea", {"text": [value]})
    if _has_stars(question):
        return _control_result(question.name, "rating", {"rating": value})
    return _control_result(question.name, "choices", {"choices": [_choice(question, value)]})


def _control_result(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": name, "to_name": "answer", "type": kind, "value": value}


def _choice(question: FormQuestion, value: int | str) -> str:
    is_yes_or_no = len(question.options) == len(_TEXT) and question.options[0].anchor == "Yes"
    return _TEXT[value] if is_yes_or_no and isinstance(value, int) else str(value)


def _read_result(draft: RatingDraft, form: Form, result: dict[str, Any], where: str) -> None:
    name, value = str(result.get("from_name", "")), result.get("value") or {}
    if not isinstance(value, dict):
        raise InputError(f"{where}: value: found {kind_of(value)}; it must be an object")
    found = value.get(str(result.get("type")), value.get("text"))
    found = found[0] if isinstance(found, list) and len(found) == 1 else found
    if name == _NOTE:
        text = "\n".join(map(str, found)) if isinstance(found, list) else str(found or "")
        draft.note, draft.skip = ("", text) if draft.skip else (text, "")
    elif (known := form.name_of(name)) is not None and found is not None:
        word = _NUMBERS.get(found, found) if isinstance(found, str) else found
        draft.values[known] = form.value_of(known, word, draft.where)


def _item_id(row: dict[str, Any], where: str, column: str | None = None) -> str:
    """Id of the item: from the data of the task, else that of the task."""
    data = _data(row, where)
    if column is not None and column not in data and column in row:
        data = row
    found = _ids_in(data) if column is None else [data.get(column)]
    item_id = next(iter(found), row.get("id"))
    if item_id in (None, ""):
        problem = "the task has no id" if column is None else f"no {column!r} in the data of the task"
        raise InputError(
            f"{where}: {problem}; found: {', '.join(data) or 'nothing'}; allowed are a field id of the task, "
            f"or one of {', '.join(ALIASES['id'])} in its data"
        )
    return str(item_id)


def _data(row: Any, where: str) -> dict[str, Any]:
    data = row.get("data") if isinstance(row, dict) else row
    if not isinstance(data, dict):
        raise InputError(
            f"{where}: found {kind_of(data)}; the data of a task of Label Studio must be an object"
        )
    return data


def _ids_in(data: dict[str, Any]) -> list[Any]:
    return [value for name, value in data.items() if plain(name) in ALIASES["id"] and value is not None]
