"""Start vLLM in this process: settings -> arguments of `vllm.LLM`, and what must be known before."""

import contextlib
import gc
import importlib
import importlib.util
import json
import multiprocessing.connection
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from judge.errors import BackendError, InputError, JudgeError, MissingExtraError
from judge.hardware.fit import needed
from judge.hardware.gpus import cards
from judge.hardware.model_sizes import find_shape
from judge.records import Request
from judge.scoring.backends.thinking import (
    CLOSE,
    OPEN,
    ThoughtMarks,
    may_think,
    opens_thought,
    template_kwargs,
)
from judge.scoring.backends.vllm.captured_output import CapturedOutput, captured_output
from judge.scoring.backends.vllm.startup_errors import startup_failure
from judge.scoring.backends.vllm.watchdog import kill_with_parent

MIN_VERSION = (0, 26)
DEFAULT_MAX_LENGTH = 32_768
"""Tokens of prompt and reply together where none are given: a longer context takes memory from the others."""
_THINK_PARSER = "deepseek_r1"
"""The parser of vLLM that knows ``<think>…</think>`` and no more: the grammar begins after the thought."""

_SHUTDOWN_SECONDS = 2.0
"""Seconds that an engine gets to end by itself: it has nothing to save."""

# Read when vllm is imported. A value that the user has set is kept.
_ENVIRONMENT = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # standard output is for data
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True)
class EngineOptions:
    """How an engine in this process runs. None of it decides a reply."""

    tensor_parallel: int | None = None
    """Cards that share the model; None takes as few as hold its weights."""
    max_model_len: int | None = None
    """Tokens of prompt and reply together; None takes the model's own, at most 32,768."""
    memory_share: float | None = None
    """Part of a card's memory that the engine may take; None leaves vLLM's default."""
    trust_remote_code: bool = False
    """Whether code that comes with a model may run here."""
    args: Mapping[str, Any] = field(default_factory=dict)
    """Other arguments of the engine by vLLM's names; they go before all others."""


@dataclass
class Engine:
    """A running engine and what is known of it."""

    llm: Any
    marks: ThoughtMarks | None
    """Where thought sentinels; None where the model does not think."""
    output: CapturedOutput
    lora: Any = None

    @property
    def most_at_once(self) -> int:
        """Sequences that it decodes at a time."""
        return int(self.llm.llm_engine.vllm_config.scheduler_config.max_num_seqs)

    @property
    def max_length(self) -> int:
        """Tokens of prompt and reply together."""
        return int(self.llm.model_config.max_model_len)

    @property
    def structured_outputs(self) -> Any:
        """The settings of its grammars."""
        return self.llm.llm_engine.vllm_config.structured_outputs_config

    @property
    def closes_thoughts(self) -> bool:
        """Whether it can close a thought that is over its budget."""
        config = getattr(self.llm.llm_engine.vllm_config, "reasoning_config", None)
        return bool(getattr(config, "enabled", False))

    def stop(self) -> None:
        """End it and free its memory."""
        core = self.llm.llm_engine.engine_core
        processes = _processes(core)
        with contextlib.suppress(Exception):
            core.shutdown(timeout=_SHUTDOWN_SECONDS)
        for process in processes:  # the next engine needs the memory of this one
            process.join(_SHUTDOWN_SECONDS)
        self.llm = core = None
        gc.collect()
        if not processes:
            importlib.import_module("vllm.distributed.parallel_state").cleanup_dist_env_and_memory()


def preflight() -> None:
    """Check that an engine can be had at all, without importing it.

    Raises
    ------
    MissingExtraError
        If vLLM is not installed.
    BackendError
        If it is too old, or this is no Linux.
    """
    if importlib.util.find_spec("vllm") is None:
        if sys.platform != "linux":
            raise BackendError(
                f"a judge in this process (vllm:MODEL) runs on Linux, and this is {sys.platform}; use "
                "--judge hosted_vllm/MODEL --api-base URL with a server, or another judge"
            )
        raise MissingExtraError("vllm", "vllm", "a judge in this process (vllm:MODEL)")
    with contextlib.suppress(PackageNotFoundError):
        found = version("vllm")
        if tuple(int(part) for part in re.findall(r"\d+", found)[:2]) < MIN_VERSION:
            raise BackendError(
                f"vllm {found} is too old; needed is {MIN_VERSION[0]}.{MIN_VERSION[1]} or newer: "
                "pip install -U 'judge-toolkit[vllm]'"
            )


