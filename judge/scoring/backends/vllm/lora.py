"""LoRA adapters for a model in this process."""

import importlib
import json
from pathlib import Path
from typing import Any


def load_lora(adapter: str | None, arguments: dict[str, Any]) -> Any:
    """Reserve memory for an adapter, and return the object that selects it in requests."""
    if not adapter:
        return None
    folder = adapter if Path(adapter).is_dir() else _downloaded(adapter)
    settings = json.loads((Path(folder) / "adapter_config.json").read_text())
    ranks = [settings.get("r", 16), *(settings.get("rank_pattern") or {}).values()]
    arguments.setdefault("enable_lora", True)
    arguments.setdefault("max_lora_rank", _lora_rank(max(ranks)))
    return importlib.import_module("vllm.lora.request").LoRARequest("adapter", 1, str(folder))


def _lora_rank(rank: int) -> int:
    """Return the smallest LoRA rank that vLLM supports and that is at least `rank`."""
    return next((size for size in (1, 8, 16, 32, 64, 128, 256, 320, 512) if size >= rank), rank)


def _downloaded(adapter: str) -> str:
    return str(importlib.import_module("huggingface_hub").snapshot_download(adapter))
