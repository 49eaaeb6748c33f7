"""Progress line and notes of `judge score`, on standard error."""

import collections
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from judge.cli.options import counted
from judge.hardware import gpus
from judge.records import Completion
from judge.scoring.backends.api.retry_after import clock
from judge.scoring.callbacks import ScoringCallback
from judge.scoring.checked_items import BadItems, input_notes
from judge.scoring.prompt import visible
from judge.scoring.run import Run
from judge.scoring.run_summary import IngestCounts, duration_text

if TYPE_CHECKING:
    from rich.progress import Progress

_LONGEST_LEFT = "59 min 59 s left"
_LONG_WAIT = 60.0
"""Without a progress line, only waits of at least this many seconds are reported."""


class ProgressLine(ScoringCallback):
    """Notes, and a line with done/total, time left, rate, cost, failures and GPU utilisation."""

    def __init__(self, *, moving: bool, shows_input: bool = True, shows_judge: bool = True) -> None:
        self.stopped: str | None = None
        """Why the run stopped early without an error."""
        self.cost = 0.0
        """Known cost of the replies in USD."""
        self.place: Path | None = None
        """Folder of the run; None until the input is read."""
        self._moving = moving
        self._shows_input, self._shows_judge = shows_input, shows_judge
        self._progress: Progress | None = None
        self._run: Run | None = None
        self._room = 0
        self._starting = self._is_asked = self._is_local = False
        self._start = ""  # status of the engine while it loads
        self._batches = ""
        self._asked = self._again = self._to_ask_again = 0
        self._waits_until = -math.inf
        self._wait = ""
        self._noted_wait = False
        self._failures: collections.Counter[str] = collections.Counter()
        self._usage: collections.Counter[str] = collections.Counter()
        self._pace = _Pace(0.0)
        self._card = _Card()

    def on_run_start(self, run: Run, counts: IngestCounts, bad: BadItems, requests: int) -> None:
        """Print notes on the input and start the line, which redraws itself periodically."""
        self.place, self._is_local = run.path, run.judge.backend == "vllm"
        columns = input_notes(bad.summary, run.rubric) if self._shows_input else []
        judge = _judge_notes(run) if self._shows_judge else []
        for note in [*map(visible, columns), *_input_notes(counts, bad), *judge]:
            click.echo(note, err=True)
        if self._moving:
            self._run, self._pace = run, _Pace(time.monotonic())
            self._progress, self._room = _line(requests, self.detail)
            self._progress.start()
            self._progress.add_task("scoring", total=requests)

    def on_model_loading(self, text: str) -> None:
        """Show the start of the engine; without a progress line, print one note."""
        if self._progress and not self._asked:
            self._start = text
        elif self._asked:  # workers of a cluster come and go
            click.echo(f"note: {visible(text)}", err=True)
        elif not self._moving and not self._starting:
            click.echo(f"note: {text}; a large model takes minutes to start", err=True)
        self._starting = True

    def on_completions(self, completions: Sequence[Completion]) -> None:
        """Move the line."""
        if self._progress and self._run and not self._asked:  # the line begins where the run stands
            self._progress.reset(self._progress.task_ids[0], completed=self._run.reused)
        first, self._start = not self._asked, ""
        self._asked += len(completions)
        self._again += sum(c.attempt > 0 for c in completions)
        self.cost += sum(c.cost or 0.0 for c in completions)
        self._failures.update(c.failure.kind for c in completions if c.failure)
        for usage in (c.usage for c in completions if c.usage):
            self._usage.update(
                prompt=usage.prompt_tokens, reply=usage.completion_tokens, cached=usage.cached_tokens
            )
        if first and self._starting:  # the rate leaves out the loading of the model
            self._pace = _Pace(time.monotonic(), self._asked, self._tokens)
        self._move()

    def on_wait(self, seconds: float, message: str) -> None:
        """Show the reason and the end of a wait."""
        self._waits_until = time.monotonic() + seconds
        self._wait = f"waits until {clock(seconds)}: {visible(message)}"
        if not self._moving and seconds >= _LONG_WAIT and not self._noted_wait:
            click.echo(f"note: {self._wait}", err=True)
            self._noted_wait = True

    def on_batches(self, text: str) -> None:
        """Show where the batches are; without a progress line, print each change."""
        text = visible(text)
        if text and not self._moving and text != self._batches:
            click.echo(f"note: {text}", err=True)
        self._batches = text

    def on_reask(self, count: int) -> None:
        """Show that some replies are requested again."""
        self._to_ask_again = count

    def on_requests_done(self) -> None:
        """Show that the scores are computed, also after Ctrl-C."""
        self._is_asked, self._waits_until = True, -math.inf
        self._move(refresh=True)

    def on_run_end(self, stopped: str | None) -> None:
        """Store why the backend stopped."""
        self.stopped = stopped

    @property
    def _done(self) -> int:
        return (self._run.reused if self._run else 0) + self._asked - self._again

    @property
    def _tokens(self) -> int:
        """Tokens that the server processed; tokens from its cache are left out."""
        return self._usage["prompt"] - self._usage["cached"] + self._usage["reply"]

    def _move(self, **more: Any) -> None:
        if self._progress:
            self._progress.update(self._progress.task_ids[0], completed=self._done, **more)

    def detail(self) -> str:
        """Text beside the bar."""
        if self._start:
            return _cut(self._start, self._room)
        parts = self._parts()
        if self._is_asked:
            parts.insert(0, "computing the scores")
        elif time.monotonic() < self._waits_until:
            return _cut("  ".join([self._wait, *parts]), self._room)
        elif self._batches:
            return _cut("  ".join([self._batches, *parts]), self._room)
        return _joined(parts, self._room)

    def _parts(self) -> list[str]:
        """Parts of the text, most important first; those that do not fit are left out."""
        seconds = time.monotonic() - self._pace.since
        parts = []
        if self._asked > self._pace.asked:
            parts.append(f"{(self._asked - self._pace.asked) / (seconds + 1e-9):.1f}/s")
        parts += [f"cost ${self.cost:.4f}"] if self.cost else []
        if self._to_ask_again:
            asking = "asked" if self._is_asked else "asking"
            parts.append(f"{asking} again {self._again:,}/{self._to_ask_again:,}")
        if failures := sorted(self._failures.copy().items()):
            parts.append(f"failed: {', '.join(f'{kind} {count:,}' for kind, count in failures)}")
        if self._tokens > self._pace.tokens:
            parts.append(f"{(self._tokens - self._pace.tokens) / (seconds + 1e-9):,.0f} tok/s")
        if self._usage["cached"] and self._usage["prompt"]:
            parts.append(f"cache {self._usage['cached'] / self._usage['prompt']:.0%}")
        if self._is_local and (share := self._card.share()) is not None:
            parts.append(f"GPU {share:.0%}")
        return parts

    def close(self) -> None:
        """Stop the line and restore the terminal."""
        if self._progress:
            self._progress.stop()
            self._progress = None


