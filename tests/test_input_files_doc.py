"""docs/input_files.md is right: its files are read by its commands, which print what it shows.

``$ cat FILE`` shows a file, which is written before the next command runs. In the output of a command ``…``
matches any text.
"""

import doctest
import logging
import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from judge.cli import main

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "input_files.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
_QUIET = " > /dev/null"


def steps():
    """Kind (file, console, pycon), command or place, and text of each step of the page, in its order."""
    for number, (language, text) in enumerate(BLOCKS):
        if language == "pycon":
            yield "pycon", f"block {number}", text
            continue
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            is_file = command.startswith("cat ")
            yield ("file", command.removeprefix("cat "), shown) if is_file else ("console", command, shown)


STEPS = list(steps())


def printed(command):
    """What a command prints; with ``> /dev/null``, what it prints to standard error."""
    result = CliRunner().invoke(main, shlex.split(command.removesuffix(_QUIET))[1:], prog_name="judge")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.stderr if command.endswith(_QUIET) else result.output


def python_fails(text, names):
    """Report of the examples of a block that print something else; empty where there is none."""
    report = []
    test = doctest.DocTestParser().get_doctest(text, names, "input_files.md", None, 0)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(optionflags=flags).run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    return "".join(report)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Outcome of each step; they run in one folder, in the order of the page."""
    before, names, log = Path.cwd(), {}, logging.getLogger("judge")
    os.chdir(tmp_path_factory.mktemp("input_files"))
    log.addHandler(logging.lastResort)  # prints notes to standard error, as outside of pytest
    try:
        return [_outcome(*step, names) for step in STEPS]
    finally:
        log.removeHandler(logging.lastResort)
        os.chdir(before)


def _outcome(kind, name, text, names):
    if kind == "console":
        return printed(name)
    if kind == "pycon":
        return python_fails(text, names)
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return ""


def matches(output, shown):
    """Whether an output is what the page shows; the number of tokens of a prompt may differ.

    The page leaves out the commands that could come next, where it does not show them.
    """
    if "next: " not in shown:
        output = re.sub(r"^next: .*\n?", "", output, flags=re.MULTILINE)
    output, shown = (re.sub(r"about [\d,]+ prompt tokens", "", text) for text in (output, shown))
    wanted = ".*".join(re.escape(part) for part in shown.strip().split("…"))
    return re.fullmatch(wanted, output.strip(), re.DOTALL) is not None


@pytest.mark.parametrize("number", range(len(STEPS)), ids=[f"{kind} {name}" for kind, name, _ in STEPS])
def test_example_of_the_page_prints_what_it_shows(number, outcomes):
    kind, _, shown = STEPS[number]
    if kind == "console":
        assert matches(outcomes[number], shown), outcomes[number]
    else:
        assert outcomes[number] == ""


def test_an_output_that_differs_does_not_match():
    assert matches("2 raters, 1 item\n", "2 raters, …\n")
    assert not matches("2 raters, 1 item\n", "3 raters, …\n")


def test_every_file_of_the_page_is_read_by_a_command():
    commands = " ".join(name for kind, name, _ in STEPS if kind == "console")
    for kind, name, _ in STEPS:
        assert kind != "file" or name.split("/")[0] in commands


@pytest.mark.parametrize("command", ["score", "agree"])
def test_help_names_the_page(command):
    assert "docs/input_files.md" in CliRunner().invoke(main, [command, "--help"]).output


def test_the_readme_links_the_page():
    assert "(docs/input_files.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
