"""Public rating data, which are not part of this repository, and the figures that were published from them.

The environment variable JUDGE_PUBLIC_DATA names the folder that holds the data, one folder for each set;
the scripts in examples/public_data make it. Tests that need a set are skipped where it is not set.
"""

import csv
import json
import os
from functools import cache
from pathlib import Path

import pytest

FIGURES = Path(__file__).parent / "data" / "published_figures.csv"


def ratings_file(data_set: str) -> Path:
    """Return the path of a set's ratings, or skip the test."""
    folder = os.environ.get("JUDGE_PUBLIC_DATA")
    if not folder:
        pytest.skip("JUDGE_PUBLIC_DATA is not set; see examples/public_data/README.md")
    if not Path(folder).is_dir():
        pytest.fail(f"JUDGE_PUBLIC_DATA={folder} is not a folder; see examples/public_data/README.md")
    path = Path(folder) / data_set / "ratings.jsonl"
    if not path.exists():
        pytest.skip(f"JUDGE_PUBLIC_DATA has no {data_set}; see examples/public_data/README.md")
    return path


@cache
def ratings(data_set: str) -> list[dict]:
    """Return the ratings of a set, one dict for each row, or skip the test."""
    with ratings_file(data_set).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@cache
def published_figures() -> list[dict]:
    """Return all rows of published_figures.csv; `published` is None where only the value is known."""
    with FIGURES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        row["value"], row["tolerance"] = float(row["value"]), float(row["tolerance"])
        row["published"] = float(row["published"]) if row["published"] else None
    return rows


def figures(data_set: str, *statistics: str) -> list:
    """Return the figures of a set as parameters of a test."""
    chosen = [f for f in published_figures() if f["data_set"] == data_set and f["statistic"] in statistics]
    assert chosen, f"no figure of {data_set}: {statistics}"
    keys = ("statistic", "rater", "group", "dimension")
    return [pytest.param(f, id="-".join(f[key] for key in keys if f[key])) for f in chosen]


def assert_reproduced(value: float, figure: dict) -> None:
    """Assert that a value equals the figure, and rounds to what was published."""
    assert value == pytest.approx(figure["value"], abs=figure["tolerance"])
    if figure["published"] is not None:
        half_unit = 0.5 * 10 ** -int(figure["decimals"])
        assert value == pytest.approx(figure["published"], abs=half_unit + 1e-9)
