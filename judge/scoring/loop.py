"""The scoring loop: requests without a reply -> backend -> run folder -> scores."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from judge.records import Completion, Request
from judge.rubric import Rubric, asks_criteria
from judge.scoring.backends import Backend
from judge.scoring.interrupts import uninterrupted
from judge.scoring.judge import Judge
from judge.scoring.parsing.choice_answers import reply_form
from judge.scoring.parsing.parse import score_rows
from judge.scoring.prompt import Prompter
from judge.scoring.run import Run
from judge.scoring.scale_mass import ScaleMassCheck
from judge.scoring.second_attempts import replies_to_repeat, second_requests

OnBatch = Callable[[Sequence[Completion]], None]


def score_items(
    run: Run,
    judge: Judge,
    backend: Backend,
    *,
    samples: int = 1,
    retry_errors: bool = False,
    reask: bool = False,
    on_batch: OnBatch = lambda _: None,
    on_reask: Callable[[int], None] = lambda _: None,
    on_requests_done: Callable[[], None] = lambda: None,
) -> None:
    """Request every reply that the run lacks, store each one as it arrives, and derive the scores.

    However this ends (complete, Ctrl-C, a judge that cannot continue), all replies that arrived are stored,
    and the scores are derived from the stored replies. Another call requests only what is still missing.

    Parameters
    ----------
    run : Run
        A run opened with `Run.create`; it holds the items.
    judge : Judge
        The judge, from which the requests are built.
    backend : Backend
        Sends the requests.
    samples : int
        Number of replies per item.
    retry_errors : bool
        Whether requests that failed in an earlier call are sent again.
    reask : bool
        Whether a request is sent once more if its reply cannot be parsed. A truncated reply is requested once
        more in any case, unless `max_tokens` was set or the reply only repeats itself.
    on_batch : callable
        Called with each batch of completions after it is stored.
    on_reask : callable
        Called with the number of replies that are about to be requested once more.
    on_requests_done : callable
        Called after the last request, before the scores are derived.

    Raises
    ------
    BackendError
        The judge cannot answer at all.
    RunError
        The run folder cannot be written.
    """
    started = time.monotonic()
    prompter, scale_mass = Prompter(judge), ScaleMassCheck(judge)

    def stored(batch: Sequence[Completion]) -> None:
        on_batch(batch)
        scale_mass.check(batch)

    def unanswered() -> Iterator[Request]:
        requests = (r for item in run.items_to_ask() for r in prompter.requests(item, samples))
        return run.missing(requests, retry_errors=retry_errors)

    run.set_fact("samples", max(samples, run.fact("samples", 1)))
    try:
        _ask(run, backend, _Renewed(unanswered, run), stored)
        if backend.stopped is not None:  # the budget is used up, or every request is refused
            return
        if again := {c.key: c.item_id for c in replies_to_repeat(run, judge.rubric, reask)}:
            on_reask(len(again))
            repeated = partial(second_requests, run, prompter, again, samples)
            _ask(run, backend, _Renewed(repeated, run), on_batch)
    finally:
        on_requests_done()
        run.set_fact("seconds", run.fact("seconds", 0.0) + time.monotonic() - started)
        derive_scores(run, judge.rubric)


class _Renewed:
    """Requests that are made anew by each iteration, as a backend needs that sends some of them again.

    Only the first iteration counts the replies that are reused.
    """

    def __init__(self, requests: Callable[[], Iterator[Request]], run: Run) -> None:
        self._requests, self._run = requests, run
        self._reused: int | None = None

    def __iter__(self) -> Iterator[Request]:
        for request in self._requests():
            self._keep_count()
            yield request
        self._keep_count()
        self._reused = self._run.reused

    def _keep_count(self) -> None:
        if self._reused is not None:
            self._run.reused = self._reused


def derive_scores(run: Run, rubric: Rubric) -> None:
    """Derive all scores of a run from its stored replies; no call is made."""
    rater, samples, form = run.judge.name, run.fact("samples", 1), reply_form(run)
    rows = (
        score
        for item, completions in run.judgments()
        for score in score_rows(
            item,
            _with_earlier_replies(run, completions, all_parts=form is not None),
            rubric,
            rater,
            samples,
            form,
        )
    )
    run.write_scores(rows, rubric)


def _with_earlier_replies(
    run: Run, completions: Iterable[Completion], *, all_parts: bool
) -> Iterator[Completion]:
    """Put the first reply of criteria (or, with `all_parts`, of anything) that was requested again first.

    A second reply may leave out what the first one judged.
    """
    for completion in completions:
        if completion.attempt and (all_parts or asks_criteria(completion.dimension)):
            earlier = (c for c in run.completions_of(completion.key) if c.attempt < completion.attempt)
            yield from (c.model_copy(update={"dimension": completion.dimension}) for c in earlier)
        yield completion


def _ask(run: Run, backend: Backend, requests: Iterable[Request], on_batch: OnBatch) -> None:
    batches = backend.complete(requests)
    try:
        for batch in batches:
            with uninterrupted():
                run.append(batch)
            on_batch(batch)
    finally:
        try:
            batches.close()
        finally:  # also if Ctrl-C is pressed again while the iterator closes
            with uninterrupted():
                if late := backend.drain():
                    run.append(late)
