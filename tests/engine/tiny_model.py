"""Tiny models with random weights, made in seconds without a network: their plumbing is real, their verdicts mean nothing.

    python tests/engine/tiny_model.py text|decided|image|4b|8b FOLDER

`text` is a Qwen3 and `image` a Qwen3-VL, each 2 layers deep and 64 wide, with a trained tokenizer (digits are single
tokens, as in Qwen) and a chat template. `decided` is `text` with weights changed by hand, so that a reply comes to an end:
it says a digit from 1 to 5 where it is free, and closes the string after it. `4b` and `8b` are the published shapes of
Qwen3 without weights, for an engine that makes some up (load_format="dummy").
"""

import json
import sys
import sysconfig
from functools import cache
from itertools import chain
from pathlib import Path

SPECIAL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"),
    *("<|image_pad|>", "<|video_pad|>", "<think>", "</think>"),
)
CHAT_TEMPLATE = """\
{%- for message in messages -%}
<|im_start|>{{ message['role'] }}
{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] -%}
{%- if part['type'] == 'image' or 'image_url' in part or 'image' in part -%}
<|vision_start|><|image_pad|><|vision_end|>
{%- elif 'text' in part -%}{{ part['text'] }}{%- endif -%}
{%- endfor %}{% endif %}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% if enable_thinking is defined and enable_thinking is false %}<think>

</think>

{% endif %}{% endif -%}
"""
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
SHAPES = {  # width, width inside, layers, attention heads, key-value heads, head width, tied embeddings
    "text": (64, 128, 2, 2, 1, 32, True),
    "decided": (64, 128, 2, 2, 1, 32, False),
    "4b": (2560, 9728, 36, 32, 8, 128, True),
    "8b": (4096, 12288, 36, 32, 8, 128, False),
}


def training_text(most=6_000_000):
    """The source of Python's standard library, in pieces."""
    root, seen = Path(sysconfig.get_paths()["stdlib"]), 0
    for path in sorted(chain(root.glob("*.py"), root.glob("*/*.py"))):
        if seen > most:
            return
        if "site-packages" not in path.parts:
            text = path.read_text("utf-8", errors="replace")
            yield from (text[i : i + 4000] for i in range(0, len(text), 4000))
            seen += len(text)


