"""The loop that is the tool: requests that have no reply yet -> backend -> store -> scores."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from judge.records import Completion, Item, Request
from judge.rubric import Rubric
from judge.scoring.backends import Backend
from judge.scoring.interrupts import uninterrupted
from judge.scoring.judge import Judge
from judge.scoring.parsing.parse import is_readable, read, score_rows
from judge.scoring.prompt import Prompter
from judge.scoring.repetition import repeats_itself
from judge.scoring.run import Run
from judge.scoring.scale_mass import ScaleMassCheck

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
    on_again: Callable[[int], None] = lambda _: None,
    on_asked: Callable[[], None] = lambda: None,
) -> None:
    """Ask for every reply that the run lacks, store each as it arrives, and derive the scores.

    However this ends (done, Ctrl-C, a judge that cannot go on), what has arrived is stored and the scores
    are those of what is stored. Called again, it asks only for what is still missing.

    Parameters
    ----------
    run : Run
        Opened with `Run.create`; holds the items.
    judge, backend : Judge, Backend
        What to ask, and who answers.
    samples : int
        Replies an item.
    retry_errors : bool
        Ask again for what failed in an earlier call.
    reask : bool
        Ask once more where a reply cannot be read. One that was cut is asked for once more anyway, unless
        `max_tokens` was set or it only repeats itself.
    on_batch : callable
        Called with each batch once it is stored.
    on_again : callable
        Called with the number of replies that are asked for once more, before they are.
    on_asked : callable
        Called when nothing more is asked, before the scores are derived.
    """
    started = time.monotonic()
    prompter, scale_mass = Prompter(judge), ScaleMassCheck(judge)

    def stored(batch: Sequence[Completion]) -> None:
        on_batch(batch)
        scale_mass.see(batch)

    run.set_fact("samples", max(samples, run.fact("samples", 1)))
    requests = (r for item in run.items_to_ask() for r in prompter.requests(item, samples))
    try:
        _ask(run, backend, run.missing(requests, retry_errors=retry_errors), stored)
        if backend.stopped is not None:  # no money, or no reply to be had: not for a second asking, either
            return
        if again := [(c.key, c.item_id) for c in _unsatisfying(run, judge.rubric, reask)]:
            on_again(len(again))
            _ask(run, backend, _follow_ups(run, prompter, again, samples), on_batch)
    finally:
        on_asked()
        run.set_fact("seconds", run.fact("seconds", 0.0) + time.monotonic() - started)
        derive_scores(run, judge.rubric)


def derive_scores(run: Run, rubric: Rubric) -> None:
    """Derive all scores of a run from its stored replies; no call is made."""
    rater, samples = run.judge.name, run.fact("samples", 1)
    rows = (
        score
        for item, completions in run.judgments()
        for score in score_rows(item, completions, rubric, rater, samples)
    )
    run.write_scores(rows, rubric)


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
        finally:  # however often Ctrl-C is pressed
            with uninterrupted():
                if late := backend.drain():
                    run.append(late)


def _unsatisfying(run: Run, rubric: Rubric, reask: bool) -> Iterator[Completion]:
    """First replies that were cut and may yet end, and, with `reask`, those that cannot be read."""
    judge = run.judge
    if judge.labels:  # one token was wanted, whatever came instead; asked again, it would be the same
        return
    for item, completions in run.judgments():
        for completion in completions:
            if completion.attempt == 0 and _wants_again(completion, rubric, item, reask, judge.params):
                yield completion


def _wants_again(
    completion: Completion, rubric: Rubric, item: Item, reask: bool, params: Mapping[str, Any]
) -> bool:
    if completion.finish_reason == "length":
        return _may_end(completion, params) and not is_readable(completion, rubric, item)
    statuses = {outcome.status for outcome in read(completion, rubric, item).values()} if reask else set()
    return "unparsed" in statuses


def _may_end(completion: Completion, params: Mapping[str, Any]) -> bool:
    """Whether a cut reply may come to an end with more room: the user set no limit, and it is in no loop."""
    if any(name in params for name in ("max_tokens", "max_completion_tokens")):
        return False
    said = completion.reply or completion.reasoning or ""
    return params.get("temperature") != 0 or not repeats_itself(said)


def _follow_ups(
    run: Run, prompter: Prompter, again: Iterable[tuple[str, str]], samples: int
) -> Iterator[Request]:
    for key, item_id in again:
        for request in prompter.requests(run.item(item_id), samples):
            if request.key == key:
                yield _once_more(request, run.completions_of(key)[-1])


def _once_more(request: Request, completion: Completion) -> Request:
    if completion.finish_reason == "length":
        used = completion.usage.completion_tokens if completion.usage else 0
        return request.again(max_tokens=4 * (used or 4096))
    said = {"role": "assistant", "content": completion.reply or ""}
    form = "the one number" if request.dimension else "the one JSON object"
    wish = {
        "role": "user",
        "content": f"That could not be read. Reply again with {form} asked for, nothing else.",
    }
    return replace(request.again(), messages=[*request.messages, said, wish])
