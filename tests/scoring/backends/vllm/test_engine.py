import importlib.util
import json
from types import SimpleNamespace

import pytest

from judge.errors import BackendError, MissingExtraError
from judge.hardware.gpus import Card
from judge.scoring.backends.vllm import engine
from judge.scoring.backends.vllm.engine import (
    EngineOptions,
    cards_for,
    engine_arguments,
    model_arguments,
    preflight,
)
from judge.scoring.backends.vllm.lora import load_lora

GIB = 1 << 30


def test_settings_become_arguments_by_vllms_names():
    options = EngineOptions(tensor_parallel=2, max_model_len=8192, memory_share=0.5, trust_remote_code=True)
    decisive = {
        "dtype": "half",
        "quantization": "fp8",
        "revision": "abc",
        "lora": "some/adapter",
        "tokenizer": None,
    }
    arguments = engine_arguments("some/model", decisive, options)
    assert {name: arguments[name] for name in ("model", "tensor_parallel_size", "max_model_len")} == {
        "model": "some/model",
        "tensor_parallel_size": 2,
        "max_model_len": 8192,
    }
    assert arguments["gpu_memory_utilization"] == 0.5
    assert arguments["trust_remote_code"] is True
    assert (arguments["dtype"], arguments["quantization"], arguments["revision"]) == ("half", "fp8", "abc")
    assert {"lora", "tokenizer"}.isdisjoint(arguments)


def test_code_of_a_model_is_not_run_unless_asked():
    assert "trust_remote_code" not in engine_arguments("m", {}, EngineOptions())


def test_arguments_given_by_name_go_before_all_others():
    options = EngineOptions(max_model_len=8192, args={"max_model_len": 4096, "enable_prefix_caching": False})
    arguments = engine_arguments("m", {}, options)
    assert (arguments["max_model_len"], arguments["enable_prefix_caching"]) == (4096, False)


def test_grammar_forbids_no_white_space():
    found = engine_arguments("m", {}, EngineOptions())["structured_outputs_config"]
    assert not found.get("disable_any_whitespace")


def test_grammar_that_the_user_sets_is_obeyed():
    config = {"backend": "guidance"}
    arguments = engine_arguments("m", {"structured_outputs_config": config}, EngineOptions())
    assert arguments["structured_outputs_config"] == config


@pytest.mark.parametrize(("own", "taken"), [(8192, 8192), (262_144, 32_768)])
def test_context_is_the_models_own_but_no_longer_than_judges_need(own, taken):
    assert model_arguments(SimpleNamespace(max_model_len=own, is_multimodal_model=False), 0) == {
        "max_model_len": taken
    }


def test_room_for_pictures_is_kept_as_the_items_need_it():
    sees = SimpleNamespace(max_model_len=8192, is_multimodal_model=True)
    assert model_arguments(sees, 3)["limit_mm_per_prompt"] == {"image": 3, "video": 0, "audio": 0}
    assert model_arguments(sees, 0)["limit_mm_per_prompt"]["image"] == 0


@pytest.mark.parametrize(
    ("model", "quantization", "memory", "taken"),
    [
        ("Qwen/Qwen3-8B", None, [80], 1),
        ("Qwen/Qwen3-8B", None, [80] * 8, 1),
        ("Qwen/Qwen3-32B", None, [24] * 8, 4),
        ("Qwen/Qwen3-32B", None, [64] * 8, 2),
        ("Qwen/Qwen3-32B", "fp8", [64] * 8, 1),
        ("Qwen/Qwen3-32B", None, [24] * 2, 2),
        ("Qwen/Qwen3-32B", None, [], 1),
        ("some/unknown-model", None, [24] * 8, 1),
    ],
)
def test_model_takes_as_few_cards_as_hold_it(monkeypatch, model, quantization, memory, taken):
    monkeypatch.setattr(engine, "cards", lambda: [Card("card", size * GIB, 0, "") for size in memory])
    assert cards_for(model, quantization) == taken


def test_model_that_answers_in_channels_is_shown_the_way_to_a_server():
    config = SimpleNamespace(is_multimodal_model=False, hf_config=SimpleNamespace(model_type="gpt_oss"))
    with pytest.raises(
        BackendError, match=r"the judge hosted_vllm/openai/gpt-oss-20b with api_base \(--api-base URL\)"
    ):
        engine._check("openai/gpt-oss-20b", config, 0)


def test_adapter_asks_for_room_for_its_rank(tmp_path, monkeypatch):
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 24, "rank_pattern": {"q_proj": 40}}))
    requests = SimpleNamespace(LoRARequest=lambda *given: given)
    monkeypatch.setattr(engine.importlib, "import_module", lambda _: requests)
    arguments = {}
    assert load_lora(str(tmp_path), arguments) == ("adapter", 1, str(tmp_path))
    assert arguments == {"enable_lora": True, "max_lora_rank": 64}


def test_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(engine.sys, "platform", "linux")
    with pytest.raises(MissingExtraError, match=r"pip install 'judge-toolkit\[vllm\]'"):
        preflight()


def test_other_systems_are_shown_the_way_to_a_server(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(engine.sys, "platform", "darwin")
    with pytest.raises(BackendError, match="hosted_vllm/MODEL"):
        preflight()


@pytest.mark.parametrize(
    ("found", "is_enough"), [("0.25.1", False), ("0.26.0", True), ("0.32.0+cpu", True), ("1.0", True)]
)
def test_old_vllm_is_refused(monkeypatch, found, is_enough):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(engine, "version", lambda _: found)
    if is_enough:
        preflight()
    else:
        with pytest.raises(BackendError, match=r"vllm 0\.25\.1 is too old; 0\.26 or newer"):
            preflight()
