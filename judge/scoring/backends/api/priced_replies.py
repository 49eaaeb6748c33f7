"""Read the JSON of a reply into the values of a Completion, with its cost and without keys."""

from collections.abc import Mapping, Sequence
from typing import Any

from judge.errors import BackendError
from judge.records import Usage
from judge.scoring.backends.api.errors import Failed, brief, known_keys, without_keys
from judge.scoring.backends.api.logprobs import read_labels
from judge.scoring.backends.api.pricing import Prices
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.api.replies import read_reply, read_usage_and_model
from judge.scoring.backends.api.usage import billed, cache_write_tokens


class PricedReplies:
    """Reads the replies of one endpoint.

    Parameters
    ----------
    endpoint : Endpoint
        Where the replies come from.
    prices : Prices or None
        Prices of the model; None if they are unknown.
    """

    def __init__(self, endpoint: Endpoint, prices: Prices | None) -> None:
        self._endpoint = endpoint
        self._prices = prices
        self._keys = known_keys()
        self._gives_labels = False

    def values(
        self, data: Any, labels: Sequence[str] = (), ids: Mapping[str, int] | None = None
    ) -> dict[str, Any]:
        """Return the values of a Completion; those of an unreadable reply go with its failure.

        Parameters
        ----------
        data : Any
            A chat completion as JSON.
        labels : sequence of str
            Labels whose probabilities were requested; empty if a text was requested.
        ids : mapping of str to int or None
            Token id of each label, if the reply names tokens by ids.

        Raises
        ------
        Failed
            The reply cannot be read.
        BackendError
            The provider gives no log-probabilities.
        """
        try:
            values = read_reply(data)
            is_filtered = values["failure"] is not None and values["failure"].kind == "filter"
            if labels and not (is_filtered or values["refusal"]):
                values |= {**self._labels(data, labels, ids), "failure": None}
        except Failed as failed:
            failed.arrived = self.priced(read_usage_and_model(data), data)
            raise
        return self.priced(values, data)

    def priced(self, values: dict[str, Any], data: Any) -> dict[str, Any]:
        """Add the cost, and remove keys from the texts, in case the provider echoed one."""
        texts = {
            name: without_keys(value, self._keys) for name, value in values.items() if isinstance(value, str)
        }
        return {**values, **texts, "cost": self._cost(data, values["usage"])}

    def _labels(self, data: Any, labels: Sequence[str], ids: Mapping[str, int] | None) -> dict[str, Any]:
        """Read label probabilities; after a first success, missing ones are a failure of the item only."""
        try:
            values = read_labels(data, labels, ids)
        except (RecursionError, OverflowError, BackendError) as error:
            if isinstance(error, BackendError) and not self._gives_labels:
                raise
            raise Failed("reply", f"the log-probabilities cannot be read: {brief(str(error))}") from None
        self._gives_labels = True
        return values

    def _cost(self, data: Any, usage: Usage | None) -> float | None:
        raw = data.get("usage") if isinstance(data, dict) else None
        if self._endpoint.provider == "openrouter" and (charged := billed(raw)) is not None:
            return charged
        if self._prices is None or usage is None:
            return None
        return self._prices.cost(usage, cache_write_tokens(raw))
