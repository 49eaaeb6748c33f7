"""What works on this machine, found out without sending anything."""

import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, NamedTuple

from judge.scoring.backends.pricing import find_prices
from judge.scoring.backends.providers import LITELLM_KEYS, OPENAI_COMPATIBLE

_EXTRAS = {"vllm": "judges on your own GPU", "ray": "judges on many GPUs", "pyarrow": "Parquet files"}
_EXTRA_NAMES = {"pyarrow": "parquet"}
_MALICIOUS = ("1.82.7", "1.82.8")


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "absent", "problem"]
    found: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at Python, packages, keys, graphics card and disk; nothing is sent, no key is read out."""
    return [_python(), _litellm(), _prices(), *_extras(), *_keys(), _graphics_card(), _store()]


def _python() -> Finding:
    return Finding(
        "Python",
        "ok",
        f"{platform.python_version()} ({sys.platform}), judge-toolkit {version('judge-toolkit')}",
    )


def _litellm() -> Finding:
    try:
        found = version("litellm")
    except PackageNotFoundError:
        return Finding("litellm", "problem", "not installed", "pip install judge-toolkit again")
    if found in _MALICIOUS:
        advice = "this release stole credentials: remove it, change your keys, pip install 'litellm>=1.84'"
        return Finding("litellm", "problem", found, advice)
    return Finding("litellm", "ok", found)


def _prices() -> Finding:
    if find_prices("openai/gpt-4o-mini", "openai", "gpt-4o-mini") is None:
        return Finding("price list", "problem", "not found", "costs cannot be counted; reinstall litellm")
    return Finding("price list", "ok", "litellm's, as installed")


def _extras() -> Iterator[Finding]:
    for package, use in _EXTRAS.items():
        try:
            yield Finding(package, "ok", f"{version(package)}, {use}")
        except PackageNotFoundError:
            extra = _EXTRA_NAMES.get(package, package)
            yield Finding(package, "absent", use, f"pip install 'judge-toolkit[{extra}]'")


def _keys() -> Iterator[Finding]:
    names = {name for provider in OPENAI_COMPATIBLE.values() for name in provider.keys}
    names |= {name for groups in LITELLM_KEYS.values() for group in groups for name in group}
    known = sorted(name for name in names if "KEY" in name or "TOKEN" in name)
    present = [name for name in known if os.environ.get(name)]
    if present:
        yield Finding("keys", "ok", ", ".join(present))
    else:
        yield Finding(
            "keys", "absent", "no provider's key is set", "for an API judge, for example OPENAI_API_KEY"
        )


def _graphics_card() -> Finding:
    tool = shutil.which("nvidia-smi")
    if not tool:
        return Finding("graphics card", "absent", "none from NVIDIA found")
    query = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        return Finding("graphics card", "problem", f"nvidia-smi fails: {error}", "check the driver")
    return Finding("graphics card", "ok", "; ".join(done.stdout.strip().splitlines()))


def _store() -> Finding:
    """Runs need SQLite's write-ahead log, which some network disks lack."""
    try:
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".judge-doctor-") as folder:
            db = sqlite3.connect(Path(folder) / "test.db")
            mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            db.close()
    except (OSError, sqlite3.Error) as error:
        return Finding("run folders", "problem", f"cannot be written here: {error}", "work in another folder")
    if mode != "wal":
        return Finding(
            "run folders", "problem", "this disk does not take a write-ahead log", "use a local disk"
        )
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    return Finding("run folders", "ok", f"SQLite {sqlite3.sqlite_version}, {free:.0f} GiB free")
