"""A rubric, and ways to rate in a study."""

import io
from collections.abc import Callable

from PIL import Image as Pillow

from human_study.form import Reply
from human_study.store import Study
from human_study.study_records import Save
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
