"""Second requests: for replies that were truncated at their token limit, or that could not be parsed."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from judge.records import Completion, Item, Request
from judge.rubric import Rubric
from judge.scoring.parsing.choice_answers import reply_form
from judge.scoring.parsing.decision_answers import DecisionForm
from judge.scoring.parsing.parse import is_readable, read
from judge.scoring.prompt import Prompter
from judge.scoring.repetition import repeats_itself
from judge.scoring.run import Run


def replies_to_repeat(run: Run, rubric: Rubric, reask: bool) -> Iterator[Completion]:
    """Yield truncated replies that may be complete with more tokens and, with `reask`, unparsed ones."""
    judge, form = run.judge, reply_form(run)
    if form == "letters":
        return  # the reply is the answer, which stays the same
    if judge.scores == "expected" and not (form and reask):
        return  # the request is for one token, so a second reply would be the same
    if not (reask or run.has_truncated_replies):
        return
    for item, completions in run.judgments():
        for completion in completions:
            if completion.attempt:
                continue
            if form:
                needed = _is_unparsed(completion, rubric, item, form)
            else:
                needed = _needs_repeat(completion, rubric, item, reask, judge.params)
            if needed:
                yield completion


def _is_unparsed(
    completion: Completion, rubric: Rubric, item: Item, form: DecisionForm | None = None
) -> bool:
    return "unparsed" in {outcome.status for outcome in read(completion, rubric, item, form).values()}


def _needs_repeat(
    completion: Completion, rubric: Rubric, item: Item, reask: bool, params: Mapping[str, Any]
) -> bool:
    if completion.finish_reason == "length":
        return _may_complete(completion, params) and not is_readable(completion, rubric, item)
    return reask and _is_unparsed(completion, rubric, item)


def _may_complete(completion: Completion, params: Mapping[str, Any]) -> bool:
    """Whether more tokens may complete a truncated reply: no limit was set, and it is not in a loop."""
    if any(name in params for name in ("max_tokens", "max_completion_tokens")):
        return False
    text = completion.reply or completion.reasoning or ""
    return params.get("temperature") != 0 or not repeats_itself(text)


def second_requests(
    run: Run, prompter: Prompter, again: Mapping[str, str], samples: int
) -> Iterator[Request]:
    """Yield the second requests for replies (key -> item): more tokens, or a correction.

    A reply that several requests share, because they have the same content, is requested once.
    """
    is_number = run.judge.rubric.reply == "number"
    for key, item_id in again.items():
        requests = (r for r in prompter.requests(run.item(item_id), samples) if r.key == key)
        for request in islice(requests, 1):
            yield _repeated(request, run.completions_of(key)[-1], is_number=is_number)


def _repeated(request: Request, completion: Completion, *, is_number: bool) -> Request:
    if request.questions:  # a decision model has nothing to correct; its next answer may be whole
        return request.next_attempt()
    if completion.finish_reason == "length":
        used = completion.usage.completion_tokens if completion.usage else 0
        return request.next_attempt(max_tokens=4 * (used or 4096))
    reply = {"role": "assistant", "content": completion.reply or ""}
    form = "the one number" if is_number else "the one JSON object"
    instruction = {
        "role": "user",
        "content": f"That could not be read. Reply again with {form} asked for, nothing else.",
    }
    return replace(request.next_attempt(), messages=[*request.messages, reply, instruction])
