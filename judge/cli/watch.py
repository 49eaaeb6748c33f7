"""What `judge score` says while it runs: on stderr, and only to a terminal."""

import collections
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from judge.cli.options import counted
from judge.records import Completion
from judge.scoring.job import BadItems, Watch
from judge.scoring.prompt import visible
from judge.scoring.store import Added, Run

if TYPE_CHECKING:
    from rich.progress import Progress


class TerminalWatch(Watch):
    """Notes, and a line with done/total, rate, time left, cost and failures."""

    def __init__(self, *, moving: bool) -> None:
        self.stopped: str | None = None
        """Why not all was asked, where nothing is wrong."""
        self._moving = moving
        self._progress: Progress | None = None
        self._run: Run | None = None
        self._started = 0.0
        self._asked = self._again = 0
        self._cost = 0.0
        self._failures: collections.Counter[str] = collections.Counter()

    def began(self, run: Run, added: Added, bad: BadItems, requests: int) -> None:
        """Say what is odd about the input, and start the line."""
        for note in [*_input_notes(added, bad), *_judge_notes(run)]:
            click.echo(note, err=True)
        if self._moving:
            self._run, self._started = run, time.monotonic()
            self._progress = _line()
            self._progress.start()
            self._progress.add_task("scoring", total=requests, detail="")

    def arrived(self, completions: Sequence[Completion]) -> None:
        """Move the line."""
        if self._progress and self._run and not self._asked:  # the line begins where the run stands
            self._progress.reset(self._progress.task_ids[0], completed=self._run.reused, detail="")
        self._asked += len(completions)
        self._again += sum(c.attempt > 0 for c in completions)
        self._cost += sum(c.cost or 0.0 for c in completions)
        self._failures.update(c.failure.kind for c in completions if c.failure)
        if self._progress and self._run:
            done = self._run.reused + self._asked - self._again
            self._progress.update(self._progress.task_ids[0], completed=done, detail=self._detail())

    def asked(self) -> None:
        """Say why it goes on for a while, after Ctrl-C, too."""
        if self._progress:
            detail = f"{self._detail()}  working out the scores"
            self._progress.update(self._progress.task_ids[0], detail=detail, refresh=True)

    def ended(self, stopped: str | None) -> None:
        """Keep why the backend stopped."""
        self.stopped = stopped

    def _detail(self) -> str:
        parts = [f"{self._asked / (time.monotonic() - self._started + 1e-9):.1f}/s"]
        parts += [f"${self._cost:.4f}"] if self._cost else []
        parts += [f"asked again {self._again:,}"] if self._again else []
        parts += [f"{kind} {count}" for kind, count in sorted(self._failures.items())]
        return "  ".join(parts)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._progress:
            self._progress.stop()
            self._progress = None


def _line() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    bar = BarColumn(bar_width=max(4, min(40, console.width - 60)))  # the numbers are worth more than the bar
    columns = (bar, MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[detail]}"))
    return Progress(*columns, console=console)


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
