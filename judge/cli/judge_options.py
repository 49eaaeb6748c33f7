"""Options of the judge: the model, the connection to an API, and the local engine."""

import json
from dataclasses import fields, replace
from typing import Any

import click
from click.core import ParameterSource

from judge.cli import settings_file
from judge.cli.option_types import Number, pairs
from judge.cli.options import rubric, section, seed
from judge.rubric import Rubric, load_rubric
from judge.scoring.backends.api.providers import OPENAI_COMPATIBLE
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.judge import ENGINE_DECIDES, Judge

HARMLESS_PARAMETERS = frozenset(
    {
        *("temperature", "top_p", "top_k", "min_p", "seed", "stop", "max_tokens", "max_completion_tokens"),
        *("frequency_penalty", "presence_penalty", "repetition_penalty", "reasoning_effort", "reasoning"),
        *("thinking", "verbosity", "service_tier", "logit_bias", "chat_template_kwargs", "random_seed"),
    }
)
"""Model parameters that a settings file may set, because none of them can hold an address or a key."""
_PARAMETERS = ("temperature", "max_tokens", "seed", "reasoning_effort")
_DECISIVE = ("dtype", "quantization", "revision", "lora")
_NOT_DECISIVE = ("tensor_parallel", "max_model_len", "memory_share", "trust_remote_code")


