"""Diagnosis of this machine (packages, keys, GPU and disk; nothing is sent), and of a server."""

import os
import platform
import re
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, NamedTuple

from judge.hardware.fit import (
    AT_ONCE,
    JUDGMENT_TOKENS,
    MEMORY_SHARE,
    Fit,
    advice,
    engine_memory,
    fit,
    fit_known,
    needed,
    shortlist,
    suggested,
)
from judge.hardware.gpus import Card, cards
from judge.hardware.model_sizes import Shape, find_shape
from judge.scoring.backends.api.pricing import find_prices
from judge.scoring.backends.api.providers import LITELLM_KEYS, OPENAI_COMPATIBLE
from judge.scoring.backends.decisions.routes import ROUTES
from judge.scoring.backends.vllm.engine import DEFAULT_MAX_LENGTH, MIN_VERSION

_EXTRAS = {"pyarrow": "Parquet files and saved datasets", "openpyxl": "Excel workbooks"}
_EXTRA_NAMES = {"pyarrow": "parquet", "openpyxl": "xlsx"}
_MALICIOUS = ("1.82.7", "1.82.8")
_TOO_NEW = (0, 34)


class Finding(NamedTuple):
    """The result of one check."""

    what: str
    state: Literal["ok", "absent", "problem", "fits", "tight", "too big"]
    found: str
    advice: str = ""
    numbers: Mapping[str, float | None] = {}
    """The numbers in `found` for a model: bytes, tokens, seconds."""


def examine() -> list[Finding]:
    """Check Python, packages, keys, GPU and disk; nothing is sent, and no key is shown."""
    return [_python(), _litellm(), _prices(), _vllm(), *_extras(), *_keys(), _graphics_card(), _store()]


def examine_server(api_base: str) -> list[Finding]:
    """Ask a server which decision routes it has, by requests without questions, which are not billed.

    Raises
    ------
    InputError
        The server cannot be reached.
    """
    from judge.scoring.backends.decisions.offered_routes import offered_routes

    return [
        Finding(f"{route.name} route", "ok" if route.is_offered else "absent", route.found)
        for route in offered_routes(api_base)
    ]


def suggest() -> list[Finding]:
    """List models for the GPU of this machine, in order of the memory that they need; none without a GPU."""
    found = _working_cards()
    if not found:
        return []
    known = fit_known(_smallest(found))
    best, best_seeing = (suggested(known, images=images) for images in (False, True))

    def hint(fitting: Fit) -> str:
        if fitting.verdict == "too big":
            return next(iter(advice(fitting.shape, found)), "")
        return "suggested" if fitting is best else "suggested for images" if fitting is best_seeing else ""

    return [Finding(f.shape.name, f.verdict, _line(f), hint(f), _numbers(f)) for f in shortlist(known)]


def examine_judge(model: str) -> list[Finding]:
    """Check whether a model fits on the GPU of this machine, or which GPU it needs.

    Raises
    ------
    InputError
        The size of the model is unknown.
    """
    shape, found = find_shape(model), _working_cards()
    how = "in its files" if shape.is_measured else "by its config.json"
    one = shape.cache(JUDGMENT_TOKENS)
    cache = (
        f"{_size(one / JUDGMENT_TOKENS)} per token, {_size(one)} per judgment of {JUDGMENT_TOKENS:,} tokens"
    )
    return [
        Finding(
            "model", "ok", f"{_count(shape.parameters)} parameters, {_size(shape.weights)} of weights {how}"
        ),
        Finding("KV cache", "ok", cache),
        _graphics_card(),
        _verdict(shape, found) if found else _wanted(shape),
    ]


def _verdict(shape: Shape, found: Sequence[Card]) -> Finding:
    fitting = fit(shape, _smallest(found))
    hints = [] if fitting.verdict == "fits" else advice(shape, found)
    longest = min(shape.context or DEFAULT_MAX_LENGTH, DEFAULT_MAX_LENGTH)
    if fitting.verdict != "too big" and fitting.tokens < longest:
        hints.insert(0, f"--max-model-len {fitting.tokens // 1024 * 1024} at most")
    if fitting.verdict == "too big":
        return Finding(
            "verdict", "problem", f"too big: {_line(fitting)}", "; ".join(hints), _numbers(fitting)
        )
    return Finding("verdict", fitting.verdict, _line(fitting), "; ".join(hints), _numbers(fitting))


def _wanted(shape: Shape) -> Finding:
    """State the GPU that a model needs, if there is none."""
    need, cache = needed(shape, shape.weights), AT_ONCE * shape.cache(JUDGMENT_TOKENS)
    text = (
        f"needs a GPU with about {_size(need)}: weights {_size(shape.weights)}, KV cache {_size(cache)} for "
        f"{AT_ONCE} concurrent judgments, engine {_size(engine_memory(need))}, and 8 % free"
    )
    return Finding("verdict", "absent", text, numbers={"weights": shape.weights, "need": need})


