"""`judge demo`: what it writes, what it prints, and what it leaves alone."""

import html
import re
import shlex
import subprocess
import sys
import webbrowser
from pathlib import Path

import pytest
from click.testing import CliRunner

import judge
from judge.cli import demo, main, open_page

COPIES = {
    "answers.jsonl": "answers.jsonl",
    "made-up-judge.jsonl": "replies.jsonl",
    "ratings.csv": "ratings.csv",
}
EXAMPLES = Path(__file__).parents[2] / "examples"
PAGES = ("report.html", "agree.html")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working directory, in which no browser is opened."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(webbrowser, "open", lambda _: pytest.fail("a browser was opened"))
    return tmp_path


def run(*options):
    return CliRunner().invoke(main, ["demo", *options], prog_name="judge")


def commands(output):
    return re.findall(r"^  ((?:judge|python -m judge) .*)$", output, re.MULTILINE)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The folder in which the demonstration ran once, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "judge", "demo", "--no-open"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder, done


def test_demo_prints_at_most_30_lines_of_at_most_100_characters(shown):
    lines = shown[1].stdout.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 100
    assert shown[1].stderr == ""


def test_demo_shows_the_pass_rate_and_the_agreement_of_the_recorded_run(shown):
    assert "15 of 24 answers pass, 7 fail, 2 have no verdict" in shown[1].stdout
    run = shown[0] / "judge-demo" / "made-up-run"
    clarity = judge.agree(run, EXAMPLES / "ratings.csv")["clarity"]
    row = next(line for line in shown[1].stdout.splitlines() if line.startswith("clarity"))
    assert row.split(maxsplit=1)[1].startswith(str(clarity.ceiling))
    assert row.endswith(str(clarity.kappa_quadratic))


def test_commands_that_come_next_run_as_they_stand(shown):
    found = commands(shown[1].stdout)
    assert len(found) >= 4
    for command in found:
        words = shlex.split(command.replace("python", shlex.quote(sys.executable), 1))
        if "view" not in words:  # it serves until Ctrl-C
            done = subprocess.run(words, cwd=shown[0], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_page_of_the_demo_says_that_its_data_are_made_up(shown, page):
    text = html.unescape((shown[0] / "judge-demo" / page).read_text())
    assert "people's ratings are made up" in text
    assert "made-up-judge" in text


def test_terminal_and_folder_say_that_the_data_are_made_up(shown):
    assert "made up" in shown[1].stdout.splitlines()[0]
    assert "made up" in (shown[0] / "judge-demo" / "README.txt").read_text().splitlines()[0]


@pytest.mark.parametrize(("copy", "source"), COPIES.items())
def test_inputs_of_the_demo_are_the_shipped_examples(shown, copy, source):
    assert (shown[0] / "judge-demo" / copy).read_bytes() == (EXAMPLES / source).read_bytes()


def test_demo_runs_again_in_its_own_folder_and_keeps_other_files(place):
    assert run("--no-open").exit_code == 0
    (place / "judge-demo" / "notes.txt").write_text("mine")
    again = run("--no-open")
    assert again.exit_code == 0, again.output
    assert (place / "judge-demo" / "notes.txt").read_text() == "mine"


def test_interrupted_demo_goes_on(place):
    demo.copy_examples(place / "judge-demo")
    (place / "judge-demo" / "ratings.csv").unlink()
    assert run("--no-open").exit_code == 0


@pytest.mark.parametrize("name", ["README.txt", "answers.jsonl", "report.html", "made-up-run"])
def test_file_of_someone_else_is_not_overwritten(place, name):
    (place / "judge-demo").mkdir()
    (place / "judge-demo" / name).write_text("mine")
    refused = run("--no-open")
    assert refused.exit_code == 1
    assert f"judge-demo/{name}" in refused.output
    assert "--out" in refused.output
    assert [path.name for path in (place / "judge-demo").iterdir()] == [name]
    assert (place / "judge-demo" / name).read_text() == "mine"


def test_page_of_someone_else_in_the_folder_of_the_demo_is_not_overwritten(place):
    assert run("--no-open").exit_code == 0
    (place / "judge-demo" / "agree.html").write_text("mine")
    assert run("--no-open").exit_code == 1
    assert (place / "judge-demo" / "agree.html").read_text() == "mine"


def test_changed_answers_in_the_folder_of_the_demo_are_not_overwritten(place):
    demo.copy_examples(place / "judge-demo")
    (place / "judge-demo" / "answers.jsonl").write_text("mine")
    assert run("--no-open").exit_code == 1
    assert (place / "judge-demo" / "answers.jsonl").read_text() == "mine"


def test_folder_with_the_name_of_a_file_is_refused(place):
    demo.copy_examples(place / "judge-demo")
    (place / "judge-demo" / "ratings.csv").unlink()
    (place / "judge-demo" / "ratings.csv").mkdir()
    assert "ratings.csv is not of this demonstration" in run("--no-open").output


def test_folder_that_cannot_be_made_is_an_error(place):
    (place / "file").write_text("")
    refused = run("--no-open", "--out", "file/judge-demo")
    assert refused.exit_code == 1
    assert "file/judge-demo: cannot be written" in refused.output


def test_demo_opens_the_report(place, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda link: opened.append(link) or True)
    monkeypatch.setenv("DISPLAY", ":0")
    assert "opened in the browser" in run().output
    assert opened == [(place / "judge-demo" / "report.html").as_uri()]


def test_no_browser_is_started_on_linux_without_a_desktop(place, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert not open_page.open_page(place / "report.html")


def test_browser_is_started_on_a_system_that_always_has_a_desktop(place, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(webbrowser, "open", lambda _: True)
    assert open_page.open_page(place / "report.html")


def test_examples_are_found_in_the_package_where_it_has_them(tmp_path, monkeypatch):
    (tmp_path / "examples").mkdir()
    monkeypatch.setattr(judge, "__file__", str(tmp_path / "__init__.py"))
    assert demo.shipped_examples() == tmp_path / "examples"


@pytest.mark.parametrize(
    ("name", "prefix", "on_path", "typed"),
    [
        ("judge", "/usr", "/usr/bin/judge", "judge"),
        ("judge", "/usr", None, "'/my env/bin/judge'"),
        ("python -m judge", "/usr", None, "python -m judge"),
        ("judge", "/cache/uv/archive-v0/x", "/cache/bin/judge", "uvx --from judge-toolkit judge"),
    ],
    ids=["on the path", "not on the path", "as a module", "uvx"],
)
def test_commands_begin_as_the_user_can_type_them(monkeypatch, name, prefix, on_path, typed):
    monkeypatch.setattr(sys, "prefix", prefix)
    monkeypatch.setattr(sys, "argv", ["/my env/bin/judge"])
    monkeypatch.setattr("shutil.which", lambda _: on_path)
    with main.make_context(name, ["doctor"]) as context, context.scope():
        assert demo.program() == typed
