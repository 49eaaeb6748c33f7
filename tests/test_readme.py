"""The README tells the truth: its commands run and print what it shows, its Python runs."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from judge.cli import COMMANDS, main

from .human_study.browsing import PROGRAMS

ROOT = Path(__file__).parents[1]
PICTURES = runpy.run_path(str(ROOT / "docs" / "make_images.py"))["PICTURES"]
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


def known_options(line):
    """Check every option of a command that cannot run here (a server, a graphics card, a file to make up)."""
    _, *words = shlex.split(line, comments=True)
    command = main
    while words and isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words.pop(0))
        assert command is not None, line
    names = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= names


SERVERS = ("judge study serve", "judge view")
SHELL = [
    line
    for language, text in BLOCKS
    if language == "sh"
    for line in text.splitlines()
    if line.startswith("judge ")
]
CONSOLE = [pair for language, text in BLOCKS if language == "console" for pair in commands(text)]


@pytest.fixture(scope="module")
def done(folder):
    """All commands, run in the order in which a reader meets them, whatever the order of the tests."""
    return [run(command, folder) for command, _ in CONSOLE]


@pytest.mark.parametrize("number", range(len(CONSOLE)), ids=[command for command, _ in CONSOLE])
def test_command_prints_what_the_readme_shows(number, done):
    assert "Traceback" not in done[number].stderr
    assert done[number].returncode in (0, 3), done[number].stderr
    assert steady(done[number].stdout) == steady(CONSOLE[number][1])


@pytest.mark.parametrize("line", SHELL)
def test_command_of_the_readme_runs(line, folder, done):
    assert done[0].returncode in (0, 3)  # it makes runs/demo
    known_options(line)
    if not line.startswith(SERVERS) and "--judge vllm:" not in line:
        (folder / "study.db").unlink(missing_ok=True)
        (folder / "judge.toml").unlink(missing_ok=True)
        ran = run(line, folder)
        (folder / "judge.toml").unlink(missing_ok=True)  # it would hold for the commands after it
        assert ran.returncode in (0, 3), ran.stderr


INLINE = re.findall(r"`(judge [a-z][^`]*)`", README)


@pytest.mark.parametrize("line", INLINE)
def test_command_in_the_text_of_the_readme_has_only_known_options(line):
    known_options(line)


def test_unknown_option_in_the_readme_is_found():
    known_options("judge report runs/demo --by topic  # comment --nonsense")
    with pytest.raises(AssertionError):
        known_options("judge report runs/demo --nonsense")


@pytest.mark.parametrize("text", [text for language, text in BLOCKS if language == "python"])
def test_python_of_the_readme_runs(text, folder):
    shutil.rmtree(folder / "runs" / "from-python", ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_there_is_something_to_run():
    assert len(CONSOLE) + len(SHELL) >= 15


@pytest.mark.parametrize(
    "heading", ["I have answers", "I have ratings", "I have a GPU", "I publish", "I gate CI"]
)
def test_readme_has_a_section_for_each_kind_of_reader(heading):
    assert f"## {heading}" in README


@pytest.mark.parametrize("name", re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README))
def test_picture_of_the_readme_is_small_and_made_by_the_script(name):
    assert (ROOT / name).stat().st_size < 200_000
    assert Path(name).stem in PICTURES


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name):
    assert f"`judge {name}`" in README


@pytest.mark.parametrize("path", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_link_of_the_readme_leads_somewhere(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    "path",
    sorted(set(re.findall(r"`((?:judge|human_study|examples|benchmarks|docs|notebooks)/[\w./]*)`", README))),
)
def test_file_named_in_the_readme_exists(path):
    assert (ROOT / path).exists()


def test_make_targets_of_the_readme_exist():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"^make (\w+)", README, re.MULTILINE)) <= set(targets)


@pytest.mark.browser
def test_pictures_of_the_readme_are_made_by_the_script(tmp_path):
    pytest.importorskip("playwright.sync_api")
    if not any(map(shutil.which, PROGRAMS)):
        pytest.skip("needs Chromium: apt-get install chromium")
    made = runpy.run_path(str(ROOT / "docs" / "make_images.py"))["make"](tmp_path, ["report", "rating"])
    assert [path.name for path in made] == ["report.png", "rating.png"]
    assert all(10_000 < path.stat().st_size < 200_000 for path in made)
