"""The Judge: model, parameters, rubric and prompt version, that is, everything that determines a score."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from judge.records import content_hash
from judge.rubric import Rubric
from judge.scoring.parsing.chosen_letter import READER_VERSION

ENGINE_DECIDES = frozenset(
    {
        *("dtype", "quantization", "revision", "code_revision", "tokenizer", "tokenizer_revision", "lora"),
        *("hf_overrides", "kv_cache_dtype", "load_format", "seed", "chat_template", "reasoning_parser"),
        *("generation_config", "override_generation_config", "mm_processor_kwargs"),
        *("structured_outputs_config", "logits_processors", "logprobs_mode", "tokenizer_mode"),
    }
)
"""Engine settings that can change a reply; the others (memory, batches, GPUs) may change within a run."""
PROMPT_VERSION = 2
"""Version of the prompt text around an item. It increases whenever that text or the grammar of replies
changes, because replies to different prompts are not mixed in one run."""

DECISION_ROUTES = ("decisions", "systemone")
"""Beginnings of the names of decision models: OpenAI's format, and System One."""
_MOST_SHOWN = 5


@dataclass(frozen=True)
class Judge:
    """Everything that determines a score; pass it to `judge.score` for a judge with its own parameters.

    Two judges with the same `fingerprint` give replies that may be mixed in one run.

    Parameters
    ----------
    model : str
        ``baseline``, ``letters``, ``replay:FILE``, ``vllm:MODEL``, ``decisions:MODEL`` or
        ``systemone:MODEL`` (decision models), or a litellm model name such as ``openai/gpt-5``.
    rubric : Rubric
        What is scored and how; see `judge.load_rubric`. With expected scores, each score is requested alone
        as a bare number, whatever reply form the rubric has.
    params : mapping of str to Any
        Parameters sent to the model: temperature, max_tokens, seed, reasoning_effort, …
    structured : bool
        Whether the JSON schema of the reply is sent along. If not, only the prompt describes the form.
    max_pixels : int
        Images with more pixels (width times height) are scaled down before they are sent.
    scores : {'text', 'expected'}
        'text' reads the score from the reply; 'expected' takes the expectation over the probabilities of the
        labels of the scale (G-Eval), which needs token probabilities. Always 'expected' for decision models.
    engine : mapping of str to Any
        Settings of a model in this process that can change a reply, by vLLM's names: dtype, quantization,
        revision, lora, … (see `ENGINE_DECIDES`). The other settings are in `judge.EngineOptions`.
    prompt : int
        Version of the prompt. Only the current one can be sent; a run keeps the version it was scored with.
    reader : int
        Version of the rules by which `letters` reads the chosen letter; 0 for all other judges.

    Examples
    --------
    >>> from judge import Judge, load_rubric
    >>> judge = Judge("openai/gpt-5", load_rubric("open_qa"), params={"reasoning_effort": "low"})
    >>> judge.name, judge.backend
    ('openai/gpt-5', 'api')
    """

    model: str
    rubric: Rubric
    _: KW_ONLY
    params: Mapping[str, Any] = field(default_factory=dict)
    structured: bool = True
    max_pixels: int = 1_572_864
    scores: Literal["text", "expected"] = "text"
    engine: Mapping[str, Any] = field(default_factory=dict)
    prompt: int = PROMPT_VERSION
    reader: int = 0

    def __post_init__(self) -> None:
        """Give the rubric the form in which the model is asked; decision models give expected scores only."""
        if self.backend == "letters" and not self.reader:
            object.__setattr__(self, "reader", READER_VERSION)
        if self.backend == "decisions":
            object.__setattr__(self, "scores", "expected")
            object.__setattr__(self, "structured", False)
        object.__setattr__(self, "rubric", self.as_asked(self.rubric))

    def as_asked(self, rubric: Rubric) -> Rubric:
        """Return a rubric in the form in which this judge is asked.

        Expected scores are requested alone, as bare numbers; a decision model gets one question for each.
        """
        if self.backend == "decisions":
            return rubric.as_questions()
        return rubric.as_numbers() if self.scores == "expected" else rubric

    @property
    def backend(self) -> str:
        """Name of the backend that serves the model."""
        head = self.model.partition(":")[0]
        if head in DECISION_ROUTES:
            return "decisions"
        return head if head in ("baseline", "letters", "replay", "vllm") else "api"

    def with_current_reader(self) -> "Judge":
        """Return this judge with today's rules for reading letters, if it reads letters."""
        return replace(self, reader=READER_VERSION) if self.reader else self

    @property
    def is_billed(self) -> bool:
        """Whether a provider may bill the requests."""
        return self.backend in ("api", "decisions")

    @property
    def is_on_vllm(self) -> bool:
        """Whether vLLM runs the model, in this process or as a server; its grammars accept any schema."""
        return self.model.startswith(("vllm:", "hosted_vllm/"))

    @property
    def name(self) -> str:
        """Name of the judge as a rater, under which its scores are stored."""
        head, _, rest = self.model.partition(":")
        name = self.model
        if self.backend == "replay":
            name = f"{head}:{Path(rest).stem}"
        elif self.backend == "vllm" and rest.startswith(("/", ".", "~")):  # a folder
            name = f"{head}:{Path(os.path.abspath(os.path.expanduser(rest))).name}"
        return f"{name} expected" if self.scores == "expected" and self.backend != "decisions" else name

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything that determines a score."""
        return content_hash(self.description)

    @property
    def description(self) -> dict[str, Any]:
        """Everything that determines a score as plain data, as it is stored in the run folder."""
        return {
            "model": self.model,
            "params": dict(self.params),
            "structured": self.structured,
            "max_pixels": self.max_pixels,
            # Defaults that were added later are left out, so that earlier runs keep their fingerprint.
            **({"scores": self.scores} if self.scores != "text" else {}),
            **({"engine": dict(self.engine)} if self.engine else {}),
            **({"prompt": self.prompt} if self.prompt != 1 else {}),
            **({"reader": self.reader} if self.reader else {}),
            "rubric": self.rubric.model_dump(by_alias=True, mode="json"),
        }


def differences(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """Yield one line for each difference between the descriptions of two judges."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from differences(old.get(key), new.get(key), f"{where}.{key}" if where else str(key))
    elif old != new:
        yield f"{where}: {_short(old)} in the run, {_short(new)} now"


