"""Load test of the rating page: 20 raters, 200 ratings each over HTTP, with the server killed twice.

    python -m benchmarks.human_study_load

Each acknowledged rating must be in the file exactly once. The raters send requests without pauses, so the
load is several hundred times that of twenty people.
"""

import datetime
import os
import platform
import statistics
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from human_study.plan import Design, choose, plan_study
from human_study.store import Study
from judge.records import Item
from judge.rubric import load_rubric
from tests.human_study.builders import RUBRIC, rubric_of
from tests.human_study.server import HttpRater, Server, rate_at_once

RATERS, RATINGS, KILLS = 20, 200, 2


def make(path: Path) -> list[str]:
    """Create a study in which each rater rates all items, without a practice round."""
    text = load_rubric("open_qa").description * 12  # about a thousand characters
    items = [Item(id=f"q{n}", question=f"{n}? {text}", answer=text) for n in range(RATINGS)]
    rubric = rubric_of(RUBRIC).model_copy(update={"examples": ()})
    design = Design(raters=RATERS, per_item=RATERS, repeats=0, checks=0)
    with Study.create(path, plan_study("load", rubric, design, choose(items, design))) as study:
        return [rater.name for rater in study.raters()]


def check(path: Path, names: list[str], raters: list[HttpRater]) -> tuple[int, int]:
    """Count acknowledged ratings that differ from those in the file, and ratings that are stored twice."""
    with Study.open(path) as study:
        kept = {(t.rater, t.n): t.rating.reply.values for t in study.tasks() if t.is_settled}
        revisions = [(row["rater"], row["n"]) for row in study.history()]
    sent = {
        (name, n): v for name, rater in zip(names, raters, strict=True) for n, v in rater.acknowledged.items()
    }
    return sum(kept.get(key) != values for key, values in sent.items()), len(revisions) - len(set(revisions))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.db"
        names = make(path)
        began = time.perf_counter()
        with Server(path) as server:
            raters = rate_at_once(server, names, RATINGS, KILLS)
        seconds = time.perf_counter() - began
        lost, twice = check(path, names, raters)
        size = path.stat().st_size
    latencies = [1000 * x for rater in raters for x in rater.latencies]
    cuts = statistics.quantiles(latencies, n=1000)
    acknowledged = sum(len(rater.acknowledged) for rater in raters)
    print(
        f"{datetime.date.today()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, ", end=""
    )
    print(f"load average {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, ", end="")
    print(f"starlette {version('starlette')}, uvicorn {version('uvicorn')}")
    print(f"{acknowledged:,} ratings acknowledged, {lost} lost, {twice} stored twice, {KILLS} kills")
    again = sum(rater.retries for rater in raters)
    print(f"{again:,} requests sent again; {len(latencies):,} answered in {seconds:.0f} s")
    print(f"latency in ms: median {cuts[499]:.1f}, 95 % {cuts[949]:.1f}, 99 % {cuts[989]:.1f}, ", end="")
    print(f"longest {max(latencies):.0f}; file {size / 2**20:.1f} MB")


if __name__ == "__main__":
    main()
