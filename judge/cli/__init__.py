"""The command line: arguments -> one library call -> rendering. One file a command, imported when called."""

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
    """Where a command lives, and what it does in one line (so that `judge --help` imports none of them)."""

    module: str
    summary: str


COMMANDS = {
    "score": CommandEntry("score", "Score answers with a judge; run it again to go on where it stopped."),
    "show": CommandEntry("show", "Look at single judgments with the raw reply."),
    "parse": CommandEntry("parse", "Derive the scores again from the stored replies, without a call."),
    "report": CommandEntry("report", "Pass rates with intervals, means, distributions, failures, slices."),
    "audit": CommandEntry("audit", "Which dimension makes answers fail, where, with examples."),
    "compare": CommandEntry(
        "compare", "Two runs over the same items: what differs, and is it more than chance."
    ),
    "leaderboard": CommandEntry("leaderboard", "Rank systems or runs, with the uncertainty of each rank."),
    "choice": CommandEntry("choice", "Multiple choice: read the letters and count what is right."),
    "agree": CommandEntry(
        "agree", "Can this judge be trusted? The judge against people, and people among themselves."
    ),
    "calibrate": CommandEntry("calibrate", "Map a judge's scores to people's, if that is a gain."),
    "plan": CommandEntry(
        "plan", "How many items and raters for a wanted interval; which items to have rated."
    ),
    "study": CommandEntry("study", "Collect people's ratings in the browser."),
    "import": CommandEntry("import_", "Make a run of judgments that another tool has made."),
    "rubric": CommandEntry("rubric", "List, show, check and start rubrics."),
    "export": CommandEntry("export", "Write the scores of a run as CSV, JSON Lines or Parquet."),
    "doctor": CommandEntry("doctor", "What works on this machine: keys, packages, graphics card."),
}
SETTINGS_FILES = ("judge.toml", "pyproject.toml")
NEVER_FROM_A_FILE = "trust_config"
"""Says that settings files are trusted, so none of them may say it."""
_ADVICE = {errno.ENOSPC: "make room", errno.ENAMETOOLONG: "give a shorter name"}
_MOST_BYTES = 2**20
"""Of a settings file."""
MEANS_ELSE = {"doctor": "judge", "import": "judge"}
"""Command -> its option that means something else than in the others: only its own settings count for it."""


class CommandTable(click.Group):
    """A group whose commands are imported only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; its options can come from ``JUDGE_*`` and from the settings file."""
        if cmd_name not in COMMANDS:
            return None
        command = load_command(cmd_name)
        for option, parameter in _spellings(command).items():
            if option == MEANS_ELSE.get(cmd_name):
                parameter.allow_from_autoenv = False
            else:
                parameter.envvar = f"JUDGE_{option.upper()}"
        command.context_settings.update(auto_envvar_prefix="JUDGE", default_map=settings_for(command))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands out of the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """The one place where an error of ours becomes a line and an exit status."""
        try:
            return super().invoke(ctx)
        except JudgeError as error:
            from judge.scoring.prompt import visible

            click.echo(f"Error: {visible(str(error))}", err=True)  # it may quote the input
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            stored = ": what arrived is stored; the same command goes on from here"
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
    """Score open-ended answers with an LLM judge, and measure how far that judge agrees with people.

    Options also come from JUDGE_* environment variables, judge.toml, or [tool.judge] in pyproject.toml.
    Keys come from the environment only.

    \b
    judge score answers.jsonl                        a floor without any model
    judge score answers.jsonl --judge openai/gpt-5   a real judge
    judge report runs/answers-openai-gpt-5-open_qa
    """  # noqa: D301 - click wants the control character itself


def load_command(name: str) -> click.Command:
    """Import one command. Ctrl-C waits so long: some packages turn it into an error of their own."""
    with uninterrupted():
        command: click.Command = importlib.import_module(f"judge.cli.{COMMANDS[name].module}").command
    command.name = name
    return command


def settings_for(command: click.Command) -> dict[str, Any]:
    """Defaults for a command's options: the settings of all commands, then those under its own name."""
    settings, file = _settings()
    shared = {_plain(name): value for name, value in settings.items() if not isinstance(value, dict)}
    for section in (name for name, value in settings.items() if isinstance(value, dict)):
        if section not in COMMANDS:
            raise InputError(f"{file}: [{section}] is no command; allowed: {', '.join(COMMANDS)}")
    spellings = _spellings(command)
    own = _of_command(settings, command.name or "", file)
    if NEVER_FROM_A_FILE in {**shared, **own}:
        raise InputError(
            f"{file}: {NEVER_FROM_A_FILE} cannot be set in a settings file; give --trust-config on the "
            "command line, or set JUDGE_TRUST_CONFIG=1 in the environment"
        )
    for name in own.keys() - spellings.keys():
        allowed = ", ".join(name for name in spellings if name != NEVER_FROM_A_FILE)
        raise InputError(f"{file}: {command.name}.{name} is no option of this command; allowed: {allowed}")
    if foreign := shared.keys() - spellings.keys():
        _check_known(foreign, file)
    shared.pop(MEANS_ELSE.get(command.name or "", ""), None)
    chosen = {name: value for name, value in {**shared, **own}.items() if name in spellings}
    return {
        str(spellings[name].name): _value(spellings[name], value, f"{file}: {name}")
        for name, value in chosen.items()
    }


def settings_file() -> str:
    """Name of the settings file that holds for this call; empty where there is none."""
    return _settings()[1]


def _of_command(settings: dict[str, Any], command: str, file: str) -> dict[str, Any]:
    """The settings under the name of a command."""
    own = settings.get(command, {})
    if command and not isinstance(own, dict):
        raise InputError(f"{file}: {command} is a command; its options stand below a line [{command}]")
    return {_plain(name): value for name, value in own.items()}


def _value(option: click.Option, value: Any, where: str) -> Any:
    """A value as it would be written on the command line, where every value is a text.

    An option that may be given several times takes a single value from a file, too.
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
    """A limit that is misspelt must not go unnoticed, but one that another command knows is fine."""
    known = {option for name in COMMANDS for option in _spellings(load_command(name))}
    for name in sorted(set(names) - known):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; do you mean {near[0]}?" if near else ""
        raise InputError(f"{file}: {name} is no option of any command{hint}")


def _spellings(command: click.Command) -> dict[str, click.Option]:
    """Options by the name under which settings know them: max_cost for --max-cost."""
    options = (p for p in command.params if isinstance(p, click.Option))
    return {_plain(spelling): option for option in options for spelling in option.opts}


def _plain(option: str) -> str:
    return option.lstrip("-").replace("-", "_")


def _settings() -> tuple[dict[str, Any], str]:
    """What the first settings file with a word for us says, and its name."""
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
