"""The command line. Each command has its own module, which is imported when the command is called."""

import copy
import difflib
import errno
import importlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import click

from judge.errors import InputError, JudgeError
from judge.scoring.interrupts import uninterrupted


class CommandEntry(NamedTuple):
    """Module and summary of a command, so that `judge --help` imports no command."""

    module: str
    summary: str


COMMANDS = {
    "demo": CommandEntry("demo", "Score example answers, compare with people's ratings, open the report."),
    "init": CommandEntry("init", "Look at answers and ratings, and write judge.toml to read them with."),
    "score": CommandEntry(
        "score", "Score answers with a judge; the same command resumes an interrupted run."
    ),
    "merge": CommandEntry("merge", "Merge the shards of one input into one run."),
    "batches": CommandEntry("batches", "Show or cancel the provider batches of a run (judge score --batch)."),
    "show": CommandEntry("show", "Show single judgments with the reply of the judge."),
    "view": CommandEntry("view", "Look at runs in a browser: filter, search, compare."),
    "parse": CommandEntry("parse", "Derive the scores again from the stored replies, without requests."),
    "report": CommandEntry("report", "Report pass rates with intervals, scores, slices and failures."),
    "audit": CommandEntry("audit", "Show why answers fail, with examples, and which scores are anomalous."),
    "compare": CommandEntry("compare", "Compare two runs on the same items, with significance tests."),
    "leaderboard": CommandEntry("leaderboard", "Rank runs or systems, with the uncertainty of each rank."),
    "stress": CommandEntry("stress", "Test a judge without people: changed answers, pictures, injections."),
    "choice": CommandEntry("choice", "Report the accuracy on multiple-choice questions."),
    "agree": CommandEntry("agree", "Measure the agreement of judges with human raters."),
    "calibrate": CommandEntry(
        "calibrate", "Map the scores of a judge to human scores, if that reduces the error."
    ),
    "plan": CommandEntry("plan", "Compute the size of a rating study, or select items for it."),
    "study": CommandEntry("study", "Collect human ratings in the browser."),
    "import": CommandEntry("import_", "Convert the results of another tool."),
    "attach-normals": CommandEntry(
        "attach_normals", "Attach normal images of the same object as reference images."
    ),
    "rubric": CommandEntry("rubric", "List, show, check and create rubrics."),
    "export": CommandEntry("export", "Write the scores of a run as CSV, JSON Lines or Parquet."),
    "doctor": CommandEntry("doctor", "Check this machine: packages, API keys, graphics card."),
}
SETTINGS_FILES = ("judge.toml", "pyproject.toml")
RATINGS = "ratings"
"""Section of the settings that says how every command reads people's ratings."""
_READ_BY_DEFAULT = ("agree", "calibrate")
"""Commands that need ratings: the file of the section `RATINGS` is theirs if the command line names none."""
_MORE_VARIABLES = {"judge": ("JUDGE_MODEL",)}
"""Further environment variables of an option, beside ``JUDGE_`` and its name."""
NEVER_FROM_A_FILE = "trust_config"
"""Option that marks the settings file as trusted; the file itself must not set it."""
_ONE_BLAS_THREAD = ("agree", "calibrate")
"""Commands that solve many small systems of equations, in which threads of BLAS wait for each other."""
_ADVICE = {errno.ENOSPC: "free some space", errno.ENAMETOOLONG: "give a shorter name"}
_MOST_BYTES = 2**20
"""Size limit of a settings file."""


class CommandTable(click.Group):
    """A group that imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, in the order of `--help`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; its options are also read from ``JUDGE_*`` and from the settings file."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in _ONE_BLAS_THREAD:
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        command = copy.copy(load_command(cmd_name))  # the module keeps its command without these settings
        for option, parameter in _spellings(command).items():
            parameter.envvar = [f"JUDGE_{option.upper()}", *_MORE_VARIABLES.get(option, ())]
            parameter.allow_from_autoenv = False  # it would use the name of the parameter, not of the option
        command.context_settings = {
            **command.context_settings,
            "auto_envvar_prefix": "JUDGE",
            "default_map": settings_for(command),
        }
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Turn the errors of the library into one line and an exit status."""
        try:
            return super().invoke(ctx)
        except JudgeError as error:
            from judge.scoring.prompt import visible

            click.echo(f"Error: {visible(str(error))}", err=True)  # the message may quote the input
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            stored = ": all replies received are stored; the same command resumes the run"
            click.echo(f"\ninterrupted{stored if ctx.invoked_subcommand == 'score' else ''}", err=True)
            ctx.exit(130)
        except BrokenPipeError:  # `judge show … | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except OSError as error:
            if error.errno not in _ADVICE:
                raise
            name = str(error.filename or "standard output")
            click.echo(f"Error: {name:.200}: {error.strerror}; {_ADVICE[error.errno]}", err=True)
            ctx.exit(1)


@click.group(
    cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="judge-toolkit", message="judge %(version)s")
def main() -> None:
    """Score open-ended answers with an LLM judge, and measure its agreement with human raters.

    Options can also be set by JUDGE_* environment variables, in judge.toml, or in [tool.judge] of
    pyproject.toml. API keys are read from the environment only.

    \b
    judge score answers.jsonl                        baseline without a model
    judge score answers.jsonl --judge openai/gpt-5   an LLM judge
    judge report runs/answers-openai-gpt-5-open_qa
    """  # noqa: D301 - click needs the control character itself


