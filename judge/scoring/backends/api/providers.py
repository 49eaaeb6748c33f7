"""Providers: the address of a model's API, its key, and the client that is used for it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from judge.errors import BackendError
from judge.scoring.backends.api.pricing import known_provider, provider_of
from judge.scoring.backends.connection import Transport

GENERIC_KEY = "JUDGE_API_KEY"
"""Variable of the key for an endpoint given by its address only; no provider's key is sent there."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider with an OpenAI-compatible endpoint for chat completions."""

    base: str | None
    """Address of the API; None if only the user knows it."""
    keys: tuple[str, ...]
    """Environment variables that may hold the key; messages name the first one."""
    needs_key: bool = True
    takes_schema: bool = True
    """Whether a JSON schema may be sent; False if it is known to be rejected."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Parameters that have another name at this provider."""


# Addresses and variables are those of the providers' API references.
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

# Providers that litellm can only use with these variables, one of each group. Providers with several ways to
# authenticate (Bedrock, Vertex AI) are left to litellm.
LITELLM_KEYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "anthropic": (("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),),
    "gemini": (("GEMINI_API_KEY", "GOOGLE_API_KEY"),),
    "azure": (("AZURE_API_KEY", "AZURE_AD_TOKEN", "AZURE_CLIENT_ID"), ("AZURE_API_BASE",)),
    "cohere": (("COHERE_API_KEY", "CO_API_KEY"),),
    "cohere_chat": (("COHERE_API_KEY", "CO_API_KEY"),),
    "replicate": (("REPLICATE_API_KEY", "REPLICATE_API_TOKEN"),),
    "perplexity": (("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Address and client of one model."""

    name: str
    """Name of the model as given by the user."""
    provider: str
    model: str
    """Name of the model at the provider."""
    transport: Literal["http", "litellm"]
    base: str | None = None
    key: str | None = field(default=None, repr=False)
    key_names: tuple[str, ...] = ()
    """Environment variables that may hold the key; messages name the first one."""

    @property
    def is_vllm(self) -> bool:
        """Whether the server is `vllm serve`, which has extensions of OpenAI's protocol."""
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
    """Determine the endpoint of a model, without sending anything.

    Raises
    ------
    BackendError
        The provider cannot be determined, or a key or an address is missing.

    Examples
    --------
    >>> resolve("hosted_vllm/Qwen/Qwen3-8B", "http://127.0.0.1:8000/v1", environ={}).model
    'Qwen/Qwen3-8B'
    """
    provider, name = _split(model, api_base)
    if api_base is not None and not api_base.startswith(("http://", "https://")):
        raise BackendError(
            f"api_base (--api-base): found {api_base!r}; it must start with http:// or https://"
        )
    if transport == "litellm" or (transport == "auto" and provider and provider not in OPENAI_COMPATIBLE):
        return _litellm_endpoint(model, provider, name, api_base, environ)
    known = OPENAI_COMPATIBLE.get(provider, Provider(None, (GENERIC_KEY,), needs_key=False))
    base = api_base or base_from(environ, provider) or known.base
    if base is None:
        raise BackendError(
            f"{model}: its address is unknown; set api_base (--api-base), such as http://HOST:PORT/v1"
        )
    key = key_in(environ, known.keys)
    if key is None and known.needs_key and base == known.base:
        raise missing_key(model, known.keys)
    if provider == "fireworks_ai" and not name.startswith("accounts/"):
        name = f"accounts/fireworks/models/{name}"
    return Endpoint(
        name=model,
        provider=provider,
        model=name,
        transport="http",
        base=base.rstrip("/"),
        key=key,
        key_names=known.keys,
    )


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
        f"{settings}: sets api_base to {endpoint.base}, and the key of {endpoint.name} ({name}) would be "
        f"sent there. If the address is correct, give it yourself with api_base (--api-base {endpoint.base}) "
        "or trust the file with --trust-config (or JUDGE_TRUST_CONFIG=1). For a server without a key, remove "
        "the key from the environment"
    )


def supports_schema(model: str, api_base: str | None = None) -> bool:
    """Whether to send a JSON schema of the reply; False only if it is known to be rejected.

    If an endpoint rejects the schema, the request is sent again without it.
    """
    known = OPENAI_COMPATIBLE.get(_split(model, api_base)[0])
    return known is None or known.takes_schema


def _split(model: str, api_base: str | None) -> tuple[str, str]:
    """Split a name into provider and model; the provider is empty if only an address is given."""
    head, slash, rest = model.partition("/")
    if slash and (head in OPENAI_COMPATIBLE or head in LITELLM_KEYS or known_provider(head)):
        return head, rest
    if api_base is not None:
        return "", model
    provider = provider_of(model)
    if provider is None:
        raise BackendError(
            f"{model}: no provider is known for this model. Write PROVIDER/MODEL, such as openai/gpt-5 or "
            "anthropic/claude-sonnet-4-5, or give the address of an OpenAI-compatible server with api_base "
            "(--api-base)"
        )
    return provider, model


def _litellm_endpoint(
    model: str, provider: str, name: str, api_base: str | None, environ: Mapping[str, str]
) -> Endpoint:
    compatible = OPENAI_COMPATIBLE.get(provider)
    if not provider:  # litellm treats a name without a provider as an OpenAI-compatible endpoint
        model, compatible = f"openai/{model}", Provider(None, (GENERIC_KEY,), needs_key=False)
    groups = ((compatible.keys,) if compatible.needs_key else ()) if compatible else ()
    for names in groups or LITELLM_KEYS.get(provider, ()):
        if api_base is None and key_in(environ, names) is None:
            raise missing_key(model, names)
    names = compatible.keys if compatible else LITELLM_KEYS.get(provider, ((),))[0]
    base = api_base or (compatible and (base_from(environ, provider) or compatible.base)) or None
    return Endpoint(
        name=model,
        provider=provider,
        model=name,
        transport="litellm",
        base=base.rstrip("/") if base else None,
        key=key_in(environ, names),
        key_names=names,
    )


def base_from(environ: Mapping[str, str], provider: str) -> str | None:
    """Return the address of a provider that the environment gives, such as OPENAI_API_BASE."""
    names = [f"{provider.upper()}_API_BASE", f"{provider.upper()}_BASE_URL"] if provider else []
    return next((environ[name] for name in names if environ.get(name)), None)


def key_in(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """Return the first key that is in the environment under one of these names."""
    for name in names:
        if key := environ.get(name, "").strip():
            if not (key.isascii() and key.isprintable()):
                raise BackendError(f"the key in {name} contains invalid characters; set it again")
            return key
    return None


def missing_key(model: str, names: tuple[str, ...]) -> BackendError:
    """Make the error that names the variable of a missing key."""
    others = f" (or {', '.join(names[1:])})" if len(names) > 1 else ""
    return BackendError(f"{model} needs a key: set the environment variable {names[0]}{others}")
