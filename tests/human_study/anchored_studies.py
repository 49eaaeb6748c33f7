"""Runs with scores of a judge, and studies that show them."""

from collections.abc import Callable
from pathlib import Path

from human_study.form import Reply
from human_study.store import Study
from human_study.study_records import Save, Task
from human_study.workflows import create_study
from judge.records import Item, Score
from judge.rubric import Rubric, parse_rubric
from judge.scoring.run import Run

from .builders import RUBRIC, TYPED, rubric_of, typed_items, typed_values

Values = dict[str, int | str]


def plain_run(folder: Path, n: int = 12, unscored: int = 0) -> Path:
    """A run of two dimensions: accuracy 1 to 5 in turn, clarity 4; the last items have no score."""
    items = [
        Item(id=f"q{i}", question=f"Question {i}?", answer=f"Answer {i}. It goes on.", reference="R")
        for i in range(n)
    ]
    scores = []
    for i, item in enumerate(items):
        values = {"accuracy": 1 + i % 5, "clarity": 4, "overall": (5 + i % 5) / 2}
        for name, value in values.items():
            said = {"status": "refused"} if i >= n - unscored else {"value": float(value)}
            scores.append(_score(item.id, name, reason=f"because of {name}", **said))
    return _run(folder, rubric_of(RUBRIC), items, scores)


def typed_run(folder: Path) -> Path:
    """A run of all types of questions, with criteria of the items; the judge abstains on the style of q1."""
    items, scores = typed_items(), []
    for item in items:
        for name, value in typed_values(item).items():
            said = {"value": float(value) if isinstance(value, int) else value}
            if (item.id, name) == ("q1", "style"):
                said = {"status": "abstained"}
            dimension, _, criterion = name.partition("/")
            scores.append(_score(item.id, dimension, criterion=criterion or None, **said))
        scores.append(_score(item.id, "overall", value=2.5))
    return _run(folder, parse_rubric(TYPED), items, scores)


def anchored_study(run: Path, out: Path, **options: object) -> Study:
    given = {"raters": 2, "per_item": 2, "repeats": 0, "checks": 0, "show_verdict": True} | options
    return create_study(run, out, **given)  # type: ignore[arg-type]


def respond(study: Study, reply: Callable[[Task], Values], **more: str) -> None:
    """Give a reply to every task of the study."""
    for rater in study.raters():
        for task in [task for task in study.tasks() if task.rater == rater.name]:
            respond_to(study, task, reply(task), **more)


def respond_to(study: Study, task: Task, values: Values, **more: str) -> None:
    base = task.rating.revision
    save = Save(
        save_id=f"save-{task.n:04d}{base:04d}", base=base, reply=Reply(values=values, **more), seconds=5
    )
    study.save(task.rater, task.n, save)


def approve_all(study: Study, **changed: int | str) -> Callable[[Task], Values]:
    """Approve everything, apart from what is named (``accuracy_own`` is an own score)."""
    names = {name.replace("_own", ":own").replace("_comment", ":comment"): v for name, v in changed.items()}

    def reply(task: Task) -> Values:
        asked = study.form_of(task.item).scored
        return dict.fromkeys(asked, "approve") | {
            n: v for n, v in names.items() if n.partition(":")[0] in asked
        }

    return reply


def _score(item_id: str, dimension: str, **said: object) -> Score:
    fields = {"item_id": item_id, "rater": "robot", "rater_kind": "judge", "dimension": dimension}
    return Score.model_validate(fields | said)


def _run(folder: Path, rubric: Rubric, items: list[Item], scores: list[Score]) -> Path:
    Run.imported(folder, rubric, items, scores, model="robot").close()
    return folder
