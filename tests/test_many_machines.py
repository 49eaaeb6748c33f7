"""The Slurm script of the examples, and the Python of docs/many_machines.md."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from judge import merge, score

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "examples" / "slurm_array.sh"
ANSWERS = ROOT / "examples" / "answers.jsonl"


def start(number, folder, count=2, judge=f'exec "{sys.executable}" -m judge "$@"'):
    """Start one task of the job array, with this program `judge`: by default that of this environment."""
    environment = {**os.environ, "SLURM_ARRAY_TASK_ID": str(number), "TMPDIR": str(folder.parent)}
    program = folder.parent / "bin" / "judge"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{judge}\n")
    program.chmod(0o755)
    environment["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", SCRIPT, ANSWERS, "baseline", folder, str(count)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([str(word) for word in command], env=environment, **pipes)


def task(number, folder, **options):
    """Exit status and messages of one task."""
    process = start(number, folder, **options)
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors


@pytest.fixture
def folder(tmp_path):
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    return tmp_path / "big"


def test_tasks_of_the_job_array_make_shards_that_are_merged_and_resumed(folder):
    for number in (1, 2, 2):
        status, errors = task(number, folder)
        assert status == 0, errors
    assert sorted(path.name for path in folder.iterdir()) == ["shard-00001", "shard-00002"]
    merge(sorted(folder.iterdir()), out=folder / "all")
    score(ANSWERS, out=folder / "one")
    assert (folder / "all" / "scores.jsonl").read_bytes() == (folder / "one" / "scores.jsonl").read_bytes()
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith("tmp")] == []


def test_task_that_fails_says_so(folder):
    assert task(3, folder, count=2)[0] == 2


def test_task_that_reaches_its_time_limit_keeps_what_is_stored(folder):
    writes_for_ever = (
        'while [ "$1" != --out ]; do shift; done; echo reply > "$2/run.db"; echo there; exec sleep 600'
    )
    process = start(1, folder, judge=writes_for_ever)
    assert process.stdout.readline() == "there\n"
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert (folder / "shard-00001" / "run.db").read_text() == "reply\n"


class FakeSpark:
    """Calls the function for every element."""

    def parallelize(self, elements, _slices):
        self._elements = elements
        return self

    def map(self, function):
        self._function = function
        return self

    def collect(self):
        return list(map(self._function, self._elements))


def test_recipes_for_spark_and_ray_data_give_the_scores_of_one_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(ANSWERS, tmp_path)
    page = (ROOT / "docs" / "many_machines.md").read_text()
    ray = SimpleNamespace(
        get=list, remote=lambda **_: lambda function: SimpleNamespace(remote=lambda number: function(number))
    )
    spark = SimpleNamespace(sparkContext=FakeSpark())
    names = {"MODEL": "baseline", "FOLDER": "big", "spark": spark, "ray": ray}
    for recipe in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        exec(recipe.replace("answers.parquet", "answers.jsonl"), names)  # the extra for Parquet is optional
    rows = pd.read_json(ANSWERS, lines=True)
    tables = [names["score_partition"](rows[start : start + 12]) for start in (0, 12, 12)]
    merge(sorted((tmp_path / "big" / "parts").iterdir()), out="parts")
    scored = score(ANSWERS, out="one")
    one = (tmp_path / "one" / "scores.jsonl").read_bytes()
    assert (tmp_path / "big" / "all" / "scores.jsonl").read_bytes() == one
    assert sorted((tmp_path / "parts" / "scores.jsonl").read_bytes().splitlines()) == sorted(one.splitlines())
    assert list(pd.concat(tables[:2])["clarity"]) == list(scored.to_pandas()["clarity"])
