"""Turn the results of a batch that has ended into completions."""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from judge.errors import BackendError
from judge.records import Completion, Failure
from judge.scoring.backends.api.errors import Failed, Rejected, classify
from judge.scoring.backends.api.priced_replies import PricedReplies
from judge.scoring.backends.api.providers import Endpoint
from judge.scoring.backends.api.response_body import decode
from judge.scoring.backends.batch.batch_provider import BatchProvider, BatchResult, BatchState
from judge.scoring.backends.batch.bodies import RequestBodies
from judge.scoring.backends.batch.chunks import BatchMember
from judge.scoring.backends.batch.journal import BatchJournal, StoredBatch
from judge.scoring.backends.batch.submission import Sleep, completion_of, repeated

MOST_TIMES = 3
"""Batches that a request may be in before it fails, if each time it fails for a reason that may pass."""
MOST_DOWNLOADS = 3
"""Downloads of results that lack replies which the provider counts."""
_AT_ONCE = 256
_log = logging.getLogger("judge.scoring")


class _FoundResults:
    """What the results of a batch hold."""

    def __init__(self, n_replies: int, n_failures: int) -> None:
        self.n_replies = n_replies
        self.n_results = n_replies + n_failures
        """Requests that were processed."""
        self._keys: set[str] = set()
        self.reasons: dict[str, Failure] = {}
        """Why a request is sent again."""

    def count(self, result: BatchResult) -> None:
        """Count the result of a request that was processed."""
        if result.unasked is None and result.key not in self._keys:
            self._keys.add(result.key)
            self.n_results += 1
            self.n_replies += result.problem is None


