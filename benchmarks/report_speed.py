"""Time and size of the HTML report of a run with 7,380 answers, four types of questions and two conditions.

    python benchmarks/report_speed.py [--runs 5] [--folder DIR] [--images 615]

Creates a synthetic run with `made_up_run.py` and runs `judge report RUN --html`; the time includes the
start of Python. Goals: under 10 s, under 500 KB, and identical bytes in every call. An image has 12 answers:
with `--images 83334` it is a million, which takes about 15 minutes to create; goals then: 60 s and 1 GB.
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
MOST_SECONDS, MOST_BYTES, MOST_MEMORY = 10.0, 500_000, 1e9


def run_of_full_size(folder: Path, n_images: int) -> Path:
    """Return the path of the run, which is created if it does not exist."""
    run = folder / "made-up-alpha"
    if not (run / "run.db").exists():
        script = str(HERE / "made_up_run.py")
        command = [sys.executable, script, str(folder), "--systems", "1", "--images", str(n_images)]
        subprocess.run(command, check=True)
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
    parser.add_argument("--images", type=int, default=615)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run = run_of_full_size(args.folder or Path(scratch), args.images)
        results = [timed_report(run) for _ in range(args.runs)]
    wall, cpu = ([result[i] for result in results] for i in (0, 1))
    pages = {hashlib.sha256(page).hexdigest() for _, _, page in results}
    size = len(results[0][2])
    print(f"{date.today()}, Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    print(f"wall-clock seconds: median {statistics.median(wall):.2f}, {min(wall):.2f} to {max(wall):.2f}")
    print(f"CPU seconds:        median {statistics.median(cpu):.2f}, {min(cpu):.2f} to {max(cpu):.2f}")
    # The run is also created by a child, which needs less memory than the report.
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    most_seconds = MOST_SECONDS if args.images <= 615 else 60.0
    print(f"peak memory in MB:  {memory / 1e6:,.0f}")
    print(f"size in bytes:      {size:,}; different reports: {len(pages)}")
    sys.exit(max(wall) > most_seconds or memory > MOST_MEMORY or size > MOST_BYTES or len(pages) > 1)


if __name__ == "__main__":
    main()
