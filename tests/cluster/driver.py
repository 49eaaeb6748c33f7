"""Scores made-up items with workers on a Ray cluster that log each request; a process that tests may kill.

It is run as a program, so that its classes travel to the workers by value.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from judge import Item, Judge, load_rubric, score
from judge.records import Completion
from judge.scoring import score as score_module
from judge.scoring.backends.ray import backend as ray_module
from judge.scoring.backends.ray.options import RayOptions

NAMES = tuple(load_rubric("open_qa").dimensions)


class Logged:
    """Starts with the first request, answers one after the other, and notes in a file which one was asked."""

    def __init__(self, log, seconds, poison):
        self.log, self.seconds, self.poison = Path(log), seconds, poison

    def complete(self, requests):
        held = [next(requests)]
        time.sleep(self.seconds)
        for request in requests:
            held += [request] if request is not None else []
            if not held:
                time.sleep(0.001)
                continue
            request = held.pop(0)
            with self.log.open("a") as file:
                file.write(f"{request.item.id} {os.getpid()} {time.time()}\n")
            if request.item.id == self.poison:
                os._exit(1)
            time.sleep(self.seconds)
            reply = json.dumps(dict.fromkeys(NAMES, 1 + len(request.item.answer) % 5))
            yield [Completion.of(request, reply=reply, finish_reason="stop", created=time.time())]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--address")
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=0.1)
    parser.add_argument("--poison", default="")
    given = parser.parse_args()
    log, seconds, poison = f"{given.out}.log", given.seconds, given.poison
    ray_module.BATCH = given.batch
    backend = ray_module.RayBackend(
        lambda _: Logged(log, seconds, poison),
        RayOptions(workers=given.workers, address=given.address),
        on_note=lambda text: sys.stdout.write(f"{text}\n"),
    )
    score_module.check_backend = lambda *_: None
    score_module.load_backend = lambda *_, **__: backend
    items = [Item(id=f"i{n}", question=f"Case {n}: why?", answer="x" * n) for n in range(given.items)]
    run = score(items, judge=Judge("vllm:dummy", load_rubric("open_qa")), out=given.out)
    sys.stdout.write(json.dumps({"complete": run.summary().complete, "failures": run.summary().failures}))


if __name__ == "__main__":
    main()
