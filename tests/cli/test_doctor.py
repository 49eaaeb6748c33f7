"""`judge doctor` on made-up machines: with cards and without, with vLLM and without."""

import json
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as real_version

import pytest
from click.testing import CliRunner

from judge import doctor
from judge.cli import main
from judge.cli.doctor import command
from judge.hardware import gpus as cards_module

from ..hardware.fake_nvml import fake_nvml, install

H100 = ("NVIDIA H100 80GB HBM3", 79.6, 0.5)
L4 = ("NVIDIA L4", 22.5, 0.3)
ANY = "vllm:Qwen/Qwen3-8B"


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(command, "context_settings", {})  # settings that one test writes stay its own
    yield
    cards_module._nvml.cache_clear()


@pytest.fixture
def machine(monkeypatch):
    """Call it with the cards of the machine and the version of vLLM that is installed."""

    def build(*cards, vllm=None, driver_status=0):
        def version(package):
            if package != "vllm":
                return real_version(package)
            if vllm is None:
                raise PackageNotFoundError(package)
            return vllm

        monkeypatch.setattr(doctor, "version", version)
        install(
            monkeypatch, fake_nvml(*cards, driver_status=driver_status) if cards or driver_status else None
        )

    return build


def ask(*arguments):
    return CliRunner().invoke(command, arguments)


def line(name, *arguments):
    """The line about `name`."""
    (found,) = (row for row in ask(*arguments).stdout.splitlines() if row[8:].startswith(f"{name} "))
    return found


# ---- vLLM


def test_vllm_that_is_absent_comes_with_the_command_that_installs_it(machine):
    machine(H100)
    assert line("vllm").startswith("absent") and line("vllm").endswith("pip install 'judge-toolkit[vllm]'")  # noqa: PT018


@pytest.mark.parametrize("version", ["0.25.1", "0.34.0", "1.0", "0.34.0rc1"])
def test_vllm_of_another_version_is_a_problem(machine, version):
    machine(H100, vllm=version)
    assert ask().exit_code == 1
    assert line("vllm").startswith("PROBLEM")
    assert line("vllm").endswith(f"{version}, which is not supported – pip install 'vllm>=0.26,<0.34'")


@pytest.mark.parametrize("version", ["0.26.0", "0.32.0", "0.33.1.dev3+cu130"])
def test_vllm_that_judge_knows_is_fine(machine, version):
    machine(H100, vllm=version)
    assert line("vllm") == f"ok      vllm                  {version}, judges on your own GPU"


def test_vllm_without_a_card_is_said_and_no_failure(machine):
    machine(vllm="0.32.0")
    assert line("vllm").startswith("absent")
    assert "no NVIDIA GPU" in line("vllm")
    assert ask().exit_code == 0


# ---- cards


def test_card_stands_with_its_memory_and_driver(machine):
    machine(H100)
    assert line("graphics card").endswith("NVIDIA H100 80GB HBM3, 79.6 GiB, driver 580.65.06")


def test_cards_of_one_kind_are_counted(machine):
    machine(L4, L4, H100)
    assert "2 x NVIDIA L4, 22.5 GiB, driver 580.65.06; NVIDIA H100" in line("graphics card")


def test_memory_in_use_that_keeps_vllm_from_starting_is_said(machine):
    machine(("NVIDIA L4", 22.5, 5.0))
    assert "5.0 GiB in use: vLLM needs 92% of the memory free" in line("graphics card")


def test_driver_that_does_not_work_is_a_problem(machine):
    machine(driver_status=9)
    assert line("graphics card").startswith("PROBLEM")
    assert "status 9" in line("graphics card")
    assert ask().exit_code == 1


# ---- models


def test_without_a_card_there_is_no_list_of_models(machine):
    machine()
    assert "Judges on this card" not in ask().stdout


def test_with_a_card_models_are_listed_and_one_is_suggested(machine):
    machine(L4)
    shown = ask().stdout.partition("Judges on this card")[2]
    assert [row.split()[1] for row in shown.splitlines() if row.endswith("suggested")] == [
        "Qwen/Qwen3-VL-4B-Instruct"
    ]
    assert "Estimates, not measurements" in shown


