"""Images of Label Studio tasks."""

from typing import Any

import pytest

from human_study import label_studio
from judge.records import Image


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
    item = label_studio.to_item({"id": 1, "data": data}, "x.json:1")
    assert item.images == (image, Image(path="b.png"))


@pytest.mark.parametrize("images", [None, [], ""])
def test_a_task_may_have_no_image(images: Any) -> None:
    item = label_studio.to_item({"id": 1, "data": {"question": "?", "answer": "!", "images": images}}, "x")
    assert item.images == ()


def test_a_task_is_recognised_by_data_without_a_question_of_our_own() -> None:
    assert label_studio.is_task({"data": {"text": "x"}})
    assert not label_studio.is_task({"data": "x"})
    assert not label_studio.is_task({"data": {}, "question": "?"})
