"""Where a model is asked: its provider's address, the key it needs, and which of our two ways leads there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from judge.errors import BackendError
from judge.scoring.backends.api.pricing import known_provider, provider_of
from judge.scoring.backends.connection import Transport

GENERIC_KEY = "JUDGE_API_KEY"
"""Key for an endpoint given by address alone, so that no provider's key reaches a foreign host."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider whose endpoint speaks OpenAI's chat completions."""

    base: str | None
    """Address of the API; None where only the user can know it."""
    keys: tuple[str, ...]
    """Environment variables that may hold the key; the first is the one named to the user."""
    needs_key: bool = True
    takes_schema: bool = True
    """False where a JSON schema as `response_format` is known to be refused."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Parameters that it knows under another name."""


# Addresses and names of variables are the providers' own, as their API references give them.
OPENAI_COMPATIBLE: Mapping[str, Provider] = {
    "openai": Provider("https://api.openai.com/v1", ("OPENAI_API_KEY",)),
    "hosted_vllm": Provider(None, ("HOSTED_VLLM_API_KEY",), needs_key=False),
    "openrouter": Provider("https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY",)),
    "deepseek": Provider("https://api.deepseek.com/v1", ("DEEPSEEK_API_KEY",), takes_schema=False),
    "groq": Provider("https://api.groq.com/openai/v1", ("GROQ_API_KEY",)),
    "mistral": Provider("https://api.mistral.ai/v1", ("MISTRAL_API_KEY",), renamed={"seed": "random_seed"}),
    "together_ai": Provider("https://api.together.ai/v1", ("TOGETHER_API_KEY", "TOGETHERAI_API_KEY")),
    "fireworks_ai": Provider(
        "https://api.fireworks.ai/inference/v1", ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY")
    ),
    "xai": Provider("https://api.x.ai/v1", ("XAI_API_KEY",)),
    "cerebras": Provider("https://api.cerebras.ai/v1", ("CEREBRAS_API_KEY",)),
    "nvidia_nim": Provider("https://integrate.api.nvidia.com/v1", ("NVIDIA_NIM_API_KEY",)),
    "deepinfra": Provider("https://api.deepinfra.com/v1/openai", ("DEEPINFRA_API_KEY",)),
    "moonshot": Provider("https://api.moonshot.ai/v1", ("MOONSHOT_API_KEY",)),
}

