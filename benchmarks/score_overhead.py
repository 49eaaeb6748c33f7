"""Overhead of `judge score` compared with a minimal HTTP client.

    python benchmarks/score_overhead.py [--items 1000] [--connections 256] [--latency-ms 200] [--rounds 3]

A mock server on this machine responds after a fixed latency. In each round it receives the same items from

* ``raw``: an aiohttp loop that posts the bodies, reads the scores and writes one line each, and nothing else,
* ``judge``: the command `judge score` (rubric, prompts, store, scores, exports),
* ``decisions``: `judge score --judge decisions:…`, and ``decisions_raw``: an aiohttp loop with its bodies,
* ``litellm``: `judge score --transport litellm`, and ``bare``: `litellm.acompletion` in a loop.

CPU seconds are those of the whole process, including imports and start-up; the modules are compiled, as after
an installation, by a round that is not counted. Throughput is the number of
requests divided by the time between the first and the last request at the server. Ratios are computed
within each round, and their median is reported.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from judge import Judge, load_items, load_rubric

ROOT = Path(__file__).parent.parent
MOCK = ROOT / "tests" / "support" / "mock_openai.py"
NAMES = ["raw", "judge", "decisions_raw", "decisions", "bare", "litellm"]
DECISIONS = "decisions:openai/mock-judge"


def write_items(path: Path, count: int) -> None:
    """Write synthetic items of about 1.4 KB."""
    filler = "the valve holds its pressure because the loop margin is large and the sensor drift small "
    rows = (
        {
            "id": f"i{n}",
            "question": f"Case {n}: {filler}?",
            "reference": filler * 5,
            "answer": f"{n} {filler * 7}",
        }
        for n in range(count)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def bodies(path: Path) -> list[dict[str, Any]]:
    """Return the request bodies that `judge score` sends for the items of a file."""
    from judge.scoring.prompt import Prompter

    prompter = Prompter(Judge(model="openai/mock-judge", rubric=load_rubric("open_qa")))
    requests = [request for item in load_items(path) for request in prompter.requests(item)]
    form = {
        "type": "json_schema",
        "json_schema": {"name": "reply", "schema": requests[0].schema, "strict": True},
    }
    return [{"model": "mock-judge", "messages": list(r.messages), "response_format": form} for r in requests]


def decision_bodies(path: Path) -> list[dict[str, Any]]:
    """Return the request bodies that `judge score --judge decisions:MODEL` sends for the items of a file."""
    from judge.scoring.backends.decisions.decision_bodies import Bodies
    from judge.scoring.backends.decisions.routes import target_of
    from judge.scoring.prompt import Prompter

    judge = Judge(model=DECISIONS, rubric=load_rubric("open_qa"))
    writer, prompter = Bodies(target_of(DECISIONS), None), Prompter(judge)

    async def written() -> list[dict[str, Any]]:
        return [await writer.of(r) for item in load_items(path) for r in prompter.requests(item)]

    return asyncio.run(written())


async def each(work: list[Any], connections: int, one: Callable[[Any], Any]) -> None:
    """Call `one(x)` for every x, with a limited number of concurrent calls."""
    source = iter(work)

    async def worker() -> None:
        for x in source:
            await one(x)

    await asyncio.gather(*(worker() for _ in range(connections)))


async def ask_raw(work: list[dict[str, Any]], address: str, connections: int, out: Path) -> None:
    """Send the bodies with a minimal aiohttp client."""
    import aiohttp

    headers = {"Content-Type": "application/json", "Authorization": "Bearer k"}
    connector = aiohttp.TCPConnector(limit=connections)
    with out.open("w") as file:
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

            async def one(body: dict[str, Any]) -> None:
                route = "decisions" if "questions" in body else "chat/completions"
                async with session.post(f"{address}/{route}", data=json.dumps(body).encode()) as response:
                    data = json.loads(await response.read())
                said = json.dumps(data) if "answers" in data else data["choices"][0]["message"]["content"]
                file.write(said + "\n")
                file.flush()

            await each(work, connections, one)


async def ask_bare(work: list[dict[str, Any]], address: str, connections: int, out: Path) -> None:
    """Send the bodies with `litellm.acompletion` in a loop."""
    import litellm

    litellm.suppress_debug_info = True
    with out.open("w") as file:

        async def one(body: dict[str, Any]) -> None:
            given = {
                **body,
                "model": "openai/mock-judge",
                "api_base": address,
                "api_key": "k",
                "max_retries": 0,
            }
            reply = await litellm.acompletion(**given)
            file.write(reply.choices[0].message.content + "\n")
            file.flush()

        await each(work, connections, one)


def client(name: str, work_file: Path, address: str, connections: int, out: Path) -> None:
    """Run one of the two clients for comparison, in its own process."""
    work = json.loads(work_file.read_text())
    asyncio.run({"bare": ask_bare}.get(name, ask_raw)(work, address, connections, out))


def get(address: str, path: str, body: Any = None) -> Any:
    """Send a control request to the mock server."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(address.removesuffix("/v1") + path, data=data, timeout=10) as response:
        return json.load(response)


