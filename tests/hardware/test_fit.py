"""How large models are, which card they fit, and about how long they take."""

import json

import pytest

from judge.errors import InputError
from judge.hardware.fit import (
    AT_ONCE,
    MEMORY_SHARE,
    Peak,
    advice,
    engine_memory,
    fit,
    fit_known,
    needed,
    peak_of,
    peaks,
    shortlist,
    suggested,
)
from judge.hardware.gpus import Card
from judge.hardware.model_sizes import find_shape, known_models, read_shape

GIB = 2**30
H100 = Card("NVIDIA H100 80GB HBM3", int(79.6 * GIB), 0, "580")
L4 = Card("NVIDIA L4", int(22.5 * GIB), 0, "580")
QWEN = {
    "model_type": "qwen3",
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}


def known(name):
    return read_shape(name, known_models()[name])


def stored(folder, config=QWEN, **files):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content)
    return folder


# ---- shapes


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("Qwen/Qwen3-0.6B", 0.596),
        ("Qwen/Qwen3-4B-Instruct-2507", 4.02),
        ("Qwen/Qwen3-8B", 8.19),
        ("Qwen/Qwen3-14B", 14.8),
        ("Qwen/Qwen3-32B", 32.8),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", 30.5),
        ("Qwen/Qwen3-VL-8B-Instruct", 8.77),
        ("google/gemma-3-12b-it", 12.2),
        ("google/gemma-3-27b-it", 27.4),
        ("meta-llama/Llama-3.1-8B-Instruct", 8.03),
        ("meta-llama/Llama-3.3-70B-Instruct", 70.6),
        ("microsoft/phi-4", 14.7),
        ("mistralai/Mistral-Small-24B-Instruct-2501", 23.6),
        ("openai/gpt-oss-20b", 20.9),
        ("openai/gpt-oss-120b", 116.8),
    ],
)
def test_parameters_are_what_the_publisher_states(name, billions):
    assert known(name).parameters / 1e9 == pytest.approx(billions, rel=0.01)


@pytest.mark.parametrize(
    ("name", "billions"),
    [("openai/gpt-oss-20b", 3.6), ("openai/gpt-oss-120b", 5.1), ("Qwen/Qwen3-30B-A3B-Instruct-2507", 3.0)],
)
def test_token_passes_through_its_own_experts_only(name, billions):
    shape = known(name)
    assert (shape.active + shape.head) / 1e9 == pytest.approx(billions, rel=0.02)


@pytest.mark.parametrize(("name", "gib"), [("openai/gpt-oss-20b", 12.8), ("openai/gpt-oss-120b", 60.8)])
def test_weights_of_packed_experts_are_as_large_as_the_published_files(name, gib):
    assert known(name).weights / GIB == pytest.approx(gib, rel=0.01)


def test_cache_of_a_token_is_keys_and_values_of_every_layer():
    assert known("Qwen/Qwen3-8B").cache(1) == 2 * 36 * 8 * 128 * 2


def test_layers_with_a_window_keep_no_more_than_the_window():
    shape = known("google/gemma-3-27b-it")
    assert shape.cache(4096) - shape.cache(4095) == 2 * 10 * 16 * 128 * 2  # 10 of 62 layers see all
    assert shape.cache(100) - shape.cache(99) == 2 * 62 * 16 * 128 * 2


def test_window_that_is_not_used_does_not_count():
    shape = read_shape("m", {**QWEN, "sliding_window": 4096, "use_sliding_window": False})
    assert shape.cache(8192) == 8192 * 147_456


def test_layer_types_say_which_layers_have_a_window():
    types = ["sliding_attention", "full_attention"] * 18
    shape = read_shape("m", {**QWEN, "sliding_window": 128, "layer_types": types})
    assert shape.cache(4096) == (4096 + 128) * 147_456 // 2


def test_linear_attention_keeps_a_state_of_one_size():
    linear = {"linear_num_value_heads": 32, "linear_key_head_dim": 128, "linear_value_head_dim": 128}
    types = ["linear_attention"] * 27 + ["full_attention"] * 9
    shape = read_shape("m", {**QWEN, **linear, "layer_types": types})
    assert shape.cache(0) == 27 * 32 * 128 * 128 * 4
    assert shape.cache(1) - shape.cache(0) == 147_456 // 4


