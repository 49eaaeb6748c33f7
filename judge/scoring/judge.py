"""A Judge: a backend, a model, its parameters and a rubric. Everything that decides a score."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from judge.records import content_hash
from judge.rubric import Rubric


@dataclass(frozen=True)
class Judge:
    """Everything that decides a score. Two judges with one fingerprint give replies that may be mixed."""

    model: str
    """As given to `--judge`: baseline, replay:FILE, vllm:MODEL, or a litellm model such as openai/gpt-5."""
    rubric: Rubric
    params: Mapping[str, Any] = field(default_factory=dict)
    """Parameters sent to the model: temperature, max_tokens, seed, reasoning_effort, …"""
    structured: bool = True
    """Whether the reply's JSON schema is sent along (where not, the prompt alone asks for JSON)."""
    max_pixels: int = 1_572_864
    """Pictures with more pixels are scaled down before they are sent."""

    @property
    def backend(self) -> str:
        """Name of the backend that serves the model."""
        head = self.model.partition(":")[0]
        return head if head in ("baseline", "replay", "vllm") else "api"

    @property
    def name(self) -> str:
        """Name under which the judge's scores are kept (the rater)."""
        head, _, file = self.model.partition(":")
        return f"{head}:{Path(file).stem}" if self.backend == "replay" else self.model

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
            "rubric": self.rubric.model_dump(by_alias=True, mode="json"),
        }


def differences(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """Say where the descriptions of two judges differ, a line for each place."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from differences(old.get(key), new.get(key), f"{where}.{key}" if where else str(key))
    elif old != new:
        yield f"{where}: {_short(old)} there, {_short(new)} here"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