def measure(command: list[str], address: str, latency: float) -> dict[str, float]:
    """Run one process; return its CPU seconds and the requests per second at the server."""
    get(address, "/reset", {"latency_ms": latency})
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    stats = get(address, "/stats")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "cpu_s": cpu,
        "wall_s": wall,
        "per_s": stats["requests"] / stats["span_s"],
        "requests": stats["requests"],
    }


def main() -> None:
    """Measure, and print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description="See the top of this file.")
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--latency-ms", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=NAMES)
    parser.add_argument("--client", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        name, work, address, connections, out = options.client
        client(name, Path(work), address, int(connections), Path(out))
        return
    os.environ |= {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "ERROR",
    }
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as name:
        os.environ["PYTHONPYCACHEPREFIX"] = f"{name}/compiled"
        report(Path(name), options)


def report(folder: Path, options: argparse.Namespace) -> None:
    """Run all rounds against one server and print the results."""
    write_items(folder / "items.jsonl", options.items)
    (folder / "work.json").write_text(json.dumps(bodies(folder / "items.jsonl")))
    (folder / "decisions.json").write_text(json.dumps(decision_bodies(folder / "items.jsonl")))
    server = subprocess.Popen([sys.executable, str(MOCK), "--port", "0"], stdout=subprocess.PIPE, text=True)
    address = server.stdout.readline().split()[2] if server.stdout else ""
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in options.only}
    try:
        for number in range(options.rounds + 1):
            for name in options.only:
                command = command_for(name, folder, address, options, number)
                figures = measure(command, address, options.latency_ms)
                rows[name] += [figures] if number else []
    finally:
        server.terminate()
        server.wait()
    about = {
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        "aiohttp": version("aiohttp"),
        "litellm": version("litellm"),
        "items": options.items,
        "connections": options.connections,
        "latency_ms": options.latency_ms,
    }
    for name, measured in rows.items():
        middle = {key: round(statistics.median(m[key] for m in measured), 3) for key in measured[0]}
        print(f"{name:8} {middle}")
    print(json.dumps({**about, **ratios(rows)}))


def ratios(rows: dict[str, list[dict[str, float]]]) -> dict[str, float]:
    """Return the medians of the ratios and differences within each round."""
    found = {}
    for ours, peer in (("judge", "raw"), ("decisions", "decisions_raw"), ("litellm", "bare")):
        if ours in rows and peer in rows:
            both = list(zip(rows[ours], rows[peer], strict=True))
            found[f"{ours}_throughput_over_{peer}"] = statistics.median(
                a["per_s"] / b["per_s"] for a, b in both
            )
            found[f"{ours}_cpu_over_{peer}"] = statistics.median(a["cpu_s"] / b["cpu_s"] for a, b in both)
            found[f"{ours}_cpu_s_more_than_{peer}"] = statistics.median(
                a["cpu_s"] - b["cpu_s"] for a, b in both
            )
    return {name: round(value, 3) for name, value in found.items()}


def command_for(name: str, folder: Path, address: str, options: argparse.Namespace, number: int) -> list[str]:
    """Return the command of the process to measure."""
    connections = str(options.connections)
    if name in ("raw", "bare", "decisions_raw"):
        work = folder / ("decisions.json" if name == "decisions_raw" else "work.json")
        client_options = [name, str(work), address, connections, str(folder / "out.jsonl")]
        return [sys.executable, __file__, "--client", *client_options]
    command = [
        sys.executable,
        "-m",
        "judge",
        "score",
        str(folder / "items.jsonl"),
        "--judge",
        DECISIONS if name == "decisions" else "openai/mock-judge",
    ]
    command += [
        "--api-base",
        address,
        "--max-connections",
        connections,
        "--out",
        str(folder / f"{name}-{number}"),
    ]
    return [*command, "--transport", "litellm"] if name == "litellm" else command


if __name__ == "__main__":
    main()
