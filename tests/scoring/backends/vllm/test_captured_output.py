import os
import subprocess
import sys

import pytest

from judge.scoring.backends.vllm.captured_output import captured_output, loading_step


@pytest.fixture
def steps():
    return []


def test_what_a_child_writes_is_caught_and_not_shown(capfd, steps):
    output = captured_output()
    with output.capturing(steps.append):
        subprocess.run(["sh", "-c", "echo to out; echo to err >&2"], check=True)
        os.write(2, b"from here\n")
        sys.stderr.write("by name\n")
    assert list(output.tail()) == ["to out", "to err", "from here", "by name"]
    assert capfd.readouterr() == ("", "")


def test_terminal_is_as_before_afterwards(capfd, steps):
    before = sys.stderr
    with pytest.raises(ValueError, match="broken"), captured_output().capturing(steps.append):
        raise ValueError("broken")
    assert sys.stderr is before
    os.write(1, b"out\n")
    os.write(2, b"err\n")
    assert capfd.readouterr() == ("out\n", "err\n")


def test_child_is_heard_after_the_start(capfd, steps):
    output = captured_output()
    with output.capturing(steps.append):
        child = subprocess.Popen(["sh", "-c", "read line; echo last words"], stdin=subprocess.PIPE)
    child.communicate(b"\n")
    assert "last words" in output.tail()
    assert capfd.readouterr() == ("", "")


def test_progress_line_reaches_the_terminal(capfd, steps):
    with captured_output().capturing(steps.append):
        sys.stderr.rich_proxied_file.write("moving\n")
    assert capfd.readouterr() == ("", "moving\n")


def test_bars_of_the_engine_become_steps(steps):
    output = captured_output()
    with output.capturing(steps.append):
        os.write(2, b"Loading safetensors checkpoint shards:  50% Completed | 1/2\rnothing told\n")
        output.tail()
    assert steps == ["loading weights 50%"]
    assert list(output.tail()) == ["nothing told"]


@pytest.mark.parametrize(
    ("line", "step"),
    [
        (
            "(EngineCore pid=7) Loading safetensors checkpoint shards: 100% Completed | 1/1",
            "loading weights 100%",
        ),
        (
            "Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  35%|###   | 24/67",
            "preparing the GPU 35%",
        ),
        ("tokenizer.json:   3%|    | 1.0M/31M", "downloading tokenizer.json 3%"),
        ("Fetching 4 files:  25%|##  | 1/4", "Fetching 4 files 25%"),
        ("ValueError: 50% of nothing", None),
        ("plain", None),
    ],
)
def test_bar_tells_what_is_done_and_how_far(line, step):
    assert loading_step(line) == step
