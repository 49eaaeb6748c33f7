"""How an API judge is reached."""

from dataclasses import dataclass
from typing import Literal

Transport = Literal["auto", "http", "litellm"]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Address, transport, time-outs and limits of an API judge. None of them changes a reply.

    Attributes
    ----------
    api_base : str or None
        Address of an OpenAI-compatible server, most often ending in ``/v1``; None for the provider's own.
    transport : {'auto', 'http', 'litellm'}
        'auto' uses the built-in client for OpenAI-compatible endpoints and litellm for all others.
    max_connections : int or None
        Requests in flight at most; None adapts to the provider's rate limit.
    requests_per_minute : float or None
        Requests per minute at most.
    timeout : float
        Seconds for one attempt.
    max_cost : float or None
        USD that one call may cost; scoring stops before the limit is exceeded.
    max_wait : float
        Seconds to wait for a reply while the provider's rate limit refuses every request; then the run ends.
    unconfirmed : str or None
        Settings file that set `api_base`, if the user has not confirmed it: no key is sent to that address.
    """

    api_base: str | None = None
    transport: Transport = "auto"
    max_connections: int | None = None
    requests_per_minute: float | None = None
    timeout: float = 600.0
    max_cost: float | None = None
    max_wait: float = 900.0
    unconfirmed: str | None = None
