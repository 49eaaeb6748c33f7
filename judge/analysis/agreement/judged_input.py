"""What judges of the same answers were shown: runs that differ in pictures, fields or wording are matched.

People rate an answer to a question, so that two runs over the same questions and answers can be compared on
the same ratings, whatever else their judges were shown. What differs is named: it is what is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from judge.analysis.comparable import same_rubric
from judge.errors import InputError
from judge.records import Item
from judge.rubric import Rubric

_WORDS = {"images": "pictures", "reference": "reference answer", "other_references": "reference answer"}
_NOT_SHOWN = ("name", "version")


@dataclass(frozen=True)
class JudgedRun:
    """Items and rubric of one run.

    Attributes
    ----------
    path, name : str
        Folder and name of the run.
    items : sequence of Item
        Its items.
    rubric : Rubric
        Its rubric.
    """

    path: str
    name: str
    items: Sequence[Item]
    rubric: Rubric


def matched_items(runs: Sequence[JudgedRun]) -> tuple[dict[str, Item], tuple[str, ...]]:
    """Return the items of all runs by id, each as in the first run that has it, and notes on what differs.

    Raises
    ------
    InputError
        Two runs have another question or answer under one id, or other criteria.
    """
    known: dict[str, Item] = {}
    notes = []
    for run in runs:
        differing: dict[str, int] = {}
        for item in run.items:
            first = known.setdefault(item.id, item)
            if first.digest != item.digest:
                _refuse_other_answers(run, first, item)
                for part in _differences(first, item):
                    differing[part] = differing.get(part, 0) + 1
        notes += list(_item_note(runs[0], run, differing))
        notes += list(_rubric_note(runs[0], run))
    return known, tuple(notes)


def _refuse_other_answers(run: JudgedRun, first: Item, item: Item) -> None:
    differs = (first.question, first.answer, first.choices) != (item.question, item.answer, item.choices)
    if differs or (run.rubric.criteria is not None and first.metadata != item.metadata):
        what = "question or answer" if differs else "fields, which may hold its criteria,"
        raise InputError(
            f"{run.path}: item {item.id!r} has another {what} than in the runs before it, so its ratings are "
            "ambiguous; compare runs over the same answers"
        )


def _differences(first: Item, item: Item) -> list[str]:
    """Names of the parts in which two items of one answer differ."""
    one, other = _content(first), _content(item)
    names = dict.fromkeys([*one, *other])
    return list(dict.fromkeys(_WORDS.get(n, n) for n in names if one.get(n) != other.get(n)))


def _content(item: Item) -> Mapping[str, Any]:
    """Parts of an item; a picture is the same if its file has the same content, wherever it is."""
    parts: dict[str, Any] = item.model_dump(exclude={"id", "question", "answer", "metadata", "images"})
    images = [(image.sha256 or image.path or image.url, image.role) for image in item.images]
    return {**item.metadata, **parts, "images": images}


def _item_note(first: JudgedRun, run: JudgedRun, differing: Mapping[str, int]) -> Iterator[str]:
    if differing:
        parts = ", ".join(f"{name} ({n:,})" for name, n in differing.items())
        yield (
            f"Items of {run.name} differ from those of {first.name} in: {parts}. They are matched by id, "
            f"question and answer; fields for slices and clusters are those of {first.name}."
        )


def _rubric_note(first: JudgedRun, run: JudgedRun) -> Iterator[str]:
    if same_rubric(first.rubric, run.rubric):
        return
    one, other = (each.rubric.model_dump(exclude=set(_NOT_SHOWN)) for each in (first, run))
    parts = [name.replace("_", " ") for name in one if one[name] != other[name]]
    if parts:
        yield (
            f"The rubrics of {first.name} and {run.name} differ in: {', '.join(parts)}. Scale and pass rule "
            f"are those of {first.name}."
        )
