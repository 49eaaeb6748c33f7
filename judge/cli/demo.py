"""`judge demo`: score made-up answers, compare the scores with people's ratings, and write the reports."""

import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

import judge
from judge.cli import COMMANDS
from judge.cli.open_page import open_page
from judge.cli.options import GroupedCommand, out, section
from judge.errors import InputError

if TYPE_CHECKING:
    from judge.reporting.report import Report
    from judge.scoring.run import Run
    from judge.workflows.agree import AgreementReport

_MADE_UP = "The answers, the replies of the judge and people's ratings are made up."
_README = f"""{_MADE_UP}
Results computed from them say nothing about real models or judges.

answers.jsonl        12 questions, each answered by two invented systems
made-up-judge.jsonl  replies of an invented judge to these answers
ratings.csv          scores of three invented people for the same answers
"""
_COPIES = {
    "answers.jsonl": "answers.jsonl",
    "made-up-judge.jsonl": "replies.jsonl",
    "ratings.csv": "ratings.csv",
}
"""Files of the demonstration, and the shipped example that each is a copy of."""
_RESULTS = ("made-up-run", "report.html", "agree.html")
_WIDTH = 80


@click.command(cls=GroupedCommand)
@section(
    "Output",
    out("a folder for the files.", is_folder=True, default="judge-demo", show_default=True),
    click.option("--open/--no-open", "opens", default=True, help="Open the page of the report in a browser."),
)
def command(out: str, opens: bool) -> None:
    """Score example answers, compare the scores with people's ratings, and open the report.

    The answers, the replies of the judge and the ratings are made up and come with the package. Nothing is
    sent, and no API key is needed. Files of others in the folder are not overwritten.

    Example: judge demo --no-open
    """
    folder = Path(out)
    copy_examples(folder)
    answers, replies, ratings = (folder / name for name in _COPIES)
    run, report, agreement = (folder / name for name in _RESULTS)
    scored = judge.score(answers, judge=f"replay:{replies}", out=run, callback=judge.ScoringCallback())
    compared = judge.agree(scored, ratings)
    reported = judge.report(scored, humans=ratings)
    _made_up(reported).to_html(report)
    _made_up(compared).to_html(agreement)
    opened = " (opened in the browser)" if opens and open_page(report) else ""
    for line in (
        _MADE_UP,
        "",
        *_findings(scored, reported, compared),
        "",
        f"The report:      {report}{opened}",
        f"The comparison:  {agreement}",
        "",
        "What comes next:",
        *_next_steps(answers, ratings, run),
    ):
        click.echo(line)


def copy_examples(folder: Path) -> None:
    """Copy the shipped examples to a folder, with a README.txt that says that they are made up.

    Raises
    ------
    InputError
        The folder cannot be written, or a file in it has one of the names but is not of the demonstration.
    """
    try:
        contents = {name: (shipped_examples() / source).read_bytes() for name, source in _COPIES.items()}
        contents = {"README.txt": _README.encode(), **contents}
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder / name for name in (*contents, *_RESULTS)):
            if path.exists() and not _is_own(path, contents):
                raise InputError(
                    f"{path} is not of this demonstration and is not overwritten; choose another folder: "
                    "--out FOLDER"
                )
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be written: {error.strerror}") from None


def _is_own(path: Path, contents: dict[str, bytes]) -> bool:
    """Whether a file or folder is what an earlier call wrote."""
    if path.name in contents:
        return path.is_file() and path.read_bytes() == contents[path.name]
    if path.suffix == ".html":
        return path.is_file() and b"made-up-judge" in path.read_bytes()
    return path.is_dir()  # of a run; `judge.score` refuses the run of another judge


def shipped_examples() -> Path:
    """Folder of the shipped examples: in the installed package, or in the repository."""
    package = Path(judge.__file__).parent
    return next(folder for folder in (package / "examples", package.parent / "examples") if folder.is_dir())


def _made_up(report: "Report") -> "Report":
    return replace(report, warnings=(_MADE_UP, *report.warnings))


def _findings(run: "Run", report: "Report", agreement: "AgreementReport") -> Iterator[str]:
    """Pass rate of the run, and one row for each dimension of its agreement with people."""
    yield run.overview().headline
    yield from _bullet(report.verdict[0])
    yield ""
    yield f"{'Quadratic kappa':20} {'people among themselves':24} the judge and people"
    for dimension in agreement.dimensions:
        one = agreement[dimension]
        yield f"{dimension:20} {one.ceiling!s:24} {one.kappa_quadratic}"
    yield from _bullet(agreement.verdict[0])


def _bullet(finding: str) -> list[str]:
    return textwrap.wrap(finding, _WIDTH, initial_indent="• ", subsequent_indent="  ")


def _next_steps(answers: Path, ratings: Path, run: Path) -> Iterator[str]:
    """Commands that run as they stand, each with what it is for."""
    data, people, scored = (shlex.quote(str(path)) for path in (answers, ratings, run))
    steps = {
        f"view {scored} --humans {people}": "look at every answer, score and rating",
        f"show {scored} --item q01-otter": "one answer with the reasons of the judge",
        f"agree {scored} --humans {people} --margin 0.1": "may the judge replace a person?",
        f"score {data} --judge openai/gpt-5 --dry-run": "what a real judge, or a file of your own, will cost",
        "doctor": "which judges this machine can use",
    }
    for step, purpose in steps.items():
        if step.split()[0] in COMMANDS:
            yield f"  {program()} {step}\n      {purpose}"


def program() -> str:
    """What the user types for `judge`: uvx runs it without putting it on the path."""
    name = click.get_current_context().find_root().info_name or "judge"
    if "archive-v0" in Path(sys.prefix).parts:  # the cache of uvx
        return "uvx --from judge-toolkit judge"
    return name if " " in name or shutil.which(name) else shlex.quote(sys.argv[0])
