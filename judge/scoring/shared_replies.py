"""Copy the replies of other runs to identical requests, so that none of them is paid for twice."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from judge.records import Completion
from judge.scoring.judge import Judge
from judge.scoring.prompt import Prompter
from judge.scoring.run import Run

_BATCH = 256


def copy_replies(run: Run, judge: Judge, samples: int, folders: Sequence[str | Path]) -> None:
    """Copy into `run` the replies that other runs have to the requests that it lacks.

    Two judges send the same request where a part that their rubrics differ in does not concern an item. The
    copies cost nothing and count no tokens, because they were paid for in the other run. Requests that
    failed there are not copied. Folders without a run are left out.

    Parameters
    ----------
    run : Run
        A run opened with `Run.create`; it holds the items.
    judge : Judge
        Its judge.
    samples : int
        Number of replies per item.
    folders : sequence of str or Path
        Folders of the other runs.

    Raises
    ------
    RunError
        A folder holds a run that cannot be read.
    """
    with ExitStack() as stack:
        paths = [Path(folder) for folder in folders if (Path(folder) / "run.db").is_file()]
        others = [stack.enter_context(Run.open(path)) for path in paths]
        batch: list[Completion] = []
        for completions in _found(run, judge, samples, others) if others else ():
            batch.extend(completions)
            if len(batch) >= _BATCH:
                run.append(batch)
                batch = []
        if batch:
            run.append(batch)


def count_shared(folder: str | Path, other: str | Path) -> tuple[int, int]:
    """Return how many requests of the run in `folder` another run has a reply to, and how many there are.

    Raises
    ------
    RunError
        A folder holds no run that can be read.
    """
    shared = total = 0
    with Run.open(folder) as run, Run.open(other) as whole:
        for keys in run.all_keys():
            total += len(keys)
            shared += len(whole.answered(keys, retry_errors=True))
    return shared, total


def _found(run: Run, judge: Judge, samples: int, others: Sequence[Run]) -> Iterator[list[Completion]]:
    """Yield all completions of each request that `run` lacks and another run has a reply to."""
    prompter, seen = Prompter(judge), set[str]()
    for item in run.items_to_ask():
        for request in prompter.requests(item, samples):
            if request.key in seen or run.has_answer(request.key, retry_errors=True):
                continue
            source = next((one for one in others if one.has_answer(request.key, retry_errors=True)), None)
            if source:
                seen.add(request.key)
                free = {"cost": 0.0, "usage": None, "latency": None}
                yield [c.model_copy(update=free) for c in source.completions_of(request.key) if not c.failure]
