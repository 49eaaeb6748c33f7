import importlib
import pkgutil

import pytest

import judge.stats

MODULES = [module.name for module in pkgutil.iter_modules(judge.stats.__path__)]
FUNCTIONS = [name for name in judge.stats.__all__ if name.islower() and not name.endswith("_statistic")]


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_offers_is_offered_by_the_package(module):
    offered = getattr(importlib.import_module(f"judge.stats.{module}"), "__all__", [])
    assert set(offered) <= set(judge.stats.__all__)


def test_every_name_offered_exists_once_and_in_order():
    assert judge.stats.__all__ == sorted(set(judge.stats.__all__))
    assert all(hasattr(judge.stats, name) for name in judge.stats.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_shows_an_example(name):
    assert ">>>" in getattr(judge.stats, name).__doc__
