"""What must stay as it was before dimensions had types: keys of requests, fingerprints, prompts and exports.

The values are those of commit 78d25c3, the last one before types. A deliberate change of a shipped rubric changes them.
"""

import hashlib
import json

import pytest

from judge.records import Completion, Image, Item
from judge.rubric import Rubric, load_rubric
from judge.scoring.judge import Judge
from judge.scoring.loop import derive_scores
from judge.scoring.prompt import Prompter
from judge.scoring.run import Run

ITEMS = (
    Item(
        id="a", question="Why?", answer='Because {"x": 1}.', reference="So.", metadata={"category": "cable"}
    ),
    Item(id="b", question="Which?", answer="A", choices=("one", "two")),
    Item(
        id="c",
        question="Is it broken?",
        answer="No.",
        images=(Image(url="https://x/y.png", role="reference"),),
    ),
)
ANCHORS = {score: f"like {score}" for score in range(1, 6)}
SMALL = {
    "name": "small",
    "task": "Judge.",
    "dimensions": {
        "a": {"description": "first", "anchors": ANCHORS, "aliases": ["alpha"]},
        "b": {"description": "second", "anchors": ANCHORS},
    },
    "flags": {"short": {"description": "true where it is short"}},
    "overall": {"how": "mean", "caps": [{"below": {"a": 3}, "at_most": 2}]},
    "pass": {"overall": 3},
}
REPLIES = (
    '{"a": {"reason": "r", "score": 4}, "b": {"reason": "s", "score": 3}, "short": true}',
    "{'alpha': {'score': 2}, 'B': 5, 'short': 'no'}",
    "It is good. a: 4",
)


def digest(*values):
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def asked(judge):
    """Digest of all requests of three items: keys, messages, schemas and labels."""
    requests = [request for item in ITEMS for request in Prompter(judge).requests(item, 2)]
    return digest(*([r.key, r.messages, r.schema, list(r.labels), r.dimension] for r in requests))


@pytest.mark.parametrize(
    ("name", "fingerprint", "by_text", "by_probabilities"),
    [
        ("open_qa", "552238f495cadb3b", "6dac37c46f13a1f7", "af33398d3db27fae"),
        ("summary", "07e4d5d69853765f", "cde3b96da609751f", "9683b71d78b83cb3"),
        ("inspection", "f83bba8db9419892", "245d6ce5879a1b09", "bac284797f6f1aec"),  # version 2
    ],
)
def test_requests_by_a_shipped_rubric_are_those_of_before(name, fingerprint, by_text, by_probabilities):
    text, expected = (
        Judge(model="openai/gpt-5", rubric=load_rubric(name), scores=scores)
        for scores in ("text", "expected")
    )
    assert digest(text.fingerprint, expected.fingerprint) == fingerprint
    assert asked(text) == by_text
    assert asked(expected) == by_probabilities


def test_the_export_of_a_run_has_the_bytes_of_before(tmp_path):
    by = Judge(model="openai/gpt-5", rubric=Rubric.model_validate(SMALL))
    with Run.create(tmp_path / "run", by) as run:
        run.add_items(ITEMS)
        requests = run.missing(r for item in ITEMS for r in Prompter(by).requests(item))
        pairs = zip(list(requests), REPLIES, strict=True)
        run.append([Completion.of(r, reply=reply, finish_reason="stop") for r, reply in pairs])
        derive_scores(run, by.rubric)
        run.export()
    exported = (tmp_path / "run/scores.jsonl").read_text(encoding="utf-8")
    assert digest(exported) == "f9e3b5b543f1868d"
    summary = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))["summary"]
    assert digest(summary["statuses"], summary["passed"], summary["failed"]) == "354885308ae9460c"
