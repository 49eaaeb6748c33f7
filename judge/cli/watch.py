"""What `judge score` says while it runs: on stderr, and only to a terminal."""

import collections
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from judge.cli.options import counted
from judge.machine import cards
from judge.records import Completion
from judge.scoring.job import BadItems, Watch
from judge.scoring.prompt import visible
from judge.scoring.store import Added, Run

if TYPE_CHECKING:
    from rich.progress import Progress


class TerminalWatch(Watch):
    """Notes, and a line with done/total, time left, rate, cost, failures, and how the card is used."""

    def __init__(self, *, moving: bool) -> None:
        self.stopped: str | None = None
        """Why not all was asked, where nothing is wrong."""
        self.cost = 0.0
        """USD that the replies cost."""
        self._moving = moving
        self._progress: Progress | None = None
        self._run: Run | None = None
        self._room = 0
        self._starting = False
        self._asked = self._again = 0
        self._failures: collections.Counter[str] = collections.Counter()
        self._usage: collections.Counter[str] = collections.Counter()
        self._pace = _Pace(0.0)
        self._card = _Card()

    def began(self, run: Run, added: Added, bad: BadItems, requests: int) -> None:
        """Say what is odd about the input, and start the line."""
        for note in [*_input_notes(added, bad), *_judge_notes(run)]:
            click.echo(note, err=True)
        if self._moving:
            self._run, self._pace = run, _Pace(time.monotonic())
            self._progress, self._room = _line(requests)
            self._progress.start()
            self._progress.add_task("scoring", total=requests, detail="")

    def starting(self, text: str) -> None:
        """Show how far the engine is; without a moving line say once that it takes a while."""
        if self._progress and not self._asked:
            self._show(_cut(text, self._room))
        elif not self._moving and not self._starting:
            click.echo(f"note: {text}; with a large model the start takes minutes", err=True)
        self._starting = True

    def arrived(self, completions: Sequence[Completion]) -> None:
        """Move the line."""
        if self._progress and self._run and not self._asked:  # the line begins where the run stands
            self._progress.reset(self._progress.task_ids[0], completed=self._run.reused, detail="")
        first = not self._asked
        self._asked += len(completions)
        self._again += sum(c.attempt > 0 for c in completions)
        self.cost += sum(c.cost or 0.0 for c in completions)
        self._failures.update(c.failure.kind for c in completions if c.failure)
        for usage in (c.usage for c in completions if c.usage):
            self._usage.update(
                prompt=usage.prompt_tokens, reply=usage.completion_tokens, cached=usage.cached_tokens
            )
        if first and self._starting:  # the minutes in which the model was loaded are no part of its pace
            self._pace = _Pace(time.monotonic(), self._asked, self._tokens)
        if self._progress and self._run:
            self._show(self._detail(), completed=self._done)

    def asked(self) -> None:
        """Say why it goes on for a while, after Ctrl-C, too."""
        if self._progress:
            detail = _joined(["working out the scores", *self._parts()], self._room)
            self._show(detail, completed=self._done, refresh=True)

    def ended(self, stopped: str | None) -> None:
        """Keep why the backend stopped."""
        self.stopped = stopped

    @property
    def _done(self) -> int:
        return (self._run.reused if self._run else 0) + self._asked - self._again

    @property
    def _tokens(self) -> int:
        return self._usage["prompt"] + self._usage["reply"]

    def _show(self, detail: str, **more: Any) -> None:
        if self._progress:
            self._progress.update(self._progress.task_ids[0], detail=detail, **more)

    def _detail(self) -> str:
        return _joined(self._parts(), self._room)

    def _parts(self) -> list[str]:
        """What is worth knowing, the most important first: what does not fit is left out."""
        seconds = time.monotonic() - self._pace.since
        parts = []
        if self._asked > self._pace.asked:
            parts.append(f"{(self._asked - self._pace.asked) / (seconds + 1e-9):.1f}/s")
        parts += [f"${self.cost:.4f}"] if self.cost else []
        parts += [f"asked again {self._again:,}"] if self._again else []
        parts += [f"{kind} {count}" for kind, count in sorted(self._failures.items())]
        if self._tokens > self._pace.tokens:
            parts.append(f"{(self._tokens - self._pace.tokens) / (seconds + 1e-9):,.0f} tok/s")
        if self._usage["cached"] and self._usage["prompt"]:
            parts.append(f"cache {self._usage['cached'] / self._usage['prompt']:.0%}")
        if self._run and self._run.judge.backend == "vllm" and (share := self._card.share()) is not None:
            parts.append(f"GPU {share:.0%}")
        return parts

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._progress:
            self._progress.stop()
            self._progress = None


class _Pace(NamedTuple):
    """Where rates are counted from."""

    since: float
    asked: int = 0
    tokens: int = 0


class _Card:
    """The share of the card, asked at most once a second."""

    def __init__(self) -> None:
        self._share: float | None = None
        self._next = 0.0

    def share(self) -> float | None:
        if (now := time.monotonic()) >= self._next:
            self._share, self._next = cards.share(), now + 1
        return self._share


def _line(requests: int) -> "tuple[Progress, int]":
    """The moving line, and the columns that it leaves for details."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    bar = max(4, min(40, console.width - 100))  # the numbers are worth more than the bar
    room = console.width - bar - len(f" {requests}/{requests} 0:00:00 ")
    columns = (
        BarColumn(bar),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[detail]}"),
    )
    return Progress(*columns, console=console), room


def _joined(parts: Sequence[str], room: int) -> str:
    """The first part, and of the others those that still fit."""
    text = _cut(parts[0], room) if parts else ""
    for part in parts[1:]:
        text += f"  {part}" if len(text) + 2 + len(part) <= room else ""
    return text


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: max(0, room - 1)]}…"


def _input_notes(added: Added, bad: BadItems) -> list[str]:
    notes = [f"skipped: {visible(line)}" for line in bad.lines()]
    if added.repeated:
        notes.append(f"note: {counted(added.repeated, 'row')} repeated word for word; each item counts once")
    if added.changed:
        notes.append(f"note: {counted(added.changed, 'item')} changed since the last judgment: judged again")
    if added.elsewhere:
        notes.append(
            f"note: {counted(added.elsewhere, 'item')} of this run not in this input: kept as judged"
        )
    return notes


def _judge_notes(run: Run) -> list[str]:
    if run.judge.backend != "baseline":
        return []
    return [
        "note: 'baseline' compares words with the reference. It is a floor to beat and no judge: "
        "for a real one, --judge openai/gpt-5 (needs a key) or another model"
    ]
