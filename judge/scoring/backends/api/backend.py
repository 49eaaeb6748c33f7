"""Judges behind an API: any OpenAI-compatible endpoint, and every other provider through litellm."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from judge.records import Completion, Request
from judge.scoring.backends.api import pricing
from judge.scoring.backends.api.dialects import SYSTEM_ROLE
from judge.scoring.backends.api.dispatch import Dispatcher, OnWait
from judge.scoring.backends.api.errors import Rejected
from judge.scoring.backends.api.pacing import Pace, Retry
from judge.scoring.backends.api.parameters import Encode, Messages, Parameters
from judge.scoring.backends.api.priced_replies import PricedReplies
from judge.scoring.backends.api.providers import Endpoint, resolve
from judge.scoring.backends.api.runner import ThreadRunner, ctrl_c_calls, new_runner
from judge.scoring.backends.connection import Connection

__all__ = ["ApiBackend", "Retry"]


class Client(Protocol):
    """Sends requests to an endpoint, within one event loop."""

    async def ask(self, messages: list[dict[str, Any]], params: Mapping[str, Any]) -> Any:
        """Send one request and return the JSON of its reply."""
        ...

    async def token_ids(self, wanted: Sequence[str]) -> Mapping[str, int] | None:
        """Return the token ids of labels; None if they cannot be determined."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class ApiBackend:
    """Backend of a model behind an API.

    Parameters
    ----------
    model : str
        Model name with its provider: ``openai/gpt-5``, ``anthropic/…``, ``hosted_vllm/…``, …
    connection : Connection, optional
        Address, transport, time limits and maximum cost.
    encode : callable, optional
        (item, index) -> data URL or URL of an image; required if items have images.
    retry : Retry, optional
        When a failed request is sent again; by default with the `max_wait` of the connection.
    on_wait : callable, optional
        Called with the seconds for which a rate limit pauses all requests, and the provider's message.

    Raises
    ------
    BackendError
        The key, the address or (with ``max_cost``) the price of the model is missing.
    """

    def __init__(
        self,
        model: str,
        *,
        connection: Connection | None = None,
        encode: Encode | None = None,
        retry: Retry | None = None,
        on_wait: OnWait = lambda _seconds, _message: None,
    ) -> None:
        self._connection = connection = connection or Connection()
        self.endpoint: Endpoint = resolve(model, connection.api_base, connection.transport)
        self.prices = pricing.find_prices(model, self.endpoint.provider, self.endpoint.model)
        self.retries: Counter[str] = Counter()
        """Failed attempts that were retried, by kind of failure."""
        self.stopped: str | None = None
        """Why requests were left out without an error: ``max_cost``, or a persistent rate limit."""
        self._budget = pricing.Budget(connection.max_cost, self.prices)
        self._retry = retry or Retry(max_wait=connection.max_wait)
        self._pace = Pace(connection.max_connections, connection.requests_per_minute, self._retry)
        self._parameters = Parameters(self.endpoint)
        self._messages = Messages(self.endpoint, encode)
        self._replies = PricedReplies(self.endpoint, self.prices)
        self._on_wait = on_wait
        self._left: Sequence[Completion] = ()

    def complete(self, requests: Iterable[Request]) -> Generator[Sequence[Completion]]:
        """Send all requests and yield their completions in batches, as they arrive.

        The event loop runs only while the iterator waits for the next batch. All completions that have
        arrived are yielded before an error or `KeyboardInterrupt` is raised. If the iterator is closed early,
        `drain` returns those that arrived last.
        """
        with new_runner() as runner:
            client = runner.run(self._connect())
            dispatcher = self._dispatcher(iter(requests), client)
            try:
                with ctrl_c_calls(dispatcher.interrupt, runner):
                    yield from _batches(dispatcher, runner)
            finally:
                _finish(runner, dispatcher.close)
                _finish(runner, client.close)
                self._left, self.stopped = dispatcher.arrived, dispatcher.stopped
                self.retries.update(dispatcher.retries)
        if dispatcher.error is not None:
            raise dispatcher.error

    @property
    def spent(self) -> float:
        """Cost in USD; a reply of unknown cost counts with the amount reserved for it."""
        return self._budget.spent

    def drain(self) -> Sequence[Completion]:
        """Return the completions that arrived while the iterator was being closed."""
        left, self._left = self._left, ()
        return left

    def close(self) -> None:
        """Do nothing; connections are closed at the end of each `complete`."""

    async def _connect(self) -> Client:
        if self.endpoint.transport == "litellm":
            from judge.scoring.backends.api.via_litellm import ViaLitellm

            return ViaLitellm(self.endpoint, self._connection.timeout)
        from judge.scoring.backends.api.openai_http import OpenAIHttp

        return OpenAIHttp(self.endpoint, self._connection.timeout)

    def _dispatcher(self, source: Iterator[Request], client: Client) -> Dispatcher:
        return Dispatcher(
            source,
            lambda request: self._send(request, client),
            pace=self._pace,
            retry=self._retry,
            budget=self._budget,
            on_wait=self._on_wait,
        )

    async def _send(self, request: Request, client: Client) -> dict[str, Any]:
        """Send a request once, and return the values of its completion."""
        ids = await client.token_ids(request.labels) if request.labels else None
        params = self._parameters.of(request, ids)
        try:
            data = await client.ask(await self._messages.of(request), params)
        except Rejected as rejected:
            self._learn(rejected, request, params)
            raise
        dropped = self._parameters.dropped(request) + self._messages.dropped
        values = self._replies.values(data, request.labels, ids)
        return {**values, "dropped": dropped, "created": time.time()}

    def _learn(self, rejected: Rejected, request: Request, params: Mapping[str, Any]) -> None:
        """Remember what the provider rejects, so that the request is sent again without it."""
        if rejected.param == SYSTEM_ROLE:
            self._messages.leave_out_system_role()
        else:
            self._parameters.reject(rejected, params, request.attempt)


def _finish(runner: asyncio.Runner | ThreadRunner, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a closing step to its end.

    If Ctrl-C arrives between the end of a task and the end of its loop, the loop still has a pending stop and
    ends at once when it is started again, so a second start is needed. Closing twice is harmless.
    """
    try:
        runner.run(close())
    except RuntimeError:
        runner.run(close())


def _batches(dispatcher: Dispatcher, runner: asyncio.Runner | ThreadRunner) -> Iterator[Sequence[Completion]]:
    while True:
        try:
            runner.run(dispatcher.arrivals())
        except KeyboardInterrupt:
            if batch := dispatcher.take():
                yield batch
            raise
        # No function call between the swap and the yield, so that Ctrl-C cannot lose the batch.
        batch, dispatcher.arrived = dispatcher.arrived, []
        if batch:
            yield batch
        if dispatcher.interrupted:
            raise KeyboardInterrupt
        if not batch:
            return
