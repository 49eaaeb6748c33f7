"""Tries one reader on many bad files, in a process of its own: python -m tests.fuzz.worker READER SEED CASES FOLDER

The last line of standard output is JSON: the findings, the seconds of the slowest case, and the most memory that
the process ever had. A case that takes longer than its reader allows ends the process with a traceback.
"""

import faulthandler
import json
import resource
import shutil
import sys
import time
import traceback
from pathlib import Path
from random import Random
from typing import Any

from judge.errors import JudgeError

from .readers import READERS

MEMORY = 3 * 2**30
"""Bytes of address space; what takes more than 1 GB is found by its peak, and this keeps the machine alive."""


def main(name: str, seed: int, cases: int, folder: Path) -> dict[str, Any]:
    """Try a reader; findings are told apart by the kind of the error and the line that raised it."""
    reader = READERS[name]
    sound, bad = folder / "sound", folder / "bad"
    sound.mkdir(parents=True)
    reader.prepare(sound)
    reader.read(sound)  # what is sound must be read
    found: dict[str, dict[str, Any]] = {}
    slowest = 0.0
    for case in range(seed, seed + cases):
        shutil.rmtree(bad, ignore_errors=True)
        shutil.copytree(sound, bad)
        reader.spoil(bad, Random(f"{name} {case}"))
        (folder / "case").write_text(str(case))
        faulthandler.dump_traceback_later(reader.longest, exit=True)
        started = time.perf_counter()
        try:
            reader.read(bad)
        except JudgeError:
            pass
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            _note(found, case, error, bad, folder)
        slowest = max(slowest, time.perf_counter() - started)
        faulthandler.cancel_dump_traceback_later()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"findings": found, "slowest": round(slowest, 2), "megabytes": round(peak)}


def _note(found: dict[str, dict[str, Any]], case: int, error: Exception, bad: Path, folder: Path) -> None:
    """Keep of each kind of finding the case with the smallest file."""
    frames = traceback.extract_tb(error.__traceback__)
    place = next(
        (f for f in reversed(frames) if "/tests/" not in f.filename and "judge" in f.filename), frames[-1]
    )
    kind = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
    size = sum(path.stat().st_size for path in bad.rglob("*") if path.is_file())
    known = found.setdefault(kind, {"count": 0, "size": size + 1})
    known["count"] += 1
    if size < known["size"]:
        known |= {"size": size, "case": case, "said": str(error)[:300]}
        known["kept"] = str(folder / f"found {kind}".replace(":", " "))
        shutil.rmtree(known["kept"], ignore_errors=True)
        shutil.copytree(bad, known["kept"])


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    reader_name, first_seed, n_cases, where = sys.argv[1:]
    sys.stdout.write(json.dumps(main(reader_name, int(first_seed), int(n_cases), Path(where))) + "\n")
