"""Connection to the API of a judge."""

from dataclasses import dataclass
from typing import Literal

Transport = Literal["auto", "http", "litellm"]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How the API of a judge is reached: address, client, time limits and maximum cost.

    None of these settings changes a reply, so that they may differ between calls for one run. Keys are read
    from environment variables such as ``OPENAI_API_KEY``.

    Parameters
    ----------
    api_base : str or None
        Address of an OpenAI-compatible server, usually ending in ``/v1``; None uses that of the provider.
    transport : {'auto', 'http', 'litellm'}
        'auto' uses the built-in client for OpenAI-compatible endpoints and litellm for all others.
    max_connections : int or None
        Largest number of requests in flight; None adapts it to the provider's rate limit.
    requests_per_minute : float or None
        Largest number of requests started per minute; None means no limit.
    timeout : float
        Time limit of one attempt in seconds.
    max_cost : float or None
        Largest cost of one call of `judge.score` in USD; scoring stops before it is exceeded. The price of
        the model must be known. None means no limit.
    max_wait : float
        Longest time in seconds to wait for a reply while the provider's rate limit refuses all requests; then
        scoring stops, and another call continues it.
    batch : bool
        Whether requests are sent with the provider's batch API, which usually costs half and may take a day.
    no_wait : bool
        Whether `judge.score` returns when the batches are submitted; another call collects their results.
    live_rest : bool
        Whether requests that a batch ends without answering are sent one by one, instead of in another batch.
    poll_seconds : float
        First time in seconds between two looks at the batches; it grows up to 20 times.
    unconfirmed : str or None
        Settings file that `api_base` comes from, if the user has not confirmed the address: no key is sent
        there.

    Examples
    --------
    >>> from judge import Connection
    >>> connection = Connection(api_base="http://127.0.0.1:8000/v1", max_connections=16, timeout=120)
    >>> connection.max_wait
    900.0
    """

    api_base: str | None = None
    transport: Transport = "auto"
    max_connections: int | None = None
    requests_per_minute: float | None = None
    timeout: float = 600.0
    max_cost: float | None = None
    max_wait: float = 900.0
    batch: bool = False
    no_wait: bool = False
    live_rest: bool = False
    poll_seconds: float = 15.0
    unconfirmed: str | None = None
