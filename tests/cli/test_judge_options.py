"""Judges, connection and engine out of the options of `judge score`."""

import click
import pytest
from click.testing import CliRunner

from judge.cli import load_command, main
from judge.cli.judge_options import engine_of, judges_of


def values(*words):
    command = load_command("score")
    return command.make_context("score", ["answers.jsonl", *words]).params


@pytest.fixture(autouse=True)
def _answers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.jsonl").write_text('{"id": "1", "question": "?", "answer": "!"}\n')


def judges(*words):
    with load_command("score").make_context("score", ["answers.jsonl", *words]) as context:
        return judges_of(context.params)


def judge_of(*words):
    (found,) = judges(*words)
    return found


@pytest.mark.parametrize(("n", "is_allowed"), [(1, True), (1000, True), (0, False), (1001, False)])
def test_samples_are_one_to_a_thousand(n, is_allowed):
    if is_allowed:
        assert values("--samples", str(n))["samples"] == n
    else:
        with pytest.raises(click.BadParameter, match="1<=x<=1000"):
            values("--samples", str(n))


def test_an_engine_asks_for_structured_replies_by_default_and_a_floor_does_not():
    assert judge_of("--judge", "vllm:a/model").structured
    assert not judge_of("--judge", "baseline").structured
    assert judge_of("--judge", "openai/gpt-4o").structured
    assert not judge_of("--judge", "vllm:a/model", "--structured", "off").structured


def test_parameters_that_were_given_are_those_of_the_judge():
    plain = judge_of("--judge", "openai/gpt-4o")
    warm = judge_of(
        "--judge", "openai/gpt-4o", "--temperature", "0.5", "--param", "top_p=0.9", "--param", "stop=x"
    )
    assert "temperature" not in plain.params or plain.params["temperature"] != 0.5
    assert (warm.params["temperature"], warm.params["top_p"], warm.params["stop"]) == (0.5, 0.9, "x")
    assert plain.fingerprint != warm.fingerprint


def test_engine_settings_that_decide_scores_belong_to_the_judge_and_only_to_an_engine():
    engine = judge_of("--judge", "vllm:a/model", "--dtype", "float16").engine
    assert engine == {"dtype": "float16"}
    assert judge_of("--judge", "vllm:a/model").engine == {}
    both = judges("--judge", "vllm:a/model", "--judge", "baseline", "--dtype", "float16")
    assert [one.engine for one in both] == [{"dtype": "float16"}, {}]


def test_engine_arguments_may_be_json_and_go_to_the_engine():
    found = engine_of(
        values("--judge", "vllm:a/model", "--engine-arg", "max_num_seqs=8", "--engine-arg", "x=y")
    )
    assert found.args == {"max_num_seqs": 8, "x": "y"}


def test_a_panel_has_one_judge_for_each_model():
    assert [one.model for one in judges("--judge", "baseline", "--judge", "openai/gpt-4o")] == [
        "baseline",
        "openai/gpt-4o",
    ]


def test_flags_that_expected_scores_leave_out_are_noted(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(CliRunner().invoke(main, ["rubric", "show", "inspection"]).stdout)
    result = CliRunner().invoke(
        main,
        [
            "score",
            "answers.jsonl",
            "--judge",
            "vllm:a/m",
            "--scores",
            "expected",
            "--rubric",
            "inspection",
            "--dry-run",
        ],
    )
    assert ("the flags are not requested" in result.stderr) is ("flags:" in path.read_text())


@pytest.mark.parametrize("option", ["--tensor-parallel", "--max-model-len"])
def test_numbers_of_an_engine_begin_at_one(option):
    assert judge_of("--judge", "vllm:a/model", option, "1").model == "vllm:a/model"
    with pytest.raises(click.BadParameter, match="x>=1"):
        judge_of("--judge", "vllm:a/model", option, "0")


def test_the_default_of_structured_replies_is_shown_and_decides():
    text = " ".join(CliRunner().invoke(main, ["score", "--help"]).stdout.split())
    assert "[default: auto]" in text.split("--structured ")[1].split(" --")[0]
    assert judge_of("--judge", "vllm:a/model").structured


def test_asking_again_is_a_switch():
    assert values()["reask"] is False
    assert values("--reask", "--samples", "2")["reask"] is True
    assert judge_of("--reask").model == "baseline"
