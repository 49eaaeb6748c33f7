"""Mutation test: change one expression, run the tests that execute it, and see whether one of them fails.

    python benchmarks/mutation.py AREA [--sample N] [--seed S]     a random sample of one area
    python benchmarks/mutation.py AREA --only FILE:LINE[#K] ...    all mutants of a line, or the K-th of them

    python benchmarks/mutation.py stats --sample 45 --seed 1
    python benchmarks/mutation.py stats --only judge/stats/coefficients/kappa.py:120#2

`AREAS` below lists the areas. The first run of an area measures which test executes which line, and keeps
that in a file of the temporary folder (``--map FILE`` names another). Later runs measure only the test files
that are new or have changed, as long as the product and the helpers of the tests are the same. Mutants are
made in a temporary copy of the working tree, with its uncommitted files; the tree itself is only read. Set
``JUDGE_PUBLIC_DATA`` to include the tests on public data.

Each mutant prints one line: killed, timeout (counts as killed), survived or uncovered (counts as survived);
the name for ``--only``; the old and the new expression; seconds. The survivors, as arguments of ``--only``,
and a summary follow.

`mutants.py` says what is mutated.

A test that fails or is skipped without a mutant is not used. The tests of the file that mirrors the module
run first, then the other files, the fastest first, until 60 seconds of expected time are reached. A failed
test ends the run of a mutant; one that takes 60 seconds more than twice the expected time is stopped.
"""

import argparse
import ast
import contextlib
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mutants import Mutant, find_mutants

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60  # expected time of the tests of one mutant, and the time that it may take beyond that
MEMORY = 8 * 2**30  # a mutant may allocate without end
EXIT_NO_TESTS = 5  # of pytest
_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef

# area: (what is mutated, which tests may kill the mutants beside the doctests of what is mutated)
AREAS: dict[str, tuple[list[str], list[str]]] = {
    "stats": (["judge/stats"], ["tests/stats"]),
    "scoring": (
        ["judge/scoring", "judge/rubric", "judge/pass_mark.py"],
        ["tests/scoring", "tests/rubric", "tests/test_pass_mark.py", "tests/test_durability.py"],
    ),
    "human_study": (["human_study"], ["tests/human_study"]),
    "analysis": (["judge/analysis"], ["tests/analysis"]),
    "reading": (
        [
            "judge/rows",
            "judge/items",
            "judge/formats",
            "judge/files",
        ],
        [
            "tests/rows",
            "tests/items",
            "tests/formats",
            "tests/files",
        ],
    ),
    "reporting": (["judge/reporting"], ["tests/reporting"]),
    "cli": (
        ["judge/cli", "judge/workflows", "judge/doctor.py", "judge/hardware"],
        ["tests/cli", "tests/workflows", "tests/hardware", "tests/test_public_api.py"],
    ),
}


def find(area: str) -> list[Mutant]:
    """Return all mutants of an area, in the order of files and lines."""
    files = sorted(file for part in AREAS[area][0] for file in _python_files(ROOT / part))
    return [mutant for file in files for mutant in find_mutants(file, _read(file))]


def _python_files(path: Path) -> list[str]:
    paths = path.rglob("*.py") if path.is_dir() else [path] if path.exists() else []
    return [str(each.relative_to(ROOT)) for each in paths]


def sample(mutants: list[Mutant], size: int, seed: int) -> list[Mutant]:
    """Draw mutants at random, at most one of a line."""
    mutants = mutants.copy()
    random.Random(seed).shuffle(mutants)
    drawn: dict[tuple[str, int], Mutant] = {}
    for mutant in mutants:
        if len(drawn) < size and (mutant.file, mutant.line) not in drawn and _compiles(mutant):
            drawn[mutant.file, mutant.line] = mutant
    return [mutant for _, mutant in sorted(drawn.items())]


def _compiles(mutant: Mutant) -> bool:
    return mutant.compiles((ROOT / mutant.file).read_bytes())


# ---- inside pytest, which loads this file as a plugin


