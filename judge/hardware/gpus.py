"""The NVIDIA cards of this machine, asked through the driver's own library (NVML).

Where there is no driver nothing happens but one failed lookup. NVML starts no CUDA context: asking takes none
of the card's memory, and a process may still fork afterwards.
"""

import ctypes
import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

_LIBRARY = "libnvidia-ml.so.1"
_TEXT = 96
"""Bytes for a name; NVML asks for no more."""


class Card(NamedTuple):
    """One graphics card, or the part of one that a MIG entry of CUDA_VISIBLE_DEVICES names."""

    name: str
    memory: int
    """Bytes in all."""
    used: int
    """Bytes that are taken now, by whomever."""
    driver: str


class _Memory(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in ("total", "free", "used")]


class _Utilization(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint) for name in ("gpu", "memory")]


def cards() -> list[Card]:
    """The cards that CUDA_VISIBLE_DEVICES leaves, in NVML's order; none where there is no driver.

    Raises
    ------
    OSError
        There is a driver, and it does not work.
    """
    nvml = _nvml()
    return [_card(nvml, handle) for handle in _handles(nvml)] if nvml else []


def share() -> float | None:
    """Part of the last moments in which the busiest card computed, 0 to 1; None where nobody can tell.

    The busiest, because cards that a judge does not use would thin out a mean, and those that share a model
    are busy alike.
    """
    try:
        nvml = _nvml()
        busy = [_utilization(nvml, handle) for handle in _handles(nvml)] if nvml else []
    except OSError:  # a MIG part, for one, does not tell
        return None
    return max(busy, default=None)


@cache
def _nvml() -> ctypes.CDLL | None:
    try:
        nvml = ctypes.CDLL(_LIBRARY)
    except OSError:
        return None
    nvml.nvmlErrorString.restype = ctypes.c_char_p
    _check(nvml, nvml.nvmlInit_v2())
    return nvml


def _check(nvml: ctypes.CDLL, status: int) -> None:
    if status:
        raise OSError(f"NVML: {nvml.nvmlErrorString(status).decode(errors='replace')}")


def _handles(nvml: ctypes.CDLL) -> list[ctypes.c_void_p]:
    count = ctypes.c_uint()
    _check(nvml, nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)))
    found = []
    for position in range(count.value):
        found.append(ctypes.c_void_p())
        _check(nvml, nvml.nvmlDeviceGetHandleByIndex_v2(position, ctypes.byref(found[-1])))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return found if visible is None else _visible(nvml, found, visible)


def _visible(nvml: ctypes.CDLL, found: Sequence[ctypes.c_void_p], visible: str) -> list[ctypes.c_void_p]:
    """As CUDA reads it: positions or (starts of) names, up to the first that names no card."""
    chosen: list[ctypes.c_void_p] = []
    for entry in map(str.strip, visible.split(",")):
        if entry.isdecimal():
            named = [found[int(entry)]] if int(entry) < len(found) else []
        elif entry.startswith("MIG-"):
            part = ctypes.c_void_p()
            status = nvml.nvmlDeviceGetHandleByUUID(entry.encode(), ctypes.byref(part))
            named = [] if status else [part]
        else:
            named = [h for h in found if entry and _text(nvml, nvml.nvmlDeviceGetUUID, h).startswith(entry)]
        if len(named) != 1:
            break
        chosen += named
    return chosen


def _card(nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> Card:
    memory = _Memory()
    _check(nvml, nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)))
    driver = _text(nvml, nvml.nvmlSystemGetDriverVersion)
    return Card(_text(nvml, nvml.nvmlDeviceGetName, handle), memory.total, memory.used, driver)


def _utilization(nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> float:
    rates = _Utilization()
    _check(nvml, nvml.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(rates)))
    return float(rates.gpu) / 100


def _text(nvml: ctypes.CDLL, ask: Callable[..., int], *of: ctypes.c_void_p) -> str:
    text = ctypes.create_string_buffer(_TEXT)
    _check(nvml, ask(*of, text, _TEXT))
    return text.value.decode(errors="replace")
