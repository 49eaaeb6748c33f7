"""Azure's batch API: OpenAI's, with the deployment as model, other paths and another header for the key."""

import os

from judge.errors import BackendError
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.batch.batch_provider import BatchLimits
from judge.scoring.backends.batch.openai_batches import OpenAIBatches

VERSION = "2024-10-21"
"""Version of the API, unless AZURE_API_VERSION names another."""


class AzureBatches(OpenAIBatches):
    """Batches of chat completions of a deployment at Azure."""

    limits = BatchLimits(100_000, 199_000_000)
    file_path, batch_path = "/openai/files", "/openai/batches"
    request_url = "/chat/completions"

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """Return the header that holds the key."""
        if not os.environ.get("AZURE_API_KEY"):
            raise BackendError(
                f"{endpoint.name}: batches at Azure need a key in the environment variable AZURE_API_KEY"
            )
        return {"api-key": str(endpoint.key)}

    def _at(self, path: str, query: str = "") -> str:
        version = os.environ.get("AZURE_API_VERSION") or VERSION
        return f"{path}?{query}{'&' if query else ''}api-version={version}"