def pytest_configure() -> None:
    """Let coverage store what it measured while a test replaces parts of sqlite3."""
    if "MUTATION_LOG" in os.environ:
        from coverage import sqlitedb

        sqlitedb.sqlite3 = SimpleNamespace(**vars(sqlite3))


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Keep the tests of the mutant, in their order; note the fixtures that tests share."""
    if "MUTATION_FIXTURES" in os.environ:
        shared = {item.nodeid: _shared_fixtures(item) for item in items}
        Path(os.environ["MUTATION_FIXTURES"]).write_text(json.dumps(shared), encoding="utf-8")
    if "MUTATION_TESTS" in os.environ:
        wanted = json.loads(Path(os.environ["MUTATION_TESTS"]).read_text(encoding="utf-8"))
        by_name = {item.nodeid: item for item in items}
        kept = [by_name[name] for name in wanted if name in by_name]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


def _shared_fixtures(item: Any) -> list[str]:
    """Return the fixtures of a test that are set up once for several tests."""
    defined = getattr(item, "_fixtureinfo", None)
    found = defined.name2fixturedefs.values() if defined else ()
    return [f"{last.baseid} {last.argname}" for *_, last in found if last.baseid and last.scope != "function"]


def pytest_runtest_logreport(report: Any) -> None:
    """Note how long each test took and whether it passed."""
    if "MUTATION_LOG" in os.environ:
        with open(os.environ["MUTATION_LOG"], "a", encoding="utf-8") as file:
            file.write(json.dumps([report.nodeid, report.duration, report.outcome]) + "\n")


# ---- which test executes which line


class TestMap:
    """Which lines of an area each test executes, and how long it takes."""

    __test__ = False  # not a class of tests

    def __init__(self, area: str, path: Path, tree: Path) -> None:
        sources, tests = AREAS[area]
        self.sources = [source for source in sources if (ROOT / source).exists()]
        self.path, self.tree = path, tree
        files = sorted(
            file for test in tests if (ROOT / test).exists() for file in _python_files(ROOT / test)
        )
        self.mutated = sorted(file for part in self.sources for file in _python_files(ROOT / part))
        self.helpers = [file for file in files if not Path(file).name.startswith("test_")]
        self.test_files = [file for file in files if Path(file).name.startswith("test_")]
        self.seconds: dict[str, float] = {}  # by test that passes
        self.lines: dict[str, dict[str, list[int]]] = {}  # test: file: lines

    def measure(self) -> None:
        """Run the test files that are new or have changed since the last run; all if the product has."""
        sources = _digest([*self.mutated, *self.helpers])
        digests = {file: _digest([file]) for file in self.test_files}
        kept = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        if kept.get("sources") != sources:
            kept = {"tests": {}, "seconds": {}, "lines": {}}
        old, new = (
            kept["tests"],
            [file for file in self.test_files if kept["tests"].get(file) != digests[file]],
        )
        stale = {file for file in old if file not in digests}.union(new)
        self.seconds = {
            test: seconds for test, seconds in kept["seconds"].items() if _file_of(test) not in stale
        }
        self.lines = {test: lines for test, lines in kept["lines"].items() if test in self.seconds}
        if new:
            self._run(new if old else [*new, *self.sources])  # the sources for their doctests
        state = {"sources": sources, "tests": digests, "seconds": self.seconds, "lines": self.lines}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(state), encoding="utf-8")

    def _run(self, paths: list[str]) -> None:
        from coverage import CoverageData

        print(f"measuring which tests execute which lines: {len(paths)} files and folders", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            config, data, log, shared, output = (
                Path(folder, name) for name in ("coveragerc", "coverage", "log", "fixtures", "output")
            )
            config.write_text("[run]\nsource =\n    judge\n    human_study\n")
            options = ["--cov", f"--cov-config={config}", "--cov-context=test", "--cov-report="]
            environment = _environment(self.tree) | {
                "COVERAGE_FILE": str(data), "MUTATION_LOG": str(log), "MUTATION_FIXTURES": str(shared),
            }  # fmt: skip
            with output.open("wb") as file:
                command = _pytest(options, paths)
                subprocess.run(command, cwd=self.tree, env=environment, stdout=file, stderr=file, check=False)
            if not log.exists() or not data.exists():
                sys.exit(f"pytest did not run:\n{output.read_text(errors='replace')[-3000:]}")
            passed = _passed(log.read_text(encoding="utf-8").splitlines())
            measured = CoverageData(basename=str(data))
            measured.read()
            self.seconds |= passed
            self.lines |= {test: {} for test in passed}
            users = _users(json.loads(shared.read_text(encoding="utf-8")))
            for name in self.mutated:
                for line, contexts in measured.contexts_by_lineno(str(self.tree / name)).items():
                    for test in _tests_in(contexts, users) & passed.keys():
                        self.lines[test].setdefault(name, []).append(line)

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that execute the mutated line, in the order in which they are to run."""
        if mutant.in_function:
            found = self._executing({mutant.file: set(range(mutant.lines[0], mutant.lines[1] + 1))})
        else:  # coverage attributes it to the test that imports the module first
            executing = set(self._executing({file: self._uses(file, mutant) for file in self.mutated}))
            naming = {file for file in self.test_files if _word(mutant.defines).search(_read(file))}
            found = [test for test in self.seconds if test in executing or _file_of(test) in naming]
        by_file: dict[str, list[str]] = defaultdict(list)
        for test in found:
            by_file[_file_of(test)].append(test)
        mirror = Path(mutant.file).stem
        mirrors = {file for file in by_file if Path(file).stem.startswith((mirror, f"test_{mirror}"))}
        took = {file: sum(self.seconds[test] for test in tests) for file, tests in by_file.items()}
        ordered = sorted(by_file, key=lambda file: (file not in mirrors, took[file]))
        total, tests = 0.0, []
        for test in (test for file in ordered for test in by_file[file]):
            total += self.seconds[test]
            if total > SECONDS and tests:
                break
            tests.append(test)
        return tests

    def _executing(self, wanted: dict[str, set[int]]) -> list[str]:
        return [
            test for test, lines in self.lines.items()
            if any(file in lines and not wanted[file].isdisjoint(lines[file]) for file in wanted)
        ]  # fmt: skip

    def _uses(self, file: str, mutant: Mutant) -> set[int]:
        """Return the lines of functions that may use what the mutated statement defines."""
        source = _read(file)
        functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, _FUNCTION)]
        inside = {
            line for node in functions for line in range(node.body[0].lineno, (node.end_lineno or 0) + 1)
        }
        if file == mutant.file:
            return inside
        name = _word(mutant.defines)
        return {
            number
            for number, line in enumerate(source.splitlines(), 1)
            if number in inside and name.search(line)
        }


