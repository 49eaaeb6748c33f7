"""The tables of tests/analysis, and runs on disk."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from judge.cli import main
from judge.records import Item, Score
from judge.rubric import Rubric, load_rubric
from judge.scoring.run import Run

from ..human_study.browsing import chromium

__all__ = ["chromium"]
"""Fixture of the tests with a browser."""

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


@pytest.fixture(scope="session")
def make_typed():
    return _TABLES.build_typed


@pytest.fixture(scope="session")
def checklist():
    return Rubric.model_validate(_TABLES.CHECKLIST)


ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def report_json():
    """Call a command with --json and return its report as data."""

    def call(*words, code=0):
        result = CliRunner().invoke(main, [*map(str, words), "--json"])
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    return call


@pytest.fixture(scope="session")
def example_run(tmp_path_factory):
    """The run of the examples: 22 of 24 answers have a verdict."""
    path = tmp_path_factory.mktemp("runs") / "example"
    replies = f"replay:{ROOT / 'examples' / 'replies.jsonl'}"
    words = ["score", str(ROOT / "examples" / "answers.jsonl"), "--judge", replies, "--out", str(path)]
    assert CliRunner().invoke(main, words).exit_code == 3
    return path


@pytest.fixture(scope="session")
def agreement(report_json, example_run):
    """The agreement report of the examples, with a margin and an epsilon."""
    ratings = ROOT / "examples" / "ratings.csv"
    words = ("--margin", 0.1, "--epsilon", 0.2, "--by", "topic")
    return report_json("agree", example_run, "--humans", ratings, *words)


@pytest.fixture(scope="session")
def lenient_run(tmp_path_factory):
    """Three samples of 150 judgments, one point too lenient, and three raters' scores of 120 answers."""
    folder = tmp_path_factory.mktemp("lenient")
    rng = np.random.default_rng(3)
    rubric = load_rubric("open_qa")
    rows, items, scores = ["item_id,rater,clarity"], [], []
    for i, q in enumerate(rng.normal(2.8, 0.9, 150)):
        items.append(Item(id=f"q{i}", question=f"q{i}?", answer="a"))
        for sample in range(3):
            value = float(np.clip(np.round(q + 1 + rng.normal(0, 0.3)), 1, 5))
            scores += [
                Score(
                    item_id=f"q{i}", rater="soft", rater_kind="judge", dimension=n, value=value, sample=sample
                )
                for n in rubric.scored
            ]
        for rater in ("ann", "ben", "cy") if i < 120 else ():
            rows.append(f"q{i},{rater},{int(np.clip(np.round(q + rng.normal(0, 0.4)), 1, 5))}")
    Run.imported(folder / "run", rubric, items, scores, model="soft").close()
    (folder / "ratings.csv").write_text("\n".join(rows) + "\n")
    return folder
