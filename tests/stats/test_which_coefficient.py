"""The page that says which coefficient to use when names functions that exist, and its code runs."""

import inspect
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from sklearn.metrics import cohen_kappa_score

import judge.stats
from judge.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "which_coefficient.md").read_text()


def test_every_function_that_the_page_names_is_public():
    named = set(re.findall(r"`([a-z][a-z_]+)(?:\([^`]*\))?`", PAGE)) - {"k", "scale", "clusters", "pair_id"}
    assert len(named) > 45
    assert named <= set(judge.stats.__all__)


def test_every_coefficient_has_a_place_on_the_page():
    package = "judge.stats.coefficients"
    functions = {n for n in judge.stats.__all__ if getattr(judge.stats, n).__module__.startswith(package)}
    coefficients = {n for n in functions if n.islower() and not n.endswith("_statistic")}
    helpers = {"check_alpha", "agreement_by_samples", "samples_for_reliability", "spearman_brown"}
    helpers |= {"variance_components", "worthwhile_samples", "auc_difference"}
    missing = {n for n in coefficients - helpers if not re.search(rf"`{n}\b", PAGE)}
    assert missing == set()


def test_every_function_that_no_command_calls_is_on_the_page():
    root = Path(judge.stats.__file__).parents[1]
    folders = [root / n for n in ("analysis", "reporting", "workflows", "cli")] + [
        root.parent / "human_study"
    ]
    called = " ".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    functions = [n for n in judge.stats.__all__ if inspect.isfunction(getattr(judge.stats, n))]
    uncalled = [n for n in functions if not re.search(rf"\b{n}\b", called)]
    assert len(uncalled) > 20
    missing = [n for n in uncalled if f"`{n}`" not in PAGE.partition("## Only from Python")[2]]
    assert missing == []


def test_the_page_is_named_by_the_help_of_agree_and_by_the_readme():
    text = " ".join(CliRunner().invoke(main, ["agree", "--help"]).stdout.split())
    assert "docs/which_coefficient.md" in text
    assert "help(judge.stats)" in text
    assert "Which coefficient to use when" in judge.stats.__doc__
    assert "docs/which_coefficient.md" in (Path(__file__).parents[2] / "README.md").read_text()


def test_the_code_of_the_page_runs(capsys):
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, {})
    agreement, kappa = (line.split()[0] for line in capsys.readouterr().out.splitlines())
    human, judge = [4, 2, 5, 1, 3, 4, 4, 2, 5, 3], [4, 3, 5, 1, 3, 4, 5, 2, 4, 3]
    assert float(agreement) == 0.7
    assert float(kappa) == pytest.approx(cohen_kappa_score(human, judge, weights="quadratic"), abs=5e-4)


COEFFICIENTS = sorted(
    name
    for name, value in vars(judge.stats).items()
    if getattr(value, "__module__", "").startswith("judge.stats.coefficients") and name.islower()
)
NOT_COEFFICIENTS = {"check_alpha", "d_study", "g_study", "retest", "agreement_by_samples"}
NOT_COEFFICIENTS |= {"samples_for_reliability", "spearman_brown", "worthwhile_samples"}


@pytest.mark.parametrize(
    "name", [n for n in COEFFICIENTS if not n.endswith("_statistic") and n not in NOT_COEFFICIENTS]
)
def test_every_coefficient_says_when_not_to_use_it(name):
    assert "Do not " in getattr(judge.stats, name).__doc__
