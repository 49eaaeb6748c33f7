"""Prompts that share text give the tokens of the whole text, with the tokenizers of all model families."""

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)

from judge.scoring.backends.vllm import prompt_tokens
from judge.scoring.backends.vllm.prompt_tokens import PromptEncoder, shared_length

MARKS = ["<|im_start|>", "<|im_end|>", "<think>", "</think>"]
QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3 = QWEN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)


def split(pattern, then=BYTES):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), then])


def bpe(pre_tokenizer, normalizer=None):
    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizer, decoders.ByteLevel()
    if normalizer:
        made.normalizer = normalizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return made, trainers.BpeTrainer(vocab_size=1500, show_progress=False, initial_alphabet=alphabet)


def sentencepiece(normalizer, pre_tokenizer=None):
    """BPE over text in which spaces are written as a letter, as in Llama 2, Mistral and Gemma."""
    made = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    # Trained on words: without a pre-tokenizer, the trainer would take a whole line for one word.
    made.normalizer, made.pre_tokenizer = normalizer, pre_tokenizers.Metaspace(split=True)
    special = ["<unk>", *(f"<0x{n:02X}>" for n in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=1500, show_progress=False, special_tokens=special)
    return made, trainer, pre_tokenizer


def unigram():
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    return made, trainers.UnigramTrainer(
        vocab_size=600, show_progress=False, special_tokens=["<unk>"], unk_token="<unk>"
    )


def wordpiece():
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    return made, trainers.WordPieceTrainer(vocab_size=1200, show_progress=False, special_tokens=["[UNK]"])


SPACES = normalizers.Replace(" ", "▁")
DEEPSEEK = [
    r"\p{N}{1,3}",
    r"[一-龥]+",
    r"[!-/:-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|\s+(?!\S)|\s+",
]
FAMILIES = {
    "qwen": lambda: bpe(split(QWEN), normalizers.NFC()),
    "llama 3": lambda: bpe(split(LLAMA3)),
    "gpt 2": lambda: bpe(pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "smollm": lambda: bpe(
        pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    ),
    "prefix space": lambda: bpe(pre_tokenizers.ByteLevel(add_prefix_space=True)),
    "deepseek": lambda: bpe(
        pre_tokenizers.Sequence([*(pre_tokenizers.Split(Regex(p), "isolated") for p in DEEPSEEK), BYTES])
    ),
    "llama 2": lambda: sentencepiece(normalizers.Sequence([normalizers.Prepend("▁"), SPACES])),
    "gemma": lambda: sentencepiece(SPACES, pre_tokenizers.Split(" ", "merged_with_previous")),
    "mistral": lambda: sentencepiece(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False)),
    "unigram": unigram,
    "wordpiece": wordpiece,
}
SAVES = {"qwen", "llama 3", "gpt 2", "smollm", "deepseek", "gemma", "wordpiece"}
"""Families in which the shared part of an item is encoded once; others repeat it, and begin at a special token."""


@cache
def tokenizer(family):
    made, trainer, *pre_tokenizer = FAMILIES[family]()
    source = Path(prompt_tokens.__file__).read_text() + Path(__file__).read_text()
    made.train_from_iterator(source.splitlines(keepends=True), trainer)
    if pre_tokenizer:
        made.pre_tokenizer = pre_tokenizer[0]
    made.add_special_tokens([AddedToken(mark, normalized=False, special=True) for mark in MARKS])
    return made


class Counting:
    """A tokenizer that counts the characters that it encodes."""

    def __init__(self, made):
        self._made, self.characters = made, 0

    def __getattr__(self, name):
        return getattr(self._made, name)

    def encode(self, text, **options):
        self.characters += len(text)
        return self._made.encode(text, **options)


def prompt(item, asked, rubric="Score the answer.\n- Be strict.\n" * 20):
    return (
        f"<|im_start|>system\n{rubric}<|im_end|>\n<|im_start|>user\n{item}\n\n# Asked for now\n{asked}<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )


SENTENCE = "The function returns a list, and the answer says why it does so (in 2 of 3 cases).\n"
ASKED = ["The score for clarity", "The score for relevance", "  Cost: 12345", "\n\n- 好的", "é́", "'s"]

pieces = st.lists(
    st.one_of(
        st.sampled_from(
            ["\n", "\n\n", " ", "   ", "\t", "1234567", "'s", "é", "é", "́", "好的", "🙂", "<|im_end|>"]
        ),
        st.sampled_from(["return", " the", "answer", ".", "...", "def f(x):\n    ", "▁", "Ġ"]),
        st.text(max_size=8),
    ),
    max_size=60,
).map("".join)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=30)
@given(items=st.lists(st.tuples(pieces, st.lists(pieces, min_size=1, max_size=3)), min_size=1, max_size=3))
def test_tokens_are_those_of_the_whole_text(family, items):
    made = tokenizer(family)
    encoder = PromptEncoder(made)
    for item, asked in items:
        for last in [*asked, "The score for clarity"]:
            text = prompt(item + SENTENCE * 4 + item, last)
            assert encoder.encode(text) == made.encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=30)
@given(texts=st.lists(pieces, min_size=2, max_size=6))
def test_tokens_of_texts_without_form_are_those_of_the_whole_text(family, texts):
    made = tokenizer(family)
    encoder = PromptEncoder(made)
    for text in texts:
        whole = SENTENCE * 3 + text
        assert encoder.encode(whole) == made.encode(whole, add_special_tokens=False).ids


@pytest.mark.parametrize("family", FAMILIES)
def test_the_rubric_is_encoded_once_and_the_item_once_where_a_seam_is_certain(family):
    made = Counting(tokenizer(family))
    encoder = PromptEncoder(made)
    encoder.encode(prompt("first", "one"))
    made.characters = 0
    item = SENTENCE * 20
    texts = [prompt(item, asked) for asked in ASKED[:4]]
    for text in texts:
        assert encoder.encode(text) == tokenizer(family).encode(text, add_special_tokens=False).ids
    once = len(item) + 4 * 500
    if family in SAVES:
        assert made.characters < once
    else:
        assert made.characters < sum(map(len, texts)) - 4 * 400


def test_items_with_one_question_share_the_rubric():
    made = Counting(tokenizer("qwen"))
    encoder = PromptEncoder(made)
    question, texts = "Why is it so, and since when? " * 8, []
    for number in range(6):
        texts += [prompt(f"{question}\n{number} {SENTENCE * 9}", asked) for asked in ASKED[:2]]
    for text in texts:
        encoder.encode(text)
    assert made.characters < 0.5 * sum(map(len, texts))


def test_many_rubrics_are_kept_apart():
    made = tokenizer("qwen")
    encoder = PromptEncoder(made)
    for turn in range(2):
        for number in range(12):
            text = prompt(f"item {turn}", "one", rubric=f"Rubric {number}. " * 30)
            assert encoder.encode(text) == made.encode(text, add_special_tokens=False).ids
    assert len(encoder._whole) == prompt_tokens.MOST_KEPT


def test_shared_length_is_that_of_the_longest_common_start():
    assert shared_length("", "a") == 0
    assert shared_length("abc", "abc") == 3
    assert shared_length("abcd", "abxd") == 2
