"""Options that say who judges, and how the judge is reached or run."""

import json
from dataclasses import fields, replace
from typing import Any

import click
from click.core import ParameterSource

from judge.cli import settings_file
from judge.cli.options import Number, decorate, pairs
from judge.rubric import load_rubric
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
"""Parameters that a settings file may set: none of them can name an address or a key."""
_PARAMETERS = ("temperature", "max_tokens", "seed", "reasoning_effort")
_DECISIVE = ("dtype", "quantization", "revision", "lora")
_NOT_DECISIVE = ("tensor_parallel", "max_model_len", "memory_share", "trust_remote_code")


def _listed(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Each judge once; twice the same would score into one run."""
    if not values:  # an empty list in a settings file
        raise click.BadParameter("no judge is named", ctx, param)
    for value in values:
        if value in ("", "vllm:", "replay:"):
            raise click.BadParameter(f"{value!r} names no judge", ctx, param)
        if values.count(value) > 1:
            raise click.BadParameter(
                f"{value!r} is named twice; a judge is repeated with --samples", ctx, param
            )
    return values


judge_options = decorate(
    click.option(
        "--judge",
        "model",
        multiple=True,
        default=["baseline"],
        show_default=True,
        metavar="MODEL",
        callback=_listed,
        help=(
            "baseline, replay:FILE, vllm:MODEL (on this machine's GPU), hosted_vllm/MODEL with --api-base, "
            "or any litellm model: openai/gpt-5, anthropic/claude-sonnet-4-5. Given several times: a panel, "
            "a run each."
        ),
    ),
    click.option(
        "--rubric", default="open_qa", show_default=True, help="Name (judge rubric list) or YAML file."
    ),
    click.option(
        "--scores",
        type=click.Choice(["text", "expected"]),
        default="text",
        show_default=True,
        help="Read out of the reply, or expected over the probabilities of the scale's labels.",
    ),
    click.option("--temperature", type=Number(min=0), help="Sent only when given."),
    click.option(
        "--max-tokens",
        type=click.IntRange(min=1),
        help="Most tokens of one reply.  [default: vllm: 1024 after a thought]",
    ),
    click.option("--seed", type=int, help="Of the first sample; the next ones count on from it."),
    click.option("--reasoning-effort", help="For judges that think: none, low, medium, high, …"),
    click.option(
        "--param",
        "params",
        multiple=True,
        metavar="NAME=VALUE",
        callback=pairs,
        help="Any other parameter of the model; VALUE may be JSON.",
    ),
    click.option(
        "--structured",
        type=click.Choice(["auto", "on", "off"]),
        default="auto",
        show_default=True,
        help="Send the reply's JSON schema along.",
    ),
)
connection_options = decorate(
    click.option("--api-base", help="Address of an OpenAI-compatible server: http://localhost:8000/v1."),
    click.option(
        "--trust-config",
        is_flag=True,
        help="Trust judge.toml or pyproject.toml with where keys are sent, and with code that models bring.",
    ),
    click.option(
        "--max-connections", type=click.IntRange(min=1), help="Requests in flight; adapts by default."
    ),
    click.option("--requests-per-minute", type=Number(min=0, min_open=True)),
    click.option(
        "--timeout",
        type=Number(min=0, min_open=True),
        default=600,
        show_default=True,
        help="Seconds for one try.",
    ),
    click.option(
        "--max-cost",
        type=Number(min=0),
        metavar="USD",
        help="Most that this call may spend; it stops before.",
    ),
    click.option(
        "--max-wait",
        type=click.FloatRange(min=0),
        default=900,
        show_default=True,
        metavar="SECONDS",
        help="Where all is refused for haste (429): longest wait for a reply; then the run ends.",
    ),
    click.option(
        "--transport",
        type=click.Choice(["auto", "http", "litellm"]),
        default="auto",
        show_default=True,
        help="Our own client where the server speaks OpenAI's protocol, litellm elsewhere.",
    ),
)
engine_options = decorate(
    click.option(
        "--dtype", help="vllm: number format of the weights: bfloat16, float16, …  [default: model's]"
    ),
    click.option("--quantization", help="vllm: quantise the weights while loading: fp8, bitsandbytes, …"),
    click.option("--revision", help="vllm: branch, tag or commit of the model."),
    click.option("--lora", metavar="ADAPTER", help="vllm: folder or name of a LoRA adapter."),
    click.option(
        "--tensor-parallel",
        type=click.IntRange(min=1),
        help="vllm: cards that share the model.  [default: fewest]",
    ),
    click.option(
        "--max-model-len",
        type=click.IntRange(min=1),
        help="vllm: most tokens of prompt and reply.  [default: model's, at most 32768]",
    ),
    click.option(
        "--memory-share",
        type=Number(min=0, max=1, min_open=True),
        help="vllm: share of a card's memory to take.  [default: vLLM's]",
    ),
    click.option("--trust-remote-code", is_flag=True, help="vllm: let code that comes with the model run."),
    click.option(
        "--engine-arg",
        "engine_args",
        multiple=True,
        metavar="NAME=VALUE",
        callback=pairs,
        help="vllm: any other argument of the engine; VALUE may be JSON.",
    ),
)


def judges_of(values: dict[str, Any]) -> list[Judge]:
    """The judges that a command line names."""
    params = {name: values[name] for name in _PARAMETERS if values[name] is not None}
    params |= _parsed(values["params"])
    engine = {name: values[name] for name in _DECISIVE if values[name] is not None}
    engine |= {name: v for name, v in _parsed(values["engine_args"]).items() if name in ENGINE_DECIDES}
    rubric = load_rubric(values["rubric"])
    if values["scores"] == "expected" and rubric.flags:
        names = ", ".join(rubric.flags)
        click.echo(f"note: --scores expected asks for scores alone, so not for {names}", err=True)
    judges = []
    for model in values["model"]:
        judge = Judge(model=model, rubric=rubric, params=params, scores=values["scores"])
        if judge.backend == "vllm":
            judge = replace(judge, engine=engine)
        judges.append(replace(judge, structured=_structured(judge, values["structured"], values["api_base"])))
    _check_meant(judges)
    if not values["trust_config"]:
        _check_parameters(judges, values["transport"], values["params"])
        _check_engine(judges, values)
    return judges


def _check_meant(judges: list[Judge]) -> None:
    """An option that nobody would obey must not be taken in silence; settings hold for other calls, too."""
    source = click.get_current_context().get_parameter_source
    expected = [judge.model for judge in judges if judge.scores == "expected"]
    if expected and source("max_tokens") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--max-tokens: --scores expected asks for one token; leave it out")
    thoughtless = [model for model in expected if model.startswith(("vllm:", "hosted_vllm/"))]
    effort = judges[0].params.get("reasoning_effort", "none")
    if thoughtless and effort != "none" and source("reasoning_effort") is ParameterSource.COMMANDLINE:
        raise click.UsageError(
            f"--reasoning-effort {effort}: with --scores expected the first token is the score, so "
            f"{thoughtless[0]} is not let think; leave it out, or take --scores text"
        )
    if any(judge.backend == "vllm" for judge in judges):
        return
    names = (*_DECISIVE, *_NOT_DECISIVE, "engine_args")
    if given := [name for name in names if source(name) is ParameterSource.COMMANDLINE]:
        option = given[0].removesuffix("s").replace("_", "-")
        raise click.UsageError(f"--{option} is for --judge vllm:MODEL, and no such judge is named")


def _check_parameters(judges: list[Judge], transport: str, given: dict[str, str]) -> None:
    """Refuse parameters out of a settings file with which litellm could send a key to another address."""
    if click.get_current_context().get_parameter_source("params") is not ParameterSource.DEFAULT_MAP:
        return
    for judge in judges:
        by_litellm = transport == "litellm" or judge.model.partition("/")[0] not in OPENAI_COMPATIBLE
        if judge.backend == "api" and by_litellm and (names := sorted(given.keys() - HARMLESS_PARAMETERS)):
            raise click.UsageError(
                f"{settings_file()}: param {names[0]} is none of the usual parameters of a model, so it "
                f"could lead the key of {judge.model} to another address. Give it yourself "
                f"(--param {names[0]}=VALUE), or trust the file with --trust-config (or JUDGE_TRUST_CONFIG=1)"
            )


def _check_engine(judges: list[Judge], values: dict[str, Any]) -> None:
    """Refuse engine options out of a settings file with which a model could run code of its own."""
    if not any(judge.backend == "vllm" for judge in judges):
        return
    source = click.get_current_context().get_parameter_source
    for name, setting in (("trust_remote_code", "trust_remote_code"), ("engine_args", "engine_arg")):
        if values[name] and source(name) is ParameterSource.DEFAULT_MAP:
            option = setting.replace("_", "-")
            raise click.UsageError(
                f"{settings_file()}: its {setting} was not named on the command line, and could let a model "
                f"run code here. Give it yourself (--{option}), or trust the file with --trust-config (or "
                "JUDGE_TRUST_CONFIG=1)"
            )


def connection_of(values: dict[str, Any]) -> Connection:
    """How an API judge is reached."""
    is_from_file = click.get_current_context().get_parameter_source("api_base") is ParameterSource.DEFAULT_MAP
    given = {field.name: values[field.name] for field in fields(Connection) if field.name in values}
    unconfirmed = settings_file() if is_from_file and not values["trust_config"] else None
    return Connection(**given, unconfirmed=unconfirmed)


def engine_of(values: dict[str, Any]) -> EngineOptions:
    """How a model in this process is run."""
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
