"""The README tells the truth: its commands run and print what it shows, its Python runs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from judge.cli import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all blocks, in which they run in order, as a reader would type them."""
    place = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples", place / "examples")
    return place


def commands(text):
    """(command, output shown) of a console block; a command goes on after a backslash."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command = command[:-1] + more.removeprefix("> ")
        yield command, output


def run(command, folder):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"COLUMNS": "80", "NO_COLOR": "1"}
    return subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True)


def steady(text):
    """Times differ from run to run; trailing blanks don't count."""
    text = re.sub(r"\(\d+\.\d+ s\)", "(… s)", text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


CONSOLE = [pair for language, text in BLOCKS if language == "console" for pair in commands(text)]


@pytest.fixture(scope="module")
def done(folder):
    """All commands, run in the order in which a reader meets them, whatever the order of the tests."""
    return [run(command, folder) for command, _ in CONSOLE]


@pytest.mark.xdist_group("readme")
@pytest.mark.parametrize("number", range(len(CONSOLE)), ids=[command for command, _ in CONSOLE])
def test_command_prints_what_the_readme_shows(number, done):
    assert "Traceback" not in done[number].stderr
    assert done[number].returncode in (0, 3), done[number].stderr
    assert steady(done[number].stdout) == steady(CONSOLE[number][1])


@pytest.mark.xdist_group("readme")
@pytest.mark.parametrize("text", [text for language, text in BLOCKS if language == "python"])
def test_python_of_the_readme_runs(text, folder):
    shutil.rmtree(folder / "runs" / "from-python", ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_there_is_something_to_run():
    assert len(CONSOLE) >= 4


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name):
    assert f"`judge {name}`" in README


@pytest.mark.parametrize("path", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_link_of_the_readme_leads_somewhere(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:judge|human_study|examples|benchmarks)/[\w./]*)`", README)))
)
def test_file_named_in_the_readme_exists(path):
    assert (ROOT / path).exists()


def test_make_targets_of_the_readme_exist():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"^make (\w+)", README, re.MULTILINE)) <= set(targets)
