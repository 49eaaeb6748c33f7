import importlib
import inspect
import pkgutil
import types

import pytest

import judge.stats
from tests.stats.test_possible import CASES, Data

MODULES = [m.name for m in pkgutil.walk_packages(judge.stats.__path__, "judge.stats.")]
FUNCTIONS = [name for name in judge.stats.__all__ if name.islower() and not name.endswith("_statistic")]


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_offers_is_offered_by_the_package(module):
    offered = getattr(importlib.import_module(module), "__all__", [])
    assert set(offered) <= set(judge.stats.__all__)


def test_every_name_offered_exists_once_and_in_order():
    assert judge.stats.__all__ == sorted(set(judge.stats.__all__))
    assert all(hasattr(judge.stats, name) for name in judge.stats.__all__)


def test_no_two_modules_define_one_public_name():
    for name in judge.stats.__all__:
        owners = {
            getattr(value, "__module__", "")
            for module in MODULES
            if inspect.isfunction(value := getattr(importlib.import_module(module), name, None))
            or inspect.isclass(value)
        }
        assert len(owners) <= 1, (name, owners)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_shows_an_example(name):
    assert ">>>" in getattr(judge.stats, name).__doc__


def test_no_submodule_shadows_a_public_name():
    for module in MODULES:
        importlib.import_module(module)
    shadowed = [n for n in judge.stats.__all__ if isinstance(getattr(judge.stats, n), types.ModuleType)]
    assert shadowed == []


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
def test_calling_a_function_twice_gives_the_same(name):
    """After all submodules are loaded: the first call must not replace the name, nor change its input."""
    for module in MODULES:
        importlib.import_module(module)
    call, _ = CASES[name]
    first, second = (repr(call(Data.of(5, 14, 4, 0.2, clustered=False, method="auto"))) for _ in range(2))
    assert first == second
