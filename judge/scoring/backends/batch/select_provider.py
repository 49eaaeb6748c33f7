"""Choose the batch API of a model."""

from collections.abc import Mapping

from judge.errors import BackendError
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.batch.batch_provider import BatchProvider
from judge.scoring.backends.batch.bodies import RequestBodies

_OWN: Mapping[str, str] = {
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com",
}
"""Providers whose batch API is not OpenAI's, with their addresses."""
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
    if expected_scores and endpoint.provider in _OWN:
        raise BackendError(
            f"{endpoint.name}: expected scores need token probabilities, which its batches do not give; use "
            "scores='text' (--scores text)"
        )


def base_of(endpoint: Endpoint) -> str:
    """Return the address that batches are sent to."""
    return endpoint.base or _OWN.get(endpoint.provider, "")


def batch_provider(endpoint: Endpoint, bodies: RequestBodies, timeout: float) -> BatchProvider:
    """Connect to the batch API of a model; call it within the event loop."""
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
