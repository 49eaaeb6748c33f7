"""Throughput of `judge score` on a GPU, compared with a naive loop and with the roofline of the GPU.

    python -m benchmarks.gpu_judge --out DIR [--shapes 4b 8b] [--cases …] [--items 2000] [--budget 540]
    python -m benchmarks.gpu_judge --out DIR --tiny        # every case on the CPU engine of `make engine`

Run it from the root of the repository, with a Python that has vLLM 0.26 or newer and the packages that
`judge score` imports: rich, click, pyyaml, pillow, pydantic, aiohttp (install missing ones with pip; the
others come with vLLM). Nothing is downloaded. The models have the shapes of Qwen3 with random weights
(load_format=dummy), so times are realistic and scores are meaningless. Almost no probability falls on the
scale, so expected scores are `unparsed`; their cost is the same.

Each case runs in its own process with its own engine (the server cases share a server). Cases that fail
or exceed the time budget are reported. Times run from the first request to the last stored reply, as
recorded in the run folder; the start of the engine is reported separately.

    scores       JSON with four scores, with the rubric before the item (the default order)
    expected     --scores expected: four requests per item, one token each
    reasons      JSON with a reason before each score. Random weights never end a string, so the schema limits
                 its length, in this benchmark only; the grammar then forbids escapes
    item-first   `scores` with the item before the rubric, for a quarter of the items
    naive        the messages of `scores` through LLM.chat in blocks of 256, without storing
    server       `scores` through `vllm serve` on the same machine; server-expected likewise;
                 server-decisions asks its decision route, one request per item, and is skipped if the model
                 does not decide
"""

import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.gpu_cases import (
    CASES,
    STRUCTURED,
    changed,
    engine_arguments,
    items_of,
    naive,
    prepare,
    score_command,
)
from benchmarks.gpu_floor import Card, Size, Work, floor_seconds
from tests.engine import cpu

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_HOST_IP": "127.0.0.1",
    "GLOO_SOCKET_IFNAME": "lo",
}


# ---- processes and results


def environment(options: argparse.Namespace) -> dict[str, str]:
    """Return the environment of every process; variables that are already set are kept."""
    own = {**ENVIRONMENT, **(cpu.ENVIRONMENT if options.tiny else {})}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**own, **os.environ, "PYTHONPATH": path}


class Broken(Exception):
    """A process failed or took too long; the message ends with the end of its log."""


def run_process(command: list[str], log: Path, seconds: float, options: argparse.Namespace) -> str:
    """Run a process group until it ends, and return its standard output."""
    if seconds < 20:
        raise Broken("no time left")
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            env=environment(options),
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Broken(f"took longer than {seconds:.0f} s: {log.read_text()[-600:]}") from None
        finally:
            end(process)
    if process.returncode not in (0, 3):  # 3: some items have no score, as expected with random weights
        raise Broken(f"exit status {process.returncode}: {log.read_text()[-1500:]}")
    return output


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process group that was started here."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def serving(folder: Path, seconds: float, options: argparse.Namespace) -> Iterator[tuple[int, float]]:
    """Start `vllm serve` on a free port; yield the port and the seconds until it was ready."""
    log = folder / "server.log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder / "model")]
    command += ["--served-model-name", "tiny", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--enable-prompt-tokens-details", "--structured-outputs-config", json.dumps(STRUCTURED)]
    for name, value in engine_arguments(options).items():
        command += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    surroundings = {k: v for k, v in environment(options).items() if k != "VLLM_ENABLE_V1_MULTIPROCESSING"}
    began = time.monotonic()
    with log.open("w") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, text=True, cwd=ROOT, env=surroundings, start_new_session=True
        )
        try:
            while not is_ready(port):
                if process.poll() is not None or time.monotonic() - began > seconds:
                    raise Broken(f"the server did not start: {log.read_text()[-1500:]}")
                time.sleep(0.5)
            yield port, time.monotonic() - began
        finally:
            end(process)


