"""Options as a whole: one name means one thing in all commands, and every long `--help` is grouped."""

import re
from collections import defaultdict
from itertools import takewhile

import click
import pytest
from click.testing import CliRunner

from judge.cli import COMMANDS, load_command, main
from judge.cli.options import GroupedCommand, section_of

_MOST_UNGROUPED = 8
_SPECIFIC_RANGES = {"--out", "--format", "--margin"}
"""Options whose values depend on the command: a file or a folder, names of formats, statistics."""


def leaves(command: click.Command, name: str):
    """Every command that takes options of its own, with the words that call it."""
    if isinstance(command, click.Group):
        for word, inner in command.commands.items():
            yield from leaves(inner, f"{name} {word}")
    else:
        yield name, command


LEAVES = {name: leaf for command in COMMANDS for name, leaf in leaves(load_command(command), command)}


def options_of(command: click.Command) -> list[click.Option]:
    return [param for param in command.params if isinstance(param, click.Option)]


def by_name() -> dict[str, dict[str, click.Option]]:
    """Option name -> command -> option."""
    found = defaultdict(dict)
    for name, command in LEAVES.items():
        for option in options_of(command):
            found[option.opts[0]][name] = option
    return found


def _type(option: click.Option) -> type:
    """Class of the values; an integer within a range is an integer."""
    return (
        click.types.IntParamType if isinstance(option.type, click.types.IntParamType) else type(option.type)
    )


SHARED = {name: uses for name, uses in by_name().items() if len(uses) > 1}


@pytest.mark.parametrize("name", sorted(SHARED))
def test_option_has_one_type_in_all_commands(name):
    uses = SHARED[name].values()
    assert len({(_type(option), option.multiple, option.is_flag) for option in uses}) == 1
    if name not in _SPECIFIC_RANGES:
        assert len({option.metavar for option in uses}) == 1


@pytest.mark.parametrize("name", sorted(SHARED))
def test_option_has_one_help_in_all_commands_up_to_half_a_sentence(name):
    texts = [option.help for option in SHARED[name].values()]
    assert all(texts)
    common = list(
        takewhile(lambda words: len(set(words)) == 1, zip(*(text.split() for text in texts), strict=False))
    )
    assert len(common) >= 2, "\n".join(f"{command}: {o.help}" for command, o in SHARED[name].items())


@pytest.mark.parametrize("name", ["--items", "--map", "--judge", "--raters"])
def test_name_that_had_two_meanings_has_one(name):
    helps = {option.help for option in by_name()[name].values()}
    assert len(helps) == 1


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_every_option_has_a_help_text_that_is_a_sentence(name):
    for option in options_of(LEAVES[name]):
        text = (option.help or "").partition("  [default")[0]
        assert text[:1].isupper() or text.startswith("HTTP"), f"{name} {option.opts[0]}: {text!r}"
        assert text.endswith((".", "…")), f"{name} {option.opts[0]}: {text!r}"


@pytest.mark.parametrize(
    "name", sorted(name for name, leaf in LEAVES.items() if len(options_of(leaf)) > _MOST_UNGROUPED)
)
def test_long_help_is_grouped_under_headings(name):
    assert isinstance(LEAVES[name], GroupedCommand)
    sections = {o.opts[0]: section_of(o) for o in options_of(LEAVES[name]) if not o.hidden}
    assert "Other" not in sections.values(), sections
    assert len(set(sections.values())) >= 2
    text = CliRunner().invoke(main, [*name.split(), "--help"]).stdout
    assert all(f"\n{title}:\n" in text for title in sections.values())


def test_help_of_score_names_what_is_judged_the_judge_the_connection_the_model_and_the_output():
    sections = list(dict.fromkeys(section_of(option) for option in options_of(LEAVES["score"])))
    assert sections == [
        "Items to judge",
        "Judge",
        "Connection to an API",
        "Local model (--judge vllm:MODEL)",
        "Many machines (--judge vllm:MODEL)",
        "Output",
    ]


def test_environment_sets_an_option_by_its_name_and_not_by_the_name_of_its_parameter(monkeypatch):
    monkeypatch.setenv("JUDGE_WORST", "7")  # `agree --disagreements` keeps its value in a parameter `worst`
    load = main.get_command(click.Context(main), "agree")
    context = load.make_context("agree", ["."], parent=click.Context(main))
    assert context.params["worst"] == 3


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_help_names_no_python_type_and_no_empty_range(name):
    text = CliRunner().invoke(main, [*name.split(), "--help"]).stdout
    assert not re.findall(r"None|FLOAT|INTEGER|\bTEXT\b", text)


@pytest.mark.parametrize("command", ["report", "compare", "leaderboard"])
def test_the_default_of_cluster_names_both_fields(command):
    (option,) = [one for name, one in by_name()["--cluster"].items() if name.endswith(command)]
    assert "[default: pair_id, or the question, if shared]" in option.help


@pytest.mark.parametrize("name", ["report", "compare", "leaderboard"])
def test_options_about_the_file_of_ratings_are_listed_by_agree_and_accepted_by_reports(name):
    shown, listed = (
        {option.opts[0] for option in options_of(LEAVES[command]) if not option.hidden}
        for command in (name, "agree")
    )
    hidden = {option.opts[0] for option in options_of(LEAVES[name]) if option.hidden}
    assert {"--humans", "--dimension", "--pass", "--sampling", "--population", "--cluster"} <= shown
    assert {"--column", "--items", "--scale", "--missing-codes", "--rater-scale"} <= hidden <= listed
    text = CliRunner().invoke(main, [name, "--help"]).stdout
    assert "judge agree --help" in text
    assert len(text.splitlines()) < 95
