"""The tables of tests/analysis, and runs on disk."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "analysis_tables", Path(__file__).parents[1] / "analysis" / "conftest.py"
)
_TABLES = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_TABLES)


@pytest.fixture(scope="session")
def make_table():
    return _TABLES.build_table


@pytest.fixture(scope="session")
def make_rubric():
    return _TABLES.build_rubric
