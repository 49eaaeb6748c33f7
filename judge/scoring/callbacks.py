"""Callbacks of `score`: what happens while answers are scored."""

import logging
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from judge.records import Completion
from judge.scoring.checked_items import BadItems, input_notes
from judge.scoring.prompt import visible
from judge.scoring.run import Run
from judge.scoring.run_summary import IngestCounts

_log = logging.getLogger("judge.scoring")


class ScoringCallback:
    """Base class of the callbacks of `judge.score`; every method does nothing until it is overridden.

    The methods are called in the thread that called `score`, except for `on_model_loading`, which may be
    called from another one.

    Attributes
    ----------
    charged : float
        Cost of the judge in USD, set when `score` ends, also with an error. It is the amount that counts
        towards ``max_cost``: a reply of unknown cost counts with an estimate.

    Examples
    --------
    >>> import tempfile
    >>> import judge
    >>> class Counter(judge.ScoringCallback):
    ...     n_replies = 0
    ...
    ...     def on_completions(self, completions):
    ...         self.n_replies += len(completions)
    >>> counter = Counter()
    >>> answers = [{"id": "q1", "question": "2 + 2?", "answer": "4", "reference": "4"}]
    >>> run = judge.score(answers, out=tempfile.mkdtemp(), callback=counter)
    >>> counter.n_replies
    1
    """

    charged = 0.0

    def on_run_start(self, run: Run, counts: IngestCounts, bad: BadItems, requests: int) -> None:
        """Report that the input has been read.

        Parameters
        ----------
        run : Run
            Open for writing; it holds the items.
        counts : IngestCounts
            How many items are new, known, changed or repeated.
        bad : BadItems
            Rows and images that were skipped (with ``skip_bad``); its `summary` says what was read.
        requests : int
            Replies needed in total; some of them may be stored already.
        """

    def on_model_loading(self, text: str) -> None:
        """Report the progress of loading a local model, as text."""

    def on_completions(self, completions: Sequence[Completion]) -> None:
        """Report a batch of completions; they are on disk."""

    def on_wait(self, seconds: float, message: str) -> None:
        """Report that a rate limit pauses all requests for `seconds`; `message` is the provider's text."""

    def on_batches(self, text: str) -> None:
        """Report, after each look at the provider's batches, how many there are in which state."""

    def on_reask(self, count: int) -> None:
        """Report how many truncated or unreadable replies are requested once more."""

    def on_requests_done(self) -> None:
        """Report that no more requests are sent (all done, or Ctrl-C); scores are derived next."""

    def on_run_end(self, stopped: str | None) -> None:
        """Report that everything is written; `stopped` is the reason why requests were left out, if any."""

    def close(self) -> None:
        """Release what the callback holds; called in any case, also after an error."""


class ProgressBar(ScoringCallback):
    """A progress bar in a terminal (on standard error) or in a notebook.

    Elsewhere, as in a script, which columns were read is logged, and what the items lack.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._reused: Callable[[], int] = int
        self._counts: Counter[str] = Counter()
        self._cost = 0.0

    def on_run_start(self, run: Run, counts: IngestCounts, bad: BadItems, requests: int) -> None:  # noqa: ARG002
        """Show the bar, and what was read."""
        notes = input_notes(bad.summary, run.rubric)
        if (bar := _bar_class()) is None:
            for note in notes:
                _log.warning("%s", note)
            return
        self._bar = bar(total=requests, unit="reply", desc=run.name)
        self._reused = lambda: run.reused
        for note in notes:
            self._bar.write(note, file=sys.stderr)

    def on_model_loading(self, text: str) -> None:
        """Show how far the model is loaded."""
        self._note(text)

    def on_completions(self, completions: Sequence[Completion]) -> None:
        """Move the bar."""
        self._counts["replies"] += sum(c.attempt == 0 for c in completions)
        self._counts["failed"] += sum(c.failure is not None for c in completions)
        self._cost += sum(c.cost or 0.0 for c in completions)
        cost = [f"${self._cost:.4f}"] if self._cost else []
        failed = [f"{self._counts['failed']} failed"] if self._counts["failed"] else []
        self._note(", ".join([*cost, *failed]), refresh=False)

    def on_wait(self, seconds: float, message: str) -> None:
        """Show that the provider's rate limit pauses all requests."""
        self._note(f"waiting {seconds:.0f} s: {visible(message)}")

    def on_batches(self, text: str) -> None:
        """Show where the batches are."""
        self._note(visible(text))

    def on_reask(self, count: int) -> None:
        """Show how many replies are requested once more."""
        self._note(f"requesting {count} {'reply' if count == 1 else 'replies'} again")

    def on_requests_done(self) -> None:
        """Show that the scores are derived."""
        self._note("deriving scores")

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _note(self, text: str, *, refresh: bool = True) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(self._reused() + self._counts["replies"] - self._bar.n)
            if refresh:
                self._bar.refresh()


def _bar_class() -> Any:
    """Return tqdm's class for a notebook or a terminal; None where no progress can be shown."""
    is_kernel = "ipykernel" in sys.modules
    if is_kernel and find_spec("ipywidgets"):
        from tqdm.notebook import tqdm as notebook_bar

        return notebook_bar
    if not is_kernel and not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    return tqdm
