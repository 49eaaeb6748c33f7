"""A small study."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image as Pillow

from human_study.plan import Design, choose, plan_study
from human_study.store import Study
from judge.records import Image, Item
from judge.rubric import Rubric

from .browsing import chromium, open_link
from .builders import RUBRIC, rubric_of

__all__ = ["chromium", "open_link"]
"""Fixtures of the tests with a browser."""


@pytest.fixture
def rubric() -> Rubric:
    return rubric_of(RUBRIC)


@pytest.fixture
def items() -> list[Item]:
    return [
        Item(
            id=f"secret-id-{n}",
            question=f"Question {n}?",
            answer=f"Answer {n}. It goes on.",
            reference=f"Reference {n}",
            system="secret-system-A" if n % 2 else "secret-system-B",
            metadata={"topic": "ice" if n % 2 else "fire", "judge_said": "secret-score"},
        )
        for n in range(12)
    ]


@pytest.fixture
def with_picture(tmp_path: Path) -> Item:
    """An item whose two pictures lie beside the study."""
    for name, colour in (("query", "red"), ("reference", "blue")):
        Pillow.new("RGB", (40, 30), colour).save(tmp_path / f"{name}.png")
    return Item(
        id="pictured",
        question="What is shown?",
        answer="A red square.",
        images=(Image(path="query.png"), Image(path="reference.png", role="reference")),
    )


@pytest.fixture
def make_study(tmp_path: Path, rubric: Rubric, items: list[Item]) -> Iterator[Callable[..., Study]]:
    """Make studies that are closed at the end; keywords go into the design."""
    made: list[Study] = []

    def make(chosen: list[Item] | None = None, using: Rubric | None = None, **design: object) -> Study:
        wanted = Design.model_validate({"raters": 3, "per_item": 2, "repeats": 0, "checks": 0} | design)
        plan = plan_study("A study", using or rubric, wanted, choose(chosen or items, wanted))
        made.append(Study.create(tmp_path / f"study{len(made)}.db", plan, tmp_path))
        return made[-1]

    yield make
    for study in made:
        study.close()


@pytest.fixture
def study(make_study: Callable[..., Study]) -> Study:
    return make_study()
