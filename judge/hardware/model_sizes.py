"""Size of a model from its config.json, which is read without torch; nothing is downloaded.

Sizes are computed from the matrices of the layers (attention, gated MLP or experts, embeddings, image
encoder), without biases and norms (less than 0.1 %). For the models in model_sizes.yaml the result is within
1 % of the published number. If the weights are beside config.json, the size of their files is used instead.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from judge.errors import InputError

_FLOAT = 2
"""Bytes of a number in bfloat16, vLLM's default for weights and KV cache."""

# Keys that a config.json may omit if they have the default of the architecture.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "gemma3_text": {
        "vocab_size": 262_208,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "sliding_window_pattern": 6,
    },
}
_COUNTS = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim"),
    *("intermediate_size", "vocab_size"),
)
_MOST = 100_000_000
_NAMED_BITS = {"fp8": 8.0, "mxfp4": 4.25, "mxfp8": 8.25, "NVFP4": 4.5, "FP8": 8.0}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Size of a model: parameters, weights, and KV cache per token."""

    name: str
    parameters: int
    weights: int
    """Bytes of GPU memory that the weights take."""
    active: int
    """Parameters of the layers that process a token; of a mixture, only the experts that it is routed to."""
    head: int
    """Parameters of the output layer, used once for every generated token."""
    token_cache: int
    """Bytes of KV cache for each token, in layers that attend to all tokens."""
    window_cache: int
    """The same in layers that attend to the last `window` tokens only."""
    window: int
    fixed_cache: int
    """Bytes per sequence, whatever its length: the state of linear-attention layers."""
    heads: int
    context: int | None
    """Largest number of tokens of prompt and reply together."""
    images: bool
    quantized: bool
    is_measured: bool = False
    """Whether `weights` is the size of the weight files instead of an estimate."""

    def cache(self, tokens: int) -> int:
        """Return the bytes of KV cache of one sequence with this many tokens."""
        return self.fixed_cache + self.token_cache * tokens + self.window_cache * min(tokens, self.window)


def find_shape(model: str) -> Shape:
    """Find the size of a model: a folder, a name in the local Hugging Face cache, or a name in our table.

    Raises
    ------
    InputError
        The model is none of these, or its config.json does not determine its size.
    """
    folder = Path(model) if os.path.isdir(model) else _cached(model)  # a name may be too long for Path.is_dir
    file = folder / "config.json" if folder else None
    if folder and file and file.is_file():
        return read_shape(model, _json(file), folder)
    if model in (known := known_models()):
        return read_shape(model, known[model])
    similar = [f", or did you mean {name}?" for name in get_close_matches(model, known, n=1)]
    raise InputError(
        f"{model}: there is no config.json in a folder of this name or in {_hub()}, and it is not in the "
        f"list of known models. Download it (hf download {model} config.json){''.join(similar)}"
    )


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: is not readable JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{file}: is not a JSON object")
    return found


def read_shape(name: str, config: Mapping[str, Any], folder: Path | None = None) -> Shape:
    """Compute the size of a model from its config.json, and from the weights in `folder` if it has them.

    Raises
    ------
    InputError
        A required number is missing or invalid.
    """
    try:
        nested = config.get("text_config") or config.get("llm_config") or {}
        kind = nested.get("model_type") or config.get("model_type")
        return _shape(name, {**_DEFAULTS.get(str(kind), {}), **config, **nested}, config, folder)
    except KeyError as error:
        raise InputError(f"{name}: its config.json has no {error}, so its size is unknown") from error
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError(f"{name}: its config.json does not say how large it is: {error}") from error


def _shape(name: str, text: Mapping[str, Any], config: Mapping[str, Any], folder: Path | None) -> Shape:
    _check_numbers(text)
    hidden, layers, heads = text["hidden_size"], text["num_hidden_layers"], text["num_attention_heads"]
    groups = text.get("num_key_value_heads") or heads
    width = text.get("head_dim") or hidden // heads
    attention = layers * 2 * hidden * width * (heads + groups)
    all_experts, used_experts = _mlp(text, layers, hidden)
    head = hidden * text["vocab_size"]
    tied = config.get("tie_word_embeddings", text.get("tie_word_embeddings", True))
    outside = head * (1 if tied else 2) + _image_encoder(config.get("vision_config") or {})
    quantization = config.get("quantization_config") or text.get("quantization_config") or {}
    is_measured = _measured_weights(folder, text) if folder else None
    latent = text.get("kv_lora_rank")
    per_layer = (latent + text["qk_rope_head_dim"] if latent else 2 * groups * width) * _FLOAT
    everywhere, windowed, linear = _layer_kinds(text, layers)
    return Shape(
        name=name,
        parameters=attention + all_experts + outside,
        weights=is_measured or _weights(attention, all_experts, outside, text, quantization),
        active=attention + used_experts,
        head=head,
        token_cache=everywhere * per_layer,
        window_cache=windowed * per_layer,
        window=text.get("sliding_window") or 0,
        fixed_cache=linear * _state(text) if linear else 0,
        heads=heads,
        context=text.get("max_position_embeddings"),
        images="vision_config" in config,
        quantized=bool(quantization),
        is_measured=is_measured is not None,
    )


def _check_numbers(text: Mapping[str, Any]) -> None:
    """Reject invalid numbers, from which a plausible but wrong size would be computed."""
    for name in _COUNTS:
        value = text.get(name)
        if value is not None and not (type(value) is int and 0 < value <= _MOST):
            raise ValueError(f"{name} is {value!r:.40}; allowed are whole numbers from 1 to {_MOST:,}")


def _mlp(text: Mapping[str, Any], layers: int, hidden: int) -> tuple[int, int]:
    """Return the parameters of all MLPs, and of those that process one token."""
    experts = text.get("num_experts") or text.get("num_local_experts") or text.get("n_routed_experts")
    wide = 3 * hidden * text["intermediate_size"]
    if not experts:
        return layers * wide, layers * wide
    dense = text.get("first_k_dense_replace") or 0
    expert = 3 * hidden * (text.get("moe_intermediate_size") or text["intermediate_size"])
    shared = 3 * hidden * (text.get("shared_expert_intermediate_size") or 0)
    shared += expert * (text.get("n_shared_experts") or 0)
    always = dense * wide + (layers - dense) * (shared + hidden * experts)
    used = text.get("num_experts_per_tok") or text["top_k_experts"]
    return always + (layers - dense) * experts * expert, always + (layers - dense) * used * expert


def _image_encoder(vision: Mapping[str, Any]) -> int:
    """Return the parameters of an image encoder; 0 (an error of 1 to 2 %) if its width is not given."""
    depth = vision.get("depth") or vision.get("num_hidden_layers") or 0
    hidden = vision.get("hidden_size") or 0
    return int(depth * hidden * (4 * hidden + 3 * (vision.get("intermediate_size") or 4 * hidden)))


def _layer_kinds(text: Mapping[str, Any], layers: int) -> tuple[int, int, int]:
    """Count the layers with full attention, with sliding-window attention, and with linear attention."""
    kinds = text.get("layer_types")
    if kinds:
        linear = sum(kind == "linear_attention" for kind in kinds)
        windowed = sum(kind == "sliding_attention" for kind in kinds) if text.get("sliding_window") else 0
        return layers - windowed - linear, windowed, linear
    if not text.get("sliding_window") or text.get("use_sliding_window") is False:
        return layers, 0, 0
    pattern = text.get("sliding_window_pattern") or text.get("_sliding_window_pattern")
    everywhere = layers // pattern if pattern else 0
    return everywhere, layers - everywhere, 0


def _state(text: Mapping[str, Any]) -> int:
    """Return the bytes of the state of one linear-attention layer, which is in float32."""
    size = text["linear_num_value_heads"] * text["linear_key_head_dim"] * text["linear_value_head_dim"]
    return int(size) * 4


def _weights(
    attention: int, mlp: int, outside: int, text: Mapping[str, Any], quantization: Mapping[str, Any]
) -> int:
    """Return the bytes of the weights; embeddings are never quantized, and with MXFP4 only experts are."""
    bits = _bits(quantization)
    if quantization.get("quant_method") == "mxfp4" and (text.get("num_local_experts")):
        return int(mlp * bits / 8) + (attention + outside) * _FLOAT
    return int((attention + mlp) * bits / 8) + outside * _FLOAT


def _bits(quantization: Mapping[str, Any]) -> float:
    """Return the bits of a quantized weight; 16 without quantization, or if they are not given."""
    if not quantization:
        return 8.0 * _FLOAT
    groups = (quantization.get("config_groups") or {}).values()
    packed = [(group.get("weights") or {}).get("num_bits") for group in groups]
    if quantization.get("quant_method") == "bitsandbytes":
        return 4.5 if quantization.get("load_in_4bit") else 8.0
    named = (_NAMED_BITS.get(str(quantization.get(key))) for key in ("quant_method", "quant_algo"))
    bits_given = [*named, quantization.get("bits"), *packed]
    return float(next((bits for bits in bits_given if bits), 8.0 * _FLOAT))


def _measured_weights(folder: Path, text: Mapping[str, Any]) -> int | None:
    """Return the size of the weight files in bytes; half for float32, which vLLM loads as bfloat16."""
    index = folder / "model.safetensors.index.json"
    single = folder / "model.safetensors"
    size = None
    if index.is_file():
        size = _json(index).get("metadata", {}).get("total_size")
    elif single.is_file():
        size = single.stat().st_size
    if size and str(text.get("dtype") or text.get("torch_dtype")) == "float32":
        size //= 2
    return int(size) if size else None


def _hub() -> Path:
    """Return the folder of the Hugging Face cache, as set by its environment variables."""
    home = os.environ.get("HF_HOME")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    hub = os.environ.get("HF_HUB_CACHE") or f"{home or base + '/huggingface'}/hub"
    return Path(hub).expanduser()


def _cached(model: str) -> Path | None:
    """Return the folder of the newest version of a model in the cache."""
    folder = _hub() / f"models--{model.replace('/', '--')}"
    if not os.path.isdir(folder):
        return None
    snapshots = [path for path in (folder / "snapshots").glob("*") if (path / "config.json").is_file()]
    return max(snapshots, key=lambda path: path.stat().st_mtime, default=None)


@cache
def known_models() -> dict[str, dict[str, Any]]:
    """Read the table of models: name -> entries of its config.json that determine its size."""
    text = Path(__file__).with_name("model_sizes.yaml").read_text(encoding="utf-8")
    known: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return known