def _line(fitting: Fit) -> str:
    if fitting.verdict == "too big":
        return f"{_size(fitting.shape.weights)} of weights, needs a GPU with about {_size(fitting.need)}"
    line = f"{_size(fitting.shape.weights)}, {fitting.at_once:,} concurrent judgments"
    line += f", 1,000 in {_span(*fitting.seconds)}" if fitting.seconds else ""
    line += ", accepts images" if fitting.shape.images else ""
    return line + (", always reasons" if fitting.thinks else "")


def _numbers(fitting: Fit) -> dict[str, float | None]:
    low, high = fitting.seconds or (None, None)
    return {
        "parameters": fitting.shape.parameters,
        "weights": fitting.shape.weights,
        "need": fitting.need,
        "at_once": fitting.at_once,
        "tokens": fitting.tokens,
        "seconds_low": low,
        "seconds_high": high,
    }


def _size(size: float) -> str:
    """Format a size in bytes: 144 KiB, 576 MiB, 15.3 GiB, 131 GiB."""
    unit, power = next(((u, p) for u, p in (("KiB", 10), ("MiB", 20)) if size < 2 ** (p + 10)), ("GiB", 30))
    number = size / 2**power
    return f"{number:.1f} {unit}" if unit == "GiB" and number < 100 else f"{number:.0f} {unit}"


def _count(parameters: int) -> str:
    return f"{parameters / 1e9:.1f} billion" if parameters >= 1e8 else f"{parameters / 1e6:.1f} million"


def _span(low: float, high: float) -> str:
    """Format a range of times: 10-15 s, 2-3 min, 1.5-2.2 h."""
    unit, size = next(((u, s) for u, s in (("s", 1), ("min", 60)) if high < 90 * s), ("h", 3600))
    return f"{low / size:.2g}-{high / size:.2g} {unit}"


def _smallest(found: Sequence[Card]) -> Card:
    return min(found, key=lambda card: card.memory)


def _working_cards() -> list[Card]:
    try:
        return cards()
    except OSError:
        return []


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
        advice = (
            "this release steals credentials: uninstall it, replace your keys, pip install 'litellm>=1.84'"
        )
        return Finding("litellm", "problem", found, advice)
    return Finding("litellm", "ok", found)


def _prices() -> Finding:
    if find_prices("openai/gpt-4o-mini", "openai", "gpt-4o-mini") is None:
        return Finding("price list", "problem", "not found", "costs cannot be computed; reinstall litellm")
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
    names |= {name for route in ROUTES.values() for name in route.keys}
    names |= {name for groups in LITELLM_KEYS.values() for group in groups for name in group}
    known = sorted(name for name in names if "KEY" in name or "TOKEN" in name)
    present = [name for name in known if os.environ.get(name)]
    if present:
        yield Finding("keys", "ok", ", ".join(present))
    else:
        yield Finding(
            "keys", "absent", "no API key is set", "for an API judge set its key, for example OPENAI_API_KEY"
        )


def _vllm() -> Finding:
    """Check the package vllm, and whether there is a GPU for it."""
    try:
        found = version("vllm")
    except PackageNotFoundError:
        return Finding("vllm", "absent", "judges on your own GPU", "pip install 'judge-toolkit[vllm]'")
    numbers = tuple(map(int, re.findall(r"\d+", found)[:2]))
    if not MIN_VERSION <= numbers < _TOO_NEW:
        wanted = "vllm>={}.{},<{}.{}".format(*MIN_VERSION, *_TOO_NEW)
        return Finding("vllm", "problem", f"{found}, which is not supported", f"pip install '{wanted}'")
    if not _working_cards():
        return Finding("vllm", "absent", f"{found}, but there is no NVIDIA GPU")
    return Finding("vllm", "ok", f"{found}, judges on your own GPU")


def _graphics_card() -> Finding:
    try:
        found = cards()
    except OSError as error:
        return Finding("graphics card", "problem", str(error), "check the driver with nvidia-smi")
    if not found:
        return Finding("graphics card", "absent", "no NVIDIA GPU found")
    alike = Counter((card.name, card.memory, card.driver) for card in found)
    lines = [
        f"{f'{count} x ' if count > 1 else ''}{name}, {_size(memory)}, driver {driver}"
        for (name, memory, driver), count in alike.items()
    ]
    taken = max(found, key=lambda card: card.used / card.memory)
    if taken.used <= taken.memory * (1 - MEMORY_SHARE):
        return Finding("graphics card", "ok", "; ".join(lines))
    hint = f"{_size(taken.used)} in use: vLLM needs {MEMORY_SHARE:.0%} of the memory free"
    return Finding("graphics card", "ok", "; ".join(lines), f"{hint}, or a smaller --memory-share")


def _store() -> Finding:
    """Check that SQLite's write-ahead log, which runs need, works here; some network disks lack it."""
    try:
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".judge-doctor-") as folder:
            db = sqlite3.connect(Path(folder) / "test.db")
            mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            db.close()
    except (OSError, sqlite3.Error) as error:
        return Finding("run folders", "problem", f"cannot be written here: {error}", "work in another folder")
    if mode != "wal":
        return Finding(
            "run folders", "problem", "this disk does not support a write-ahead log", "use a local disk"
        )
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    return Finding("run folders", "ok", f"SQLite {sqlite3.sqlite_version}, {free:.0f} GiB free")
