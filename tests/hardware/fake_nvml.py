"""The package pynvml as `judge.hardware.gpus` calls it: the cards of a made-up machine."""

import sys
from types import ModuleType, SimpleNamespace

GIB = 2**30


class NVMLError(Exception):
    pass


class NVMLError_LibraryNotFound(NVMLError):
    pass


def fake_nvml(*cards, driver_status=0, busy=(), parts=None):
    """A package with cards of (name, GiB, GiB in use); `busy` in percent, None where a card does not tell."""
    every = [*cards, *(parts or {}).values()]

    def started():
        if driver_status:
            raise NVMLError(f"status {driver_status}")

    def memory(handle):
        _, total, used = every[handle]
        return SimpleNamespace(total=int(total * GIB), used=int(used * GIB))

    def utilization(handle):
        if busy[handle] is None:
            raise NVMLError("Not Supported")
        return SimpleNamespace(gpu=busy[handle])

    def by_uuid(uuid):
        if uuid not in (parts or {}):
            raise NVMLError("Not Found")
        return len(cards) + list(parts).index(uuid)

    made = ModuleType("pynvml")
    made.NVMLError, made.NVMLError_LibraryNotFound = NVMLError, NVMLError_LibraryNotFound
    made.nvmlInit = started
    made.nvmlDeviceGetCount = lambda: len(cards)
    made.nvmlDeviceGetHandleByIndex = lambda position: position
    made.nvmlDeviceGetHandleByUUID = by_uuid
    made.nvmlDeviceGetUUID = lambda handle: f"GPU-{handle}{handle}{handle}"
    made.nvmlDeviceGetName = lambda handle: every[handle][0]
    made.nvmlDeviceGetMemoryInfo = memory
    made.nvmlDeviceGetUtilizationRates = utilization
    made.nvmlSystemGetDriverVersion = lambda: "580.65.06"
    return made


def no_driver():
    raise NVMLError_LibraryNotFound("NVML Shared Library Not Found")


def install(monkeypatch, package):
    """Make Python find this package; None is a machine without a driver."""
    from judge.hardware import gpus

    if package is None:
        package = fake_nvml()
        package.nvmlInit = no_driver
    monkeypatch.setitem(sys.modules, "pynvml", package)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    gpus._nvml.cache_clear()