def _users(shared: dict[str, list[str]]) -> dict[str, set[str]]:
    """Return, for each test, the tests that use a shared fixture which it may have set up."""
    by_fixture: dict[str, set[str]] = defaultdict(set)
    for test, fixtures in shared.items():
        for fixture in fixtures:
            by_fixture[fixture].add(test)
    return {test: set().union(*(by_fixture[one] for one in fixtures)) for test, fixtures in shared.items()}


def _tests_in(contexts: Iterable[str], users: dict[str, set[str]]) -> set[str]:
    """Return the tests of contexts; what sets up a shared fixture counts for all tests that use it."""
    found = set()
    for context in contexts:
        test, _, phase = context.rpartition("|")
        found |= {test} | (users.get(test, set()) if phase == "setup" else set())
    return found


def _passed(log: list[str]) -> dict[str, float]:
    """Return the tests that pass, with their seconds (set-up and tear-down included)."""
    seconds: dict[str, float] = defaultdict(float)
    others = set()
    for test, took, outcome in map(json.loads, log):
        seconds[test] += took
        others |= {test} if outcome != "passed" else set()
    print(
        f"{len(seconds) - len(others)} tests pass; {len(others)} are skipped or fail, and are not used",
        flush=True,
    )
    return {test: round(took, 3) for test, took in seconds.items() if test not in others}


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(name)}\b" if name else r"(?!)")


