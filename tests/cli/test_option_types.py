"""How values of options are read: numbers, lists, pairs and margins."""

import datetime
import os

import click
import pytest
from click.core import ParameterSource

from judge.cli.option_types import (
    Number,
    Repeated,
    RunPath,
    margins,
    names,
    numbers,
    pairs,
    single_margin,
    source_of,
    words,
)

CONTEXT = click.Context(click.Command("test"))
PARAM = click.Option(["--test"])


def called(callback, value):
    return callback(CONTEXT, PARAM, value)


def message_of(value):
    with pytest.raises(click.BadParameter) as caught:
        RunPath().convert(value, PARAM, CONTEXT)
    return caught.value.message


def test_a_file_in_place_of_a_run_is_refused_with_what_to_do(tmp_path):
    answers = tmp_path / "answers.csv"
    answers.touch()
    assert "is a file; allowed is the folder of a run, which judge score FILE" in message_of(str(answers))


def test_a_run_that_does_not_exist_is_refused_with_the_runs_beside_it(tmp_path, monkeypatch):
    assert message_of(str(tmp_path / "a")).endswith("which judge score FILE writes and names")
    monkeypatch.chdir(tmp_path)
    for k in range(7):
        (tmp_path / "runs" / f"r{k}").mkdir(parents=True)
        (tmp_path / "runs" / f"r{k}" / "run.json").touch()
    (tmp_path / "runs" / "other").mkdir()
    first = ", ".join(f"runs/r{k}" for k in range(5))
    assert "'runs/x' does not exist; allowed is the folder of a run" in message_of("runs/x")
    assert message_of("runs/x").endswith(f"; found: {first} and 2 more")
    assert message_of("nowhere/x").endswith(f"; found: {first} and 2 more")
    assert RunPath().convert("runs/other", PARAM, CONTEXT) == "runs/other"


@pytest.mark.parametrize(
    ("value", "is_allowed"), [("0", True), ("1", False), ("0.999", True), ("-0.1", False)]
)
def test_a_number_lies_in_its_range(value, is_allowed):
    kind = Number(0, 1, max_open=True)
    if is_allowed:
        assert kind.convert(value, PARAM, CONTEXT) == float(value)
    else:
        with pytest.raises(click.BadParameter):
            kind.convert(value, PARAM, CONTEXT)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_number_is_finite_and_the_error_names_the_range(value):
    with pytest.raises(click.BadParameter, match="not a finite number; allowed: any finite number"):
        Number().convert(value, PARAM, CONTEXT)
    if value != "-inf":
        with pytest.raises(click.BadParameter, match="not a finite number; allowed: x>=0"):
            Number(min=0).convert(value, PARAM, CONTEXT)


@pytest.mark.parametrize("value", [3, 0.5, "a"])
def test_a_repeated_option_takes_a_single_value_of_a_settings_file(value):
    option = Repeated(["--test"], multiple=True)
    assert option.type_cast_value(CONTEXT, value) == (str(value),)
    assert option.type_cast_value(CONTEXT, ["a", "b"]) == ("a", "b")


def test_pairs_are_split_at_the_first_sign():
    assert called(pairs, ("a=b", "c=d=e", "f=")) == {"a": "b", "c": "d=e", "f": ""}


def test_a_name_with_two_values_is_refused():
    assert called(pairs, ("ben=1-10", "ben=1-10")) == {"ben": "1-10"}
    with pytest.raises(click.BadParameter, match="ben: given twice, with '1-10' and '1-20'; give it once"):
        called(pairs, ("ben=1-10", "ben=1-20"))


@pytest.mark.parametrize("value", ["a", "=b", " =b", ""])
def test_a_pair_without_a_name_or_a_sign_is_refused(value):
    with pytest.raises(click.BadParameter, match="allowed is name=value"):
        called(pairs, (value,))


@pytest.mark.parametrize("read", [words, names])
def test_lists_are_split_at_commas(read):
    assert called(read, " a, b ,a*b") == ("a", "b", "a*b")
    assert called(read, "") == ()
    for value in ("a,,b", ",", "a,", " "):
        with pytest.raises(click.BadParameter, match="allowed are"):
            called(read, value)


def test_numbers_may_have_a_name():
    assert called(numbers, ("3", "clarity=4.5", " a = 2")) == {"": 3, "clarity": 4.5, "a": 2}
    assert called(numbers, ()) == {}
    for value in ("x", "a=x", "nan", "a=inf", ""):
        with pytest.raises(click.BadParameter, match="allowed is a number, or NAME=NUMBER"):
            called(numbers, (value,))


def test_margins_are_above_zero():
    assert called(margins, ("0.05", "kappa=0.0001")) == {"": 0.05, "kappa": 0.0001}
    for value in ("0", "-0.1", "kappa=0"):
        with pytest.raises(click.BadParameter, match="allowed is a loss of agreement above 0"):
            called(margins, (value,))


def test_a_single_margin_has_no_name():
    assert called(single_margin, ()) is None
    assert called(single_margin, ("0.05",)) == 0.05
    with pytest.raises(click.BadParameter, match="planned for one margin"):
        called(single_margin, ("kappa=0.05",))


def context(**sources):
    made = click.Context(click.Command("test"))
    for name, source in sources.items():
        made.set_parameter_source(name, source)
    return made


def test_the_source_of_an_option_is_the_file_before_the_environment_and_the_command_line(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    typed, env, file = ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT, ParameterSource.DEFAULT_MAP
    assert source_of(context(margin=typed), "margin", "epsilon") == "given on the command line"
    assert source_of(context(margin=typed, epsilon=env), "margin", "epsilon") == "set in the environment"
    assert source_of(context(margin=env), "epsilon") == "given on the command line"
    day = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC).timestamp()
    for name in ("pyproject.toml", "judge.toml"):  # judge.toml is read first
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (day, day))
        found = source_of(context(margin=file, epsilon=env), "margin", "epsilon")
        assert found == f"set in {name}, last changed 2024-02-29"
