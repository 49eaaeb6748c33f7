"""axe-core, which finds what makes a page hard to use; out of the package axe-playwright-python."""

from importlib.resources import files

import pytest


def axe_script() -> str:
    """Return the script to evaluate in a page, or skip the test where the package is not installed."""
    pytest.importorskip("axe_playwright_python", reason="needs axe: pip install '.[dev]'")
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
