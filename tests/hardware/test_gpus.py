"""The graphics cards of this machine, as the driver's library tells them."""

import subprocess
import sys

import pytest

from judge.hardware import gpus as module
from judge.hardware.gpus import Card, cards, utilization

from .fake_nvml import GIB, fake_nvml, install

H100 = ("NVIDIA H100 80GB HBM3", 80, 1)
L4 = ("NVIDIA L4", 22.5, 0)


@pytest.fixture(autouse=True)
def _forget():
    yield
    module._nvml.cache_clear()


def names():
    return [card.name for card in cards()]


def test_card_has_name_memory_and_driver(monkeypatch):
    install(monkeypatch, fake_nvml(H100))
    assert cards() == [Card("NVIDIA H100 80GB HBM3", 80 * GIB, 1 * GIB, "580.65.06")]


def test_machine_without_a_driver_has_no_cards(monkeypatch):
    install(monkeypatch, None)
    assert (cards(), utilization()) == ([], None)


def test_driver_that_does_not_work_is_an_error_in_its_own_words(monkeypatch):
    install(monkeypatch, fake_nvml(driver_status=9))
    with pytest.raises(OSError, match="status 9"):
        cards()


def test_driver_that_does_not_work_tells_no_share(monkeypatch):
    install(monkeypatch, fake_nvml(driver_status=9))
    assert utilization() is None


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        ("1", ["NVIDIA L4"]),
        ("1,0", ["NVIDIA L4", "NVIDIA H100 80GB HBM3"]),
        ("", []),
        ("-1", []),
        ("²", []),
        ("0,7,1", ["NVIDIA H100 80GB HBM3"]),
        ("GPU-111", ["NVIDIA L4"]),
        ("GPU-1", ["NVIDIA L4"]),
        ("GPU-", []),
        ("MIG-a", ["NVIDIA H100 80GB HBM3 MIG 1g.10gb"]),
        ("MIG-b", []),
    ],
    ids=["one", "order", "empty", "none", "no-decimal", "up-to-a-wrong-one", "name", "start-of-a-name", "two-names", "part", "no-such-part"],
)  # fmt: skip
def test_visible_devices_are_read_as_cuda_reads_them(monkeypatch, visible, found):
    part = ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", 9.75, 0)
    install(monkeypatch, fake_nvml(H100, L4, parts={"MIG-a": part}))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert names() == found


def test_share_is_that_of_the_busiest_card(monkeypatch):
    install(monkeypatch, fake_nvml(H100, L4, busy=(93, 0)))
    assert utilization() == pytest.approx(0.93)


def test_share_leaves_hidden_cards_out(monkeypatch):
    install(monkeypatch, fake_nvml(H100, L4, busy=(93, 7)))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert utilization() == pytest.approx(0.07)


def test_card_that_does_not_tell_its_share_has_none(monkeypatch):
    install(monkeypatch, fake_nvml(H100, busy=(None,)))
    assert utilization() is None


def test_library_is_loaded_once(monkeypatch):
    started = []
    library = fake_nvml(H100, busy=(50,))
    library.nvmlInit = lambda: started.append(1)
    install(monkeypatch, library)
    assert (len(cards()), utilization(), len(cards())) == (1, 0.5, 1)
    assert len(started) == 1


def test_a_driver_without_the_package_that_asks_it_is_one_plain_sentence(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    module._nvml.cache_clear()
    monkeypatch.setattr(module, "_DRIVER", tmp_path)
    with pytest.raises(OSError, match=r"without the package nvidia-ml-py: pip install nvidia-ml-py$"):
        cards()
    assert utilization() is None


def test_without_driver_and_package_there_are_no_cards(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    module._nvml.cache_clear()
    monkeypatch.setattr(module, "_DRIVER", tmp_path / "missing")
    assert (cards(), utilization()) == ([], None)


def test_a_card_that_does_not_answer_is_an_error(monkeypatch):
    library = fake_nvml(H100)
    install(monkeypatch, library)

    def lost(_):
        raise library.NVMLError("GPU is lost")

    library.nvmlDeviceGetMemoryInfo = lost
    with pytest.raises(OSError, match="NVML: GPU is lost"):
        cards()


def test_asking_for_cards_loads_no_package():
    code = "import sys; import judge.hardware.gpus as c; c.cards(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"torch", "vllm", "numpy", "pydantic"} & set(loaded.split())
