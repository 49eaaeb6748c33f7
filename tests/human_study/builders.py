"""A rubric, and ways to rate in a study."""

import io
from collections.abc import Callable

from PIL import Image as Pillow

from human_study.form import Reply
from human_study.store import Study
from human_study.study_records import Save
from judge.records import Item
from judge.rubric import Rubric, parse_rubric

MakeStudy = Callable[..., Study]

RUBRIC = """
name: two_questions
task: You judge answers.
scale: {min: 1, max: 5}
dimensions:
  accuracy:
    description: Whether it is true.
    anchors: {1: false, 2: mostly false, 3: half true, 4: mostly true, 5: true}
  clarity:
    aliases: [style]
    description: Whether it is clear.
    anchors: {1: "1", 2: "2", 3: "3", 4: "4", 5: "5"}
rules:
  - {when: {topic: ice}, text: Ice floats.}
pass: {overall: 3}
examples:
  - question: Why is the sky blue?
    answer: It scatters light.
    verdict: {scores: {accuracy: 4, clarity: 5}, reasons: {accuracy: Blue light scatters most.}}
"""

TYPED = """
name: every_type
task: You judge answers.
scale: {min: 1, max: 3}
dimensions:
  truth: {description: Is it true., anchors: {1: bad, 2: middling, 3: good}}
  count: {description: Is it counted., anchors: {1: bad, 2: middling, 3: good}, when: {kind: counting}}
  style: {description: How it reads., scale: {min: 0, max: 10}, anchors: {0: bad, 10: good}}
  named: {description: It names the part., type: binary}
  fault: {description: Kind of fault., type: category, labels: {none: No fault., minor: A small one., major: ""}}
criteria: {field: checklist}
images: [{role: reference, when: {kind: comparison}}]
abstain: true
overall: {how: weighted, weights: {truth: 1, count: 3}}
pass: {overall: 2}
"""
"""Three types, two scales, criteria of the items, conditions, and cannot tell."""


def typed_items(n: int = 6) -> list[Item]:
    """Items that get the dimension `count` and have two criteria, in turn with those of one criterion."""
    year, error = (
        {"id": "year", "text": "It names the year."},
        {"id": "error", "text": "It errs.", "points": -1},
    )
    kinds = (("counting", [year, error]), ("comparison", [year]))
    return [
        Item(
            id=f"q{number}",
            question=f"Question {number}?",
            answer=f"Answer {number}. It goes on.",
            metadata={"kind": kind, "checklist": criteria},
        )
        for number in range(n)
        for kind, criteria in [kinds[number % 2]]
    ]


def typed_values(item: Item, **changed: int | str) -> dict[str, int | str]:
    """A complete reply to one of `typed_items`."""
    values: dict[str, int | str] = {"truth": 3, "style": 10, "named": 1, "fault": "minor", "criteria/year": 1}
    if item.metadata["kind"] == "counting":
        values |= {"count": 1, "criteria/error": 0}
    return {**values, **{name.replace("criteria_", "criteria/"): value for name, value in changed.items()}}


def rubric_of(text: str) -> Rubric:
    """YAML reads `false` and `true` as booleans; anchors are texts."""
    return parse_rubric(text.replace("1: false", "1: 'false'").replace("5: true", "5: 'true'"))


def rate(study: Study, rater: str, n: int, values: dict[str, int | str], **more: object) -> None:
    """Rate one answer, on top of whatever is there."""
    task = study.task(rater, n)
    assert task is not None
    reply = Reply.model_validate({"values": values} | {k: v for k, v in more.items() if k != "seconds"})
    save = {"save_id": f"save-{n}-{task.rating.revision:08d}", "base": task.rating.revision, "reply": reply}
    study.save(rater, n, Save.model_validate(save | {"seconds": more.get("seconds", 10.0)}))


def rate_all(study: Study, rater: str, value: Callable[[str], int] = lambda _: 4) -> None:
    """Give every answer in a rater's list the scores that `value` says for its item."""
    for task in [task for task in study.tasks() if task.rater == rater]:
        score = value(task.item.id)
        rate(study, rater, task.n, {"accuracy": score, "clarity": score})


def png(width: int = 4, height: int = 3, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Pillow.new("RGB", (width, height), "green").save(stream, kind)
    return stream.getvalue()
