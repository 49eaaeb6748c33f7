"""Choose the batch API of a model."""

import os
from collections.abc import Mapping
from dataclasses import replace

from judge.errors import BackendError
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.batch.batch_provider import BatchProvider
from judge.scoring.backends.batch.bodies import RequestBodies

_OWN: Mapping[str, str] = {
    "azure": "",
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com",
}
"""Providers that litellm serves otherwise, with the addresses of their batch APIs."""
_ENDS = ("/openai/v1", "/openai", "/v1beta", "/v1")
"""Ends of an address that the paths of these providers hold themselves."""
_WITHOUT_PROBABILITIES = ("anthropic", "gemini")
_KNOWN = ("openai", "azure", "anthropic", "gemini", "mistral")


def check_batches(endpoint: Endpoint, api_base: str | None, *, expected_scores: bool = False) -> None:
    """Check, without sending anything, that there is a batch API for a model.

    Parameters
    ----------
    endpoint : Endpoint
        The model.
    api_base : str or None
        Address that the user gave.
    expected_scores : bool
        Whether token probabilities are requested.

    Raises
    ------
    BackendError
        The provider has no batch API that is supported, or it gives no token probabilities.
    """
    is_compatible = endpoint.provider not in _KNOWN
    if is_compatible and (endpoint.transport != "http" or api_base is None):
        raise BackendError(
            f"{endpoint.name}: batch (--batch) is supported for {', '.join(_KNOWN)}, and for servers with "
            "OpenAI's batch API whose address is given with api_base (--api-base). Score without batch"
        )
    if not at_batches(endpoint).base:
        raise BackendError(
            f"{endpoint.name}: its address is unknown; set {endpoint.provider.upper()}_API_BASE in the "
            "environment, or api_base (--api-base)"
        )
    if expected_scores and endpoint.provider in _WITHOUT_PROBABILITIES:
        raise BackendError(
            f"{endpoint.name}: expected scores need token probabilities, which its batches do not give; use "
            "scores='text' (--scores text)"
        )


def at_batches(endpoint: Endpoint, environ: Mapping[str, str] = os.environ) -> Endpoint:
    """Return the endpoint with the address that the paths of its batch API are added to.

    >>> endpoint = Endpoint(name="anthropic/m", provider="anthropic", model="m", transport="litellm")
    >>> at_batches(endpoint, {}).base
    'https://api.anthropic.com'
    """
    if endpoint.provider not in _OWN:
        return endpoint
    names = (f"{endpoint.provider.upper()}_API_BASE", f"{endpoint.provider.upper()}_BASE_URL")
    found = (endpoint.base, *(environ.get(name) for name in names), _OWN[endpoint.provider])
    base = next(filter(None, found), "").rstrip("/")
    end = next((end for end in _ENDS if base.endswith(end)), "")
    return replace(endpoint, base=base.removesuffix(end))


def batch_provider(endpoint: Endpoint, bodies: RequestBodies, timeout: float) -> BatchProvider:
    """Connect to the batch API of a model, whose endpoint is that of `at_batches`.

    It must be called within the event loop.
    """
    if endpoint.provider == "anthropic":
        from judge.scoring.backends.batch.anthropic_batches import AnthropicBatches

        return AnthropicBatches(endpoint, bodies, timeout)
    if endpoint.provider == "gemini":
        from judge.scoring.backends.batch.gemini_batches import GeminiBatches

        return GeminiBatches(endpoint, bodies, timeout)
    if endpoint.provider == "azure":
        from judge.scoring.backends.batch.azure_batches import AzureBatches

        return AzureBatches(endpoint, bodies, timeout)
    if endpoint.provider == "mistral":
        from judge.scoring.backends.batch.mistral_batches import MistralBatches

        return MistralBatches(endpoint, bodies, timeout)
    from judge.scoring.backends.batch.openai_batches import OpenAIBatches

    return OpenAIBatches(endpoint, bodies, timeout)
