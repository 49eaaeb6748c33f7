"""Start vLLM in this process: arguments of `vllm.LLM` from the settings, and checks of the model."""

import contextlib
import gc
import importlib
import importlib.util
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
from judge.scoring.backends.ray.options import RayOptions
from judge.scoring.backends.thinking import (
    CLOSE,
    OPEN,
    ThoughtMarks,
    may_think,
    opens_thought,
    template_kwargs,
)
from judge.scoring.backends.vllm.captured_output import CapturedOutput, captured_output
from judge.scoring.backends.vllm.lora import load_lora
from judge.scoring.backends.vllm.watchdog import kill_with_parent

MIN_VERSION = (0, 26)
DEFAULT_MAX_LENGTH = 32_768
"""Default limit of prompt and reply together, in tokens; a longer context leaves room for fewer requests."""
_THINK_PARSER = "deepseek_r1"
"""vLLM's parser of ``<think>…</think>``, with which the grammar applies after the reasoning."""

_SHUTDOWN_SECONDS = 2.0
"""Seconds that an engine gets to end by itself; it has nothing to save."""

# vLLM reads these when it is imported. Values set by the user are kept.
_ENVIRONMENT = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # standard output is for data
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True)
class EngineOptions:
    """How a model in this process is run (``judge="vllm:MODEL"``); pass it to `judge.score`.

    None of these settings changes a reply, so that they may differ between calls for one run. Settings that
    do (dtype, quantization, revision, lora, …) are in the `engine` mapping of `judge.Judge`.

    Parameters
    ----------
    tensor_parallel : int or None
        Number of GPUs that share the model; None uses as few as hold its weights.
    max_model_len : int or None
        Largest number of tokens of prompt and reply together; None uses that of the model, at most 32,768.
    memory_share : float or None
        Share of the GPU memory that the engine may use, between 0 and 1; None uses vLLM's default.
    trust_remote_code : bool
        Whether Python code that comes with a model may be executed.
    args : mapping of str to Any
        Other arguments of the engine by vLLM's names; they take precedence over all others.
    ray : RayOptions or None
        Run the model on the machines of a Ray cluster instead of in this process.

    Examples
    --------
    >>> from judge import EngineOptions
    >>> EngineOptions(max_model_len=8192, memory_share=0.5).max_model_len
    8192
    """

    tensor_parallel: int | None = None
    max_model_len: int | None = None
    memory_share: float | None = None
    trust_remote_code: bool = False
    args: Mapping[str, Any] = field(default_factory=dict)
    ray: RayOptions | None = None


@dataclass
class Engine:
    """A running engine and its properties."""

    llm: Any
    marks: ThoughtMarks | None
    """Where thought sentinels; None where the model does not think."""
    output: CapturedOutput
    lora: Any = None

    @property
    def most_at_once(self) -> int:
        """Largest number of sequences that are decoded at the same time."""
        return int(self.llm.llm_engine.vllm_config.scheduler_config.max_num_seqs)

    @property
    def max_length(self) -> int:
        """Largest number of tokens of prompt and reply together."""
        return int(self.llm.model_config.max_model_len)

    @property
    def structured_outputs(self) -> Any:
        """Settings of constrained decoding."""
        return self.llm.llm_engine.vllm_config.structured_outputs_config

    @property
    def closes_thoughts(self) -> bool:
        """Whether the engine can end reasoning that exceeds its token budget."""
        config = getattr(self.llm.llm_engine.vllm_config, "reasoning_config", None)
        return bool(getattr(config, "enabled", False))

    def stop(self) -> None:
        """End the engine and free its memory."""
        core = self.llm.llm_engine.engine_core
        processes = _processes(core)
        with contextlib.suppress(Exception):
            core.shutdown(timeout=_SHUTDOWN_SECONDS)
        for process in processes:  # another engine needs the memory of this one
            process.join(_SHUTDOWN_SECONDS)
        self.llm = core = None
        gc.collect()
        if not processes:
            importlib.import_module("vllm.distributed.parallel_state").cleanup_dist_env_and_memory()