def load_command(name: str) -> click.Command:
    """Import a command. Ctrl-C is deferred, because some packages turn it into an error of their own."""
    with uninterrupted():
        command: click.Command = importlib.import_module(f"judge.cli.{COMMANDS[name].module}").command
    command.name = name
    return command


def settings_for(command: click.Command) -> dict[str, Any]:
    """Defaults of the options of a command: the settings for all commands, then those in its own section.

    The section `RATINGS` is for all commands that read ratings; only its name of the file is for those that
    need one.
    """
    settings, file = _settings()
    shared = {_plain(name): value for name, value in settings.items() if not isinstance(value, dict)}
    for section in (name for name, value in settings.items() if isinstance(value, dict)):
        if section not in COMMANDS and section != RATINGS:
            allowed = ", ".join((*COMMANDS, RATINGS))
            raise InputError(f"{file}: [{section}] is not a command; allowed: {allowed}")
    spellings = _spellings(command)
    own = _of_command(settings, command.name or "", file)
    of_ratings = _of_ratings(settings, file) if "humans" in spellings else {}
    if command.name not in _READ_BY_DEFAULT:
        of_ratings.pop("humans", None)
    if NEVER_FROM_A_FILE in {**shared, **own}:
        raise InputError(
            f"{file}: {NEVER_FROM_A_FILE} cannot be set in a settings file; give --trust-config on the "
            "command line, or set JUDGE_TRUST_CONFIG=1 in the environment"
        )
    for name in own.keys() - spellings.keys():
        allowed = ", ".join(name for name in spellings if name != NEVER_FROM_A_FILE)
        raise InputError(
            f"{file}: {command.name}.{name} is not an option of this command; allowed: {allowed}"
        )
    if foreign := shared.keys() - spellings.keys():
        _check_known(foreign, file)
    chosen = {name: value for name, value in {**shared, **of_ratings, **own}.items() if name in spellings}
    return {
        str(spellings[name].name): _value(spellings[name], value, f"{file}: {name}")
        for name, value in chosen.items()
    }


def settings_file() -> str:
    """Name of the settings file of this call; empty if there is none."""
    return _settings()[1]


def _of_command(settings: dict[str, Any], command: str, file: str) -> dict[str, Any]:
    """Settings in the section of a command."""
    own = settings.get(command, {})
    if command and not isinstance(own, dict):
        raise InputError(f"{file}: {command} is a command; put its options into a section [{command}]")
    return {_plain(name): value for name, value in own.items()}


def _of_ratings(settings: dict[str, Any], file: str) -> dict[str, Any]:
    """Settings in the section `RATINGS`, which are options of `judge agree` about ratings and their scale."""
    own = _of_command(settings, RATINGS, file)
    if not own:
        return {}
    options = importlib.import_module("judge.cli.agree").about_ratings  # agree imports this package
    known = _spellings(click.command(options(lambda: None)))
    for name in own.keys() - known.keys():
        raise InputError(
            f"{file}: {RATINGS}.{name} is not an option about ratings; allowed: {', '.join(known)}"
        )
    return own


def _value(option: click.Option, value: Any, where: str) -> Any:
    """A value as text, as it would be given on the command line.

    An option that may be repeated accepts a single value as well as a list.
    """
    if option.is_flag and isinstance(value, bool):
        return value
    values = value if isinstance(value, list) and option.multiple else [value]
    for one in values:
        if isinstance(one, bool) or not isinstance(one, str | int | float):
            allowed = "true or false" if option.is_flag else "a text or a number"
            several = ", or a list of them" if option.multiple else ""
            raise InputError(f"{where}: found {one!r:.80}; allowed: {allowed}{several}")
    return [str(one) for one in values] if option.multiple else str(value)


def _check_known(names: Iterable[str], file: str) -> None:
    """Fail for a name that is not an option of any command, so that a misspelt limit is noticed."""
    known = {option for name in COMMANDS for option in _spellings(load_command(name))}
    for name in sorted(set(names) - known):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"{file}: {name} is not an option of any command{hint}")


def _spellings(command: click.Command) -> dict[str, click.Option]:
    """Options by their name in settings: max_cost for --max-cost."""
    options = (p for p in command.params if isinstance(p, click.Option))
    return {_plain(spelling): option for option in options for spelling in option.opts}


def _plain(option: str) -> str:
    return option.lstrip("-").replace("-", "_")


def _settings() -> tuple[dict[str, Any], str]:
    """Content and name of the first settings file that has settings for this tool."""
    import tomllib

    from judge.files.unpacking import read_text

    for name in SETTINGS_FILES:
        if not Path(name).exists() or Path(name).is_dir():
            continue
        try:
            content = tomllib.loads(read_text(Path(name), _MOST_BYTES))
        except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
            raise InputError(f"{name}: not valid TOML: {error}") from None
        except OSError as error:
            raise InputError(f"{name}: cannot be read: {error.strerror}") from None
        found = content if name == "judge.toml" else _table_of_judge(content, name)
        if found:
            return found, name
    return {}, ""


def _table_of_judge(content: dict[str, Any], file: str) -> dict[str, Any]:
    tools = content.get("tool", {})
    found = tools.get("judge", {}) if isinstance(tools, dict) else {}
    if not isinstance(found, dict):
        raise InputError(f"{file}: tool.judge is {found!r:.80}; allowed: a table [tool.judge] of options")
    return found
