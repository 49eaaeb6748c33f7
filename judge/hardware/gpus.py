"""NVIDIA GPUs of this machine, as reported by the driver's library (NVML).

NVML creates no CUDA context: it takes no GPU memory, and the process can still fork.
"""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_DRIVER = Path("/proc/driver/nvidia/version")


class Card(NamedTuple):
    """One GPU, or the part of one that a MIG entry of CUDA_VISIBLE_DEVICES names."""

    name: str
    memory: int
    """Total memory in bytes."""
    used: int
    """Memory in bytes that is in use, by any process."""
    driver: str


def cards() -> list[Card]:
    """List the GPUs that CUDA_VISIBLE_DEVICES allows, in NVML's order; empty without a driver.

    Raises
    ------
    OSError
        The driver does not work, or the package nvidia-ml-py, which reads it, is missing.
    """
    if (nvml := _nvml()) is None:
        return []
    try:
        return [_card(nvml, handle) for handle in _handles(nvml)]
    except nvml.NVMLError as error:
        raise OSError(f"NVML: {error}") from None


def utilization() -> float | None:
    """Return the recent utilization of the busiest GPU, 0 to 1; None if it is unknown.

    A mean would include GPUs that the judge does not use, and GPUs that share a model are equally busy.
    """
    try:
        if (nvml := _nvml()) is None:
            return None
        rates = [nvml.nvmlDeviceGetUtilizationRates(handle) for handle in _handles(nvml)]
    except OSError:
        return None
    except nvml.NVMLError:  # for example, a part of a GPU (MIG) does not report it
        return None
    return max((float(rate.gpu) / 100 for rate in rates), default=None)


@cache
def _nvml() -> Any:
    """Load and start NVML; None without a driver."""
    try:
        import pynvml
    except ImportError:
        if not _DRIVER.exists():
            return None
        raise OSError(
            "the NVIDIA driver cannot be read without the package nvidia-ml-py: pip install nvidia-ml-py"
        ) from None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError_LibraryNotFound:
        return None
    except pynvml.NVMLError as error:
        raise OSError(f"NVML: {error}") from None
    return pynvml


def _handles(nvml: Any) -> list[Any]:
    found = [nvml.nvmlDeviceGetHandleByIndex(position) for position in range(nvml.nvmlDeviceGetCount())]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return found if visible is None else _visible(nvml, found, visible)


def _visible(nvml: Any, found: Sequence[Any], visible: str) -> list[Any]:
    """Read the variable as CUDA does: indices or (prefixes of) UUIDs, up to the first invalid entry."""
    chosen: list[Any] = []
    for entry in map(str.strip, visible.split(",")):
        if entry.isdecimal():
            named = [found[int(entry)]] if int(entry) < len(found) else []
        elif entry.startswith("MIG-"):
            named = _part(nvml, entry)
        else:
            named = [handle for handle in found if entry and nvml.nvmlDeviceGetUUID(handle).startswith(entry)]
        if len(named) != 1:
            break
        chosen += named
    return chosen


def _part(nvml: Any, uuid: str) -> list[Any]:
    try:
        return [nvml.nvmlDeviceGetHandleByUUID(uuid)]
    except nvml.NVMLError:
        return []


def _card(nvml: Any, handle: Any) -> Card:
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    driver = nvml.nvmlSystemGetDriverVersion()
    return Card(nvml.nvmlDeviceGetName(handle), int(memory.total), int(memory.used), driver)
