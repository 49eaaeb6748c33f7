"""Time of `judge agree` with 7,380 items, 5 raters, 5 dimensions and four slices.

    python benchmarks/agree_speed.py [N_ITEMS]

Creates a run and a file of ratings in a temporary folder and runs the command. Goal: under 20 s.
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


def make(folder: Path, n_items: int) -> None:
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
        writer.writerow(["item_id", "rater", *names])
        for person in range(N_PEOPLE):
            rated = np.clip(np.round(quality + rng.normal(0, 0.7, quality.shape)), 1, 5).astype(int)
            writer.writerows(
                [item.id, f"person {person}", *row] for item, row in zip(items, rated, strict=True)
            )


def main() -> None:
    n_items = int(sys.argv[1]) if len(sys.argv) > 1 else 7380
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, n_items)
        command = [sys.executable, "-m", "judge", "agree", folder / "run", "--humans", folder / "ratings.csv"]
        started = time.perf_counter()
        subprocess.run(
            [
                *command,
                "--by",
                "system,kind,topic,condition",
                "--margin",
                "0.05",
                "--epsilon",
                "0.1",
                "--json",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        seconds = time.perf_counter() - started
        cpu = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    facts = {
        "items": n_items,
        "people": N_PEOPLE,
        "dimensions": 5,
        "slices": 4,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
    }
    print(json.dumps(facts | {"machine": platform.machine(), "python": platform.python_version()}))


if __name__ == "__main__":
    main()
