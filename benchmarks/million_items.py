"""Memory and time of `judge score` with a million items: the lexical baseline, or recorded replies.

    python benchmarks/million_items.py [--items 1000000] [--judge baseline|replay] [--folder DIR]

Prints the peak memory of the process (maximum resident set size), the resident memory over time, which
should be constant, and the time. The items are synthetic.
"""

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

WORDS = [
    "valve",
    "pressure",
    "sensor",
    "filter",
    "noise",
    "signal",
    "loop",
    "gain",
    "phase",
    "margin",
    "torque",
]


def write_input(folder: Path, count: int) -> None:
    """Write items of about 400 bytes, and a recorded reply for each."""
    rng = random.Random(0)
    names = ("technical_accuracy", "comprehensiveness", "relevance", "clarity")
    reply = json.dumps(dict.fromkeys(names, 4))
    with (folder / "items.jsonl").open("w") as items, (folder / "replies.jsonl").open("w") as replies:
        for n in range(count):
            text = [" ".join(rng.choices(WORDS, k=k)) for k in (8, 15, 15)]
            row = {
                "id": f"i{n}",
                "question": f"Case {n}: {text[0]}?",
                "answer": text[1],
                "reference": text[2],
            }
            items.write(json.dumps({**row, "answer": text[1], "reference": text[2], "topic": n % 7}) + "\n")
            replies.write(json.dumps({"id": f"i{n}", "reply": reply}) + "\n")


def resident(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Run once and print one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--judge", choices=("baseline", "replay"), default="baseline")
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        write_input(folder, options.items)
        judge = "baseline" if options.judge == "baseline" else "replay:replies.jsonl"
        command = [
            sys.executable,
            "-m",
            "judge",
            "score",
            "items.jsonl",
            "--judge",
            judge,
            "--out",
            "run",
            "--json",
        ]
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        readings = []
        while process.poll() is None:
            readings.append(round(resident(process.pid)))
            time.sleep(5)
        seconds = time.monotonic() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        summary = json.loads(process.stdout.read()) if process.stdout else {}
        print(
            json.dumps(
                {
                    "date": date.today().isoformat(),
                    "python": platform.python_version(),
                    "judge": options.judge,
                    "items": summary["items"],
                    "complete": summary["complete"],
                    "wall_s": round(seconds, 1),
                    "cpu_s": round(used.ru_utime + used.ru_stime, 1),
                    "peak_mb": round(used.ru_maxrss * 1024 / 1e6),
                    "resident_mb_over_time": readings[:: max(1, len(readings) // 12)],
                    "run_db_mb": round((folder / "run" / "run.db").stat().st_size / 1e6),
                }
            )
        )


if __name__ == "__main__":
    main()