def start(
    model: str,
    decisive: Mapping[str, Any],
    options: EngineOptions,
    most_images: int,
    first: Request,
    on_start: Callable[[str], None],
) -> Engine:
    """Start an engine.

    Parameters
    ----------
    model : str
        A folder, or a name on the hub.
    decisive : mapping
        Settings that decide a reply, by vLLM's names; and ``lora``, a folder or a name on the hub.
    options : EngineOptions
        All other settings.
    most_images : int
        Pictures of the item that has most.
    first : Request
        The first request of the run: its parameters say whether the model may think.
    on_start : callable
        Hears what happens meanwhile.

    Raises
    ------
    BackendError
        If it does not start: what was found, and what to do.
    """
    preflight()
    pass_on = (
        "VLLM_LOGGING_LEVEL" in os.environ
        and os.environ["VLLM_LOGGING_LEVEL"] != _ENVIRONMENT["VLLM_LOGGING_LEVEL"]
    )
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    output = captured_output()
    on_start("loading vLLM")
    try:
        with output.capturing(on_start, pass_on=pass_on):
            return _start(model, decisive, options, most_images, first, on_start, output)
    except JudgeError:
        raise
    except Exception as error:
        raise startup_failure(error, output.tail(), model) from error


def _start(
    model: str,
    decisive: Mapping[str, Any],
    options: EngineOptions,
    most_images: int,
    first: Request,
    on_start: Callable[[str], None],
    output: CapturedOutput,
) -> Engine:
    if model.startswith(("/", ".", "~")) and not Path(model).is_dir():
        raise BackendError(f"vllm:{model} does not start. There is no such folder")
    vllm = importlib.import_module("vllm")
    arguments = engine_arguments(model, decisive, options)
    on_start("reading the model's configuration")
    config = _model_config(arguments)
    _check(model, config, most_images)
    arguments = {**model_arguments(config, most_images), **arguments}
    if "tensor_parallel_size" not in arguments:
        arguments["tensor_parallel_size"] = cards_for(model, decisive.get("quantization"))
    tokenizer = importlib.import_module("vllm.tokenizers").cached_tokenizer_from_config(config)
    if not tokenizer.encode("1", add_special_tokens=False):
        raise BackendError(
            f"vllm:{model} does not start. Its tokenizer knows no token: fetch its files again"
        )
    marks, always = _thought_marks(tokenizer, arguments, first)
    if first.labels and always:
        raise BackendError(
            f"{model} always thinks first: its chat template opens a thought whatever it is told, so its "
            "first token is no score. Use --scores text, or a model that can be told not to think"
        )
    if marks is not None:
        arguments.setdefault("reasoning_parser", _THINK_PARSER)
    lora = _lora(decisive.get("lora"), arguments)
    on_start("starting the engine")
    llm = vllm.LLM(**arguments)
    _watch_processes(llm.llm_engine.engine_core)
    return Engine(llm, marks, output, lora)


def _processes(core: Any) -> list[Any]:
    """The processes of an engine; none where it runs in this one."""
    manager = getattr(getattr(core, "resources", None), "engine_manager", None)
    return list(manager.processes) if manager is not None else []


def _watch_processes(core: Any) -> None:
    """End the engine's process with this one, and let who waits for an output hear that it has ended.

    vLLM only notes it, and would wait for ever for the next output of a process that was killed.
    """
    processes = _processes(core)
    if not processes:
        return
    sentinels, outputs = [process.sentinel for process in processes], core.outputs_queue
    cancel = kill_with_parent(process.pid for process in processes)
    failure = importlib.import_module("vllm.v1.engine.exceptions").EngineDeadError()

    def watch() -> None:
        multiprocessing.connection.wait(sentinels)
        cancel()
        outputs.put_nowait(failure)

    threading.Thread(target=watch, name="engine death", daemon=True).start()


def engine_arguments(model: str, decisive: Mapping[str, Any], options: EngineOptions) -> dict[str, Any]:
    """Arguments of `vllm.LLM` that follow from the settings alone.

    Examples
    --------
    >>> arguments = engine_arguments("Qwen/Qwen3-4B", {"dtype": "half"}, EngineOptions(memory_share=0.5))
    >>> arguments["dtype"], arguments["gpu_memory_utilization"], "max_model_len" in arguments
    ('half', 0.5, False)
    """
    named = {
        "tensor_parallel_size": options.tensor_parallel,
        "max_model_len": options.max_model_len,
        "gpu_memory_utilization": options.memory_share,
        "trust_remote_code": options.trust_remote_code or None,
    }
    return {
        "model": model,
        "seed": 0,
        "enable_prefix_caching": True,
        "structured_outputs_config": {"backend": "xgrammar"},
        **{name: value for name, value in decisive.items() if name != "lora" and value is not None},
        **{name: value for name, value in named.items() if value is not None},
        **options.args,
    }


