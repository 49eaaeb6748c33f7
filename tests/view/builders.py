"""Small runs to look at, with replies, and a client that has the token."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from judge.records import Item, Score
from judge.rubric import Rubric
from judge.scoring.judge import Judge
from judge.scoring.loop import score_items
from judge.scoring.run import Run
from judge.view.app import create_app
from judge.view.library import Library, OpenRun

from ..human_study.client import Client, Reply
from ..scoring.builders import Scripted, reply
from ..scoring.builders import rubric as small_rubric

TOKEN = "the-token"
Answer = Callable[[Any], Any]


def items_of(n: int, **fields: Any) -> list[Item]:
    """Items q1 to qn; the topic alternates, and the answer of each has a word of its own."""
    words = ("heron", "otter", "badger", "lynx")
    return [
        Item(
            id=f"q{i}",
            question=f"Question {i}?",
            answer=f"Answer {i} about a {words[i % 4]}.",
            reference=f"Reference {i}",
            metadata={"topic": "ice" if i % 2 else "fire", "serial": f"s-{i}"},
            **fields,
        )
        for i in range(1, n + 1)
    ]


def by_number(request: Any) -> dict[str, Any]:
    """Scores 1 to 5 by the number of the item; every tenth reply cannot be read."""
    number = int("".join(c for c in request.item.id if c.isdecimal()))
    text = "no verdict here" if number % 10 == 0 else reply(number % 5 + 1, 4)
    return {"reply": text, "finish_reason": "stop", "cost": 0.001 * number, "latency": 0.5}


def make_run(
    path: Path,
    items: Sequence[Item] = (),
    answer: Answer = by_number,
    rubric: Rubric | None = None,
    samples: int = 1,
    model: str = "mock/judge",
) -> Path:
    """Make a run with replies and scores."""
    judge = Judge(model, rubric or small_rubric())
    with Run.create(path, judge) as run:
        run.add_items(items or items_of(12))
        run.set_fact("image_root", str(path.parent))
        run.set_fact("scored", 1_800_000_000.0)
        score_items(run, judge, Scripted(answer), samples=samples)
        run.export()
    return path


def rating(item_id: str, rater: str, value: Any, dimension: str = "a", **fields: Any) -> Score:
    """A rating of a person."""
    return Score(item_id=item_id, rater=rater, rater_kind="human", dimension=dimension, value=value, **fields)


def library_of(*paths: Path, **more: Any) -> Library:
    """Runs whose index is built when they are opened."""
    library = Library.of(paths, builds_in_background=False, **more)
    for name in library.paths:
        refreshed(library, name)
    return library


def refreshed(library: Library, name: str) -> OpenRun:
    """A run with a complete index."""
    opened = library.open(name)
    opened.index.refresh()
    return opened


class Viewer:
    """A browser with the cookie."""

    def __init__(self, library: Library, host: str = "127.0.0.1") -> None:
        self.client = Client(create_app(library, TOKEN, host))
        self.headers = {"host": "127.0.0.1:8000", "cookie": f"judge_view_8000={TOKEN}"}

    def get(self, path: str, *pairs: tuple[str, Any], method: str = "GET") -> Reply:
        """Ask for a page; `pairs` are its parameters."""
        query = f"?{urlencode(pairs)}" if pairs else ""
        return self.client.request(method, path + query, self.headers)
