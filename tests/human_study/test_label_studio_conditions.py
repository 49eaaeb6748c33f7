"""Images of Label Studio tasks."""

from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from human_study import label_studio
from human_study.source import StudySource
from judge.records import Image
from judge.rubric import Rubric

from .builders import MakeStudy


@pytest.mark.parametrize(
    ("source", "image"),
    [
        ("a.png", Image(path="a.png")),
        ("https://example.org/a.png", Image(url="https://example.org/a.png")),
        ("http://example.org/a.png", Image(url="http://example.org/a.png")),
        ("data:image/png;base64,AA==", Image(url="data:image/png;base64,AA==")),
        ({"path": "a.png", "role": "reference"}, Image(path="a.png", role="reference")),
    ],
)
def test_an_image_is_a_path_an_address_or_our_own_record(source: Any, image: Image) -> None:
    data = {"question": "?", "answer": "!", "images": [source, "b.png"]}
    (item,) = StudySource.read([{"id": 1, "data": data}], None).items
    assert item.images == (image, Image(path="b.png"))


@pytest.mark.parametrize("images", [None, [], ""])
def test_a_task_may_have_no_image(images: Any) -> None:
    data = {"question": "?", "answer": "!", "images": images}
    (item,) = StudySource.read([{"id": 1, "data": data}], None).items
    assert item.images == ()


def test_a_task_is_recognised_by_data_without_a_question_of_our_own() -> None:
    assert label_studio.is_task({"data": {"text": "x"}})
    assert not label_studio.is_task({"data": "x"})
    assert not label_studio.is_task({"data": {}, "question": "?"})


@pytest.mark.parametrize(("points", "control"), [(2, "Rating"), (10, "Rating"), (11, "Choices")])
def test_a_scale_from_one_is_asked_by_up_to_ten_stars(
    make_study: MakeStudy, rubric: Rubric, points: int, control: str
) -> None:
    data = rubric.model_dump(by_alias=True) | {"scale": {"min": 1, "max": points}, "examples": []}
    data["pass"] = {"overall": 2}
    for dimension in data["dimensions"].values():
        dimension["anchors"] = {n: f"anchor {n}" for n in range(1, points + 1)}
    view = Xml.fromstring(label_studio.interface(make_study(using=Rubric.model_validate(data))))
    asked = view.find(f"{control}[@name='accuracy']")
    assert asked is not None
    assert asked.get("maxRating") == (str(points) if control == "Rating" else None)
