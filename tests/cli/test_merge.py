"""`judge score --shard` and `judge merge`, as a user meets them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.records import Completion
from judge.scoring.run import Run

EXAMPLES = Path(__file__).parents[2] / "examples"
REPLAY = f"replay:{EXAMPLES / 'replies.jsonl'}"


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Both shards of the examples, in their default folders."""
    monkeypatch.chdir(tmp_path)
    for n in (1, 2):
        assert judge(
            "score", EXAMPLES / "answers.jsonl", "--judge", REPLAY, "--shard", f"{n}/2"
        ).exit_code in (0, 3)
    return sorted((tmp_path / "runs").iterdir())


def test_shards_are_scored_into_folders_of_their_own_and_merged(runs, tmp_path):
    assert [path.name for path in runs] == [f"answers-replay-replies-open_qa-shard-{n}-of-2" for n in (1, 2)]
    result = judge("merge", *runs, "--out", tmp_path / "all")
    assert result.exit_code == 3  # two items have no score
    assert "merged 2 runs\n" in result.stderr
    assert f"next: judge report {tmp_path / 'all'}" in result.stderr
    assert "15 of 24 answers pass" in result.stdout


def test_merge_prints_its_counts_as_json(runs, tmp_path):
    result = judge("merge", *runs, "--out", tmp_path / "all", "--json")
    found = json.loads(result.stdout)
    assert (found["items"], found["merged"]) == (24, {"runs": 2, "replies_in_several": 0, "left_out": 0})


def test_merge_notes_replies_in_several_runs_and_items_that_are_left_out(runs, tmp_path):
    with Run.open(runs[0]) as first:
        again = next(first.completions())
        description = first.judge
    with Run.create(runs[1], description) as second:
        second.append([Completion.model_validate({**again.model_dump(), "created": 1.0})])
        second._db.execute(
            "DELETE FROM input_positions WHERE position = (SELECT max(position) FROM input_positions)"
        )
    result = judge("merge", *runs, "--out", tmp_path / "all")
    assert "note: 1 request with a reply in more than one run; the earliest one counts" in result.stderr
    assert "note: 1 item no longer in the input, left out" in result.stderr


def test_a_shard_names_the_command_that_merges_all_of_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scored = judge("score", EXAMPLES / "answers.jsonl", "--judge", "baseline", "--shard", "02/3")
    name = "runs/answers-baseline-open_qa"
    assert (
        f"shard 2 of 3; when all are scored: judge merge {name}-shard-*-of-3 --out {name}\n" in scored.stderr
    )
    named = judge("score", EXAMPLES / "answers.jsonl", "--shard", "1/3", "--out", "here")
    assert "when all are scored: judge merge RUN… --out RUN\n" in named.stderr


def test_draft_that_a_killed_merge_left_is_named(runs, tmp_path):
    for name in (".all.4711", ".all.d", ".other.4711"):
        (tmp_path / name).mkdir()
    result = judge("merge", *runs, "--out", tmp_path / "all")
    assert f"note: {tmp_path / '.all.4711'}: left by a merge that did not finish" in result.stderr
    assert "all.d" not in result.stderr
    assert ".other" not in result.stderr


def test_merge_of_one_shard_of_two_says_which_one_is_missing(runs, tmp_path):
    result = judge("merge", runs[0], "--out", tmp_path / "all")
    assert result.exit_code == 1
    assert "1 of 2 shards is missing: 2." in result.stderr


@pytest.mark.parametrize("text", ["3", "3/2", "x"])
def test_text_that_names_no_shard_is_a_usage_error(text):
    result = judge("score", EXAMPLES / "answers.jsonl", "--shard", text)
    assert result.exit_code == 2
    assert f"found '{text}'; allowed is N/COUNT" in result.stderr


def test_dry_run_counts_the_items_of_the_shard():
    found = [
        json.loads(
            judge("score", EXAMPLES / "answers.jsonl", "--shard", f"{n}/2", "--dry-run", "--json").stdout
        )
        for n in (1, 2)
    ]
    assert sum(seen["items"] for seen in found) == 24
