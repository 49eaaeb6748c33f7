"""What a plain install brings along: no GPL package, and no extra that nothing uses."""

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import judge
from judge.stats import check_alpha

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(requirements):
    """Names of all installed packages that the requirements bring along, extras of theirs included."""
    found, waiting = set(), [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonical(requirement.name)
        for wanted in ("", *requirement.extras):
            if (name, wanted) in found:
                continue
            found.add((name, wanted))
            waiting += [(Requirement(text), wanted) for text in metadata.requires(name) or ()]
    return sorted({name for name, _ in found})


def licences(name):
    """The licence expression, the first line of the licence field, and the licence classifiers."""
    package = metadata.metadata(name)
    classifiers = [c for c in package.get_all("Classifier") or () if c.startswith("License ::")]
    field = (package.get("License") or "").strip().partition("\n")[0]
    return [text for text in (package.get("License-Expression"), field, *classifiers) if text]


def is_gpl(licence):
    """Return whether a licence is the GPL or AGPL.

    Not so the LGPL, which allows use from programs under other licences, nor the exception for the libraries of
    GCC, which numerical packages carry in their wheels (libgfortran).
    """
    licence = re.sub(r"GPL\S* WITH GCC-exception\S*", "", licence)
    lesser = re.sub(r"LGPL\S*|GNU (Lesser|Library) General Public License[^)]*(\([^)]*\))?", "", licence)
    return re.search(r"\bA?GPL|GNU (Affero )?General Public", lesser) is not None


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("GPL-3.0-or-later", True),
        ("MIT AND AGPLv3", True),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", True),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", False),
        ("LGPL-2.1-only", False),
        ("BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1", False),
        ("MPL-2.0 AND MIT", False),
    ],
)
def test_gpl_is_recognised(licence, expected):
    assert is_gpl(licence) == expected


PLAIN = closure(PROJECT["dependencies"])


def test_dependencies_of_dependencies_are_looked_at():
    assert {"aiohttp", "yarl", "multidict", "litellm", "tokenizers"} <= set(PLAIN)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_install_brings_no_gpl_package(name):
    assert not [text for text in licences(name) if is_gpl(text)]


def test_krippendorff_is_an_extra_because_it_is_gpl():
    assert any(map(is_gpl, licences("krippendorff")))
    assert [Requirement(r).name for r in PROJECT["optional-dependencies"]["krippendorff"]] == ["krippendorff"]


def test_alpha_is_left_unchecked_where_krippendorff_is_not_installed(monkeypatch):
    assert check_alpha([1, 2, 3, 3], [1, 2, 2, 3], level="ordinal") is True
    monkeypatch.setitem(sys.modules, "krippendorff", None)  # importing it is an ImportError
    assert check_alpha([1, 2, 3, 3], [1, 2, 2, 3], level="ordinal") is None


NOT_INSTALLED = {"open_clip": "open_clip_torch"}
"""Package -> distribution, of extras that the environment of these tests lacks."""


def imported_packages():
    """Top-level names that the package imports, its own and the standard library's left out."""
    files = [path for folder in ("judge", "human_study") for path in (ROOT / folder).rglob("*.py")]
    names = set()
    for node in (node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - {"judge", "human_study"}


def test_a_plain_install_brings_what_the_code_imports_and_nothing_else():
    distributions = metadata.packages_distributions()
    imported = {
        canonical(name)
        for package in imported_packages()
        for name in distributions.get(package, [NOT_INSTALLED.get(package, package)])
    }
    declared = {canonical(Requirement(text).name) for text in PROJECT["dependencies"]}
    optional = {
        canonical(Requirement(r).name) for group in PROJECT["optional-dependencies"].values() for r in group
    }
    assert declared - imported == {"litellm"}  # which is loaded by its name
    assert imported - optional <= set(PLAIN)


def test_pages_with_charts_need_no_matplotlib(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # importing it is an ImportError
    with judge.score(ROOT / "examples" / "answers.jsonl", out=tmp_path / "r") as run:
        assert "<svg" in judge.report(run).to_html(tmp_path / "page.html")
        assert "<svg" in judge.agree(run, ROOT / "examples" / "ratings.csv").to_html(tmp_path / "people.html")


@pytest.mark.parametrize("extra", sorted(set(PROJECT["optional-dependencies"]) - {"dev"}))
def test_extra_is_used_by_the_code(extra):
    files = [*(ROOT / "judge").rglob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    names = [Requirement(text).name for text in PROJECT["optional-dependencies"][extra]]
    assert [
        name for name in names if re.search(rf"(import|from) {name}\b|import_module\(\"{name}\"\)", source)
    ]
