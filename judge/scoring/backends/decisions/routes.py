"""Routes of decision models: where each provider answers, in which format, and what it takes.

Two formats: OpenAI's (a list of questions) and System One (a mapping of questions). A row of `ROUTES` is one
dialect; every row has a test. Limits are those of the providers' documentation and clients in November 2026.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from judge.errors import BackendError
from judge.records import DecisionQuestion
from judge.rubric import Rubric
from judge.scoring.backends.api import pricing
from judge.scoring.backends.api.providers import (
    GENERIC_KEY,
    OPENAI_COMPATIBLE,
    Endpoint,
    base_from,
    key_in,
    missing_key,
)
from judge.scoring.backends.connection import Connection
from judge.scoring.decision_questions import MOST_LEVELS, asked_questions, questions_of
from judge.scoring.judge import Judge

Shape = Literal["openai", "systemone"]
ImageWay = Literal["parts", "assets", "images", "base64", "state"]
"""How images are sent: as parts of the message (OpenAI); as ``assets`` that the text refers to (TypeSafe); as
a list of URLs (vLLM, Cloudflare) or of base64 texts (Ollama); as parts of the state (OpenRouter)."""


@dataclass(frozen=True, slots=True)
class Route:
    """One dialect: where a provider answers decisions, and in which form."""

    shape: Shape
    path: str
    """Appended to the address; ``{model}`` is the name of the model."""
    base: str | None
    """Address of the provider; None if only the user knows it."""
    keys: tuple[str, ...]
    """Environment variables that may hold the key; messages name the first one."""
    _: KW_ONLY
    needs_key: bool = True
    key_header: str = "Authorization"
    state_field: str = "state"
    has_system: bool = False
    """Whether a message of the system role is accepted (OpenAI's format)."""
    images: ImageWay | None = None
    image_formats: tuple[str, ...] = ("png", "jpeg", "webp")
    fetches_images: bool = False
    """Whether the address of an image may be sent instead of its data."""
    most_images: int = 128
    image_headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of requests with images."""
    most_questions: int = 400
    most_options: int = 255
    is_wrapped: bool = False
    """Whether the reply is the ``result`` of an envelope (Cloudflare)."""
    models: str = ""
    """Which models decide, for messages."""


_DECISIONS = "_decisions"
"""End of the names of prices that hold for decisions only, where a model also chats."""
_LUNA = "gpt-6-luna"
_OF_VLLM = (
    "those of the architectures Qwen3ForCausalLM, Qwen3_5, Gemma4, Lfm2-VL, DiffusionGemma, Clef and D3; "
    "not Qwen3-VL, Qwen2.5, Llama or Mistral"
)


def _keys(provider: str) -> tuple[str, ...]:
    return OPENAI_COMPATIBLE[provider].keys


def _base(provider: str) -> str | None:
    return OPENAI_COMPATIBLE[provider].base


ROUTES: Mapping[tuple[str, str], Route] = {
    # OpenAI's format
    ("decisions", "openai"): Route(
        "openai", "/decisions", _base("openai"), _keys("openai"),
        has_system=True, images="parts", image_formats=("png", "jpeg", "webp", "gif"), fetches_images=True,
        models=_LUNA,
    ),
    ("decisions", "azure"): Route(
        "openai", "/openai/v1/decisions", None, ("AZURE_API_KEY",),
        key_header="api-key", has_system=True, images="parts", fetches_images=True,
        models=f"deployments of {_LUNA}",
    ),
    ("decisions", "fireworks_ai"): Route(
        "openai", "/decisions", _base("fireworks_ai"), _keys("fireworks_ai"),
        most_questions=128, most_options=208, models="accounts/fireworks/routers/rune",
    ),
    ("decisions", "hosted_vllm"): Route(
        "openai", "/decisions", None, _keys("hosted_vllm"),
        needs_key=False, most_questions=64, most_options=26, models=_OF_VLLM,
    ),
    ("decisions", ""): Route(
        "openai", "/decisions", None, (GENERIC_KEY,),
        needs_key=False, has_system=True, images="parts", fetches_images=True,
    ),
    # System One's body at the other name
    ("decisions", "openrouter"): Route(
        "systemone", "/alpha/decisions", "https://openrouter.ai/api", _keys("openrouter"),
        images="state", models="typesafe/jev-latest",
    ),
    ("decisions", "perplexity"): Route(
        "systemone", "/decisions", "https://api.perplexity.ai/v1",
        ("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),
        most_questions=128, models="pplx-decider-latest, pplx-decider-flash-latest",
    ),
    ("decisions", "gemini"): Route(
        "systemone", "/decisions", "https://generativelanguage.googleapis.com/v1beta",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        key_header="x-goog-api-key", state_field="input",
    ),
    # System One
    ("systemone", "typesafe"): Route(
        "systemone", "/systemone", "https://api.typesafe.ai/v1", ("TYPESAFE_API_KEY",),
        images="assets", image_formats=("png", "jpeg"),
        image_headers={"typesafe-danger-zone-images": "true"},
        models="jev-latest",
    ),
    ("systemone", "fireworks_ai"): Route(
        "systemone", "/systemone", _base("fireworks_ai"), _keys("fireworks_ai"),
        most_questions=128, most_options=208, models="accounts/fireworks/routers/rune",
    ),
    ("systemone", "cloudflare"): Route(
        "systemone", "/{model}", None, ("CLOUDFLARE_API_KEY",),
        images="images", most_images=4, most_questions=64, is_wrapped=True,
        models="clef, clef-flash, clef-omni",
    ),
    ("systemone", "databricks"): Route(
        "systemone", "/{model}/invocations", None, ("DATABRICKS_API_KEY", "DATABRICKS_TOKEN"),
    ),
    ("systemone", "azure_ai"): Route(
        "systemone", "/providers/microsoft/v1/systemone", None, ("AZURE_AI_API_KEY",),
        models="Microsoft-Decision-1",
    ),
    ("systemone", "ollama"): Route(
        "systemone", "/systemone", "http://localhost:11434/v1", ("OLLAMA_API_KEY",),
        needs_key=False, images="base64", models="local models with the decision capability",
    ),
    ("systemone", "llama_cpp"): Route(
        "systemone", "/systemone", None, (GENERIC_KEY,),
        needs_key=False, models="GGUF files with decision metadata",
    ),
    ("systemone", "sglang"): Route(
        "systemone", "/systemone", None, (GENERIC_KEY,),
        needs_key=False, models="chat models whose labels are single tokens",
    ),
    ("systemone", "hosted_vllm"): Route(
        "systemone", "/systemone", None, _keys("hosted_vllm"),
        needs_key=False, images="images", fetches_images=True, most_questions=64, most_options=26,
        models=_OF_VLLM,
    ),
    ("systemone", ""): Route("systemone", "/systemone", None, (GENERIC_KEY,), needs_key=False),
}  # fmt: skip
"""(Format, provider) -> dialect. Without a provider, the address is that of the user's own server."""


@dataclass(frozen=True, slots=True)
class Target:
    """The route of a judge: its dialect and the names of provider and model."""

    route: Route
    provider: str
    model: str
    dialect: str
    """Name of the dialect, as a run stores it: ``systemone:typesafe``."""

    def url(self, base: str) -> str:
        """Return the address that answers, below the address of the API.

        >>> target_of("decisions:openrouter/a/b").url("https://openrouter.ai/api/v1")
        'https://openrouter.ai/api/alpha/decisions'
        """
        path = self.route.path.format(model=quote(self.model, safe="/@"))
        above = path.removesuffix("/decisions").removesuffix("/systemone")
        if path.startswith("/alpha/"):  # beside /v1, not below it
            return base.removesuffix("/v1") + path
        return base.removesuffix(above) + path if above else base + path


def target_of(judge_model: str) -> Target:
    """Find the route of a judge by its name; a provider that is not in the table is part of the model's name.

    >>> target_of("systemone:typesafe/jev-latest").dialect
    'systemone:typesafe'
    """
    form, _, name = judge_model.partition(":")
    head, slash, rest = name.partition("/")
    provider, model = (head, rest) if slash and (form, head) in ROUTES else ("", name)
    if provider == "fireworks_ai" and not model.startswith("accounts/"):
        model = f"accounts/fireworks/models/{model}"
    if provider == "cloudflare" and not model.startswith("@cf/"):
        model = f"@cf/cloudflare/{model}"
    dialect = f"{form}:{provider}" if provider else form
    return Target(ROUTES[form, provider], provider, model, dialect)


def resolve_decisions(
    judge_model: str, connection: Connection, environ: Mapping[str, str] = os.environ
) -> tuple[Target, Endpoint]:
    """Determine route and endpoint of a judge, without sending anything.

    Raises
    ------
    BackendError
        The provider has no such route, or a key or an address is missing.
    """
    target = target_of(judge_model)
    route, base = target.route, connection.api_base
    if connection.transport == "litellm":
        raise BackendError(
            f"{judge_model}: transport (--transport) is 'litellm', which hides refused and missing answers "
            "of decision models; allowed are 'auto' and 'http'"
        )
    if base is not None and not base.startswith(("http://", "https://")):
        raise BackendError(f"api_base (--api-base): found {base!r}; it must start with http:// or https://")
    base = base or base_from(environ, target.provider) or route.base
    if base is None:
        raise BackendError(_without_address(judge_model, target))
    key = key_in(environ, route.keys)
    if key is None and route.needs_key and base == route.base:
        raise missing_key(judge_model, route.keys)
    return target, Endpoint(
        name=judge_model,
        provider=target.provider,
        model=target.model,
        transport="http",
        base=base.rstrip("/"),
        key=key,
        key_names=route.keys,
    )


def _without_address(judge_model: str, target: Target) -> str:
    if target.provider:
        name = f"{target.provider.upper()}_API_BASE"
        return f"{judge_model}: its address is unknown; set api_base (--api-base) or {name}"
    form = judge_model.partition(":")[0]
    known = ", ".join(sorted(provider for of, provider in ROUTES if of == form and provider))
    return (
        f"{judge_model}: no provider is known for this model. Write {form}:PROVIDER/MODEL with one of "
        f"{known}, or give the address of your own server with api_base (--api-base)"
    )


def decision_prices(target: Target) -> pricing.Prices | None:
    """Return the prices of a decision model; None if they are unknown."""
    provider, model = target.provider, target.model.removeprefix("@cf/cloudflare/")
    name = f"{provider}/{model}"
    own = pricing.find_prices(name, provider, model, _DECISIONS)
    return own or pricing.find_prices(name, provider, model)


def stored_form(judge: Judge) -> dict[str, Any]:
    """Return what a run stores: the dialect, and which question is which dimension, flag or criterion."""
    target = target_of(judge.model)
    return {
        "dialect": target.dialect,
        "shape": target.route.shape,
        "questions": asked_questions(judge.rubric),
    }


def check_questions(judge: Judge) -> None:
    """Check that a rubric can be asked at the route of a judge.

    Raises
    ------
    BackendError
        There are too many questions or options, or a parameter that decision models do not have.
    """
    target = target_of(judge.model)
    if sent := sorted(NOT_FOR_DECISIONS & judge.params.keys()):
        raise BackendError(
            f"{judge.model}: {sent[0]} is no parameter of decision models, which generate no text; leave it "
            "out"
        )
    if own := sorted(BODY_FIELDS & judge.params.keys()):
        raise BackendError(
            f"{judge.model}: the parameter {own[0]} is written by the judge itself; leave it out"
        )
    if problems := list(_problems(judge.rubric, target.route)):
        raise BackendError("\n".join(f"{judge.model}: {problem}" for problem in problems))


BODY_FIELDS = frozenset({"model", "input", "state", "questions", "images", "assets"})
"""Fields of a request that are no parameters of the user."""
NOT_FOR_DECISIONS = frozenset(
    {
        *("temperature", "top_p", "top_k", "seed", "max_tokens", "max_completion_tokens", "stop"),
        *("reasoning_effort", "logprobs", "top_logprobs", "response_format"),
    }
)
"""Parameters of generation, which a decision model does not have."""


def _problems(rubric: Rubric, route: Route) -> Iterator[str]:
    questions = questions_of(rubric)
    if len(questions) > route.most_questions:
        yield (
            f"the rubric asks {len(questions)} questions; allowed are {route.most_questions}. Split it into "
            "several rubrics, and score each into a run of its own"
        )
    for question in questions:
        if len(question.options) > route.most_options:
            yield _too_many(question, route.most_options)


def _too_many(question: DecisionQuestion, most: int) -> str:
    return (
        f"{question.name} has {len(question.options)} scores or labels; allowed are {most} (as levels with "
        f"an order: {MOST_LEVELS}). Use a shorter scale, or another judge"
    )


def check_images(judge_model: str, most_images: int) -> None:
    """Check, before anything is sent, that the images of the items can be asked about.

    Raises
    ------
    BackendError
        The route takes no images, or fewer than an item has.
    """
    target = target_of(judge_model)
    if most_images and target.route.images is None:
        form = judge_model.partition(":")[0]
        able = sorted(p for (of, p), route in ROUTES.items() if of == form and p and route.images)
        raise BackendError(
            f"{judge_model}: takes no images, and items have up to {most_images}. Use {form}: with one of "
            f"{', '.join(able)} (as far as the model sees), another judge, or items without images"
        )
    if most_images > target.route.most_images:
        raise BackendError(
            f"{judge_model}: takes {target.route.most_images} images in one request, and an item has "
            f"{most_images}. Use another judge, or fewer images for each item"
        )
