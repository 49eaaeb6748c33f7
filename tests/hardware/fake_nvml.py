"""The driver's library as `judge.hardware.gpus` calls it: the cards of a made-up machine."""

import ctypes
from types import SimpleNamespace

GIB = 2**30
UNKNOWN = 13  # NVML_ERROR_FUNCTION_NOT_FOUND: any status but 0 is an error


def fake_nvml(*cards, driver_status=0, busy=(), parts=None):
    """A library with cards of (name, GiB, GiB in use); `busy` in percent, None where a card does not tell."""
    every = [*cards, *(parts or {}).values()]
    uuids = [f"GPU-{number}{number}{number}" for number in range(len(cards))]

    def put(pointer, value):
        pointer._obj.value = value
        return 0

    def put_text(buffer, text):
        buffer.value = text.encode()
        return 0

    def of(handle):
        return every[handle.value - 1]  # a handle of 0 would read as None

    def memory(handle, pointer):
        _, total, used = of(handle)
        pointer._obj.total, pointer._obj.used = int(total * GIB), int(used * GIB)
        return 0

    def utilization(handle, pointer):
        percent = busy[handle.value - 1]
        pointer._obj.gpu = percent or 0
        return 0 if percent is not None else 3

    def by_uuid(uuid, pointer):
        names = list(parts or {})
        if uuid.decode() not in names:
            return UNKNOWN
        return put(pointer, len(cards) + 1 + names.index(uuid.decode()))

    return SimpleNamespace(
        nvmlInit_v2=lambda: driver_status,
        nvmlErrorString=lambda status: f"status {status}".encode(),
        nvmlDeviceGetCount_v2=lambda pointer: put(pointer, len(cards)),
        nvmlDeviceGetHandleByIndex_v2=lambda position, pointer: put(pointer, position + 1),
        nvmlDeviceGetHandleByUUID=by_uuid,
        nvmlDeviceGetUUID=lambda handle, buffer, _size: put_text(buffer, uuids[handle.value - 1]),
        nvmlDeviceGetName=lambda handle, buffer, _size: put_text(buffer, of(handle)[0]),
        nvmlDeviceGetMemoryInfo=memory,
        nvmlDeviceGetUtilizationRates=utilization,
        nvmlSystemGetDriverVersion=lambda buffer, _size: put_text(buffer, "580.65.06"),
    )


def install(monkeypatch, library):
    """Make `ctypes` find this library; None is a machine without a driver."""
    from judge.hardware import gpus

    def load(name):
        if library is None:
            raise OSError(f"{name}: cannot open shared object file")
        return library

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    gpus._nvml.cache_clear()
