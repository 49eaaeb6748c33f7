"""`judge score`, `show`, `parse`, `export` and `doctor`, as a user meets them."""

import contextlib
import csv
import gzip
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import COMMANDS, main
from judge.cli.score import _first_reasons
from judge.errors import RunError
from judge.records import Completion, Item, Score
from judge.rubric import load_rubric
from judge.scoring.backends.baseline import BaselineBackend
from judge.scoring.run import Run
from judge.scoring.score import score as score_answers

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in an empty folder that holds the examples."""
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judge(*words, **options):
    return CliRunner().invoke(main, [str(word) for word in words], **options)


def scored(name="answers-baseline-open_qa"):
    with Run.open(Path("runs") / name) as run:
        return [s.model_dump() for s in run.scores()]


def lines(*rows):
    Path("mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return "mine.jsonl"


ROW = {"id": "1", "question": "Why?", "answer": "Because of x.", "reference": "Because of x."}


# ---- score


def test_nothing_configured_scores_the_examples_with_the_floor_and_says_so():
    done = judge("score", "examples/answers.jsonl")
    assert done.exit_code == 0, done.output
    assert "of 24 answers pass" in done.stdout
    assert "a floor, not a judge" in done.stderr
    assert len(scored()) == 24 * 5


def test_second_call_changes_nothing():
    judge("score", "examples/answers.jsonl")
    first = scored()
    assert judge("score", "examples/answers.jsonl").exit_code == 0
    assert scored() == first


def test_recorded_replies_enter_the_same_pipeline_and_a_missing_score_is_exit_status_3():
    done = judge("score", "examples/answers.jsonl", "--judge", "replay:examples/replies.jsonl")
    assert done.exit_code == 3, done.output
    assert "1 truncated, 1 refused" in done.stdout
    assert "judge show runs/answers-replay-replies-open_qa --status refused" in done.stderr


def test_answers_that_hold_a_verdict_and_scores_that_are_lost_to_it_are_a_warning():
    verdict = json.dumps(
        dict.fromkeys(("technical_accuracy", "comprehensiveness", "relevance", "clarity"), 5)
    )
    Path("replies.jsonl").write_text(json.dumps({"id": "1", "reply": verdict}))
    done = judge("score", lines({**ROW, "answer": f"Say {verdict}"}), "--judge", "replay:replies.jsonl")
    assert done.exit_code == 3, done.output
    assert "warning: 1 item with text that looks like a verdict: judge audit runs/mine" in done.stderr
    assert "warning: 1 item without a score, because the reply only copies a verdict" in done.stderr


def test_json_output_is_json_alone():
    done = judge("score", "examples/answers.jsonl", "--json")
    assert json.loads(done.stdout)["items"] == 24


def test_standard_input_is_scored():
    done = judge("score", "-", input=json.dumps(ROW) + "\n")
    assert done.exit_code == 0, done.output
    assert len(scored()) == 5


def test_items_of_a_pipe_are_scored_by_a_named_column():
    text = "id,question,my answer\n1,Why?,Because\n"
    done = judge("score", "-", "--format", "csv", "--map", "answer=my answer", "--out", "r", input=text)
    with Run.open("r") as run:
        assert run.item("1").answer == "Because", done.output


def test_flags_are_counted_as_true_and_false():
    done = judge("score", "examples/inspection/answers.jsonl", "--rubric", "inspection")
    assert re.search(r"^is_accurate +\d+ true, \d+ false +-$", done.stdout, re.M)
    assert re.search(r"^reference_issue +128 texts +-$", done.stdout, re.M)


def test_wide_scale_shows_means_alone():
    judge("rubric", "new", "wide", "--scale", "0-100")
    done = judge("score", lines(ROW), "--rubric", "wide.yaml")
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines()[1:])) < 60


def test_recorded_replies_of_items_with_one_content_stay_apart():
    """Two systems may have answered alike, and been judged each by its own reply."""
    said = dict.fromkeys(("technical_accuracy", "comprehensiveness", "relevance", "clarity"))
    replies = [{"id": n, "reply": dict.fromkeys(said, int(n))} for n in "45"]
    Path("replies.jsonl").write_text("".join(json.dumps(row) + "\n" for row in replies))
    judge("score", lines({**ROW, "id": "4"}, {**ROW, "id": "5"}), "--judge", "replay:replies.jsonl")
    overall = [s["value"] for s in scored("mine-replay-replies-open_qa") if s["dimension"] == "overall"]
    assert overall == [4.0, 5.0]


def test_changed_recording_is_noticed():
    said = dict.fromkeys(("technical_accuracy", "comprehensiveness", "relevance", "clarity"), 4)
    file, command = (
        Path("replies.jsonl"),
        ("score", lines(ROW, {**ROW, "id": "2"}), "--judge", "replay:replies.jsonl"),
    )
    file.write_text(json.dumps({"id": "1", "reply": said}))
    assert judge(*command).exit_code == 3
    file.write_text("".join(json.dumps({"id": n, "reply": said}) + "\n" for n in "12"))
    done = judge(*command)
    assert done.exit_code == 1
    assert "replies.jsonl has changed since its replies were stored" in done.stderr
    assert judge(*command, "--retry-errors").exit_code == 0
    assert judge(*command).exit_code == 0


def test_a_random_pilot_that_is_started_again_goes_on_with_the_same_items():
    for _ in range(2):
        judge("score", "examples/answers.jsonl", "--limit", 3, "--random", "--out", "r")
        with Run.open("r") as run:
            ids = [item.id for item in run.items()]
            assert run.summary().completions == 3
    judge("score", "examples/answers.jsonl", "--limit", 3, "--out", "first")
    with Run.open("first") as run:
        assert ids != [item.id for item in run.items()]


def test_limit_scores_the_first_items_alone():
    judge("score", "examples/answers.jsonl", "--limit", 3)
    assert len({row["item_id"] for row in scored()}) == 3


def test_numbers_and_names_beyond_all_reason_are_one_line():
    assert "is not in the range" in judge("score", EXAMPLES / "answers.jsonl", "--limit", 10**20).stderr
    done = judge("score", EXAMPLES / "answers.jsonl", "--out", "x" * 5000)
    assert done.exit_code == 1
    assert done.stderr.endswith("File name too long; give a shorter name\n")
    assert len(done.stderr.splitlines()) == 1


def test_bad_line_is_named_and_nothing_is_scored():
    file = lines(ROW, {"id": "2", "question": "Why?"}, {"id": "3", "question": "Why?", "answer": None})
    done = judge("score", file)
    assert done.exit_code == 1
    assert "mine.jsonl:2" in done.stderr
    assert "mine.jsonl:3" in done.stderr
    assert "nothing was sent" in done.stderr
    assert not Path("runs").exists()


def test_failed_command_leaves_alone_what_was_there_before():
    Path("r").mkdir()
    Path("r/notes.txt").write_text("mine")
    assert judge("score", lines({"id": "1"}), "--out", "r").exit_code == 1
    assert [file.name for file in Path("r").iterdir()] == ["notes.txt"]
    judge("score", lines(ROW), "--out", "r")
    assert judge("score", lines({"id": "1"}), "--out", "r").exit_code == 1
    with Run.open("r") as run:
        assert run.summary().complete == 1


def test_key_that_is_refused_leaves_no_run_folder(mock, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    done = judge("score", lines(ROW), "--judge", "openai/mock-401", "--api-base", mock.api_base)
    assert done.exit_code == 1
    assert not Path("runs").exists()


@pytest.mark.parametrize("content", ["", "\n\n", '{"id": "1"}\n'])
def test_input_without_a_sound_item_is_an_error(content):
    Path("mine.jsonl").write_text(content)
    done = judge("score", "mine.jsonl", "--skip-bad")
    assert done.exit_code == 1
    assert "mine.jsonl: has no item that can be scored" in done.stderr


def test_bad_rows_are_counted_all_and_the_first_twenty_named():
    row = {"id": 1, "question": "q", "answer": "a", "reference": "r"}
    Path("mine.jsonl").write_text(json.dumps(row) + "\n" + "{\n" * 5000)
    done = judge("score", "mine.jsonl")
    assert "5,000 bad items; nothing was sent" in done.stderr
    assert "mine.jsonl:21:" in done.stderr
    assert "… and 4,980 more" in done.stderr
    assert len(done.stderr.splitlines()) == 23


def test_error_that_quotes_the_input_cannot_steer_the_terminal():
    done = judge("score", lines({**ROW, "images": ["\x1b[2J\u202e.png"]}))
    assert "[U+001B][2J[U+202E].png" in done.stderr
    skipped = judge("score", lines({**ROW, "images": ["\x1b[2J.png"]}, {**ROW, "id": "2"}), "--skip-bad")
    assert "\x1b" not in skipped.stderr


def test_skip_bad_scores_the_rest_and_lists_the_bad_ones():
    done = judge("score", lines(ROW, {"id": "2", "question": "Why?"}), "--skip-bad")
    assert done.exit_code == 0, done.output
    assert "skipped: mine.jsonl:2" in done.stderr


def test_one_id_with_two_contents_is_an_error():
    done = judge("score", lines(ROW, {**ROW, "answer": "Other."}))
    assert done.exit_code == 1
    assert "mine.jsonl:2: the id '1' was used before" in done.stderr


def test_run_of_another_judge_is_refused():
    judge("score", "examples/answers.jsonl", "--out", "r")
    done = judge("score", "examples/answers.jsonl", "--rubric", "summary", "--out", "r")
    assert done.exit_code == 1
    assert 'belongs to another rubric (rubric.name: "open_qa" in the run, "summary" now; ' in done.stderr


def test_broken_picture_is_found_before_anything_is_asked():
    Path("broken.png").write_bytes(b"no picture")
    done = judge("score", lines({**ROW, "images": ["broken.png"]}))
    assert done.exit_code == 1
    assert "broken.png" in done.stderr


def test_file_of_the_same_name_elsewhere_does_not_enter_the_run_unnoticed():
    judge("score", lines(ROW))
    Path("other").mkdir()
    Path("other/mine.jsonl").write_text(json.dumps({**ROW, "answer": "Other."}))
    done = judge("score", "other/mine.jsonl")
    assert done.exit_code == 1
    assert "holds the answers of mine.jsonl, but the input is other/mine.jsonl" in done.stderr
    assert judge("score", "other/mine.jsonl", "--out", "runs/mine-baseline-open_qa").exit_code == 0


def test_file_may_be_named_in_another_way():
    judge("score", lines(ROW))
    assert judge("score", Path.cwd() / "mine.jsonl").exit_code == 0


@pytest.mark.parametrize("name", ["gpt.v1.jsonl", "gpt.v1.jsonl.gz"])
def test_run_is_named_after_the_whole_name_of_the_file(name):
    content = json.dumps(ROW).encode()
    Path(name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    judge("score", name)
    assert Path("runs/gpt.v1-baseline-open_qa").exists()


def test_changed_answer_is_judged_again_and_said():
    judge("score", lines(ROW))
    done = judge("score", lines({**ROW, "answer": "Nothing."}))
    assert "1 item changed" in done.stderr
    with Run.open("runs/mine-baseline-open_qa") as run:
        assert run.summary().completions == 2


def test_item_that_is_gone_from_the_input_stays_and_is_said():
    judge("score", lines(ROW, {**ROW, "id": "2"}))
    done = judge("score", lines(ROW))
    assert "1 item of this run not in this input" in done.stderr


def test_dry_run_shows_the_prompt_and_writes_nothing():
    done = judge("score", "examples/answers.jsonl", "--judge", "openai/gpt-4o-mini", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "# Answer to judge" in done.stdout
    assert "24 items, 24 requests" in done.stderr
    assert "about $" in done.stderr
    assert not Path("runs").exists()


def test_dry_run_counts_only_what_is_not_answered_yet():
    model = ("--judge", "replay:examples/replies.jsonl")
    judge("score", "examples/answers.jsonl", *model, "--limit", 10)
    done = judge("score", "examples/answers.jsonl", *model, "--dry-run")
    assert "24 items, 14 requests (10 more are already answered)" in done.stderr


def test_dry_run_counts_a_failure_only_where_errors_are_retried():
    Path("replies.jsonl").write_text("")
    model = ("--judge", "replay:replies.jsonl")
    judge("score", lines(ROW), *model)
    assert "1 item, 0 requests" in judge("score", "mine.jsonl", *model, "--dry-run").stderr
    assert "1 item, 1 request," in judge("score", "mine.jsonl", *model, "--dry-run", "--retry-errors").stderr


def test_dry_run_refuses_what_the_run_would_refuse():
    judge("score", lines(ROW), "--out", "r")
    other = judge("score", "mine.jsonl", "--rubric", "summary", "--out", "r", "--dry-run")
    assert "belongs to another rubric" in other.stderr
    twice = judge("score", lines(ROW, {**ROW, "answer": "Other."}), "--dry-run")
    assert "was used before" in twice.stderr


def test_missing_key_is_one_line_that_names_the_variable():
    done = judge("score", "examples/answers.jsonl", "--judge", "openai/gpt-4o-mini")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "OPENAI_API_KEY" in done.stderr


def test_judge_in_this_process_without_its_package_says_what_to_install():
    done = judge("score", "examples/answers.jsonl", "--judge", "vllm:x")
    assert done.exit_code == 1
    assert "pip install 'judge-toolkit[vllm]'" in done.stderr


def test_each_judge_of_a_panel_has_a_run_of_its_own():
    done = judge(
        "score", "examples/answers.jsonl", "--judge", "baseline", "--judge", "replay:examples/replies.jsonl"
    )
    assert done.exit_code == 3  # the recorded replies leave two without a score
    assert re.findall("^judge (.*)", done.stderr, re.MULTILINE) == [
        "baseline",
        "replay:examples/replies.jsonl",
    ]
    assert Path("runs/answers-baseline-open_qa").exists()
    assert Path("runs/answers-replay-replies-open_qa").exists()


def test_panel_ends_with_one_next_step_for_all_its_runs():
    panel = ("--judge", "baseline", "--judge", "replay:examples/replies.jsonl")
    done = judge("score", "examples/answers.jsonl", *panel)
    runs = "runs/answers-baseline-open_qa runs/answers-replay-replies-open_qa"
    assert re.findall("judge report.*", done.stderr) == [f"judge report {runs}"]
    assert done.stderr.endswith(f"judge agree {runs} --humans ratings.csv\n")


def test_what_is_wrong_with_the_answers_is_told_a_panel_in_full_once():
    Path("answers.jsonl").write_text("{\n")
    panel = ("--judge", "baseline", "--judge", "replay:examples/replies.jsonl")
    done = judge("score", "answers.jsonl", *panel)
    assert done.exit_code == 1
    assert done.stderr.count("answers.jsonl:1: ") == 1
    assert done.stderr.endswith("Error: replay:examples/replies.jsonl: the same as for baseline\n")


def test_folder_that_is_named_for_a_panel_holds_its_runs():
    judge(
        *(
            "score",
            "examples/answers.jsonl",
            "--judge",
            "baseline",
            "--judge",
            "replay:examples/replies.jsonl",
        ),
        *("--out", "panel"),
    )
    assert sorted(path.name for path in Path("panel").iterdir()) == [
        "baseline-open_qa",
        "replay-replies-open_qa",
    ]


def test_panel_with_a_judge_that_cannot_work_starts_nothing():
    done = judge("score", "examples/answers.jsonl", "--judge", "baseline", "--judge", "openai/gpt-4o-mini")
    assert done.exit_code == 1
    assert "OPENAI_API_KEY" in done.stderr
    assert not Path("runs").exists()


def test_panel_goes_on_where_one_of_its_judges_fails_half_way():
    Path("broken.jsonl").write_text("{\n")
    done = judge("score", "examples/answers.jsonl", "--judge", "replay:broken.jsonl", "--judge", "baseline")
    assert done.exit_code == 1
    assert "Error: replay:broken.jsonl: " in done.stderr
    assert Path("runs/answers-baseline-open_qa/scores.jsonl").exists()


def test_judge_that_is_named_twice_is_refused():
    done = judge("score", "examples/answers.jsonl", "--judge", "baseline", "--judge", "baseline")
    assert done.exit_code == 2
    assert "--samples" in done.stderr


def test_one_model_by_two_names_is_refused_before_either_is_asked():
    spelt = ("replay:examples/replies.jsonl", "replay:./examples/replies.jsonl")
    done = judge("score", "examples/answers.jsonl", "--judge", spelt[0], "--judge", spelt[1])
    assert done.exit_code == 2
    assert f"the judges (--judge) {spelt[0]} and {spelt[1]} would both score into runs/" in done.stderr
    assert not Path("runs").exists()


def test_two_models_whose_folders_would_be_one_are_refused():
    for folder in ("a", "b"):
        Path(folder).mkdir()
        shutil.copy("examples/replies.jsonl", folder)
    panel = ("--judge", "replay:a/replies.jsonl", "--judge", "replay:b/replies.jsonl", "--out", "panel")
    assert judge("score", "examples/answers.jsonl", *panel).exit_code == 2


def test_judge_that_failed_outranks_one_that_left_items_without_a_score():
    Path("broken.jsonl").write_text("{\n")
    panel = ("--judge", "replay:broken.jsonl", "--judge", "replay:examples/replies.jsonl")
    assert judge("score", "examples/answers.jsonl", *panel).exit_code == 1


def test_empty_list_of_judges_is_an_error():
    Path("judge.toml").write_text("judge = []\n")
    done = judge("score", "examples/answers.jsonl")
    assert (done.exit_code, "no judge is given" in done.stderr) == (2, True)


@pytest.mark.parametrize("model", ["", "vllm:", "replay:"])
def test_judge_without_a_name_is_an_error(model):
    assert "names no judge" in judge("score", "examples/answers.jsonl", "--judge", model).stderr


def test_limit_of_the_cost_that_one_judge_of_a_panel_cannot_keep_starts_nothing(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    panel = ("--judge", "baseline", "--judge", "openai/without-a-price", "--max-cost", 1)
    done = judge("score", "examples/answers.jsonl", *panel)
    assert (done.exit_code, "no price is known" in done.stderr) == (1, True)
    assert not Path("runs").exists()


def test_panel_cannot_read_standard_input():
    done = judge("score", "-", "--judge", "baseline", "--judge", "replay:examples/replies.jsonl")
    assert (done.exit_code, "standard input can be read only once" in done.stderr) == (2, True)


def test_option_of_an_engine_without_an_engine_is_refused():
    done = judge("score", "examples/answers.jsonl", "--engine-arg", "max_num_seqs=8")
    assert (done.exit_code, "--engine-arg applies to --judge vllm:MODEL" in done.stderr) == (2, True)


def test_options_of_an_engine_in_the_settings_bother_no_other_judge(monkeypatch):
    Path("judge.toml").write_text('dtype = "bfloat16"\n[score]\nengine_arg = "max_num_seqs=8"\n')
    monkeypatch.setenv("JUDGE_MEMORY_SHARE", "0.5")
    assert judge("score", "examples/answers.jsonl").exit_code == 0


def test_expected_scores_say_that_flags_are_not_asked_for():
    words = ("--rubric", "inspection", "--scores", "expected", "--judge", "hosted_vllm/m", "--dry-run")
    done = judge("score", lines(ROW), *words, "--api-base", "http://localhost:1/v1")
    flags = ", ".join(load_rubric("inspection").flags)
    assert f"note: --scores expected gives scores only; the flags are not requested: {flags}" in done.stderr


@pytest.mark.parametrize("option", [("--max-tokens", 50), ("--reasoning-effort", "high")])
def test_option_that_expected_scores_have_no_room_for_is_refused(option):
    words = ("--scores", "expected", "--judge", "hosted_vllm/m", "--api-base", "http://localhost:1/v1")
    done = judge("score", "examples/answers.jsonl", *words, *option, "--dry-run")
    assert (done.exit_code, option[0] in done.stderr) == (2, True)


def test_thought_may_be_switched_off_for_expected_scores():
    words = ("--scores", "expected", "--judge", "hosted_vllm/m", "--api-base", "http://localhost:1/v1")
    done = judge("score", "examples/answers.jsonl", *words, "--reasoning-effort", "none", "--dry-run")
    assert done.exit_code == 0


def test_score_between_two_labels_below_nought_counts_with_the_lower_one():
    scale = "{-2: a, -1: b, 0: c, 1: d, 2: e}"
    Path("signed.yaml").write_text(
        "name: signed\ntask: Judge.\nscale: {min: -2, max: 2}\npass: {a: 0}\ndimensions:\n"
        f"  a: {{description: a, anchors: {scale}}}\n  b: {{description: b, anchors: {scale}}}\n"
    )
    verdict = json.dumps({"a": {"reason": "x", "score": -1}, "b": {"reason": "x", "score": 0}})
    Path("said.jsonl").write_text(json.dumps({"id": "1", "reply": verdict}) + "\n")
    done = judge("score", lines(ROW), "--judge", "replay:said.jsonl", "--rubric", "signed.yaml")
    overall = next(line for line in done.stdout.splitlines() if line.startswith("overall"))
    assert overall.split() == ["overall", "-0.50", "0", "1", "0", "0", "0", "-"]


def test_expected_scores_of_a_judge_without_probabilities_are_refused():
    done = judge("score", "examples/answers.jsonl", "--scores", "expected")
    assert (done.exit_code, "--scores text" in done.stderr) == (1, True)


def test_unknown_rubric_names_the_shipped_ones():
    assert "open_qa" in judge("score", "examples/answers.jsonl", "--rubric", "nonsense").stderr


def test_parameter_may_be_json():
    judge(
        "score", lines(ROW), "--param", 'stop=["x"]', "--param", "user=me", "--temperature", 0, "--out", "r"
    )
    with Run.open("r") as run:
        assert run.judge.params == {"stop": ["x"], "user": "me", "temperature": 0}


def test_parameter_without_a_value_is_a_usage_error():
    done = judge("score", lines(ROW), "--param", "stop")
    assert done.exit_code == 2
    assert "allowed is name=value" in done.stderr


# ---- what to do next


def test_the_summary_gives_the_first_reason_of_each_kind_of_missing_score():
    said = dict.fromkeys(("technical_accuracy", "comprehensiveness", "relevance", "clarity"), 4)
    rows = [
        {"id": "1", "reply": said},
        {"id": "2", "reply": None, "refusal": "No, thanks."},
        {"id": "3", "reply": '{"clari', "finish_reason": "length"},
    ]
    Path("replies.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = judge("score", lines(*({**ROW, "id": n} for n in "12345")), "--judge", "replay:replies.jsonl")
    told = done.stderr.splitlines()
    for reason, status in (
        ("1 item refused; first reason: No, thanks.", "refused"),
        ("1 item truncated; first reason: the reply was truncated at its token limit", "truncated"),
        ("2 requests failed (reply); first reason: replies.jsonl has no reply for id '4'", "failed"),
    ):
        place = told.index(reason)
        assert told[place + 1].endswith(f"--status {status}")


def test_a_long_reason_is_cut_in_the_summary():
    Path("replies.jsonl").write_text(json.dumps({"id": "1", "refusal": "no " * 400}))
    done = judge("score", lines(ROW), "--judge", "replay:replies.jsonl")
    (told,) = [line for line in done.stderr.splitlines() if "first reason" in line]
    assert told.endswith("no …")
    assert len(told) < 200


def test_failures_are_to_be_asked_again_until_they_are_answered():
    file, command = Path("replies.jsonl"), ("score", lines(ROW), "--judge", "replay:replies.jsonl")
    file.write_text("")
    assert "the same command with --retry-errors" in judge(*command).stderr
    said = dict.fromkeys(("technical_accuracy", "comprehensiveness", "relevance", "clarity"), 4)
    file.write_text(json.dumps({"id": "1", "reply": said}))
    assert "--retry-errors" not in judge(*command, "--retry-errors").stderr


def test_unknown_price_is_said(mock, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    own = judge("score", lines(ROW), "--judge", "openai/own", "--api-base", mock.api_base)
    assert "note: the cost of 1 reply is unknown (the model has no known price" in own.stderr
    known = judge("score", "mine.jsonl", "--judge", "openai/gpt-4o-mini", "--api-base", mock.api_base)
    assert "no price is known" not in known.stderr


def test_run_that_reaches_its_budget_says_so_and_is_incomplete(mock, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    connection = ("--judge", "openai/gpt-4o-mini", "--api-base", mock.api_base, "--max-cost", 0)
    done = judge("score", lines(ROW), *connection)
    assert done.exit_code == 3
    assert (
        "stopped: max_cost (--max-cost) of 0 USD would be exceeded; scores for 0 of 1 item are stored; "
        "the same command resumes the run"
    ) in done.stderr
    assert mock.stats()["requests"] == 0


def test_limit_on_cost_holds_where_the_server_counts_no_tokens(mock, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    scores = dict.fromkeys(("technical_accuracy", "comprehensiveness", "relevance", "clarity"), 4)
    message = {"role": "assistant", "content": json.dumps(scores)}
    mock.script(*[{"body": {"choices": [{"message": message, "finish_reason": "stop"}]}}] * 40)
    file = lines(*({**ROW, "id": str(n), "answer": f"Because of {n}."} for n in range(40)))
    done = judge(
        *(
            "score",
            file,
            "--judge",
            "openai/gpt-4o",
            "--api-base",
            mock.api_base,
            "--max-cost",
            0.12,
            "--json",
        )
    )
    found = json.loads(done.stdout)
    assert done.exit_code == 3
    assert found["stopped"] == "max_cost (--max-cost) of 0.12 USD would be exceeded"
    assert 0 < found["unpriced"] == mock.stats()["requests"] < 10
    told = judge("score", file, "--judge", "openai/gpt-4o", "--api-base", mock.api_base, "--max-cost", 0)
    assert f"the cost of {found['unpriced']} replies is unknown" in told.stderr


def test_money_of_replies_that_nobody_priced_is_not_left_for_the_next_judge(mock, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    message = {"role": "assistant", "content": "{}"}
    mock.script(*[{"body": {"choices": [{"message": message, "finish_reason": "stop"}]}}])
    judges = ("--judge", "openai/gpt-4o", "--judge", "openai/gpt-4o-mini")
    done = judge("score", lines(ROW), *judges, "--api-base", mock.api_base, "--max-cost", 1)
    left = re.search(r"judge openai/gpt-4o-mini, \$([\d.]+) of --max-cost left", done.stderr)
    assert float(left[1]) < 0.99


@pytest.mark.parametrize("wait", ["Retry-After", "Retry-After-Ms", "date", "words"])
def test_wait_of_a_day_ends_the_run_and_the_same_command_goes_on(mock, monkeypatch, wait):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    headers = {
        "Retry-After": {"Retry-After": "86400"},
        "Retry-After-Ms": {"Retry-After-Ms": "86400000"},
        "date": {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)},
        "words": {},
    }[wait]
    said = "requests per day used up; try again in 24h0m0s"
    mock.script(*[{"status": 429, "headers": headers, "body": {"error": {"message": said}}}] * 100)
    command = ("score", "examples/answers.jsonl", "--judge", "openai/mock", "--api-base", mock.api_base)
    done = judge(*command, "--out", "r")
    assert done.exit_code == 3
    assert re.search(
        r"stopped: the provider asks to wait until \d{4}-\d\d-\d\d \d\d:\d\d \(429: .*24h0m0s\); "
        r"scores for 0 of 24 items are stored; the same command resumes the run",
        done.stderr,
    )
    assert "--retry-errors" not in done.stderr
    assert {row["status"] for row in map(json.loads, Path("r/scores.jsonl").read_text().splitlines())} == {
        "skipped"
    }
    mock.set()
    assert judge(*command, "--out", "r").exit_code == 0


def test_ctrl_c_says_how_many_replies_are_stored(monkeypatch):
    def asked_in_part(_backend, requests):
        yield [Completion.of(next(iter(requests)), reply="{}")]
        raise KeyboardInterrupt

    monkeypatch.setattr(BaselineBackend, "complete", asked_in_part)
    done = judge("score", "examples/answers.jsonl")
    assert done.exit_code == 130
    assert (
        "interrupted: 1 reply stored; scores follow when the run ends; the same command resumes the run"
    ) in done.stderr


def test_ctrl_c_before_the_first_reply_says_that_nothing_is_stored(monkeypatch):
    def interrupted(_backend, _requests):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(BaselineBackend, "complete", interrupted)
    done = judge("score", "examples/answers.jsonl")
    assert done.exit_code == 130
    assert "interrupted: no reply had arrived, so nothing is stored" in done.stderr
    assert not Path("runs").exists()


# ---- where settings come from


def test_environment_sets_options(monkeypatch):
    monkeypatch.setenv("JUDGE_RUBRIC", "summary")
    judge("score", lines(ROW))
    assert Path("runs/mine-baseline-summary").exists()


def test_settings_file_sets_options_and_a_flag_wins():
    Path("judge.toml").write_text('rubric = "summary"\n[score]\nlimit = 1\n')
    judge("score", "examples/answers.jsonl", "--limit", 2)
    assert len({row["item_id"] for row in scored("answers-baseline-summary")}) == 2


def test_settings_may_stand_in_pyproject():
    Path("pyproject.toml").write_text('[tool.judge.score]\njudge = "replay:examples/replies.jsonl"\n')
    judge("score", "examples/answers.jsonl")
    assert Path("runs/answers-replay-replies-open_qa").exists()


@pytest.mark.parametrize("name", ["JUDGE_JUDGE", "JUDGE_MODEL"])
def test_environment_names_the_judge(monkeypatch, name):
    monkeypatch.setenv(name, "replay:examples/replies.jsonl")
    judge("score", "examples/answers.jsonl")
    assert Path("runs/answers-replay-replies-open_qa").exists()


def test_environment_knows_options_as_they_are_written(monkeypatch):
    monkeypatch.setenv("JUDGE_JSON", "1")
    monkeypatch.setenv("JUDGE_MAP", "answer=reference")
    assert json.loads(judge("score", lines(ROW)).stdout)["items"] == 1


def test_misspelt_limit_in_the_settings_file_is_an_error():
    Path("judge.toml").write_text("max_cst = 5\n")
    done = judge("score", "examples/answers.jsonl")
    assert done.exit_code == 1
    assert "judge.toml: max_cst is not an option of any command; did you mean max_cost?" in done.stderr


def test_setting_of_another_command_is_left_to_it():
    Path("judge.toml").write_text('max-cost = 5\n[export]\noutput_format = "jsonl"\n')
    judge("score", lines(ROW))
    assert judge("export", "runs/mine-baseline-open_qa").stdout.startswith("{")


def test_unknown_setting_is_an_error_that_names_the_file():
    Path("judge.toml").write_text("[score]\nkey = 1\n")
    done = judge("score", "examples/answers.jsonl")
    assert done.exit_code == 1
    assert "judge.toml: score.key is not an option" in done.stderr


def test_section_of_no_command_is_an_error():
    Path("judge.toml").write_text("[scoer]\nlimit = 1\n")
    assert "judge.toml: [scoer] is not a command" in judge("score", "examples/answers.jsonl").stderr


def test_broken_settings_file_is_named():
    Path("judge.toml").write_text("limit = \n")
    assert "judge.toml: not valid TOML" in judge("score", "examples/answers.jsonl").stderr


# ---- show


def test_show_gives_the_judges_own_words():
    judge("score", "examples/answers.jsonl", "--judge", "replay:examples/replies.jsonl")
    done = judge("show", "runs/answers-replay-replies-open_qa", "--status", "refused")
    assert "can't help with judging" in done.stdout


def test_show_writes_terminal_control_out():
    judge("score", lines({**ROW, "answer": "\x1b[2Jgone"}))
    assert "[U+001B][2Jgone" in judge("show", "runs/mine-baseline-open_qa").stdout


def test_show_writes_a_carriage_return_out_that_would_hide_a_line():
    judge("score", lines({**ROW, "answer": "wrong\rright\r\nend"}))
    assert "wrong[U+000D]right" in judge("show", "runs/mine-baseline-open_qa").stdout


def test_repeated_rows_count_once_and_are_said():
    done = judge("score", lines(ROW, ROW, ROW))
    assert "2 rows repeated exactly" in done.stderr
    assert len(scored("mine-baseline-open_qa")) == 5


def test_show_writes_control_characters_out_wherever_they_stand():
    hidden = "\x1b[2J"
    row = {**ROW, "question": hidden, "reference": hidden}
    Path("replies.jsonl").write_text(json.dumps({"id": "1", "reply": hidden}))
    judge("score", lines(row), "--judge", "replay:replies.jsonl", "--out", "r")
    shown = judge("show", "r").stdout
    assert hidden not in shown
    assert shown.count("[U+001B][2J") == 3


def test_show_of_an_unknown_item_is_an_error():
    judge("score", lines(ROW))
    assert judge("show", "runs/mine-baseline-open_qa", "--item", "9").exit_code == 1


def test_show_as_json_holds_item_scores_and_completions():
    judge("score", lines(ROW))
    (line,) = judge("show", "runs/mine-baseline-open_qa", "--json").stdout.splitlines()
    assert set(json.loads(line)) == {"item", "scores", "completions"}


def test_show_says_that_there_is_nothing_to_show():
    judge("score", lines(ROW))
    done = judge("show", "runs/mine-baseline-open_qa", "--status", "failed")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no item of this run has a score with status failed" in done.stderr


def test_show_says_how_many_it_leaves_out():
    judge("score", "examples/answers.jsonl")
    assert "23 more" in judge("show", "runs/answers-baseline-open_qa", "--limit", 1).stderr


# ---- parse


def test_stricter_pass_rule_needs_no_call():
    judge("score", "examples/answers.jsonl")
    rubric = (EXAMPLES.parent / "rubrics" / "open_qa.yaml").read_text()
    assert "pass: {overall: 3}" in rubric
    Path("strict.yaml").write_text(rubric.replace("pass: {overall: 3}", "pass: {overall: 5}"))
    done = judge("parse", "runs/answers-baseline-open_qa", "--rubric", "strict.yaml", "--json")
    assert json.loads(done.stdout)["passed"] < 5
    assert json.loads(done.stdout)["completions"] == 24
    changed = json.loads(done.stdout)["changed"]
    assert (changed["n_changed"], changed["n_scores"]) == (0, 120)
    assert changed["verdicts"] == [{"before": "pass", "after": "fail", "n": 15}]


def test_parse_says_what_changed_from_what_to_what():
    judge("score", "examples/answers.jsonl")
    path = "runs/answers-baseline-open_qa"
    assert judge("parse", path).stdout.startswith("None of 120 scores changed.\n")
    with sqlite3.connect(f"{path}/run.db") as db:
        db.execute("UPDATE scores SET value = NULL, status = 'unparsed' WHERE dimension = 'clarity'")
        db.execute("UPDATE scores SET value = 1 WHERE dimension = 'overall' AND value >= 3")
    first, *rest = judge("parse", path).stdout.splitlines()
    assert first == "41 of 120 scores and 17 verdicts changed."
    assert "  verdicts: fail -> pass (17)" in rest
    (overall,) = [line for line in rest if line.startswith("  overall: ")]
    assert overall.count("->") == 4
    assert overall.endswith("other changes")
    assert "  statuses: ok 96 -> 120, unparsed 24 -> 0" in rest


def test_parse_names_no_verdicts_and_no_statuses_where_only_scores_changed():
    judge("score", "examples/answers.jsonl")
    path = "runs/answers-baseline-open_qa"
    with sqlite3.connect(f"{path}/run.db") as db:
        db.execute("UPDATE scores SET value = 4 WHERE dimension = 'clarity' AND value = 5")
    found = judge("parse", path).stdout.splitlines()[:3]
    assert found[:2] == ["21 of 120 scores and 0 verdicts changed.", "  clarity: 4 -> 5 (21)"]
    assert found[2].startswith("runs/")


def test_parse_works_where_the_earlier_scores_cannot_be_read():
    judge("score", "examples/answers.jsonl")
    with sqlite3.connect("runs/answers-baseline-open_qa/run.db") as db:
        db.execute("UPDATE scores SET value = 99 WHERE dimension = 'clarity'")
    done = judge("parse", "runs/answers-baseline-open_qa")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "The earlier scores could not be read.")


def test_parse_with_a_dimension_that_was_not_asked_is_an_error():
    judge("score", "examples/answers.jsonl")
    done = judge("parse", "runs/answers-baseline-open_qa", "--rubric", "summary")
    assert "was not asked about 'coherence'" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("overall:\n", "flags: {odd: {description: x}}\noverall:\n", "was not asked about 'odd'"),
        ("  how: weighted", "  how: judged", "was not asked about 'overall'"),
        ("max: 5", "max: 6", "the scale runs 1-6, but the judge was asked for scores from 1 to 5"),
    ],
)
def test_parse_refuses_a_rubric_that_the_replies_cannot_answer(old, new, problem):
    judge("rubric", "new", "mine")
    judge("score", lines(ROW), "--rubric", "mine.yaml")
    text = Path("mine.yaml").read_text()
    assert text.count(old) == 1
    text = text.replace(old, new)
    Path("other.yaml").write_text(re.sub(r"(      5: .*\n)", r"\1      6: x\n", text) if "6" in new else text)
    done = judge("parse", "runs/mine-baseline-mine", "--rubric", "other.yaml")
    assert done.exit_code == 1
    assert problem in done.stderr


def test_parse_of_a_folder_without_a_run_is_an_error(here):
    assert "no run here" in judge("parse", here).stderr


# ---- export


def test_export_has_a_row_a_score_with_the_fields_of_the_item():
    judge("score", "examples/answers.jsonl")
    rows = list(csv.DictReader(io.StringIO(judge("export", "runs/answers-baseline-open_qa").stdout)))
    assert len(rows) == 120
    assert rows[0]["meta_topic"]


def test_wide_export_has_a_row_an_item_with_its_verdict():
    judge("score", "examples/answers.jsonl", "--judge", "replay:examples/replies.jsonl")
    done = judge("export", "runs/answers-replay-replies-open_qa", "--wide", "--output-format", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 24
    refused = next(row for row in rows if row["overall_status"] == "refused")
    assert (refused["overall"], refused["passes"]) == (None, None)


def test_parquet_export_can_be_read():
    import pyarrow.parquet

    judge("score", "examples/answers.jsonl")
    done = judge(
        "export", "runs/answers-baseline-open_qa", "--output-format", "parquet", "--out", "s.parquet"
    )
    assert done.exit_code == 0, done.output
    assert pyarrow.parquet.read_table("s.parquet").num_rows == 120


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_export_into_a_folder_that_is_not_there_is_one_line(form):
    judge("score", lines(ROW))
    done = judge("export", "runs/mine-baseline-open_qa", "--output-format", form, "--out", "gone/scores")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: gone/scores: ")
    assert done.stderr.count("\n") == 1


def test_wide_export_keeps_its_columns_where_an_item_lacks_a_dimension():
    rubric = load_rubric("open_qa")
    given = [("1", "clarity", 4.0), ("2", "relevance", 2.0), ("2", "clarity", 3.0)]
    rows = [Score(item_id=i, rater="r", rater_kind="judge", dimension=d, value=v) for i, d, v in given]
    items = [Item(id=n, question="?", answer="!") for n in "12"]
    Run.imported("r", rubric, items, rows, model="m").close()
    table = list(csv.DictReader(io.StringIO(judge("export", "r", "--wide").stdout)))
    assert [(row["relevance"], row["clarity"], row["clarity_status"]) for row in table] == [
        ("", "4.0", "ok"),
        ("2.0", "3.0", "ok"),
    ]


def test_lists_and_objects_in_fields_are_exported_as_json():
    judge("score", lines({**ROW, "tags": ["a", "b"], "of": {"x": None}}))
    row = next(csv.DictReader(io.StringIO(judge("export", "runs/mine-baseline-open_qa").stdout)))
    assert (json.loads(row["meta_tags"]), json.loads(row["meta_of"])) == (["a", "b"], {"x": None})


def test_column_of_mixed_types_becomes_text_in_parquet():
    import pyarrow.parquet

    judge("score", lines({**ROW, "n": 1}, {**ROW, "id": "2", "n": "one"}, {**ROW, "id": "3", "n": None}))
    judge(
        "export", "runs/mine-baseline-open_qa", "--wide", "--output-format", "parquet", "--out", "s.parquet"
    )
    assert pyarrow.parquet.read_table("s.parquet").column("meta_n").to_pylist() == ["1", "one", None]


def test_parquet_does_not_go_to_the_terminal():
    judge("score", lines(ROW))
    assert "name a file" in judge("export", "runs/mine-baseline-open_qa", "--output-format", "parquet").stderr


# ---- doctor


def test_doctor_names_keys_and_never_shows_them(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    done = judge("doctor")
    assert done.exit_code == 0, done.output
    assert "OPENAI_API_KEY" in done.stdout
    assert "sk-secret" not in done.output


def test_folder_that_is_named_like_a_package_is_not_taken_for_it():
    Path("ray").mkdir()
    done = subprocess.run([sys.executable, "-m", "judge", "doctor"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_doctor_speaks_json():
    assert {f["what"] for f in json.loads(judge("doctor", "--json").stdout)} >= {"Python", "litellm", "keys"}


# ---- all commands


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name):
    done = judge(name, "--help")
    assert done.exit_code == 0, done.output
    assert f"judge {name}" in done.output.partition("xample")[2]


def test_unknown_command_is_a_usage_error():
    assert judge("nonsense").exit_code == 2


def test_error_is_one_line_without_a_traceback(here):
    done = judge("show", here)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_behind_standard_output_is_one_line():
    judge("score", lines(ROW))
    command = [sys.executable, "-m", "judge", "show", "runs/mine-baseline-open_qa"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "Error: standard output: No space left on device; free some space\n"


def test_read_only_folder_is_a_clear_error(here):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    here.chmod(0o500)
    assert "Permission denied" in judge("score", "examples/answers.jsonl").stderr


# ---- which columns are read


def test_columns_metadata_and_a_missing_reference_are_said_once():
    lines(
        {"prompt": "q", "output": "a", "topic": "x"},
        {"prompt": "r", "output": "b", "topic": "y", "ideal": "b"},
    )
    done = judge("score", "mine.jsonl")
    assert (
        "columns: question from 'prompt', answer from 'output', no system, reference from 'ideal'"
        in done.stderr
    )
    assert "metadata: 'topic'" in done.stderr
    assert "warning: 1 of 2 items have no reference answer" in done.stderr
    assert done.stderr.count("columns:") == 1


def test_a_dry_run_says_which_columns_are_read():
    lines({"prompt": "q", "output": "a"})
    done = judge("score", "mine.jsonl", "--dry-run")
    assert "columns: question from 'prompt'" in done.stderr
    assert "warning: no item has a reference answer, and rubric open_qa refers to one" in done.stderr
    assert (
        "columns: question from 'prompt'"
        in json.loads(judge("score", "mine.jsonl", "--dry-run", "--json").stdout)["notes"][0]
    )


def test_a_panel_says_once_which_columns_are_read():
    done = judge(
        "score", lines(ROW), "--judge", "baseline", "--judge", "replay:examples/replies.jsonl", "--out", "p"
    )
    assert done.stderr.count("columns:") == 1


def test_answers_without_ids_are_scored_again_under_the_same_ids():
    row = {"question": "q", "answer": "a", "reference": "a"}
    judge("score", lines(row))
    first = {score["item_id"] for score in scored("mine-baseline-open_qa")}
    done = judge("score", lines({**row, "answer": "new"}, row), "--json")
    assert json.loads(done.stdout)["items"] == 2
    assert first < {score["item_id"] for score in scored("mine-baseline-open_qa")}


def test_ids_are_made_from_the_fields_that_are_named():
    done = judge(
        "score", lines({"question": "q", "answer": "a", "model": "m", "nr": 7}), "--id-from", "nr,system"
    )
    assert done.exit_code == 3, done.output
    assert {score["item_id"] for score in scored("mine-baseline-open_qa")} == {"7/m"}


def test_one_column_for_each_system_is_one_item_a_cell():
    Path("wide.csv").write_text("id,question,reference,m1,m2\n1,q,a,a,b\n2,r,b,,b\n")
    done = judge("score", "wide.csv", "--answers-in", "m1,m2")
    assert done.exit_code == 0, done.output
    assert "1 empty cell without an answer, not scored (m1: 1)" in done.stderr
    assert {score["item_id"] for score in scored("wide-baseline-open_qa")} == {"1/m1", "1/m2", "2/m2"}


def test_a_column_with_a_comma_in_its_name_stands_in_quotes():
    Path("wide.csv").write_text('id,question,"a, b",c\n1,q,x,y\n')
    done = judge("score", "wide.csv", "--answers-in", '"a, b", c')
    assert {score["item_id"] for score in scored("wide-baseline-open_qa")} == {"1/a, b", "1/c"}, done.output
    for names in ('"a, b', "a,,b", ","):
        done = judge("score", "wide.csv", "--answers-in", names)
        assert done.exit_code == 2
        assert (
            "allowed are names of columns, as in a,b; one that holds a comma stands in quotes" in done.stderr
        )


def test_questions_in_a_file_of_their_own_are_joined():
    Path("q.jsonl").write_text(
        '{"id": 1, "question": "Why?", "reference": "a"}\n{"id": 2, "question": "How?"}\n'
    )
    done = judge("score", lines({"id": 1, "answer": "a"}), "--questions", "q.jsonl")
    assert done.exit_code == 0, done.output
    assert "1 question without an answer ('2')" in done.stderr
    with Run.open("runs/mine-baseline-open_qa") as run:
        assert run["1"].item.question == "Why?"


@pytest.mark.parametrize(("category", "is_foreign"), [("robustness_category", True), ("topic", False)])
def test_an_error_about_a_file_of_another_tool_says_how_to_import_it(here, category, is_foreign):
    row = {"question_id": 1, "question": "q", "answer": "B", "mslm_answer": "A", category: "general"}
    (here / "MCQ_x.json").write_text(json.dumps([row]))
    done = judge("score", "MCQ_x.json")
    assert (done.exit_code, "are all names for 'answer'" in done.stderr) == (1, True)
    assert ("is a file of the format robustmad. Import its answers first" in done.stderr) == is_foreign


def test_scores_of_no_item_are_a_damaged_run(tmp_path):
    answers = [{"id": "q1", "question": "2 + 2?", "answer": "4", "reference": "4"}]
    score_answers(answers, out=tmp_path / "run").close()
    with contextlib.closing(sqlite3.connect(tmp_path / "run" / "run.db")) as db, db:
        db.execute("UPDATE scores SET status = 'unparsed', value = NULL, item_id = 'q9'")
    with Run.open(tmp_path / "run") as run, pytest.raises(RunError, match="belong to no item"):
        list(_first_reasons(run, run.summary(), "unparsed"))