@cache
def tokenizer(size=4096):
    """A byte-level BPE tokenizer with `size` tokens."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(WORDS), "isolated"), byte_level])
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(SPECIAL), show_progress=False, initial_alphabet=alphabet
    )
    made.train_from_iterator(training_text(), trainer)
    made.add_special_tokens(list(SPECIAL))
    tokens = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "model_max_length": 40960}
    made = PreTrainedTokenizerFast(tokenizer_object=made, **tokens)
    made.chat_template = CHAT_TEMPLATE
    return made


def write(path, value):
    path.write_text(json.dumps(value, indent=1))


def qwen3(shape, words, vocabulary):
    """The config.json of a Qwen3."""
    names = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
    names += ("num_key_value_heads", "head_dim", "tie_word_embeddings")
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": vocabulary,
        "hidden_act": "silu",
        "max_position_embeddings": 40960,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000,
        "attention_bias": False,
        "bos_token_id": words.convert_tokens_to_ids("<|endoftext|>"),
        "eos_token_id": words.convert_tokens_to_ids("<|im_end|>"),
        "torch_dtype": "bfloat16",
        **dict(zip(names, SHAPES[shape], strict=True)),
    }


def write_tokenizer(folder, words):
    words.save_pretrained(folder)
    ends = [words.convert_tokens_to_ids(token) for token in ("<|im_end|>", "<|endoftext|>")]
    write(folder / "generation_config.json", {"eos_token_id": ends, "pad_token_id": ends[1]})


def make_shape(folder, shape):
    """Config and tokenizer of a published shape, without weights."""
    folder = Path(folder)
    words = tokenizer(16384)
    write_tokenizer(folder, words)
    write(folder / "config.json", qwen3(shape, words, 151_936))


def make_text(folder, shape="text"):
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    folder, words = Path(folder), tokenizer()
    write_tokenizer(folder, words)
    write(folder / "config.json", qwen3(shape, words, len(words)))
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder)).to(torch.bfloat16)
    if shape == "decided":
        decide(model, words)
    model.save_pretrained(folder)
    write_tokenizer(folder, words)  # saving the model wrote a generation config of its own
    write(
        folder / "config.json",
        {**json.loads((folder / "config.json").read_text()), "torch_dtype": "bfloat16"},
    )


def decide(model, words):
    """Change the weights so that a reply is short: a digit where all is allowed, and after a digit a quotation mark.

    Two directions are written into the hidden state, and attention leaves them alone: every token has the first, digits
    have the second. The head reads a score out of the first and the end of a string out of the second. White space is
    never said, as no trained model says it without end. Attention is made sharp and strong, so that what stands in the
    prompt moves the scores.
    """
    import torch

    with torch.no_grad():
        for attention in (layer.self_attn for layer in model.model.layers):
            attention.q_norm.weight.mul_(4)
            attention.v_proj.weight.mul_(200)
            attention.o_proj.weight[:2] = 0
            for read in (attention.q_proj, attention.k_proj, attention.v_proj):
                read.weight[:, :2] = 0
        heard, said = model.get_input_embeddings().weight, model.get_output_embeddings().weight
        always, digit = torch.zeros(2, heard.shape[1], dtype=heard.dtype)
        always[0] = digit[1] = 1.0
        heard.add_(2 * always)
        heard[torch.tensor(words.convert_tokens_to_ids(list("0123456789")))] += 3 * digit
        scores = torch.tensor(words.convert_tokens_to_ids(list("12345")))
        said[scores] = said[scores] * 16 + 7 * always
        said[words.convert_tokens_to_ids('"')] += 8 * digit
        blanks = [number for number in range(len(words)) if words.decode([number]).isspace()]
        said[torch.tensor(blanks)] -= 7 * always


def make_image(folder):
    import torch
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    folder, words = Path(folder), tokenizer()
    write_tokenizer(folder, words)
    number = words.convert_tokens_to_ids
    rope = {"rope_type": "default", "rope_theta": 5e6, "mrope_section": [6, 5, 5], "mrope_interleaved": True}
    layers = {"hidden_size": 64, "intermediate_size": 128}
    text = {
        **layers,
        "vocab_size": len(words),
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "max_position_embeddings": 8192,
        "rope_parameters": rope,
        "bos_token_id": number("<|endoftext|>"),
        "eos_token_id": number("<|im_end|>"),
    }
    vision = {**layers, "depth": 2, "num_heads": 2, "out_hidden_size": 64, "spatial_merge_size": 2}
    vision |= {"patch_size": 16, "num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
    marks = {f"{name}_token_id": number(f"<|{name}_pad|>") for name in ("image", "video")}
    marks |= {f"vision_{end}_token_id": number(f"<|vision_{end}|>") for end in ("start", "end")}
    torch.manual_seed(0)
    model = Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=vision, **marks))
    model.to(torch.bfloat16).save_pretrained(folder)
    write_tokenizer(folder, words)
    write_processor(folder)
    write(folder / "chat_template.json", {"chat_template": CHAT_TEMPLATE})


def write_processor(folder):
    """How pictures are cut up: at most 16 squares of 56 pixels."""
    given = {
        "processor_class": "Qwen3VLProcessor",
        "patch_size": 16,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "size": {"shortest_edge": 56**2, "longest_edge": 16 * 56**2},
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "do_convert_rgb": True,
        "do_resize": True,
        "resample": 3,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
    }
    write(folder / "preprocessor_config.json", given | {"image_processor_type": "Qwen2VLImageProcessor"})
    write(
        folder / "video_preprocessor_config.json", given | {"video_processor_type": "Qwen3VLVideoProcessor"}
    )


def make(kind, folder):
    """Make one of the models named above; return its folder."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    if kind == "image":
        make_image(folder)
    elif kind in ("text", "decided"):
        make_text(folder, kind)
    else:
        make_shape(folder, kind)
    return str(folder)


if __name__ == "__main__":
    make(*sys.argv[1:])
