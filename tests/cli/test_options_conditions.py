"""Every default is shown by `--help`."""

import click
import pytest

from judge.cli import COMMANDS, load_command


def leaves(command, name):
    if isinstance(command, click.Group):
        for word, inner in command.commands.items():
            yield from leaves(inner, f"{name} {word}")
    else:
        yield name, command


LEAVES = {name: leaf for command in COMMANDS for name, leaf in leaves(load_command(command), command)}
DEFAULTS = [
    (name, option)
    for name, leaf in LEAVES.items()
    for option in leaf.params
    if isinstance(option, click.Option)
    and not (option.is_flag or option.hidden)
    and isinstance(option.default, int | float | str)
    if option.default != ""
]


@pytest.mark.parametrize(
    ("name", "option"), DEFAULTS, ids=[f"{name} {option.opts[0]}" for name, option in DEFAULTS]
)
def test_a_default_is_shown(name, option):
    with click.Context(LEAVES[name]) as context:
        _, text = option.get_help_record(context)
    assert "default:" in text
    if option.show_default is True:
        assert str(option.default) in text
