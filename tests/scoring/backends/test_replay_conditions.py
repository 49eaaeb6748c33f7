"""What a replayed reply holds."""

import json

import pytest

from judge.scoring.backends.replay import ReplayBackend

from .test_replay import replayed, requests


def test_a_reply_that_is_an_object_keeps_its_letters_and_nothing_is_spent(tmp_path):
    path = tmp_path / "replies.jsonl"
    path.write_text(json.dumps({"id": "a", "reply": {"clarity": {"reason": "größer"}}}))
    backend = ReplayBackend(path)
    (found,) = replayed(backend, requests("a"))
    assert found.reply == '{"clarity": {"reason": "größer"}}'
    assert backend.spent == 0
    assert backend.stopped is None


@pytest.mark.parametrize("most", [2**63 - 1, 2**70])
def test_token_counts_beyond_all_measure_are_left_out_and_the_reply_stays(tmp_path, most):
    path = tmp_path / "replies.jsonl"
    path.write_text(json.dumps({"id": "a", "reply": "A", "usage": {"prompt_tokens": most}}))
    (found,) = replayed(ReplayBackend(path), requests("a"))
    assert found.reply == "A"
