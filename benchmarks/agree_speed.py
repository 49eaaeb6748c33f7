"""Time of `judge agree` with 7,380 items, 5 raters, 5 dimensions and four slices.

    python benchmarks/agree_speed.py [N_ITEMS [N_RATERS [N_PER_ITEM [N_DIMENSIONS]]]]

Creates a run and a file of ratings in a temporary folder and runs the command. With N_PER_ITEM each item is
rated by that many raters, on N_DIMENSIONS (1 by default, at most 4) and without slices. Goals: under 8 s of
CPU time, and under 15 s for 10,000 items and 100 raters (10000 100 5).
"""

import csv
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from judge.records import Item, Score
from judge.rubric import load_rubric
from judge.scoring.run import Run

N_PEOPLE = 5
SLICES = "system,kind,topic,condition"


def make(
    folder: Path, n_items: int, n_raters: int = N_PEOPLE, n_per_item: int | None = None, n_dimensions: int = 1
) -> None:
    rubric = load_rubric("open_qa")
    rng = np.random.default_rng(0)
    quality = rng.normal(3.4, 0.9, (n_items, 1)) + rng.normal(0, 0.5, (n_items, len(rubric.dimensions)))
    judged = np.clip(np.round(quality + 0.2 + rng.normal(0, 0.6, quality.shape)), 1, 5)
    names = list(rubric.dimensions)
    items = [
        Item(
            id=f"q{i}",
            question=f"Question {i}?",
            answer="word " * int(rng.integers(5, 80)),
            system=f"system {i % 4}",
            metadata={"kind": f"kind {i % 5}", "topic": f"topic {i % 3}", "condition": f"condition {i % 6}"},
        )
        for i in range(n_items)
    ]
    scores = []
    for item, row in zip(items, judged, strict=True):
        values = dict(zip(names, map(float, row), strict=True)) | {"overall": float(row.mean())}
        scores += [
            Score(item_id=item.id, rater="judge", rater_kind="judge", dimension=name, value=value)
            for name, value in values.items()
        ]
    Run.imported(folder / "run", rubric, items, scores, model="judge").close()
    with (folder / "ratings.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        rated_names = names if n_per_item is None else names[:n_dimensions]
        writer.writerow(["item_id", "rater", *rated_names])
        order = np.array([rng.permutation(n_raters) for _ in range(n_items)]) if n_per_item else None
        for person in range(n_raters):
            rated = np.clip(np.round(quality + rng.normal(0, 0.7, quality.shape)), 1, 5).astype(int)
            given = range(n_items) if order is None else np.flatnonzero(order[:, person] < (n_per_item or 0))
            writer.writerows([items[i].id, f"person {person}", *rated[i, : len(rated_names)]] for i in given)


def main() -> None:
    given = tuple(map(int, sys.argv[1:5]))
    n_items, n_raters, n_per_item, n_dimensions = given + (7380, N_PEOPLE, 0, 1)[len(given) :]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, n_items, n_raters, n_per_item or None, n_dimensions)
        command = [sys.executable, "-m", "judge", "agree", folder / "run", "--humans", folder / "ratings.csv"]
        options = ["--by", SLICES, "--margin", "0.05", "--epsilon", "0.1"] if not n_per_item else []
        started = time.perf_counter()
        subprocess.run([*command, *options, "--json"], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    facts = {
        "items": n_items,
        "raters": n_raters,
        "raters_per_item": n_per_item or n_raters,
        "dimensions": n_dimensions if n_per_item else 5,
        "slices": 0 if n_per_item else 4,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used.ru_utime, 1),
        "memory_mb": used.ru_maxrss // 1000,
    }
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    print(json.dumps(facts | {"machine": platform.machine()} | versions))


if __name__ == "__main__":
    main()
