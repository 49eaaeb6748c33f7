"""Kill `judge score --batch` while it submits, waits and collects, and count what is paid for twice.

The server is a script that takes ``--folder`` and ``--port`` and keeps its batches in the folder: a mock of
OpenAI's batch API with ``/stats`` and ``/reset``. Batches are small, so that there are many of them; some end
expired, lines fail, output is shuffled, replies to creations are lost, and single HTTP requests fail.

    python benchmarks/batch_kills.py mock_batch.py --requests 3000 --kills 3

Prints what the server received and answered, the statuses of the items, and what the results demand.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from judge.scoring.run import Run

FAULTS = {
    "polls": 6,
    "every_fail": 25,
    "every_refusal": 40,
    "every_truncated": 60,
    "expire": 0.5,
    "expire_batches": 2,
    "every_lost": 3,
    "every_429": 17,
    "every_500": 23,
    "retry_after": 0.01,
    "empty_ids": True,
    "line_split": True,
}
CHILD = """
import sys
import judge
from judge.scoring.backends.batch.batch_provider import BatchLimits
from judge.scoring.backends.batch.openai_batches import OpenAIBatches

base, out, n, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
OpenAIBatches.limits = BatchLimits(size, 199_000_000)
rows = [
    {"id": f"i{k}", "question": f"Case {k}: why?", "answer": f"Because of {k}.", "reference": "It is so."}
    for k in range(n)
]
connection = judge.Connection(api_base=base, batch=True, poll_seconds=0.02)
judge.score(rows, judge="openai/gpt-4o-mini", rubric="open_qa", out=out, connection=connection).close()
"""


def ask(base: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(base.removesuffix("/v1") + path, data=data, timeout=60) as response:
        return json.load(response)


def start(base: str, out: Path, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", CHILD, base, str(out), str(options.requests), str(options.batch)]
    return subprocess.Popen(command, env={**os.environ, "OPENAI_API_KEY": "none"})


def stored(out: Path) -> int:
    if not (out / "run.db").exists():
        return 0
    with Run.open(out) as run:
        return run.summary().completions


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None and not condition():
        time.sleep(0.005)


def answers(folder: Path) -> Iterator[tuple[str, Any, Any]]:
    """Yield key, request and result of every line that the server answered, from its files."""
    for path in sorted((folder / "batches").glob("*.json")):
        batch = json.loads(path.read_text())
        if batch["kind"] != "openai":
            continue
        sent = {}
        for line in (folder / "files" / f"{batch['input_file_id']}.bin").read_text().splitlines():
            request = json.loads(line)
            sent[request["custom_id"]] = request["body"]
        for name in filter(None, (batch["output_file_id"], batch["error_file_id"])):
            for line in (folder / "files" / f"{name}.bin").read_text().splitlines():
                result = json.loads(line)
                yield result["custom_id"], sent[result["custom_id"]], result


def expected(results: list[Any]) -> str:
    """Status that an item must have, from all results for its request."""
    replies = [
        r["response"]["body"]["choices"][0]
        for r in results
        if (r["response"] or {}).get("status_code") == 200
    ]
    if not replies:
        return "failed"
    if any(reply["finish_reason"] == "stop" and not reply["message"]["refusal"] for reply in replies):
        return "ok"
    return "refused" if any(reply["message"]["refusal"] for reply in replies) else "truncated"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server", help="script of the server")
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=400, help="requests in a batch")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place) / "server", Path(place) / "run"
        command = [sys.executable, options.server, "--folder", str(folder), "--port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        base = server.stdout.readline().split()[2]
        try:
            ask(base, "/reset", FAULTS)
            for number in range(options.kills):
                before = stored(out)
                process = start(base, out, options)
                moments = (
                    ("submitting", lambda: ask(base, "/stats")["batches"] >= 3),
                    ("waiting", lambda: ask(base, "/stats")["polls"] >= rng.randint(20, 30)),
                    ("collecting", lambda before=before: stored(out) > before),
                )
                name, moment = moments[number % len(moments)]
                wait_until(moment, process)
                process.kill()
                process.wait()
                n_batches = ask(base, "/stats")["batches"]
                print(f"killed while {name}: {n_batches} batches, {stored(out):,} replies stored")
            process = start(base, out, options)
            if process.wait():
                sys.exit("the last call failed")
            stats = ask(base, "/stats")
        finally:
            server.terminate()
            server.wait()
        report(folder, out, stats)


def report(folder: Path, out: Path, stats: Any) -> None:
    paid, results = Counter(), {}
    for key, body, result in answers(folder):
        if (result["response"] or {}).get("status_code") == 200:
            paid[key, json.dumps(body, sort_keys=True)] += 1
        results.setdefault(key, []).append(result)
    wanted = {key: expected(found) for key, found in results.items()}
    with Run.open(out) as run:
        summary = run.summary()
        keys = {c.item_id: c.key for c in run.completions()}
        found = {keys[s.item_id]: s.status for s in run.scores() if s.dimension == "overall"}
    wrong = {key: (wanted[key], status) for key, status in found.items() if wanted[key] != status}
    print(f"server: {stats}")
    print(
        f"requests answered by the server: {sum(paid.values()):,}, the same one more than once: "
        f"{sum(n > 1 for n in paid.values())}"
    )
    print(f"statuses: {summary.statuses['overall']}, failures: {summary.failures}")
    print(f"expected from the server's files: {dict(Counter(wanted.values()))}")
    print(f"items with another status: {len(wrong)}")
    if wrong or set(paid.values()) != {1}:
        sys.exit(f"FAILED; statuses expected and found: {list(wrong.items())[:5]}")


if __name__ == "__main__":
    main()
