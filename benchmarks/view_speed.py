"""Times of ten kinds of page of `judge view` on 1,000,000 items, before and after the index; and memory.

    python benchmarks/view_speed.py [--copies 136] [--folder DIR]

makes two runs with benchmarks/made_up_run.py, multiplies their items (new ids, same texts and scores), serves
them, and asks for the pages over HTTP: once right after the start, and again when the index is complete.
Each figure is the median of five requests with different filters of one kind, and, in brackets, the mean CPU
time of the server. The last column is the same once more, when searches and orders are remembered.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import made_up_run

N_IMAGES = 615
COPY_ITEMS = """
INSERT INTO items SELECT position + :n * :items, id || '-' || :n, digest || :n, input,
    json_set(data, '$.id', id || '-' || :n) FROM items WHERE position <= :items
"""
COPY_SCORES = """
INSERT INTO scores SELECT item_id || '-' || :n, rater, rater_kind, dimension, sample, value, status, reason,
    criterion FROM scores WHERE rowid <= :scores
"""
COPY_REQUESTS = """
INSERT INTO requests SELECT i.id || '-' || :n, r.sample, r.dimension, r.key || :n
    FROM items i JOIN requests r ON r.item_id = i.id WHERE i.position <= :items
"""
PAGES = {
    "first page": [""],
    "page 2 to 6": [f"?page={n}" for n in range(2, 7)],
    "last pages": [f"?page={n}" for n in range(19_996, 20_001)],
    "failing answers": [f"?f.verdict=fail&page={n}" for n in range(1, 6)],
    "one score and one field": [f"?f.clarity={n}&f.field.category=screw" for n in range(1, 6)],
    "three filters": [f"?f.verdict=fail&f.relevance={n}&f.field.difficulty=hard" for n in range(1, 6)],
    "sorted by cost": [f"?sort={s}" for s in ("cost", "-cost", "-overall", "length", "-time")],
    "search, rare word": [f"?q={w}" for w in ("q0007", "q0011", "q0123", "q0500", "q0042")],
    "search, common word": [f"?q={w}" for w in ("crack", "dent", "stain", "screw", "badly")],
    "search and filter": [f"?q=scratch&f.clarity={n}" for n in range(1, 6)],
    "one item": [f"item?id=q00{n}-1-clean&f.verdict=pass" for n in range(10, 15)],
    "two runs, what flipped": [f"?with=made-up-bravo&f.change=pass+to+fail&page={n}" for n in range(1, 6)],
}


def multiply(folder: Path, copies: int) -> int:
    """Add copies of the items, scores and completions of a run; return the number of items."""
    with contextlib.closing(sqlite3.connect(folder / "run.db", isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        items = db.execute("SELECT max(position) FROM items").fetchone()[0]
        scores = db.execute("SELECT max(rowid) FROM scores").fetchone()[0]
        last = db.execute("SELECT max(seq) FROM completions").fetchone()[0]
        columns = [row[1] for row in db.execute("PRAGMA table_info(completions)")]
        changed = {"seq": "seq + :n * :last", "key": "key || :n", "item_id": "item_id || '-' || :n"}
        copied = ", ".join(changed.get(name, name) for name in columns)
        for n in range(1, copies):
            db.execute("BEGIN")
            values = {"n": n, "items": items, "scores": scores, "last": last}
            for statement in (COPY_ITEMS, COPY_SCORES, COPY_REQUESTS):
                db.execute(statement, values)
            db.execute(f"INSERT INTO completions SELECT {copied} FROM completions WHERE seq <= :last", values)
            db.execute("COMMIT")
        return items * copies


def make_runs(folder: Path, copies: int) -> list[Path]:
    """Make two large runs over the same questions, unless they are there."""
    runs = []
    for number, system in enumerate(made_up_run.SYSTEMS[:2]):
        runs.append(folder / f"made-up-{system}")
        if not (runs[-1] / "run.db").exists():
            with made_up_run.make_run(runs[-1], system, 0.5 - 0.15 * number, N_IMAGES, number):
                pass
            print(f"{runs[-1]}: {multiply(runs[-1], copies):,} items")
    return runs


class Server:
    """`judge view` in a process of its own."""

    def __init__(self, runs: list[Path], cache: Path) -> None:
        command = [sys.executable, "-u", "-m", "judge", "view", *map(str, runs), "--no-open"]
        environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        link = re.search(r"http://([^/]+)/\?token=(\S+)", self.process.stdout.readline())
        self.host, self.token = link[1], link[2]
        self.cookie = ""
        self.cookie = self.get("/?token=" + self.token)[1].partition(";")[0]

    def get(self, path: str) -> tuple[bytes, str, float]:
        """Return body, cookie and seconds."""
        connection = http.client.HTTPConnection(self.host, timeout=120)
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": self.cookie})
        reply = connection.getresponse()
        body = reply.read()
        seconds = time.perf_counter() - began
        connection.close()
        if reply.status not in (200, 303):
            raise SystemExit(f"{path}: {reply.status} {body[:300]!r}")
        return body, reply.getheader("Set-Cookie") or "", seconds

    def state(self, run: str) -> dict[str, object]:
        """Return how far index and scoring are."""
        return json.loads(self.get(f"/runs/{run}/state")[0])

    def memory_mb(self) -> float:
        """Return the resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def cpu_ms(self) -> float:
        """Return the CPU time of all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the server."""
        self.process.terminate()
        self.process.wait()


def measure(server: Server, run: str) -> dict[str, tuple[float, float]]:
    """Milliseconds of each kind of page: median of the time, and mean CPU time of the server."""
    found = {}
    for kind, pages in PAGES.items():
        before = server.cpu_ms()
        times = [server.get(f"/runs/{run}/{page}")[2] * 1000 for page in pages]
        found[kind] = statistics.median(times), (server.cpu_ms() - before) / len(pages)
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, default=136)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        runs = make_runs(folder, args.copies)
        server = Server(runs, folder / "cache")
        try:
            report(server, runs)
        finally:
            server.close()


def report(server: Server, runs: list[Path]) -> None:
    """Measure before and after the index, and print both."""
    names = [run.name for run in runs]
    first = server.get(f"/runs/{names[0]}/")[2] * 1000
    started = time.monotonic()
    before = measure(server, names[0])
    print(f"first page {first:.0f} ms; memory {server.memory_mb():.0f} MB")
    for name in names:
        while not (state := server.state(name))["complete"]:
            time.sleep(1)
        print(f"{name}: {state['items']:,} items, index complete after {time.monotonic() - started:.0f} s")
    print(f"memory {server.memory_mb():.0f} MB")
    after, again = measure(server, names[0]), measure(server, names[0])
    for kind in PAGES:
        columns = (f"{table[kind][0]:.0f} ({table[kind][1]:.0f})" for table in (before, after, again))
        print(f"| {kind} | {' | '.join(columns)} |")
    print(f"memory {server.memory_mb():.0f} MB")


if __name__ == "__main__":
    main()