def preflight() -> None:
    """Check, without importing vLLM, that it can be used.

    Raises
    ------
    MissingExtraError
        vLLM is not installed.
    BackendError
        vLLM is too old, or the operating system is not Linux.
    """
    if importlib.util.find_spec("vllm") is None:
        if sys.platform != "linux":
            raise BackendError(
                f"a model in this process (vllm:MODEL) needs Linux, and this is {sys.platform}; use the "
                "judge hosted_vllm/MODEL with api_base (--api-base URL) of a server, or another judge"
            )
        raise MissingExtraError("vllm", "vllm", "a model in this process (vllm:MODEL)")
    with contextlib.suppress(PackageNotFoundError):
        found = version("vllm")
        if tuple(int(part) for part in re.findall(r"\d+", found)[:2]) < MIN_VERSION:
            raise BackendError(
                f"vllm {found} is too old; {MIN_VERSION[0]}.{MIN_VERSION[1]} or newer is required: "
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
        A folder, or a name on the Hugging Face Hub.
    decisive : mapping
        Settings that can change a reply, by vLLM's names, and ``lora``, a folder or a name on the Hub.
    options : EngineOptions
        The other settings.
    most_images : int
        Largest number of images of one item.
    first : Request
        First request of the run; its parameters determine whether the model may reason.
    on_start : callable
        Called with the progress, as text.

    Raises
    ------
    BackendError
        The engine does not start; the message says why and what to do.
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
        from judge.scoring.backends.vllm.startup_errors import startup_failure  # many expressions to compile

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
        raise BackendError(f"vllm:{model} does not start: there is no such folder")
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
            f"vllm:{model} does not start: its tokenizer has no tokens; download its files again"
        )
    marks, always = _thought_marks(tokenizer, arguments, first)
    if first.labels and always:
        raise BackendError(
            f"{model} always reasons first (its chat template starts the reasoning), so its first token is "
            "not a score. Use scores='text' (--scores text), or a model whose reasoning can be switched off"
        )
    if marks is not None:
        arguments.setdefault("reasoning_parser", _THINK_PARSER)
    lora = load_lora(decisive.get("lora"), arguments)
    on_start("starting the engine")
    llm = vllm.LLM(**arguments)
    _watch_processes(llm.llm_engine.engine_core)
    return Engine(llm, marks, output, lora)


def _processes(core: Any) -> list[Any]:
    """Return the processes of an engine; none if it runs in this process."""
    manager = getattr(getattr(core, "resources", None), "engine_manager", None)
    return list(manager.processes) if manager is not None else []


def _watch_processes(core: Any) -> None:
    """Kill the engine's process when this one ends, and report its death to whatever waits for output.

    vLLM only logs that its process has died, and would wait forever for the next output.
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
    """Return arguments of `vllm.LLM` that depend on the settings only.

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
    """Raise `BackendError` if the model cannot score these items."""
    if most_images and not config.is_multimodal_model:
        raise BackendError(
            f"{model} does not accept images, and the items have up to {most_images}; use a vision-language "
            "model such as vllm:Qwen/Qwen3-VL-4B-Instruct"
        )
    if config.hf_config.model_type == "gpt_oss":  # the grammar would have to apply to the last channel only
        raise BackendError(
            f"vllm:{model} replies in channels, which only a server separates: start `vllm serve {model}` "
            f"and use the judge hosted_vllm/{model} with api_base (--api-base URL), or another model"
        )


def model_arguments(config: Any, most_images: int) -> dict[str, Any]:
    """Return arguments that depend on the model: the context length, and the number of images per prompt."""
    wanted: dict[str, Any] = {"max_model_len": min(config.max_model_len, DEFAULT_MAX_LENGTH)}
    if config.is_multimodal_model:
        wanted["limit_mm_per_prompt"] = {"image": most_images, "video": 0, "audio": 0}
    return wanted


def cards_for(model: str, quantization: str | None = None) -> int:
    """Return the number of GPUs for a model: as few as hold it and its KV cache, or as many as there are.

    The number is a power of two that divides the number of attention heads, as vLLM requires.
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
"""Arguments in a form that only `vllm.LLM` accepts."""


def _model_config(arguments: Mapping[str, Any]) -> Any:
    """Return vLLM's configuration of the model; most errors are found here, before the GPU is used."""
    args = importlib.import_module("vllm.engine.arg_utils").EngineArgs
    return args(
        **{name: v for name, v in arguments.items() if name not in _NOT_OF_THE_MODEL}
    ).create_model_config()


def _thought_marks(
    tokenizer: Any, arguments: Mapping[str, Any], first: Request
) -> tuple[ThoughtMarks | None, bool]:
    """Return the reasoning tokens if the model may reason, and whether reasoning cannot be switched off."""

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
    except Exception:  # noqa: BLE001 - no template, or none for text messages: the first request reports it
        always = thinks = opened = False
    opening, closing = _marks(tokenizer, arguments.get("reasoning_parser"))
    vocabulary = tokenizer.get_vocab()
    marked = opening in vocabulary and closing in vocabulary  # required by vLLM's parsers
    if not marked or not (thinks or arguments.get("reasoning_parser")):
        return None, always
    return ThoughtMarks(vocabulary[opening], vocabulary[closing], opened), always


def _marks(tokenizer: Any, parser: str | None) -> tuple[str, str]:
    if parser is None:
        return OPEN, CLOSE
    manager = importlib.import_module("vllm.reasoning").ReasoningParserManager
    made = manager.get_reasoning_parser(parser)(tokenizer)
    return made.reasoning_start_str or OPEN, made.reasoning_end_str or CLOSE
