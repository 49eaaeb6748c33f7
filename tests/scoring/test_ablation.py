"""The same judge with and without a part of its rubric: identical requests are sent once."""

import json
from dataclasses import replace

import pytest
from PIL import Image as Picture

from judge.errors import RubricError
from judge.records import Image
from judge.scoring.backends.replay import ReplayBackend
from judge.scoring.callbacks import ScoringCallback
from judge.scoring.judge import Judge
from judge.scoring.panel import Panel
from judge.scoring.preview import preview
from judge.scoring.prompt import build_requests
from judge.scoring.score import rederive, score

from .builders import Scripted, answered_by, item, reply, rubric

RULE = {"when": {"object": "screw"}, "text": "A screw has a thread.", "part": "knowledge"}
FULL = Judge("openai/x", rubric(rules=[RULE]))
WITHOUT = replace(FULL, rubric=FULL.rubric.leaving_out("knowledge"))
ITEMS = [
    item("1", metadata={"object": "screw"}),
    item("2", "Another.", metadata={"object": "nut"}),
    item("3", "A third.", metadata={"object": "nut"}),
]


@pytest.fixture
def backend(monkeypatch):
    return answered_by(monkeypatch, Scripted(lambda _: {"reply": reply(), "cost": 0.5}))


def ablation(folder, judges=(FULL, WITHOUT), items=ITEMS):
    return [found.run for found in Panel(items, judges, out=folder).score(lambda _: ScoringCallback())]


def test_a_request_that_the_part_does_not_concern_is_sent_once(tmp_path, backend):
    full, without = ablation(tmp_path)
    assert [request.item.id for request in backend.asked] == ["1", "2", "3", "1"]
    assert full.summary().complete == without.summary().complete == 3


@pytest.mark.usefixtures("backend")
def test_a_copied_reply_costs_nothing(tmp_path):
    full, without = ablation(tmp_path)
    assert (full.summary().cost, without.summary().cost) == (1.5, 0.5)


@pytest.mark.usefixtures("backend")
def test_copied_replies_are_stored_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr("judge.scoring.shared_replies._BATCH", 1)
    assert ablation(tmp_path)[1].summary().complete == 3


def test_a_second_call_copies_nothing_again(tmp_path, backend):
    for _ in range(2):
        runs = ablation(tmp_path)
    assert len(backend.asked) == 4
    assert len(list(runs[1].completions())) == 3


def test_two_items_with_one_request_share_a_copy(tmp_path, backend):
    twins = [item(id, metadata={"object": "nut"}) for id in ("1", "2")]
    runs = ablation(tmp_path, items=twins)
    assert len(backend.asked) == len(list(runs[1].completions())) == 1


def test_a_failed_request_is_not_copied(tmp_path, monkeypatch):
    failing = {"failure": {"kind": "server", "message": "down"}}
    backend = answered_by(monkeypatch, Scripted(lambda _: failing if len(backend.asked) < 4 else reply()))
    ablation(tmp_path)
    assert len(backend.asked) == 6


def test_a_reply_of_another_run_takes_the_place_of_a_failure(tmp_path, monkeypatch):
    failing = {"failure": {"kind": "server", "message": "down"}}
    backend = answered_by(monkeypatch, Scripted(lambda _: failing if len(backend.asked) < 4 else reply()))
    before = score(ITEMS, judge=FULL, out=tmp_path / "full").summary().complete
    other = score(ITEMS, judge=WITHOUT, out=tmp_path / "without")
    again = score(ITEMS, judge=FULL, out=tmp_path / "full", reuse=[other.path])
    assert (before, again.summary().complete, len(backend.asked)) == (0, 2, 6)


def test_replies_of_a_folder_without_a_run_are_not_missed(tmp_path, backend):
    score(ITEMS, judge=FULL, out=tmp_path / "run", reuse=[tmp_path / "none"])
    assert len(backend.asked) == 3


def test_another_model_shares_nothing(tmp_path, backend):
    ablation(tmp_path, judges=(FULL, replace(FULL, model="openai/y")))
    assert len(backend.asked) == 6


def test_a_preview_counts_the_requests_that_differ():
    found = preview(ITEMS, WITHOUT, after=[FULL])
    assert (found.requests, found.answered) == (1, 2)


def test_the_request_without_the_reference_shows_the_query_image_alone(tmp_path):
    for name in ("a", "b"):
        Picture.new("RGB", (2, 2)).save(tmp_path / f"{name}.png")
    shown = item("1", images=(Image(path="a.png"), Image(path="b.png", role="reference")))
    (request,) = build_requests(shown, replace(FULL, rubric=FULL.rubric.leaving_out("reference")))
    pictures = [part["image"] for part in request.messages[1]["content"] if part["type"] == "image"]
    assert pictures == [0]


def test_parsing_again_keeps_what_was_left_out(tmp_path, backend):
    run = score(ITEMS, judge=WITHOUT, out=tmp_path / "run")
    assert rederive(run.path).rubric.without == ("knowledge",)
    assert len(backend.asked) == 3


def recorded(tmp_path, *withouts):
    rows = [{"id": "1", "reply": reply(a), **({"without": w} if w is not None else {})} for a, w in withouts]
    path = tmp_path / "replies.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("without", "score"), [((), 4), (("knowledge",), 2), (("reasons", "knowledge"), 1)], ids=str
)
def test_a_recorded_reply_is_one_to_the_rubric_without_the_same_parts(tmp_path, without, score):
    path = recorded(tmp_path, (4, None), (2, "knowledge"), (1, "knowledge, reasons"))
    (request,) = build_requests(ITEMS[0], FULL)
    ((found,),) = ReplayBackend(path, without).complete([request])
    assert json.loads(found.reply)["a"]["score"] == score


def test_a_missing_recorded_reply_says_without_what(tmp_path):
    (request,) = build_requests(ITEMS[0], FULL)
    ((found,),) = ReplayBackend(recorded(tmp_path, (4, "")), ("reasons",)).complete([request])
    assert "no reply for id '1', without reasons" in found.failure.message


def test_a_part_that_the_rubric_lacks_is_an_error():
    with pytest.raises(RubricError, match="'context'"):
        FULL.rubric.leaving_out("context")
