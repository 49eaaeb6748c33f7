"""Which place may import which, what an import costs, and how large a module or function may be."""

import ast
import subprocess
import sys
from collections import Counter, defaultdict
from graphlib import TopologicalSorter
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

# The layout, from low to high: place -> the places that it may import, all of which stand above it in this table.
# The longest prefix of a module's name is its place. `judge` itself means `judge/__init__.py`: the public names,
# which it loads on demand.
MAY_IMPORT = {
    "judge.errors": set(),
    "judge.counting": set(),
    "judge.version": set(),
    "judge.local_server": {"judge.errors"},
    "judge.files": {"judge.errors"},
    "judge.pass_mark": set(),
    "judge.records": {"judge.errors"},
    "judge.rows": {"judge.errors", "judge.files"},
    "judge.items": {"judge.errors", "judge.records", "judge.rows"},
    "judge.rubric": {"judge.errors", "judge.files", "judge.pass_mark", "judge.records"},
    "judge.formats": {
        "judge.counting", "judge.errors", "judge.files", "judge.items", "judge.records", "judge.rows", "judge.rubric",
    },
    "judge.hardware": {"judge.errors"},
    "judge.scoring": {
        "judge.errors", "judge.files", "judge.hardware", "judge.items", "judge.pass_mark", "judge.records",
        "judge.rows", "judge.rubric", "judge.version",
    },
    "judge.reference_images": {
        "judge.counting", "judge.errors", "judge.files", "judge.items", "judge.records", "judge.rows", "judge.rubric",
        "judge.scoring",
    },
    "judge.stats": set(),
    "judge.analysis": {
        "judge.counting", "judge.errors", "judge.files", "judge.formats", "judge.items", "judge.pass_mark", "judge.records", "judge.rows",
        "judge.rubric", "judge.stats", "judge.scoring.run", "judge.scoring.parsing",
    },
    "judge.stress_testing": {
        "judge.errors", "judge.files", "judge.items", "judge.records", "judge.rubric", "judge.scoring", "judge.stats",
    },
    "judge.reporting": {
        "judge.analysis", "judge.counting", "judge.errors", "judge.files", "judge.records", "judge.rubric", "judge.stats",
        "judge.scoring.images", "judge.scoring.parsing.chosen_letter", "judge.scoring.random_sample", "judge.scoring.run", "judge.scoring.run_summary",
        "judge.stress_testing", "judge.version",
    },
    "judge.workflows": {
        "judge.analysis", "judge.errors", "judge.formats", "judge.items", "judge.records", "judge.reference_images",
        "judge.reporting", "judge.rows", "judge.rubric", "judge.scoring", "judge.stats", "judge.stress_testing",
    },
    "judge.view": {
        "judge.errors", "judge.files", "judge.local_server", "judge.pass_mark", "judge.records", "judge.rubric",
        "judge.scoring",
    },
    "human_study": {
        "judge.counting", "judge.errors", "judge.files", "judge.formats", "judge.items", "judge.local_server", "judge.records",
        "judge.rows", "judge.rubric", "judge.scoring.run", "judge.stats",
    },
    "judge.doctor": {"judge.hardware", "judge.scoring"},
    "judge": set(),
    "judge.cli": {"judge", "human_study"},
    "judge.__main__": {"judge.cli"},
}  # fmt: skip
# These two may import every place: the public names, and the commands.
FACADES = {"judge", "judge.cli"}
# Within scoring, what is pure imports nothing that sends, stores or reads files.
PURE = {
    f"judge.scoring.{name}"
    for name in (
        "prompt",
        "reply_form",
        "judge",
        "parsing.parse",
        "parsing.echoes",
        "parsing.verdicts",
        "parsing.values",
        "parsing.chosen_letter",
        "parsing.choice_answers",
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


def imports_in(tree):
    """Names of the modules that a syntax tree imports, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (
                f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in MODULES else node.module
                for a in node.names
            )
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def ours(path):
    """Names of our own modules that a file imports."""
    return {
        name
        for name in imports_in(ast.parse(path.read_text()))
        if name.split(".")[0] in ("judge", "human_study")
    }


def place(module):
    return max((p for p in MAY_IMPORT if f"{module}.".startswith(f"{p}.")), key=len)


def is_in(module, places):
    return any(module == p or (p != "judge" and module.startswith(f"{p}.")) for p in places)


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_lower_layers(module):
    home = place(module)
    allowed = MAY_IMPORT[home] | {home}
    wrong = {name for name in ours(MODULES[module]) if home not in FACADES and not is_in(name, allowed)}
    assert not wrong, f"{module} may not import {sorted(wrong)}"


def test_layout_has_no_upward_arrow():
    position = {name: i for i, name in enumerate(MAY_IMPORT)}
    arrows = [(name, target) for name, allowed in MAY_IMPORT.items() for target in allowed]
    assert not [(name, target) for name, target in arrows if position[place(target)] >= position[name]]


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_place_of_the_layout_exists(name):
    assert any(module == name or module.startswith(f"{name}.") for module in MODULES)


def test_no_modules_import_each_other():
    """Imports inside functions and for annotations count as well."""
    tree = {module: (ours(path) & MODULES.keys()) - {module, "judge"} for module, path in MODULES.items()}
    TopologicalSorter(tree).prepare()  # raises CycleError, which names the modules


def test_no_class_name_stands_twice():
    places = defaultdict(list)
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(module)
    assert not {name: found for name, found in places.items() if len(found) > 1}


PACKAGES = sorted({".".join(m.split(".")[:2]) for m in MODULES if m.count(".") > 1} | {"human_study"})
# Here the path makes the difference plain.
SAME_MODULE_NAME = {"judge.scoring": {"backend"}, "judge.analysis": {"panel"}}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_name_stands_twice_within_one_package(package):
    inside = [m for m, path in MODULES.items() if m.startswith(f"{package}.") and path.name != "__init__.py"]
    names = Counter(module.rpartition(".")[2] for module in inside)
    assert {name for name, n in names.items() if n > 1} <= SAME_MODULE_NAME.get(package, set())


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
        "Completion", "Connection", "EngineOptions", "Image", "Item", "Judge", "JudgeError", "PlanOptions",
        "RatingOptions", "RayOptions", "Rubric", "Run", "Score", "ScoringCallback", "agree", "apply_calibration", "attach_normals", "audit", "calibrate", "choice",
        "compare", "leaderboard", "load_items", "load_rubric", "merge", "plan", "preview", "read_ratings", "rederive", "report", "retest",
        "score", "select_items", "stress",
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
