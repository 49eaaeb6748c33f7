"""A Judge: a backend, a model, its parameters and a rubric. Everything that decides a score."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from judge.records import content_hash
from judge.rubric import Rubric

ENGINE_DECIDES = frozenset(
    {
        *("dtype", "quantization", "revision", "code_revision", "tokenizer", "tokenizer_revision", "lora"),
        *("hf_overrides", "kv_cache_dtype", "load_format", "seed", "chat_template", "reasoning_parser"),
        *("generation_config", "override_generation_config", "mm_processor_kwargs"),
        *("structured_outputs_config", "logits_processors", "logprobs_mode", "tokenizer_mode"),
    }
)
"""Settings of an engine that decide a reply; the others (memory, batches, cards) may change within a run."""
PROMPT_VERSION = 2
"""Version of the text that is put around an item. It counts up whenever that text, or the grammar of a reply,
changes: replies to different prompts are not mixed in one run."""

_MOST_SHOWN = 5


@dataclass(frozen=True)
class Judge:
    """Everything that decides a score. Two judges with one fingerprint give replies that may be mixed."""

    model: str
    """As given to `--judge`: baseline, replay:FILE, vllm:MODEL, or a litellm model such as openai/gpt-5."""
    rubric: Rubric
    _: KW_ONLY
    params: Mapping[str, Any] = field(default_factory=dict)
    """Parameters sent to the model: temperature, max_tokens, seed, reasoning_effort, …"""
    structured: bool = True
    """Whether the reply's JSON schema is sent along (where not, the prompt alone asks for JSON)."""
    max_pixels: int = 1_572_864
    """Pictures with more pixels are scaled down before they are sent."""
    scores: Literal["text", "expected"] = "text"
    """Read out of the reply, or the expectation over the probabilities of the scale's labels (G-Eval)."""
    engine: Mapping[str, Any] = field(default_factory=dict)
    """What decides a reply of a model in this process: dtype, quantization, revision, lora, …"""
    prompt: int = PROMPT_VERSION
    """Version of the prompt. Only the present one can be asked; a run keeps the one it was asked with."""

    def __post_init__(self) -> None:
        """Expected scores are asked for one by one, as bare numbers, whatever the rubric's replies are."""
        if self.scores == "expected":
            object.__setattr__(self, "rubric", self.rubric.as_numbers())

    @property
    def asked_alone(self) -> Sequence[str | None]:
        """What one request each asks for: None for all at once, or the name of one score."""
        return [None] if self.rubric.reply == "json" else self.rubric.asked

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels whose probabilities are asked for; none where scores are read out of the reply."""
        return tuple(map(str, self.rubric.scale.labels)) if self.scores == "expected" else ()

    @property
    def backend(self) -> str:
        """Name of the backend that serves the model."""
        head = self.model.partition(":")[0]
        return head if head in ("baseline", "replay", "vllm") else "api"

    @property
    def is_on_vllm(self) -> bool:
        """Whether vLLM serves the model, in this process or over HTTP: its grammars take any schema."""
        return self.model.startswith(("vllm:", "hosted_vllm/"))

    @property
    def name(self) -> str:
        """Name under which the judge's scores are kept (the rater)."""
        head, _, rest = self.model.partition(":")
        name = self.model
        if self.backend == "replay":
            name = f"{head}:{Path(rest).stem}"
        elif self.backend == "vllm" and rest.startswith(("/", ".", "~")):  # a folder
            name = f"{head}:{Path(os.path.abspath(os.path.expanduser(rest))).name}"
        return f"{name} expected" if self.scores == "expected" else name

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all of it."""
        return content_hash(self.description)

    @property
    def description(self) -> dict[str, Any]:
        """All of it as plain data, as it is kept in the run folder."""
        return {
            "model": self.model,
            "params": dict(self.params),
            "structured": self.structured,
            "max_pixels": self.max_pixels,
            # Left out where they are what they always were: runs from before keep their fingerprint.
            **({"scores": self.scores} if self.scores != "text" else {}),
            **({"engine": dict(self.engine)} if self.engine else {}),
            **({"prompt": self.prompt} if self.prompt != 1 else {}),
            "rubric": self.rubric.model_dump(by_alias=True, mode="json"),
        }


def differences(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """Say where the descriptions of two judges differ, a line for each place."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from differences(old.get(key), new.get(key), f"{where}.{key}" if where else str(key))
    elif old != new:
        yield f"{where}: {_short(old)} there, {_short(new)} here"


def refusal(where: Path, kept: Mapping[str, Any], judge: Judge) -> str:
    """Say why a run whose judge was described as `kept` takes no replies of this judge, and what to do."""
    found = list(differences(kept, judge.description))
    if [line.partition(":")[0] for line in found] == ["prompt"]:
        return (
            f"{where}: was asked with version {kept.get('prompt', 1)} of the prompt, and this judge has "
            f"version {judge.prompt}; one run is one prompt. Score into another folder with --out (all is "
            "asked anew), or go on here with the release that began it; other commands read it as before"
        )
    found.sort(key=lambda line: not line.startswith("rubric.name:"))
    other = "rubric" if all(line.startswith("rubric.") for line in found) else "judge"
    shown = "; ".join(found[:_MOST_SHOWN]) + ("; …" if len(found) > _MOST_SHOWN else "")
    advice = f"choose another folder with --out, or take the {other} that is there"
    if all(line.startswith(("rubric.pass", "rubric.overall")) for line in found):
        advice = f"keep its replies with judge parse {where} --rubric FILE, or {advice}"
    return f"{where}: belongs to another {other} ({shown}). One run is one {other}: {advice}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
