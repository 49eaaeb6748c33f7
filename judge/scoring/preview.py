"""Preview of a run: how many requests it would send, and what they would cost."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from judge.records import Request
from judge.scoring.backends.factory import most_images_shown
from judge.scoring.checked_items import Answers, BadItems, InputOptions, checked_items, input_notes
from judge.scoring.checked_items import image_root as root_of_images
from judge.scoring.judge import Judge
from judge.scoring.prompt import Prompter
from judge.scoring.run import Run
from judge.scoring.score import default_out

if TYPE_CHECKING:
    from judge.scoring.backends.api.pricing import Prices


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What `score` would send.

    Attributes
    ----------
    items : int
        Number of items.
    requests : int
        Number of requests to send.
    answered : int
        Requests that need not be sent: a reply is stored, a batch holds the request, or another item has the
        same content.
    prompt_tokens : int
        Estimated number of prompt tokens, with four characters per token.
    cost : float or None
        Estimated cost in USD; None if the price of the model is unknown.
    batch_cost : float or None
        Estimated cost in USD through the provider's batch API; None if that price is unknown.
    first : sequence of mapping
        Messages of the first request; empty if there is no request to send.
    notes : sequence of str
        Which columns were read, and what the rubric needs that is missing.
    """

    items: int
    requests: int
    answered: int
    prompt_tokens: int
    cost: float | None
    first: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()
    batch_cost: float | None = None


def preview(
    answers: Answers,
    judge: Judge,
    *,
    out: str | Path | None = None,
    samples: int = 1,
    retry_errors: bool = False,
    after: Sequence[Judge] = (),
    **options: Any,
) -> Preview:
    """Compute what `score` would send, without sending anything, writing a run, or needing a key.

    Parameters
    ----------
    answers, out, samples, retry_errors
        As in `score`.
    judge : Judge
        The judge.
    after : sequence of Judge
        Judges that score the same answers before, whose replies to identical requests are reused.
    **options
        The parameters of `score` that say how answers are read: `limit`, `random`, `seed`, `mapping`,
        `format`, `id_from`, `answers_in`, `questions`, `image_root`, `skip_bad` and `shard`.

    Returns
    -------
    Preview
        Numbers of items and requests, estimated tokens and cost, and the first prompt.

    Raises
    ------
    InputError
        The input cannot be read, or a row or an image is invalid.
    RunError
        The run folder holds the replies of another judge.

    Examples
    --------
    >>> import judge
    >>> answers = [{"id": "q1", "question": "2 + 2?", "answer": "4"}]
    >>> found = judge.preview(answers, judge.Judge("openai/gpt-4o-mini", judge.load_rubric("open_qa")))
    >>> found.items, found.requests, found.cost < 0.01
    (1, 1, True)
    """
    from judge.scoring.backends.api.pricing import forecast
    from judge.scoring.backends.batch.journal import open_keys

    reading, prompter = InputOptions(**options), Prompter(judge)
    others = [Prompter(one) for one in after]
    path = Path(out) if out else default_out(answers, judge, reading.part)
    firsts: list[Sequence[Mapping[str, Any]]] = []
    with ExitStack() as stack:
        kept = stack.enter_context(Run.open(path)) if (path / "run.db").is_file() else None
        if kept:
            kept.check_judge(judge)
        waiting = open_keys(path) if kept else set()
        # A temporary run refuses what a real run would refuse.
        folder = stack.enter_context(TemporaryDirectory(prefix="judge-dry-run-"))
        run = stack.enter_context(Run.create(folder, judge))
        bad = BadItems()
        read = checked_items(answers, reading, root_of_images(answers, reading), bad, judge)
        added = run.add_items(read, lambda _: bad.place)
        wanted = (r for item in run.items() for r in prompter.requests(item, samples))

        def is_answered(request: Request) -> bool:
            if kept and kept.has_answer(request.key, retry_errors=retry_errors):
                return True
            same = (r.key for other in others for r in other.requests(request.item, samples))
            return request.key in waiting or request.key in same

        def unanswered() -> Iterator[Request]:
            for request in run.missing(wanted):
                if is_answered(request):
                    run.reused += 1
                    continue
                firsts[:] = firsts or [request.messages]
                yield request

        prices, batch_prices = _prices(judge, run)
        expected = forecast(unanswered(), prices, batch_prices)
        return Preview(
            items=added.new,
            requests=expected.requests,
            answered=run.reused,
            prompt_tokens=expected.prompt_tokens,
            cost=expected.cost,
            first=firsts[0] if firsts else [],
            notes=input_notes(bad.summary, judge.rubric),
            batch_cost=expected.batch_cost,
        )


def _prices(judge: Judge, run: Run) -> "tuple[Prices | None, Prices | None]":
    """Prices of a judge, live and in batches; a decision model must also take the questions and images."""
    from judge.scoring.backends.api.pricing import BATCHES, find_prices

    if judge.backend != "decisions":
        provider, _, name = judge.model.partition("/")
        return find_prices(judge.model, provider, name), find_prices(judge.model, provider, name, BATCHES)
    from judge.scoring.backends.decisions import routes

    routes.check_questions(judge)
    routes.check_images(judge.model, most_images_shown(run, judge.rubric))
    return routes.decision_prices(routes.target_of(judge.model)), None
