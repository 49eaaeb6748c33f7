"""Every reader, tried on thousands of bad files: an error in one line, or all that stands there; soon, and small."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from .mutations import BY_SUFFIX, mutated
from .readers import READERS, ROOT

MOST_MEGABYTES = 1000
MOST_SECONDS = 1800
"""Time limit for all cases of one reader together."""
CASES = {"runs": 500, "studies": 500}
SEED = 20261128


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_no_bad_file_is_a_traceback_a_hang_or_a_loss_of_rows(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-m", "tests.fuzz.worker", name, str(SEED), str(CASES.get(name, 10_000))]
    command.append(str(tmp_path / "cases"))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=MOST_SECONDS)
    case = tmp_path / "cases" / "case"
    assert done.returncode == 0, f"case {case.read_text() if case.exists() else '-'}: {done.stderr[-3000:]}"
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["findings"] == {}
    assert report["megabytes"] < MOST_MEGABYTES


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv", ".yaml", ".toml", ".eval", ".other"])
def test_a_seed_gives_the_same_bad_file_again(suffix: str) -> None:
    data = b'{"id": "q1", "score": 4}\n{"id": "q2", "score": null}\n'
    files = [[mutated(data, suffix, Random(n)) for n in range(60)] for _ in range(2)]
    assert files[0] == files[1]
    assert len(set(files[0])) > 30


@pytest.mark.parametrize("suffix", BY_SUFFIX)
def test_an_empty_file_can_be_made_worse(suffix: str) -> None:
    for n in range(60):
        mutated(b"", suffix, Random(n))