# Providers behind litellm that cannot work without these variables. One of each group is enough. Those that
# have many ways to sign in (Bedrock, Vertex AI) are left to litellm.
LITELLM_KEYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "anthropic": (("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),),
    "gemini": (("GEMINI_API_KEY", "GOOGLE_API_KEY"),),
    "azure": (("AZURE_API_KEY", "AZURE_AD_TOKEN", "AZURE_CLIENT_ID"), ("AZURE_API_BASE",)),
    "cohere": (("COHERE_API_KEY", "CO_API_KEY"),),
    "cohere_chat": (("COHERE_API_KEY", "CO_API_KEY"),),
    "replicate": (("REPLICATE_API_KEY", "REPLICATE_API_TOKEN"),),
    "perplexity": (("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),),
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how one model is asked."""

    name: str
    """The model as the user wrote it."""
    provider: str
    model: str
    """The model as the provider names it."""
    transport: Literal["http", "litellm"]
    base: str | None = None
    key: str | None = field(default=None, repr=False)
    key_names: tuple[str, ...] = ()
    """Environment variables in which a key is looked for; errors name the first."""

    @property
    def is_vllm(self) -> bool:
        """Whether this is a `vllm serve`, with all that it can beyond OpenAI's protocol."""
        return self.provider == "hosted_vllm"

    @property
    def where(self) -> str:
        """The model and its address, for messages."""
        return f"{self.name} at {self.base}" if self.base else self.name


def resolve(
    model: str,
    api_base: str | None = None,
    transport: Transport = "auto",
    environ: Mapping[str, str] = os.environ,
) -> Endpoint:
    """Find out where `model` is asked, before anything is sent.

    Raises
    ------
    BackendError
        If the model names no provider, or a key or an address is missing.

    Examples
    --------
    >>> resolve("hosted_vllm/Qwen/Qwen3-8B", "http://127.0.0.1:8000/v1", environ={}).model
    'Qwen/Qwen3-8B'
    """
    provider, name = _split(model, api_base)
    if api_base is not None and not api_base.startswith(("http://", "https://")):
        raise BackendError(f"--api-base {api_base!r} is no address: it must start with http:// or https://")
    if transport == "litellm" or (transport == "auto" and provider and provider not in OPENAI_COMPATIBLE):
        return _litellm_endpoint(model, provider, name, api_base, environ)
    known = OPENAI_COMPATIBLE.get(provider, Provider(None, (GENERIC_KEY,), needs_key=False))
    base = api_base or _base_from(environ, provider) or known.base
    if base is None:
        raise BackendError(f"{model}: no address is known for it; give --api-base http://HOST:PORT/v1")
    key = _key(environ, known.keys)
    if key is None and known.needs_key and base == known.base:
        raise _missing_key(model, known.keys)
    if provider == "fireworks_ai" and not name.startswith("accounts/"):
        name = f"accounts/fireworks/models/{name}"
    return Endpoint(model, provider, name, "http", base.rstrip("/"), key, known.keys)


def check_keyless(endpoint: Endpoint, settings: str) -> None:
    """Check that no key is sent to an address that only a settings file names.

    Raises
    ------
    BackendError
        A key is in the environment, or litellm would look for one by itself.
    """
    found_by_litellm = endpoint.transport == "litellm" and endpoint.provider not in ("", *OPENAI_COMPATIBLE)
    if endpoint.key is None and not found_by_litellm:
        return
    name = endpoint.key_names[0] if endpoint.key_names else "the provider's credentials"
    raise BackendError(
        f"{settings}: its api_base {endpoint.base} was not named on the command line, and the key of "
        f"{endpoint.name} ({name}) would be sent to it. If the address is right, name it yourself "
        f"(--api-base {endpoint.base}) or trust the file with --trust-config (or JUDGE_TRUST_CONFIG=1); "
        "a server that needs no key works once the key is no longer in the environment"
    )


def supports_schema(model: str, api_base: str | None = None) -> bool:
    """Whether a JSON schema should be sent along.

    Most endpoints take one, and one that refuses it is asked again without; False only where a refusal is
    known beforehand.
    """
    known = OPENAI_COMPATIBLE.get(_split(model, api_base)[0])
    return known is None or known.takes_schema


def _split(model: str, api_base: str | None) -> tuple[str, str]:
    """Provider and the provider's name for the model; no provider where only an address is known."""
    head, slash, rest = model.partition("/")
    if slash and (head in OPENAI_COMPATIBLE or head in LITELLM_KEYS or known_provider(head)):
        return head, rest
    if api_base is not None:
        return "", model
    provider = provider_of(model)
    if provider is None:
        raise BackendError(
            f"{model}: no provider is known for this model. Write PROVIDER/MODEL, such as openai/gpt-5 or "
            "anthropic/claude-sonnet-4-5, or give the address of an OpenAI-compatible server with --api-base"
        )
    return provider, model


def _litellm_endpoint(
    model: str, provider: str, name: str, api_base: str | None, environ: Mapping[str, str]
) -> Endpoint:
    compatible = OPENAI_COMPATIBLE.get(provider)
    if not provider:  # litellm reads a bare name with an address as an OpenAI-compatible endpoint
        model, compatible = f"openai/{model}", Provider(None, (GENERIC_KEY,), needs_key=False)
    groups = ((compatible.keys,) if compatible.needs_key else ()) if compatible else ()
    for names in groups or LITELLM_KEYS.get(provider, ()):
        if api_base is None and _key(environ, names) is None:
            raise _missing_key(model, names)
    names = compatible.keys if compatible else LITELLM_KEYS.get(provider, ((),))[0]
    base = api_base or (compatible and (_base_from(environ, provider) or compatible.base)) or None
    return Endpoint(
        model, provider, name, "litellm", base.rstrip("/") if base else None, _key(environ, names), names
    )


def _base_from(environ: Mapping[str, str], provider: str) -> str | None:
    names = [f"{provider.upper()}_API_BASE", f"{provider.upper()}_BASE_URL"] if provider else []
    return next((environ[name] for name in names if environ.get(name)), None)


def _key(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    for name in names:
        if key := environ.get(name, "").strip():
            if not (key.isascii() and key.isprintable()):
                raise BackendError(f"the key in {name} has characters that no key has: set it again")
            return key
    return None


def _missing_key(model: str, names: tuple[str, ...]) -> BackendError:
    others = f" (or {', '.join(names[1:])})" if len(names) > 1 else ""
    return BackendError(f"{model} needs a key: set the environment variable {names[0]}{others}")