class Collector:
    """Reads the results of batches.

    Parameters
    ----------
    provider : BatchProvider
        The batch API.
    bodies : RequestBodies
        Learns what the provider rejects.
    journal : BatchJournal
        Says which requests of a batch have no completion yet.
    replies : PricedReplies
        Reads the replies.
    endpoint : Endpoint
        The endpoint, for the classification of errors.
    gives_up : bool
        Whether a request fails after `MOST_TIMES` batches; if not, it is left to the caller.
    """

    def __init__(
        self,
        provider: BatchProvider,
        bodies: RequestBodies,
        journal: BatchJournal,
        replies: PricedReplies,
        endpoint: Endpoint,
        *,
        gives_up: bool,
    ) -> None:
        self._provider, self._bodies = provider, bodies
        self._journal, self._replies = journal, replies
        self._endpoint, self._gives_up = endpoint, gives_up
        self._n_short: Counter[int] = Counter()
        self.error: BackendError | None = None
        """An error of the results that affects all requests."""

    async def download(self, state: BatchState, file: BinaryIO, sleep: Sleep, first_wait: float) -> None:
        """Write the results of a batch into a file."""

        async def whole() -> None:
            file.seek(0)
            file.truncate()
            await self._provider.download(state, file)

        await repeated(whole, sleep, first_wait)

    def completions(
        self, batch: StoredBatch, state: BatchState, file: BinaryIO, again: set[str]
    ) -> Iterator[list[Completion]]:
        """Yield the completions of a batch, and add the keys of requests to send again to `again`.

        Each request of the batch without a completion gets one, or is added to `again`, or (if the batch was
        cancelled) stays without one.
        """
        open_members = {member.key: member for member in self._journal.members(batch)}
        found = _FoundResults(*self._journal.stored(batch))
        ready: list[Completion] = []
        for line in file:
            result = self._read(line)
            member = open_members.get(result.key) if result else None
            if result is None or member is None:
                continue  # not ours, stored before, or there twice
            found.count(result)
            made = self._completion(member, result, batch.parts)
            if isinstance(made, Failure):
                found.reasons.setdefault(result.key, made)
            elif made is not None:
                del open_members[result.key]
                ready.append(made)
            if len(ready) >= _AT_ONCE:
                yield ready
                ready = []
        if ready:
            yield ready
        if self._lacks_replies(batch, state, found):
            lost = [open_members.pop(key) for key in open_members.keys() - found.reasons.keys()]
            yield [self._lost(member, state) for member in lost]
        is_final = state.is_cancelled and self._gives_up
        if given_up := [*self._unanswered({} if is_final else open_members, found.reasons, state, again)]:
            yield given_up

    def _lacks_replies(self, batch: StoredBatch, state: BatchState, found: "_FoundResults") -> bool:
        """Whether results lack replies that the provider counts, and have lacked them before.

        Raises
        ------
        Failed
            They lack replies, and may be downloaded again.
        BackendError
            They never held any.
        """
        n_results = min(state.done + state.failed, batch.requests)  # some count failures as completed, too
        if found.n_replies >= state.done or found.n_results >= n_results:
            return False
        self._n_short[batch.number] += 1
        if self._n_short[batch.number] < MOST_DOWNLOADS:
            message = (
                f"the results of batch {batch.batch_id} hold {found.n_replies:,} of {state.done:,} replies"
            )
            raise Failed("reply", message, again=True)
        if not found.n_results:
            raise BackendError(
                f"batch {batch.batch_id}: its {state.done:,} replies cannot be downloaded any more. To send "
                "its requests again, which costs again, score into another folder with out (--out)"
            )
        return True

    def _lost(self, member: BatchMember, state: BatchState) -> Completion:
        """Return the failure of a request whose reply may be paid for."""
        message = (
            f"the provider counts {state.done:,} replies of batch {state.id}, and its results lack this one"
        )
        return self._stored(member, {"failure": Failure(kind="reply", message=message)})

    def _read(self, line: bytes) -> BatchResult | None:
        if not line.strip():
            return None
        try:
            data = decode(line)
            return self._provider.result(data)
        except (Failed, LookupError, TypeError, ValueError, AttributeError):
            _log.warning("a line of the results cannot be read: %.200r", line)
            return None

    def _completion(
        self, member: BatchMember, result: BatchResult, parts: Sequence[str]
    ) -> Completion | Failure | None:
        """Return a completion, or why the request is sent again; None after an error of all requests."""
        if result.unasked is not None:
            return Failure(kind="timeout", message=result.unasked)
        try:
            if result.problem is not None:
                self._learn(classify(result.problem, self._endpoint, parts), member, parts)
            values = self._replies.values(result.data, member.labels)
        except Failed as failed:
            failure = Failure(kind=failed.kind, message=failed.message)
            if failed.again and failed.kind != "reply":  # an unreadable reply is billed, and rarely differs
                return failure
            return self._stored(member, {**failed.arrived, "failure": failure})
        except BackendError as error:
            self.error = self.error or error
            return None
        return self._stored(member, values)

    def _learn(self, error: Exception, member: BatchMember, parts: Sequence[str]) -> None:
        """Raise the error of a request; after a rejected parameter, the request is sent without it."""
        if not isinstance(error, Rejected):
            raise error
        self._bodies.reject(error, dict.fromkeys(parts, 0), member.attempt)
        message = f"the provider rejects {error.param}: {error.message}"
        raise Failed("request", message, again=True)

    def _stored(self, member: BatchMember, values: Mapping[str, Any]) -> Completion:
        about = {"tries": self._journal.times(member.key), "dropped": member.dropped, "created": time.time()}
        return completion_of(member, **about, **values)

    def _unanswered(
        self,
        members: Mapping[str, BatchMember],
        reasons: Mapping[str, Failure],
        state: BatchState,
        again: set[str],
    ) -> Iterator[Completion]:
        if self.error is not None:
            return
        lost = Failure(kind="reply", message=f"the batch ({state.said}) has no result for this request")
        for key, member in members.items():
            if self._gives_up and self._journal.times(key) >= MOST_TIMES:
                failure = reasons.get(key, lost)
                message = f"{failure.message} ({MOST_TIMES} batches)"
                yield self._stored(member, {"failure": Failure(kind=failure.kind, message=message)})
            else:
                again.add(key)
