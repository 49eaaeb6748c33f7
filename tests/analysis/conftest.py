"""Small tables of scores, written as rows."""

import pytest

from judge.analysis.score_table import ScoreTable
from judge.records import OVERALL, STATUSES, Item, Score
from judge.rubric import Rubric

ITEM_FIELDS = {"id", "question", "answer", "reference", "system"}


def build_rubric(pass_rule=None, *, how="none", flags=None, dimensions=("accuracy", "clarity"), **more):
    anchors = dict.fromkeys(range(1, 6), "so")
    return Rubric.model_validate(
        {
            "name": "test",
            "task": "judge",
            "dimensions": {name: {"description": name, "anchors": anchors} for name in dimensions},
            "overall": {"how": how, **more.pop("overall", {})},
            "pass": pass_rule or dict.fromkeys(dimensions, 3),
            "flags": flags or {},
            **more,
        }
    )


def score_rows(item_id, row, rubric, rater="robot"):
    for name in (*rubric.scored, *rubric.flags):
        if name not in row:
            continue
        value = row[name]
        missing = value in STATUSES
        yield Score(
            item_id=item_id,
            rater=rater,
            rater_kind="judge",
            dimension=name,
            value=None if missing else value,
            status=value if missing else "ok",
            reason=row.get("reasons", {}).get(name),
        )


def build_table(rows, rubric=None, name="run"):
    """A row names the scores (or the status of a missing one); its other keys are fields of the item."""
    rubric = rubric or build_rubric()
    scored = {*rubric.dimensions, OVERALL, *rubric.flags, "reasons"}
    items, scores = [], []
    for number, row in enumerate(rows):
        known = {key: value for key, value in row.items() if key in ITEM_FIELDS}
        metadata = {key: value for key, value in row.items() if key not in ITEM_FIELDS | scored}
        item = Item(
            **{"id": f"i{number}", "question": f"q{number}?", "answer": "a.", **known}, metadata=metadata
        )
        items.append(item)
        scores += score_rows(item.id, row, rubric)
    return ScoreTable.build(name, rubric, items, scores)


@pytest.fixture(scope="session")
def make_table():
    return build_table


@pytest.fixture(scope="session")
def make_rubric():
    return build_rubric