def test_model_that_fits_no_card_here_is_no_failure(machine):
    machine(L4)
    assert "too big" in ask().stdout
    assert ask().exit_code == 0


def test_card_of_unknown_speed_gets_no_time(machine):
    machine(("NVIDIA Something", 79.6, 0))
    shown = ask().stdout.partition("Judges on this card")[2]
    assert "concurrent judgments" in shown
    assert ", 1,000 in" not in shown


def test_smallest_card_decides(machine):
    machine(H100, L4)
    assert line("verdict", "--local-model", ANY).startswith("tight")


# ---- one model


@pytest.mark.parametrize(
    ("card", "model", "start", "status"),
    [
        (H100, "vllm:Qwen/Qwen3-8B", "fits    verdict", 0),
        (L4, "vllm:Qwen/Qwen3-8B", "tight   verdict", 0),
        (L4, "vllm:Qwen/Qwen3-32B", "PROBLEM verdict", 1),
    ],
)
def test_one_model_gets_a_verdict(machine, card, model, start, status):
    machine(card)
    assert line("verdict", "--local-model", model).startswith(start)
    assert ask("--local-model", model).exit_code == status


def test_without_a_card_one_model_says_what_it_needs(machine):
    machine()
    done = ask("--local-model", ANY)
    assert done.exit_code == 0
    assert "needs a GPU with about 28.5 GiB: weights 15.3 GiB" in done.stdout


def test_context_that_does_not_fit_is_advised_to_be_shorter(machine):
    machine(L4)
    assert "--max-model-len 24576 at most" in line("verdict", "--local-model", ANY)


def test_only_other_cards_of_this_machine_are_an_option(machine):
    machine(L4, L4)
    assert "--tensor-parallel 2 would be enough" in line("verdict", "--local-model", ANY)


def test_broken_driver_does_not_keep_the_answer(machine):
    machine(driver_status=9)
    done = ask("--local-model", ANY)
    assert "needs a GPU with about" in done.stdout
    assert done.exit_code == 1


@pytest.mark.parametrize("judge", ["openai/gpt-5", "vllm:", "Qwen/Qwen3-8B"])
def test_only_a_model_of_this_process_can_be_asked_about(machine, judge):
    machine()
    done = ask("--local-model", judge)
    assert done.exit_code == 2
    assert "allowed is vllm:MODEL" in done.stderr


def test_json_carries_the_numbers(machine):
    machine(L4)
    found = {finding["what"]: finding for finding in json.loads(ask("--json").stdout)}
    assert found["Qwen/Qwen3-8B"]["state"] == "tight"
    assert found["Qwen/Qwen3-8B"]["numbers"]["at_once"] == 6
    (verdict,) = (f for f in json.loads(ask("--json", "--local-model", ANY).stdout) if f["what"] == "verdict")
    assert verdict["numbers"]["weights"] == 2 * 8_190_427_136


@pytest.mark.parametrize("value", ['"openai/gpt-5"', '["openai/gpt-5", "vllm:Qwen/Qwen3-8B"]'])
def test_judge_of_the_settings_of_all_commands_is_not_the_one_that_is_asked_about(value, tmp_path):
    (tmp_path / "judge.toml").write_text(f"judge = {value}\n")
    done = CliRunner().invoke(main, ["doctor"])
    assert (done.exit_code, "run folders" in done.stdout) == (0, True), done.output


@pytest.mark.parametrize("name", ["JUDGE_JUDGE", "JUDGE_MODEL"])
def test_judge_of_the_environment_is_not_the_one_that_is_asked_about(name):
    done = CliRunner().invoke(main, ["doctor"], env={name: "openai/gpt-5"})
    assert (done.exit_code, "run folders" in done.stdout) == (0, True), done.output


def test_settings_of_doctor_may_name_the_model(tmp_path):
    (tmp_path / "judge.toml").write_text(
        'judge = "openai/gpt-5"\n[doctor]\nlocal_model = "vllm:Qwen/Qwen3-8B"\n'
    )
    assert "verdict" in CliRunner().invoke(main, ["doctor"]).stdout