def _check(model: str, config: Any, most_images: int) -> None:
    """Refuse a model that cannot do what is asked of it."""
    if most_images and not config.is_multimodal_model:
        raise BackendError(
            f"{model} takes no pictures, and the items have up to {most_images}; name a model that sees, "
            "such as vllm:Qwen/Qwen3-VL-4B-Instruct"
        )
    if config.hf_config.model_type == "gpt_oss":  # its grammar would have to begin in the last channel
        raise BackendError(
            f"vllm:{model} answers in channels, which only a server takes apart: start `vllm serve {model}` "
            f"and use --judge hosted_vllm/{model} --api-base URL, or name another model"
        )


def model_arguments(config: Any, most_images: int) -> dict[str, Any]:
    """Arguments that follow from the model: no context that no judge needs, no room for what never comes."""
    wanted: dict[str, Any] = {"max_model_len": min(config.max_model_len, DEFAULT_MAX_LENGTH)}
    if config.is_multimodal_model:
        wanted["limit_mm_per_prompt"] = {"image": most_images, "video": 0, "audio": 0}
    return wanted


def cards_for(model: str, quantization: str | None = None) -> int:
    """How many cards a model takes: as few as hold it with room to work in, or all where none are enough.

    Their number is a power of two that divides the model's attention heads, as vLLM wants it.
    """
    try:
        found = cards()
        shape = find_shape(model) if len(found) > 1 else None
    except (OSError, InputError):
        return 1
    if shape is None:
        return 1
    weights = shape.weights // 2 if quantization == "fp8" and not shape.quantized else shape.weights
    memory = min(card.memory for card in found)
    able = [count for count in (1, 2, 4, 8, 16) if count <= len(found) and shape.heads % count == 0]
    return next((count for count in able if needed(shape, weights, count) <= memory), able[-1])


_NOT_OF_THE_MODEL = (
    *("chat_template", "structured_outputs_config", "compilation_config", "profiler_config"),
    "attention_config",
)
"""Arguments that only `vllm.LLM` takes in the form that we give."""


def _model_config(arguments: Mapping[str, Any]) -> Any:
    """What vLLM makes of the model's configuration; it finds most errors before any card is touched."""
    args = importlib.import_module("vllm.engine.arg_utils").EngineArgs
    return args(
        **{name: v for name, v in arguments.items() if name not in _NOT_OF_THE_MODEL}
    ).create_model_config()


def _thought_marks(
    tokenizer: Any, arguments: Mapping[str, Any], first: Request
) -> tuple[ThoughtMarks | None, bool]:
    """The marks of thought where the model may think, and whether it cannot be told not to."""

    def render(given: Mapping[str, Any]) -> str:
        message = [{"role": "user", "content": "?"}]
        own = arguments.get("chat_template")
        template = importlib.import_module("vllm.entrypoints.llm").load_chat_template(own)
        options = {"tokenize": False, "add_generation_prompt": True, **given}
        if template is not None:
            options["chat_template"] = template
        return str(tokenizer.apply_chat_template(message, **options))

    given = template_kwargs(first.params)
    try:
        always = opens_thought(render(template_kwargs({**first.params, "reasoning_effort": "none"})))
        thinks, opened = may_think(render, given), opens_thought(render(given))
    except Exception:  # noqa: BLE001 - no template, or none for texts alone: the first request will tell
        always = thinks = opened = False
    opening, closing = _marks(tokenizer, arguments.get("reasoning_parser"))
    vocabulary = tokenizer.get_vocab()
    marked = opening in vocabulary and closing in vocabulary  # vLLM's parsers need both
    if not marked or not (thinks or arguments.get("reasoning_parser")):
        return None, always
    return ThoughtMarks(vocabulary[opening], vocabulary[closing], opened), always


def _marks(tokenizer: Any, parser: str | None) -> tuple[str, str]:
    if parser is None:
        return OPEN, CLOSE
    manager = importlib.import_module("vllm.reasoning").ReasoningParserManager
    made = manager.get_reasoning_parser(parser)(tokenizer)
    return made.reasoning_start_str or OPEN, made.reasoning_end_str or CLOSE


def _lora(adapter: str | None, arguments: dict[str, Any]) -> Any:
    """Ask for room for an adapter, and the request that names it."""
    if not adapter:
        return None
    folder = adapter if Path(adapter).is_dir() else _downloaded(adapter)
    settings = json.loads((Path(folder) / "adapter_config.json").read_text())
    ranks = [settings.get("r", 16), *(settings.get("rank_pattern") or {}).values()]
    arguments.setdefault("enable_lora", True)
    arguments.setdefault("max_lora_rank", _room_for(max(ranks)))
    return importlib.import_module("vllm.lora.request").LoRARequest("adapter", 1, str(folder))


def _room_for(rank: int) -> int:
    """The smallest size that vLLM knows and that holds a rank."""
    return next((size for size in (1, 8, 16, 32, 64, 128, 256, 320, 512) if size >= rank), rank)


def _downloaded(adapter: str) -> str:
    return str(importlib.import_module("huggingface_hub").snapshot_download(adapter))