def test_latent_attention_keeps_one_vector_a_layer():
    shape = read_shape("m", {**QWEN, "kv_lora_rank": 512, "qk_rope_head_dim": 64})
    assert shape.cache(1) == 36 * (512 + 64) * 2


def test_sizes_of_a_model_that_sees_stand_in_its_text_config():
    vision = {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304}
    shape = read_shape("m", {"model_type": "qwen3_vl", "text_config": QWEN, "vision_config": vision})
    assert shape.images
    assert shape.parameters == known("Qwen/Qwen3-VL-8B-Instruct").parameters


def test_gemma_that_leaves_its_defaults_out_is_as_large_as_gemma():
    text = {
        "model_type": "gemma3_text",
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "num_hidden_layers": 34,
        "sliding_window": 1024,
    }
    vision = known_models()["google/gemma-3-4b-it"]["vision_config"]
    shape = read_shape("m", {"model_type": "gemma3", "text_config": text, "vision_config": vision})
    assert shape.parameters == known("google/gemma-3-4b-it").parameters
    assert shape.cache(4096) == known("google/gemma-3-4b-it").cache(4096)


@pytest.mark.parametrize(
    ("quantization", "bits"),
    [
        ({"quant_method": "fp8"}, 8),
        ({"quant_method": "awq", "bits": 4}, 4),
        ({"quant_method": "gptq", "bits": 8}, 8),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, 4.5),
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {"group_0": {"weights": {"num_bits": 4}}},
            },
            4,
        ),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, 4.5),
        ({"quant_method": "something new"}, 16),
    ],
    ids=lambda value: value.get("quant_method") if isinstance(value, dict) else None,
)
def test_quantised_layers_take_their_bits_and_embeddings_stay(quantization, bits):
    shape = read_shape("m", {**QWEN, "quantization_config": quantization})
    embeddings = 2 * 151936 * 4096
    assert shape.weights == (shape.parameters - embeddings) * bits / 8 + embeddings * 2


def test_number_that_is_missing_is_named():
    with pytest.raises(InputError, match=r"m: its config\.json has no 'num_hidden_layers'"):
        read_shape("m", {name: value for name, value in QWEN.items() if name != "num_hidden_layers"})


@pytest.mark.parametrize("value", ["many", None, 0], ids=str)
def test_number_that_is_none_is_an_error(value):
    with pytest.raises(InputError, match="does not say how large"):
        read_shape("m", {**QWEN, "head_dim": None, "num_attention_heads": value, "num_key_value_heads": None})


@pytest.mark.parametrize("value", [-64, 64.5, 10**30, True, [1, 2]], ids=str)
@pytest.mark.parametrize("name", ["hidden_size", "num_hidden_layers", "vocab_size", "intermediate_size"])
def test_number_that_cannot_be_meant_is_named_with_what_is_allowed(name, value):
    with pytest.raises(InputError, match=f"how large it is: {name} is .*allowed are whole numbers from 1"):
        read_shape("m", {**QWEN, name: value})


