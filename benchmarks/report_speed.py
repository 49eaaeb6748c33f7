"""Time and size of the HTML report of a run with 7,380 answers, four types of questions and two conditions.

    python benchmarks/report_speed.py [--runs 5] [--folder DIR]

Creates a synthetic run with `made_up_run.py` and runs `judge report RUN --html`; the time includes the
start of Python. Goals: under 10 s, under 500 KB, and identical bytes in every call.
"""

import argparse
import hashlib
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
MOST_SECONDS, MOST_BYTES = 10.0, 500_000


def run_of_full_size(folder: Path) -> Path:
    """Return the path of the run, which is created if it does not exist."""
    run = folder / "made-up-alpha"
    if not (run / "run.db").exists():
        script = str(HERE / "made_up_run.py")
        subprocess.run([sys.executable, script, str(folder), "--systems", "1"], check=True)
    return run


def timed_report(run: Path) -> tuple[float, float, bytes]:
    """Return the wall-clock time, the CPU time, and the report."""
    page = run / "report.html"
    page.unlink(missing_ok=True)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "judge", "report", str(run), "--html"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, page.read_bytes()


def main() -> None:
    """Print the results; exit with status 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run = run_of_full_size(args.folder or Path(scratch))
        results = [timed_report(run) for _ in range(args.runs)]
    wall, cpu = ([result[i] for result in results] for i in (0, 1))
    pages = {hashlib.sha256(page).hexdigest() for _, _, page in results}
    size = len(results[0][2])
    print(f"{date.today()}, Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    print(f"wall-clock seconds: median {statistics.median(wall):.2f}, {min(wall):.2f} to {max(wall):.2f}")
    print(f"CPU seconds:        median {statistics.median(cpu):.2f}, {min(cpu):.2f} to {max(cpu):.2f}")
    print(f"size in bytes:      {size:,}; different reports: {len(pages)}")
    sys.exit(max(wall) > MOST_SECONDS or size > MOST_BYTES or len(pages) > 1)


if __name__ == "__main__":
    main()