def _listed(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Check that no judge is named twice, because both would write to the same run; a click callback."""
    if not values:  # an empty list in a settings file
        raise click.BadParameter("no judge is given", ctx, param)
    for value in values:
        if value in ("", "vllm:", "replay:", "decisions:", "systemone:"):
            raise click.BadParameter(f"{value!r} names no judge", ctx, param)
        if values.count(value) > 1:
            raise click.BadParameter(
                f"{value!r} is given twice; for repeated judgments use --samples", ctx, param
            )
    return values


judge_options = section(
    "Judge",
    click.option(
        "--judge",
        "model",
        multiple=True,
        default=["baseline"],
        show_default=True,
        metavar="MODEL",
        callback=_listed,
        help="Model that judges: openai/gpt-5, anthropic/claude-sonnet-4-5 or another litellm model; "
        "vllm:MODEL on the GPU of this machine; hosted_vllm/MODEL with --api-base; "
        "decisions:openai/gpt-6-luna or systemone:typesafe/jev-latest for decision models, which answer with "
        "probabilities; replay:FILE for recorded replies (a table with id and reply); baseline for word "
        "overlap without a model; letters, with --rubric multiple_choice, for the option that an answer to a "
        "multiple-choice question chooses. Repeat the option for a panel of judges.",
    ),
    rubric("it defines what is scored.", default="open_qa", show_default=True),
    click.option(
        "--samples",
        type=click.IntRange(1, 1_000),
        metavar="N",
        default=1,
        show_default=True,
        help="Number of judgments per item.",
    ),
    click.option(
        "--scores",
        type=click.Choice(["text", "expected"]),
        default="text",
        show_default=True,
        help="How a score is obtained: text reads it from the reply; expected is the mean of the labels "
        "weighted with their token probabilities.",
    ),
    click.option("--temperature", type=Number(min=0), help="Sampling temperature.  [default: not sent]"),
    click.option(
        "--max-tokens",
        type=click.IntRange(min=1),
        metavar="N",
        help="Maximum number of tokens of a reply.  [default: not sent; vllm: 1024 after the reasoning]",
    ),
    seed("of the model for the first sample; each further sample uses the next number.", min=None),
    click.option(
        "--reasoning-effort",
        metavar="EFFORT",
        help="Reasoning effort of reasoning models: none, low, medium, high, …",
    ),
    click.option(
        "--param",
        "params",
        multiple=True,
        metavar="NAME=VALUE",
        callback=pairs,
        help="Any other parameter of the model; VALUE may be JSON. May be repeated.",
    ),
    click.option(
        "--structured",
        type=click.Choice(["auto", "on", "off"]),
        default="auto",
        show_default=True,
        help="Whether to send the JSON schema of the reply; auto sends it if the provider supports it.",
    ),
    click.option("--reask", is_flag=True, help="Ask once more if a reply cannot be parsed."),
)
api_base = click.option(
    "--api-base",
    metavar="URL",
    help="Base URL of an OpenAI-compatible server, such as http://localhost:8000/v1.",
)
connection_options = section(
    "Connection to an API",
    api_base,
    click.option(
        "--trust-config",
        is_flag=True,
        help="Allow judge.toml or pyproject.toml to set where API keys are sent and to let a model run its "
        "own code.",
    ),
    click.option(
        "--max-connections",
        type=click.IntRange(min=1),
        metavar="N",
        help="Maximum number of concurrent requests.  [default: adapted to the server]",
    ),
    click.option(
        "--requests-per-minute",
        type=Number(min=0, min_open=True),
        metavar="N",
        help="Maximum number of requests per minute.  [default: no limit]",
    ),
    click.option(
        "--timeout",
        type=Number(min=0, min_open=True),
        metavar="SECONDS",
        default=600,
        show_default=True,
        help="Time limit of one attempt.",
    ),
    click.option(
        "--max-cost",
        type=Number(min=0),
        metavar="USD",
        help="Maximum cost of this call; the run stops before it is exceeded.  [default: no limit]",
    ),
    click.option(
        "--max-wait",
        type=click.FloatRange(min=0),
        default=900,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait while the provider rejects all requests because of its rate limit (429); then "
        "the run stops.",
    ),
    click.option(
        "--transport",
        type=click.Choice(["auto", "http", "litellm"]),
        default="auto",
        show_default=True,
        help="HTTP client; auto is the built-in client for OpenAI-compatible servers and litellm for all "
        "others.",
    ),
    click.option(
        "--batch",
        is_flag=True,
        help="Send the requests with the provider's batch API, which usually costs half and may take a day.",
    ),
    click.option(
        "--no-wait",
        is_flag=True,
        help="With --batch: submit the batches and exit; the same command collects their results.",
    ),
    click.option(
        "--live-rest",
        is_flag=True,
        help="With --batch: send requests that a batch did not answer one by one, at the full price.",
    ),
)
engine_options = section(
    "Local model (--judge vllm:MODEL)",
    click.option(
        "--dtype",
        metavar="TYPE",
        help="Data type of the weights: bfloat16, float16, …  [default: that of the model]",
    ),
    click.option(
        "--quantization",
        metavar="METHOD",
        help="Quantize the weights while loading: fp8, bitsandbytes, …",
    ),
    click.option("--revision", metavar="REVISION", help="Branch, tag or commit of the model."),
    click.option("--lora", metavar="ADAPTER", help="Folder or name of a LoRA adapter."),
    click.option(
        "--tensor-parallel",
        type=click.IntRange(min=1),
        metavar="N",
        help="Number of GPUs that share the model.  [default: as few as possible]",
    ),
    click.option(
        "--max-model-len",
        type=click.IntRange(min=1),
        metavar="N",
        help="Maximum number of tokens of prompt and reply.  [default: that of the model, at most 32768]",
    ),
    click.option(
        "--memory-share",
        type=Number(min=0, max=1, min_open=True),
        metavar="SHARE",
        help="Share of the GPU memory to use.  [default: that of vLLM]",
    ),
    click.option("--trust-remote-code", is_flag=True, help="Allow the model to run code that comes with it."),
    click.option(
        "--engine-arg",
        "engine_args",
        multiple=True,
        metavar="NAME=VALUE",
        callback=pairs,
        help="Any other argument of the vLLM engine; VALUE may be JSON. May be repeated.",
    ),
)


def judges_of(values: dict[str, Any]) -> list[Judge]:
    """Build the judges from the options of the command line."""
    params = {name: values[name] for name in _PARAMETERS if values[name] is not None}
    params |= _parsed(values["params"])
    engine = {name: values[name] for name in _DECISIVE if values[name] is not None}
    engine |= {name: v for name, v in _parsed(values["engine_args"]).items() if name in ENGINE_DECIDES}
    loaded = load_rubric(values["rubric"])
    judges = []
    for model in values["model"]:
        judge = Judge(model=model, rubric=loaded, params=params, scores=values["scores"])
        if judge.backend == "vllm":
            judge = replace(judge, engine=engine)
        if judge.backend == "decisions":  # the usual parameters are meant for the other judges of a panel
            judge = replace(judge, params=_parsed(values["params"]))
        judges.append(replace(judge, structured=_structured(judge, values["structured"], values["api_base"])))
    _check_meant(judges)
    _check_decisions(judges, values["scores"])
    _note_left_out(judges, loaded)
    if not values["trust_config"]:
        _check_parameters(judges, values["transport"], values["params"])
        _check_engine(judges, values)
    return judges


def _check_decisions(judges: list[Judge], scores: str) -> None:
    """Refuse options that have no effect on decision models, unless they are meant for another judge."""
    if not all(judge.backend == "decisions" for judge in judges):
        return
    source = click.get_current_context().get_parameter_source
    options = [*_PARAMETERS, "structured", *(["scores"] if scores == "text" else [])]
    if given := [name for name in options if source(name) is ParameterSource.COMMANDLINE]:
        option = given[0].replace("_", "-")
        raise click.UsageError(
            f"--{option}: decision models give probabilities and generate no text; leave it out"
        )


def _note_left_out(judges: list[Judge], loaded: Rubric) -> None:
    """Say once what a rubric asks for that judges with expected scores are not asked."""
    kinds = {judge.backend == "decisions" for judge in judges if judge.scores == "expected"}
    if False in kinds and loaded.flags:
        names = ", ".join(loaded.flags)
        click.echo(
            f"note: --scores expected gives scores only; the flags are not requested: {names}", err=True
        )
    if True in kinds:
        texts = [name for name, flag in loaded.flags.items() if flag.type == "text"]
        left_out = f"; the flags that are texts are not requested: {', '.join(texts)}" if texts else ""
        click.echo(f"note: a decision model gives probabilities and no reasons{left_out}", err=True)


def _check_meant(judges: list[Judge]) -> None:
    """Fail if an option of the command line has no effect; settings may be meant for other calls."""
    source = click.get_current_context().get_parameter_source
    _check_batches(judges)
    expected = [j.model for j in judges if j.scores == "expected" and j.backend != "decisions"]
    if expected and source("max_tokens") is ParameterSource.COMMANDLINE:
        raise click.UsageError(
            "--max-tokens: --scores expected requests a single token; leave --max-tokens out"
        )
    thoughtless = [model for model in expected if model.startswith(("vllm:", "hosted_vllm/"))]
    effort = judges[0].params.get("reasoning_effort", "none")
    if thoughtless and effort != "none" and source("reasoning_effort") is ParameterSource.COMMANDLINE:
        raise click.UsageError(
            f"--reasoning-effort {effort}: with --scores expected the first token is the score, so "
            f"{thoughtless[0]} cannot reason first; leave --reasoning-effort out, or use --scores text"
        )
    if any(judge.backend == "vllm" for judge in judges):
        return
    names = (*_DECISIVE, *_NOT_DECISIVE, "engine_args")
    if given := [name for name in names if source(name) is ParameterSource.COMMANDLINE]:
        option = given[0].removesuffix("s").replace("_", "-")
        raise click.UsageError(f"--{option} applies to --judge vllm:MODEL, and no such judge is given")


def _check_batches(judges: list[Judge]) -> None:
    """Fail if an option about batches has no effect, or two of them contradict each other."""
    context = click.get_current_context()
    given = [
        name
        for name in ("batch", "no_wait", "live_rest")
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    option = f"--{given[0].replace('_', '-')}" if given else ""
    if given and not any(judge.backend == "api" for judge in judges):
        raise click.UsageError(f"{option} applies to a judge behind an API, and no such judge is given")
    if given and not context.params["batch"]:
        raise click.UsageError(f"{option} belongs to --batch; add --batch, or leave it out")
    if {"no_wait", "live_rest"} <= set(given):
        raise click.UsageError(
            "--no-wait and --live-rest: what a batch leaves unanswered is known at its end"
        )


def _check_parameters(judges: list[Judge], transport: str, given: dict[str, str]) -> None:
    """Refuse parameters from a settings file with which litellm could send a key to another address."""
    if click.get_current_context().get_parameter_source("params") is not ParameterSource.DEFAULT_MAP:
        return
    for judge in judges:
        by_litellm = transport == "litellm" or judge.model.partition("/")[0] not in OPENAI_COMPATIBLE
        if judge.backend == "api" and by_litellm and (names := sorted(given.keys() - HARMLESS_PARAMETERS)):
            raise click.UsageError(
                f"{settings_file()}: param {names[0]} is not a standard model parameter, and could send "
                f"the API key of {judge.model} to another address. Give it on the command line "
                f"(--param {names[0]}=VALUE), or trust the file with --trust-config or JUDGE_TRUST_CONFIG=1"
            )


def _check_engine(judges: list[Judge], values: dict[str, Any]) -> None:
    """Refuse engine options from a settings file with which a model could run its own code."""
    if not any(judge.backend == "vllm" for judge in judges):
        return
    source = click.get_current_context().get_parameter_source
    for name, setting in (("trust_remote_code", "trust_remote_code"), ("engine_args", "engine_arg")):
        if values[name] and source(name) is ParameterSource.DEFAULT_MAP:
            option = setting.replace("_", "-")
            raise click.UsageError(
                f"{settings_file()}: its {setting} was not given on the command line, and could let a model "
                f"run its own code. Give it on the command line (--{option}), or trust the file with "
                "--trust-config or JUDGE_TRUST_CONFIG=1"
            )


def connection_of(values: dict[str, Any]) -> Connection:
    """Build the settings of the connection to an API."""
    is_from_file = click.get_current_context().get_parameter_source("api_base") is ParameterSource.DEFAULT_MAP
    given = {field.name: values[field.name] for field in fields(Connection) if field.name in values}
    unconfirmed = settings_file() if is_from_file and not values["trust_config"] else None
    return Connection(**given, unconfirmed=unconfirmed)


def engine_of(values: dict[str, Any]) -> EngineOptions:
    """Build the settings of the local engine."""
    args = {name: v for name, v in _parsed(values["engine_args"]).items() if name not in ENGINE_DECIDES}
    return EngineOptions(**{name: values[name] for name in _NOT_DECISIVE}, args=args)


def _structured(judge: Judge, wanted: str, api_base: str | None) -> bool:
    if wanted != "auto":
        return wanted == "on"
    if judge.backend != "api":
        return judge.backend == "vllm"
    from judge.scoring.backends.api.providers import supports_schema

    return supports_schema(judge.model, api_base)


def _parsed(pairs: dict[str, str]) -> dict[str, Any]:
    return {name: _json_or_text(value) for name, value in pairs.items()}


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