class _Pace(NamedTuple):
    """Start of the measurement of rates."""

    since: float
    asked: int = 0
    tokens: int = 0


class _Card:
    """GPU utilisation, queried at most once a second."""

    def __init__(self) -> None:
        self._share: float | None = None
        self._next = 0.0

    def share(self) -> float | None:
        if (now := time.monotonic()) >= self._next:
            self._share, self._next = gpus.utilization(), now + 1
        return self._share


def _line(requests: int, detail: Callable[[], str]) -> "tuple[Progress, int]":
    """Create the progress line; return it with the width that is left for the text."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn
    from rich.table import Column
    from rich.text import Text

    class Detail(ProgressColumn):
        """Text that is computed at each redraw, because rates and waits change without a reply."""

        def render(self, _task: Any) -> Text:
            return Text(detail())

    class TimeLeft(ProgressColumn):
        """Estimate of the time until the last reply."""

        max_refresh = 0.5

        def render(self, task: Any) -> Text:
            return Text(_time_left(task.time_remaining), style="progress.remaining")

    console = Console(stderr=True)
    bar = max(4, min(40, console.width - 100))  # the text has priority over the bar
    room = console.width - bar - len(f" {requests}/{requests} {_LONGEST_LEFT} ")
    columns = (
        BarColumn(bar),
        MofNCompleteColumn(),
        TimeLeft(),
        Detail(Column(no_wrap=True)),
    )
    return Progress(*columns, console=console, refresh_per_second=4), room


def _time_left(seconds: float | None) -> str:
    return "time left: ?" if seconds is None else f"{duration_text(round(seconds))} left"


def _joined(parts: Sequence[str], room: int) -> str:
    """Join the first part and those of the others that fit."""
    text = _cut(parts[0], room) if parts else ""
    for part in parts[1:]:
        text += f"  {part}" if len(text) + 2 + len(part) <= room else ""
    return text


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: max(0, room - 1)]}…"


def _input_notes(added: IngestCounts, bad: BadItems) -> list[str]:
    notes = [f"skipped: {visible(line)}" for line in bad.lines()]
    if added.repeated:
        notes.append(f"note: {counted(added.repeated, 'row')} repeated exactly; each item counts once")
    if added.changed:
        notes.append(f"note: {counted(added.changed, 'item')} changed and judged again")
    if added.elsewhere:
        notes.append(
            f"note: {counted(added.elsewhere, 'item')} of this run not in this input; judgments kept"
        )
    return notes


def _judge_notes(run: Run) -> list[str]:
    if run.judge.backend != "baseline":
        return []
    return [
        "note: the baseline measures word overlap with the reference answer. It is a floor, not a judge; "
        "name a model with --judge, such as openai/gpt-5 (needs an API key)"
    ]