def is_ready(port: int) -> bool:
    """Whether a server responds."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def read_run(run: Path, launched: float) -> dict[str, float]:
    """Read times and token counts of a run, from the first request to the last stored reply."""
    with contextlib.closing(sqlite3.connect(run / "run.db")) as db:
        first, last, *counts = db.execute(
            "SELECT min(created - latency), max(created), count(*), sum(prompt_tokens), sum(cached_tokens), "
            "sum(completion_tokens) FROM completions WHERE failure_kind IS NULL"
        ).fetchone()
        failed = db.execute("SELECT count(*) FROM completions WHERE failure_kind IS NOT NULL").fetchone()[0]
    names = ("requests", "prompt", "cached", "reply")
    if not counts[0]:
        raise Broken(f"no reply was received; {failed} requests failed")
    figures = {name: count or 0 for name, count in zip(names, counts, strict=True)}
    return {**figures, "failed": failed, "seconds": last - first, "start_s": first - launched}


class Cases:
    """The cases of one model shape; a server is started on demand and stopped at exit."""

    def __init__(self, folder: Path, deadline: float, options: argparse.Namespace) -> None:
        self._folder = folder
        self._deadline = deadline
        self._options = options
        self._stack = contextlib.ExitStack()
        self._server: tuple[int, float] | None = None

    def __enter__(self) -> "Cases":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, case: str) -> dict[str, float]:
        """Run one case and return its results."""
        folder, log = self._folder, self._folder / f"{case}.log"
        if case == "naive":
            command = [sys.executable, "-m", "benchmarks.gpu_judge", *sys.argv[1:], "--naive", str(folder)]
            launched, output = time.time(), run_process(command, log, self._left(), self._options)
            figures = json.loads(output.splitlines()[-1])
            return {**figures, "start_s": figures["started"] - launched}
        port, ready = self._serve() if case.startswith("server") else (None, 0.0)
        shutil.rmtree(folder / f"run-{case}", ignore_errors=True)
        launched = time.time()
        run_process(score_command(folder, case, self._options, port), log, self._left(), self._options)
        wall = time.time() - launched
        figures = read_run(folder / f"run-{case}", launched)
        return {**figures, "start_s": figures["start_s"] + ready, "wall_s": wall}

    def _serve(self) -> tuple[int, float]:
        if self._server is None:
            there = serving(self._folder, self._left(), self._options)
            self._server = self._stack.enter_context(there)
        return self._server

    def _left(self) -> float:
        return self._deadline - time.time()


def judged(
    case: str, figures: Mapping[str, float], config: Mapping[str, Any], options: argparse.Namespace
) -> dict[str, Any]:
    """Return items per second, cache hit rate, and the share of the roofline."""
    number, items = int(figures["requests"]), items_of(case, options)
    work = Work(
        requests=number,
        prompt=figures["prompt"] / number,
        cached=figures["cached"] / number,
        reply=figures["reply"] / number,
        shared=0 if case == "item-first" else options.rubric,
        at_once=options.at_once,
    )
    least = floor_seconds(Size.of(config), work, Card(options.tflops, options.terabytes))
    return {
        "items": items,
        "items_per_s": round(items / figures["seconds"], 2),
        "of_floor": round(least / figures["seconds"], 4),
        "floor_items_per_s": round(items / least, 2),
        "cache_hits": round(figures["cached"] / figures["prompt"], 4),
        "prompt_tokens": round(work.prompt, 1),
        "reply_tokens": round(work.reply, 1),
        "tokens_per_s": round((figures["prompt"] + figures["reply"]) / figures["seconds"]),
        **{
            name: round(value, 2)
            for name, value in figures.items()
            if name.endswith("_s") or name == "seconds"
        },
        **({"failed": figures["failed"]} if figures.get("failed") else {}),
    }


# ---- machine and report


def about() -> dict[str, Any]:
    """Return the device and versions, as far as available."""
    found: dict[str, Any] = {"date": date.today().isoformat(), "python": platform.python_version()}
    for name in ("vllm", "torch", "transformers", "xgrammar"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    ask = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        found["device"] = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        found["device"] = f"no GPU, {os.cpu_count()} cores"
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """Return the results as a Markdown table."""
    heads = (
        "shape",
        "case",
        "items",
        "items_per_s",
        "floor_items_per_s",
        "of_floor",
        "cache_hits",
        "start_s",
    )
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [str(row.get(head, row.get("error", "")[:60] if head == "items" else "")) for head in heads]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def emit(out: Path, line: Mapping[str, Any]) -> None:
    """Write one line to standard output and to the file."""
    text = json.dumps(line)
    print(text, flush=True)
    with (out / "gpu_judge.jsonl").open("a") as file:
        file.write(text + "\n")


def parsed() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="See the top of this file.")
    parser.add_argument("--out", type=Path, default=Path("gpu_judge"))
    parser.add_argument("--shapes", nargs="*", default=["4b", "8b"])
    parser.add_argument("--cases", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--rubric", type=int, default=1500, help="length in tokens")
    parser.add_argument("--item", type=int, default=300, help="length in tokens")
    parser.add_argument("--at-once", type=int, default=512, help="sequences decoded concurrently")
    parser.add_argument("--budget", type=float, default=540, help="total time budget in seconds")
    parser.add_argument("--tflops", type=float, default=Card.tflops)
    parser.add_argument("--terabytes", type=float, default=Card.terabytes)
    parser.add_argument("--tiny", action="store_true", help="smoke test of all cases, small and on a CPU")
    parser.add_argument("--naive", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tiny:
        options.shapes, options.items, options.rubric, options.item = ["text"], 24, 400, 60
        options.at_once, options.budget = 32, max(options.budget, 900)
    return options


def main() -> None:
    """Run all cases of all model shapes; print one line each, and a table."""
    if sys.argv[1:2] == ["--changed"]:
        from judge.cli import main as command

        changed(sys.argv[2])
        sys.argv[1:] = sys.argv[3:]
        command()
        return
    options = parsed()
    if options.naive:
        naive(options.naive, options)
        return
    deadline, rows = time.time() + options.budget, []
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    emit(out, {**about(), "argv": sys.argv[1:]})
    for shape in options.shapes:
        folder = out / f"{shape}-{options.items}"
        folder.mkdir(exist_ok=True)
        prepare(folder, shape, options)
        config = json.loads((folder / "model" / "config.json").read_text())
        with Cases(folder, deadline, options) as cases:
            for case in sorted(options.cases, key=CASES.index):
                row: dict[str, Any] = {"shape": shape, "case": case}
                try:
                    row |= judged(case, cases.run(case), config, options)
                except Exception as error:  # noqa: BLE001 - a failed case must not stop the others
                    row["error"] = str(error) or repr(error)
                    if "Models that decide" in row["error"]:
                        row["error"] = "skipped: vllm serve offers no decisions for this model"
                rows.append(row)
                emit(out, row)
    print(table(rows), flush=True)


if __name__ == "__main__":
    main()