def _read(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def _digest(files: list[str]) -> str:
    return hashlib.sha256(b"".join((ROOT / file).read_bytes() for file in files)).hexdigest()


def _file_of(test: str) -> str:
    return test.split("::", 1)[0]


# ---- running


def _pytest(options: list[str], paths: list[str]) -> list[str]:
    plugins = ["-p", Path(__file__).stem, "-p", "no:randomly", "-p", "no:cacheprovider"]
    return [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "not slow and not browser",
        *plugins,
        *options,
        *paths,
    ]


def _environment(tree: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(tree), str(Path(__file__).resolve().parent)])}


def run(mutant: Mutant, tests: TestMap) -> str:
    """Return how the tests end on a mutant: killed, timeout, survived or uncovered."""
    wanted = tests.tests_of(mutant)
    if not wanted:
        return "uncovered"
    target = tests.tree / mutant.file
    source = target.read_bytes()
    for compiled in (target.parent / "__pycache__").glob(f"{target.stem}.*.pyc"):
        compiled.unlink()  # its key is the time in seconds and the size: a mutant may have the same
    target.write_bytes(mutant.apply(source))
    listing = tests.tree / ".mutation_tests.json"
    listing.write_text(json.dumps(wanted), encoding="utf-8")
    environment = _environment(tests.tree) | {"MUTATION_TESTS": str(listing), "PYTHONDONTWRITEBYTECODE": "1"}
    command = _pytest(["-x"], sorted({_file_of(test) for test in wanted}))
    process = subprocess.Popen(
        command,
        cwd=tests.tree,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_limit_memory,
    )
    try:
        code = process.wait(SECONDS + 2 * sum(tests.seconds[test] for test in wanted))
    except subprocess.TimeoutExpired:
        return "timeout"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with the servers that tests started
        process.wait()
        target.write_bytes(source)
    return {0: "survived", EXIT_NO_TESTS: "uncovered"}.get(code, "killed")


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def copy_tree(into: Path) -> None:
    """Copy the working tree without what git ignores, and compile it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "judge", "human_study"], cwd=into, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("area", choices=AREAS)
    parser.add_argument("--sample", type=int, default=45, metavar="N", help="number of mutants (default: 45)")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    parser.add_argument("--only", nargs="+", metavar="FILE:LINE", help="these mutants instead of a sample")
    cache = Path(
        tempfile.gettempdir(), f"judge-mutation-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}"
    )
    parser.add_argument("--map", type=Path, metavar="FILE", help="keep here which test executes which line")
    options = parser.parse_args()
    every = find(options.area)
    if options.only:
        named = [each for each in every if {each.name, each.name.split("#")[0]} & set(options.only)]
        chosen = [each for each in named if _compiles(each)]
    else:
        chosen = sample(every, options.sample, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder).resolve()
        copy_tree(tree)
        tests = TestMap(options.area, options.map or cache / f"{options.area}.json", tree)
        tests.measure()
        outcomes = []
        for mutant in chosen:
            start = time.monotonic()
            outcomes.append(run(mutant, tests))
            took = f"{time.monotonic() - start:.0f} s"
            print(f"{outcomes[-1]:9}  {mutant.name}  {mutant.change}  ({took})", flush=True)
    killed = sum(outcome in ("killed", "timeout") for outcome in outcomes)
    survivors = [
        each.name
        for each, outcome in zip(chosen, outcomes, strict=True)
        if outcome in ("survived", "uncovered")
    ]
    print("survivors:", " ".join(survivors) or "none")
    share = f" ({killed / len(chosen):.0%})" if chosen else ""
    drawn = "" if options.only else f", drawn from {len(every)} with seed {options.seed}"
    print(f"{options.area}: {killed} of {len(chosen)} mutants killed{share}{drawn}")


if __name__ == "__main__":
    main()
