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


ANCHORS = {1: "bad", 2: "middling", 3: "good"}
TYPED = {
    "name": "typed",
    "task": "Judge.",
    "scale": {"min": 1, "max": 3},
    "dimensions": {
        "truth": {"description": "Is it true?", "anchors": ANCHORS},
        "count": {"description": "Is the count right?", "anchors": ANCHORS, "when": {"kind": "counting"}},
        "style": {"description": "Style.", "scale": {"min": 0, "max": 10}, "anchors": {0: "bad", 10: "good"}},
        "named": {"description": "It names the part.", "type": "binary"},
        "fault": {"description": "Fault.", "type": "category", "labels": ["none", "minor", "major"]},
    },
    "abstain": True,
    "overall": {"how": "weighted", "weights": {"truth": 1, "count": 3}},
    "pass": {"overall": 2},
}
CHECKLIST = {
    "name": "checklist",
    "task": "Judge.",
    "criteria": {},
    "overall": {"how": "points"},
    "pass": {"overall": 0.5},
}
"""Every item brings its own criteria, and earns points for those that it meets."""


def _typed_score(item_id, name, value, **more):
    missing = value in STATUSES
    return Score(
        item_id=item_id,
        rater="robot",
        rater_kind="judge",
        dimension=name,
        value=None if missing else value,
        status=value if missing else "ok",
        **more,
    )


def build_typed(rows, rubric=None, name="run", no_verdict="bounds"):
    """Build a table of a rubric with several types.

    A row names the values (or the statuses of missing ones) of the dimensions; `given` lists (criterion, value)
    of its own criteria; its other keys are fields of the item.
    """
    rubric = rubric or Rubric.model_validate(TYPED)
    items, scores = [], []
    for number, row in enumerate(rows):
        fields = {
            key: value for key, value in row.items() if key not in {*rubric.scored, "given", *ITEM_FIELDS}
        }
        given = row.get("given", ())
        if given:
            fields["criteria"] = [criterion for criterion, _ in given]
        known = {key: row[key] for key in ITEM_FIELDS if key in row}
        item = Item(
            **{"id": f"i{number}", "question": f"q{number}?", "answer": "a.", **known}, metadata=fields
        )
        items.append(item)
        scores += [_typed_score(item.id, key, row[key]) for key in rubric.scored if key in row]
        scores += [
            _typed_score(item.id, "criteria", value, criterion=criterion.get("id", f"c{at}"))
            for at, (criterion, value) in enumerate(given, start=1)
        ]
    return ScoreTable.build(name, rubric, items, scores, no_verdict)


@pytest.fixture(scope="session")
def make_typed():
    return build_typed


@pytest.fixture(scope="session")
def checklist():
    return Rubric.model_validate(CHECKLIST)


@pytest.fixture(scope="session")
def make_table():
    return build_table


@pytest.fixture(scope="session")
def make_rubric():
    return build_rubric


@pytest.fixture(scope="session")
def make_scores():
    return score_rows
