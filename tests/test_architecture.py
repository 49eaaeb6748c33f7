"""Who may import whom, what an import costs, and how large a piece may grow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import judge

ROOT = Path(judge.__file__).parent.parent
HEAVY = {
    "litellm",
    "vllm",
    "pandas",
    "scipy",
    "matplotlib",
    "starlette",
    "ray",
    "torch",
    "krippendorff",
    "PIL",
}

# Place -> the places that it may import. The longest prefix of a module's name is its place.
MAY_IMPORT = {
    "judge": {"judge"},
    "judge.errors": set(),
    "judge.records": {"judge.errors"},
    "judge.files.unpacking": {"judge.errors"},
    "judge.tables": {"judge.errors"},
    "judge.rows": {"judge.errors", "judge.tables", "judge.files.unpacking"},
    "judge.items": {"judge.errors", "judge.records", "judge.rows", "judge.tables"},
    "judge.files.strict_yaml": set(),
    "judge.files.writing": {"judge.errors"},
    "judge.pass_mark": set(),
    "judge.rubric": {"judge.errors", "judge.records", "judge.files.strict_yaml", "judge.pass_mark"},
    "judge.formats": {"judge.errors", "judge.files.unpacking", "judge.records", "judge.rows", "judge.items", "judge.rubric"},
    "judge.hardware": {"judge.errors"},
    "judge.files.image_metadata": set(),
    "judge.files.images": {"judge.errors", "judge.files.image_metadata"},
    "judge.files.sqlite": {"judge.errors"},
    "judge.scoring": {"judge", "judge.errors", "judge.tables", "judge.files.images", "judge.files.image_metadata", "judge.files.sqlite", "judge.hardware", "judge.records", "judge.rows", "judge.items", "judge.rubric", "judge.files.writing"},
    "judge.stats": set(),
    "judge.analysis": {
        "judge.errors", "judge.records", "judge.rows", "judge.items", "judge.pass_mark", "judge.rubric", "judge.stats",
        "judge.scoring.run", "judge.scoring.parsing.echoes", "judge.scoring.parsing.verdicts", "judge.formats", "judge.files.writing",
    },
    "judge.reporting": {"judge", "judge.errors", "judge.records", "judge.rubric", "judge.stats", "judge.analysis", "judge.scoring.run", "judge.scoring.images", "judge.files.writing"},
    "judge.cli": {"judge", "human_study"},
    "human_study": {"judge.errors", "judge.files.images", "judge.files.image_metadata", "judge.files.sqlite", "judge.records", "judge.rows", "judge.items", "judge.rubric", "judge.files.writing"},
}  # fmt: skip
# Within scoring, what is pure knows nothing of what acts.
PURE = {
    f"judge.scoring.{name}"
    for name in (
        "prompt",
        "judge",
        "parsing.parse",
        "parsing.echoes",
        "parsing.verdicts",
        "parsing.json_objects",
        "parsing.repaired_json",
    )
}
ACTING = {
    "judge.scoring.run",
    "judge.scoring.loop",
    "judge.scoring.score",
    "judge.scoring.backends",
    "judge.scoring.images",
}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("judge", "human_study")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def imported(path):
    """Names of our own modules that a file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (
                f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in MODULES else node.module
                for a in node.names
            )
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def ours(path):
    return {name for name in imported(path) if name.split(".")[0] in ("judge", "human_study")}


def place(module):
    return max((p for p in MAY_IMPORT if f"{module}.".startswith(f"{p}.")), key=len)


def is_in(module, places):
    return any(module == p or (p != "judge" and module.startswith(f"{p}.")) for p in places)


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_lower_layers(module):
    home = place(module)
    everything = home == "judge" or home == "judge.cli"
    allowed = MAY_IMPORT[home] | {home}
    wrong = {name for name in ours(MODULES[module]) if not everything and not is_in(name, allowed)}
    assert not wrong, f"{module} may not import {sorted(wrong)}"


@pytest.mark.parametrize("module", sorted(PURE))
def test_pure_scoring_module_imports_nothing_that_acts(module):
    assert not {name for name in ours(MODULES[module]) if is_in(name, ACTING)}


def loaded_by(command):
    """Names of the packages that a fresh process holds after a command."""
    code = f"""
import sys
try:
    {command}
except SystemExit:
    pass
print("loaded:", *{{name.split(".")[0] for name in sys.modules}})"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(out.rpartition("loaded: ")[2].split())


@pytest.mark.parametrize(
    "command", ["import judge", "import judge.cli", "from judge.cli import main; main(['--help'])"]
)
def test_importing_judge_loads_no_heavy_dependency(command):
    assert not loaded_by(command) & (HEAVY | {"numpy", "aiohttp", "pydantic", "rich"})


def test_scoring_through_an_api_loads_neither_litellm_nor_pandas_nor_scipy():
    assert not loaded_by("import judge.cli.score, judge.scoring.backends.api.openai_http") & HEAVY


def test_statistics_need_numpy_alone():
    loaded = loaded_by("import judge.stats as s; [getattr(s, name) for name in s.__all__]")
    assert not loaded & (HEAVY | {"pydantic", "yaml"})


def test_public_names_are_these():
    assert set(judge.__all__) == {
        "Completion", "Connection", "EngineOptions", "Image", "Item", "Judge", "JudgeError", "Options", "Rubric", "Run", "Score",
        "load_items", "load_rubric", "score",
    }  # fmt: skip


@pytest.mark.parametrize("name", judge.__all__)
def test_public_name_is_there(name):
    assert getattr(judge, name).__doc__


def test_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        judge.nonsense  # noqa: B018 - the access is the test


@pytest.mark.parametrize("module", MODULES)
def test_module_stays_small(module):
    assert len(MODULES[module].read_text().splitlines()) <= 400


def functions(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            has_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            doc = first.end_lineno - first.lineno + 1 if has_doc else 0
            yield node.name, node.end_lineno - node.lineno + 1 - doc


@pytest.mark.parametrize("module", MODULES)
def test_functions_stay_small(module):
    assert not [(name, size) for name, size in functions(MODULES[module]) if size > 60]