# ---- where a shape is found


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path, monkeypatch):
    for name in ("HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_folder_is_read(tmp_path):
    shape = find_shape(str(stored(tmp_path / "mine")))
    assert (shape.parameters, shape.is_measured) == (known("Qwen/Qwen3-8B").parameters, False)


def test_weights_that_lie_there_are_weighed(tmp_path):
    folder = stored(tmp_path / "mine", model__safetensors=b"x" * 1000)
    assert (find_shape(str(folder)).weights, find_shape(str(folder)).is_measured) == (1000, True)


def test_index_of_the_weights_says_their_size(tmp_path):
    index = json.dumps({"metadata": {"total_size": 12345}, "weight_map": {}}).encode()
    folder = stored(tmp_path / "mine")
    (folder / "model.safetensors.index.json").write_bytes(index)
    assert find_shape(str(folder)).weights == 12345


def test_index_that_is_no_json_is_named(tmp_path):
    folder = stored(tmp_path / "mine")
    (folder / "model.safetensors.index.json").write_text("{")
    with pytest.raises(InputError, match=r"index\.json: is not readable JSON"):
        find_shape(str(folder))


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b"], ids=["long", "nul"])
def test_name_that_no_file_can_have_is_an_unknown_model(name):
    with pytest.raises(InputError, match=r"no config\.json in a folder of this name"):
        find_shape(name)


def test_weights_in_float32_are_halved_because_vllm_loads_them_so(tmp_path):
    folder = stored(tmp_path / "m", {**QWEN, "torch_dtype": "float32"}, model__safetensors=b"x" * 1000)
    assert find_shape(str(folder)).weights == 500


@pytest.mark.parametrize(
    ("variable", "hub"),
    [("HF_HUB_CACHE", "x"), ("HF_HOME", "x/hub"), ("XDG_CACHE_HOME", "x/huggingface/hub")],
)
def test_hugging_face_cache_is_where_its_variables_say(tmp_path, monkeypatch, variable, hub):
    monkeypatch.setenv(variable, str(tmp_path / "x"))
    stored(tmp_path / hub / "models--me--mine" / "snapshots" / "abc")
    assert find_shape("me/mine").parameters == known("Qwen/Qwen3-8B").parameters


def test_stored_config_goes_before_the_known_numbers(tmp_path):
    hub = tmp_path / "cache" / "huggingface" / "hub"
    stored(hub / "models--Qwen--Qwen3-8B" / "snapshots" / "abc", {**QWEN, "num_hidden_layers": 1})
    assert find_shape("Qwen/Qwen3-8B").cache(1) == 147_456 // 36


def test_unknown_model_is_an_error_that_says_how_to_fetch_it():
    with pytest.raises(
        InputError, match=r"hf download Qwen3-8B config.json\), or did you mean Qwen/Qwen3-8B\?"
    ):
        find_shape("Qwen3-8B")


@pytest.mark.parametrize("text", ["{", "[1]", "7"])
def test_config_that_is_none_is_an_error_with_its_file(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=str(tmp_path)):
        find_shape(str(tmp_path))


# ---- fitting


def test_room_is_what_weights_and_engine_leave():
    shape = known("Qwen/Qwen3-8B")
    room = 79.6 * GIB * MEMORY_SHARE - shape.weights - 3 * GIB
    assert fit(shape, H100).at_once == room // shape.cache(4096)


@pytest.mark.parametrize(
    ("name", "card", "verdict"),
    [
        ("Qwen/Qwen3-8B", H100, "fits"),
        ("Qwen/Qwen3-8B", L4, "tight"),
        ("Qwen/Qwen3-32B", H100, "tight"),
        ("Qwen/Qwen3-32B", L4, "too big"),
        ("Qwen/Qwen3-4B-Instruct-2507", L4, "fits"),
        ("meta-llama/Llama-3.3-70B-Instruct", H100, "too big"),
    ],
)
def test_verdict(name, card, verdict):
    assert fit(known(name), card).verdict == verdict


@pytest.mark.parametrize("name", known_models())
def test_card_as_large_as_needed_fits_and_a_smaller_one_does_not(name):
    shape = known(name)
    need = needed(shape, shape.weights)
    assert fit(shape, Card("X", need + 2**20, 0, "")).at_once >= AT_ONCE
    assert fit(shape, Card("X", need - 2**28, 0, "")).at_once < AT_ONCE


def test_engine_takes_more_on_a_large_card():
    assert engine_memory(H100.memory) > engine_memory(L4.memory)


def test_longest_sequence_fills_the_cache():
    fitting = fit(known("Qwen/Qwen3-8B"), L4)
    assert fitting.tokens // 4096 == fitting.at_once


def test_largest_that_fits_is_suggested():
    assert suggested(fit_known(L4), images=False).shape.name == "Qwen/Qwen3-VL-4B-Instruct"


def test_suggestion_for_pictures_sees_them():
    assert suggested(fit_known(H100), images=True).shape.images


def test_model_that_always_thinks_is_neither_suggested_nor_timed():
    fitting = fit(known("openai/gpt-oss-20b"), H100)
    assert (fitting.verdict, fitting.seconds) == ("fits", None)
    assert suggested([fitting], images=False) is None


def test_nothing_is_suggested_where_nothing_fits():
    assert suggested(fit_known(Card("X", 4 * GIB, 0, "")), images=False) is None


@pytest.mark.parametrize("card", [H100, L4], ids=["H100", "L4"])
def test_excerpt_is_short_and_holds_the_suggestions(card):
    every = fit_known(card)
    short = shortlist(every)
    assert len(short) <= 9
    assert {id(suggested(every, images=images)) for images in (False, True)} <= {id(f) for f in short}
    assert {f.verdict for f in short} == {"fits", "tight", "too big"}


# ---- time


@pytest.mark.parametrize(
    ("name", "seconds"), [("Qwen/Qwen3-4B-Instruct-2507", 14.5), ("Qwen/Qwen3-8B", 21.5)]
)
def test_time_is_near_a_floor_worked_out_apart(monkeypatch, name, seconds):
    # 2,000 items of 300 new tokens, 150 a reply, 512 at once, attention counted, at 790 TFLOP/s and 3 TB/s.
    monkeypatch.setitem(peaks(), "H100 80GB HBM3", Peak(790e12, 3.0e12))
    assert fit(known(name), H100).seconds[0] * 0.6 == pytest.approx(seconds / 2, rel=0.15)


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", "H100 80GB HBM3"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("Tesla T4", "T4"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA GeForce RTX 4090", "GeForce RTX 4090"),
    ],
)
def test_card_is_known_by_the_name_its_driver_gives(name, peak):
    assert peak_of(Card(name, 1, 0, "")) == peaks()[peak]


