"""Time and memory of the process that drives a Ray cluster, with workers that answer immediately.

    python benchmarks/ray_overhead.py [--items 10000] [--workers 2] [--out DIR]

`--workers 0` answers in this process, without Ray.

Prints the CPU time of the driver by phase, its memory, and the size of the stored run. Items are synthetic,
about 300 bytes each, and a reply has about 400 bytes, like that of a model that gives reasons.
"""

import argparse
import json
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from million_items import WORDS

from judge.items import read_items
from judge.records import Completion, Usage
from judge.rubric import load_rubric
from judge.scoring.backends.ray.backend import RayBackend
from judge.scoring.backends.ray.options import RayOptions
from judge.scoring.judge import Judge
from judge.scoring.loop import score_items
from judge.scoring.run import Run


class Immediate:
    """A backend that answers each request with the same scores."""

    stopped = None
    spent = 0.0

    def drain(self):  # noqa: ANN201
        """Nothing is left."""
        return ()

    def close(self) -> None:
        """Nothing is held."""

    def __init__(self) -> None:
        reason = "The answer names the cause and the remedy, as the reference does."
        names = load_rubric("open_qa").dimensions
        self.reply = json.dumps({name: {"reason": reason, "score": 4} for name in names})

    def complete(self, requests):  # noqa: ANN001, ANN201
        """Answer in batches, as an engine does after a step."""
        batch = []
        for request in requests:
            if request is not None:
                usage = Usage(prompt_tokens=900, completion_tokens=80)
                batch.append(
                    Completion.of(
                        request, reply=self.reply, finish_reason="stop", usage=usage, created=time.time()
                    )
                )
            if batch and (request is None or len(batch) == 64):
                yield batch
                batch = []
        if batch:
            yield batch


def rows(count: int) -> Iterator[dict[str, str]]:
    """Items with different texts."""
    rng = random.Random(0)
    for n in range(count):
        text = [" ".join(rng.choices(WORDS, k=k)) for k in (8, 15, 15)]
        yield {"id": f"i{n}", "question": f"Case {n}: {text[0]}?", "answer": text[1], "reference": text[2]}


def cpu() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run once and print one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2, help="0: in this process, without Ray")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.out) as folder:
        phases: dict[str, float] = {}
        judge = Judge("vllm:dummy", load_rubric("open_qa"))
        with Run.create(Path(folder) / "run", judge) as run:
            start, clock = cpu(), time.monotonic()
            run.add_items(read_items(rows(options.items)))
            phases["read items"] = cpu() - start
            on_ray = RayBackend(lambda _: Immediate(), RayOptions(workers=options.workers))
            backend = on_ray if options.workers else Immediate()
            first: list[tuple[float, float]] = []

            def arrived(_: object) -> None:
                if not first:
                    first.append((cpu(), time.monotonic()))

            done: list[tuple[float, float]] = []
            score_items(
                run,
                judge,
                backend,
                on_batch=arrived,
                on_requests_done=lambda: done.append((cpu(), time.monotonic())),
            )
            backend.close()
            phases["start Ray (to the first reply)"] = first[0][0] - start - phases["read items"]
            phases["send, store"] = done[0][0] - first[0][0]
            phases["derive scores"] = cpu() - done[0][0]
            start = cpu()
            run.export()
            phases["export"] = cpu() - start
            kept = (Path(folder) / "run" / "run.db").stat().st_size
            print(
                json.dumps(
                    {
                        "items": options.items,
                        "complete": run.summary().complete,
                        "cpu_s": {name: round(seconds, 2) for name, seconds in phases.items()},
                        "items_per_s": round(options.items / (done[0][1] - first[0][1])),
                        "wall_s": round(time.monotonic() - clock, 1),
                        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6),
                        "run_db_mb": round(kept / 1e6, 1),
                        "load": os.getloadavg()[0],
                    }
                )
            )


if __name__ == "__main__":
    main()