def mismatch(where: Path, kept: Mapping[str, Any], judge: Judge) -> str:
    """Explain why a run with the judge described by `kept` does not accept `judge`, and what to do."""
    found = list(differences(kept, judge.description))
    if [line.partition(":")[0] for line in found] == ["prompt"]:
        return (
            f"{where}: was scored with version {kept.get('prompt', 1)} of the prompt, and this judge has "
            f"version {judge.prompt}; one run has one prompt. Score into another folder with out (--out); "
            "all requests are sent again. Or continue with the release that started the run. Other commands "
            "can still read it"
        )
    if [line.partition(":")[0] for line in found] == ["reader"]:
        return (
            f"{where}: its letters were read with version {kept.get('reader')} of the rules, and this "
            f"release has version {judge.reader}; read them again: judge parse {where} (rederive)"
        )
    found.sort(key=lambda line: not line.startswith("rubric.name:"))
    other = "rubric" if all(line.startswith("rubric.") for line in found) else "judge"
    shown = "; ".join(found[:_MOST_SHOWN]) + ("; …" if len(found) > _MOST_SHOWN else "")
    advice = f"choose another folder with out (--out), or use the {other} of the run"
    if all(line.startswith(("rubric.pass", "rubric.overall", "rubric.no_verdict")) for line in found):
        advice = f"keep its replies with judge parse {where} --rubric FILE (rederive), or {advice}"
    return f"{where}: belongs to another {other} ({shown}). One run has one {other}: {advice}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