@pytest.mark.parametrize(
    "name", ["NVIDIA H100 NVL", "NVIDIA H100 80GB HBM3 MIG 1g.10gb", "NVIDIA GeForce RTX 4090 D"]
)
def test_card_that_only_looks_like_a_known_one_gets_no_time(name):
    fitting = fit(known("Qwen/Qwen3-0.6B"), Card(name, 24 * GIB, 0, ""))
    assert (fitting.verdict, fitting.seconds) == ("fits", None)


def test_time_is_a_range_that_grows_with_the_model():
    small, large = (
        fit(known(name), H100).seconds for name in ("Qwen/Qwen3-4B-Instruct-2507", "Qwen/Qwen3-14B")
    )
    assert small[0] < small[1]
    assert small[1] < large[0]


def test_slower_card_takes_longer():
    shape = known("Qwen/Qwen3-4B-Instruct-2507")
    assert fit(shape, L4).seconds[0] > fit(shape, H100).seconds[1]


def test_model_that_does_not_fit_has_no_time():
    assert fit(known("Qwen/Qwen3-32B"), L4).seconds is None


# ---- advice


def test_cards_that_are_there_go_before_cards_to_buy():
    shape = known("Qwen/Qwen3-8B")
    assert advice(shape, [L4, L4])[0] == "--tensor-parallel 2 would be enough"
    assert advice(shape, [L4])[0] == "2 such GPUs would be enough"


def test_half_the_bits_are_advised_before_a_quarter():
    assert "--quantization fp8 would be enough" in advice(known("Qwen/Qwen3-8B"), [L4])
    assert "a 4-bit version (AWQ, GPTQ) would be enough" in advice(known("Qwen/Qwen3-14B"), [L4])


def test_quantised_model_is_not_quantised_again():
    shape = read_shape("m", {**QWEN, "num_hidden_layers": 80, "quantization_config": {"quant_method": "fp8"}})
    assert not [hint for hint in advice(shape, [L4]) if "fp8" in hint or "4-bit" in hint]


def test_smaller_model_that_sees_is_advised_for_one_that_sees():
    assert advice(known("Qwen/Qwen3-VL-32B-Instruct"), [L4])[-1] == "Qwen/Qwen3-VL-4B-Instruct fits"


def test_cards_are_as_many_as_divide_the_heads():
    shape = read_shape("m", {**QWEN, "num_attention_heads": 6, "head_dim": 128, "num_key_value_heads": 6})
    assert "2 such GPUs would be enough" in advice(shape, [L4])
    assert not [hint for hint in advice(shape, [Card("X", 10 * GIB, 0, "")]) if "cards" in hint]
