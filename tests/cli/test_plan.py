"""`judge plan`: what cannot be is refused with what is allowed."""

import pytest
from click.testing import CliRunner

from judge.cli import main


def judge(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--statistic", "alpha", "--shares", "1,2,3"], "--shares 1,2,3: allowed are 2 to 101 shares"),
        (["--shares", "1"], "--shares 1: allowed are 2 to 101 shares"),
        (["--shares", "0.5,nan"], "--shares 0.5,nan: allowed are 2 to 101 shares"),
        (["--shares", "-1,2"], "--shares -1,2: allowed are 2 to 101 shares"),
        (["--margin", "5"], "--margin 5: allowed is a number above 0, at most 1"),
        (["--shares", ",".join(["0.002"] * 500)], "allowed are 2 to 101 shares"),
        (["--per-item", "11"], "--per-item 11: allowed for difference are at most 10 people per item"),
        (["--per-item", "1"], "agreement among people needs at least 2 raters per item"),
        (["--statistic", "alpha", "--cluster-size", "1000000"], "give other --shares, smaller groups"),
        (["--minutes", "-3"], "--minutes -3: allowed is a number above 0"),
        (["--half-width", "1e-10"], "--half-width 1e-10: allowed is a number from 0.0001 to below 1"),
        (["--minutes", "1e308"], "--minutes 1e+308: allowed is a number above 0, at most 10,000"),
        (["--minutes", "nan"], "--minutes nan: allowed is a number above 0"),
        (["--half-width", "nan"], "--half-width nan: allowed is a number from 0.0001 to below 1"),
    ],
)
def test_what_cannot_be_is_one_line_with_what_is_allowed(words, message):
    result = judge("plan", *words)
    assert result.exit_code == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["agree", "plan"])
def test_a_negative_seed_is_a_usage_error(command):
    result = judge(command, "--seed", -1)
    assert result.exit_code == 2
    assert "'--seed': -1 is not in the range x>=0" in result.stderr


def test_a_correlation_that_is_no_number_is_a_usage_error():
    result = judge("plan", "--cluster-icc", "nan")
    assert result.exit_code == 2
    assert "'--cluster-icc'" in result.stderr


@pytest.mark.parametrize("margin", ["-1", "0", "nan", "kappa=0.05"])
def test_a_margin_that_a_study_cannot_have_is_a_usage_error(margin):
    result = judge("plan", "--margin", margin)
    assert result.exit_code == 2
    assert "'--margin'" in result.stderr


def test_shares_that_add_up_to_one_are_accepted():
    result = judge("plan", "--statistic", "alpha", "--per-item", 2, "--shares", "0.3,0.3,0.4")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("words", [["--budget", 5], ["--margin", 0.1], ["--minutes", 3]])
def test_a_size_beside_the_choice_of_items_is_a_usage_error(tmp_path, words):
    result = judge("plan", tmp_path, "--select", 3, *words)
    assert result.exit_code == 2
    assert f"{words[0]} concerns the size of a study and --select its items" in result.stderr
