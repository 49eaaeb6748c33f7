"""The answers to score: read from a file or a table in memory, and checked before anything is paid."""

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from judge.errors import InputError
from judge.items import placed_items
from judge.records import Item
from judge.rows import read_rows, rows_of
from judge.scoring.images import check

Answers = str | Path | Iterable[Any]
"""A file (``-`` is standard input), or answers in memory: a DataFrame, dicts, or Items."""
_MOST_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """How answers are read and which of them are scored; see `judge.score`."""

    limit: int | None = None
    random: bool = False
    seed: int = 0
    mapping: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    encoding: str | None = None
    image_root: str | Path | None = None
    skip_bad: bool = False


class BadItems:
    """Counts rows and images with errors, and keeps the first errors for display."""

    def __init__(self) -> None:
        self.count = 0
        self.place = ""
        """Place (file and line) of the item that was read last."""
        self.first: list[InputError] = []
        self.n_drawn_from: int | None = None
        """Number of items in the input; None unless a random sample of them was drawn."""

    def add(self, error: InputError) -> None:
        """Count an error; keep it if it is among those that are shown."""
        self.count += 1
        if len(self.first) < _MOST_SHOWN:
            self.first.append(error)

    def lines(self) -> list[str]:
        """Return one line for each of the first errors, and one with the number of the others."""
        more = [f"… and {self.count - len(self.first):,} more"] if self.count > len(self.first) else []
        return [*map(str, self.first), *more]

    def combined(self) -> InputError:
        """Combine all errors into one exception."""
        head = [f"{self.count:,} bad items; nothing was sent:"] if self.count > 1 else []
        return InputError(
            "\n".join([*head, *self.lines(), "Correct them, or score the other items with --skip-bad."])
        )


def image_root(answers: Answers, options: InputOptions) -> Path:
    """Return the folder that relative image paths start from."""
    if options.image_root:
        return Path(options.image_root).resolve()
    is_file = isinstance(answers, str | Path) and str(answers) != "-"
    return (Path(str(answers)).parent if is_file else Path()).resolve()


def checked_items(answers: Answers, options: InputOptions, root: Path, bad: BadItems) -> Iterator[Item]:
    """Yield the items whose rows and images are valid, and collect the errors of the others in `bad`.

    Raises
    ------
    InputError
        At the end, if a row or an image is invalid and ``skip_bad`` is not set, or if no item is valid.
    """
    if isinstance(answers, str | Path):
        rows = read_rows(answers, format=options.format, encoding=options.encoding, on_bad=bad.add)
    else:
        rows = rows_of(answers)
    items = placed_items(rows, source_name(answers), mapping=options.mapping, on_bad=bad.add)
    selected, n_valid = _selected(items, options, bad), 0
    for bad.place, item in selected:
        try:
            checked = check(item, root) if item.images else item
        except InputError as error:
            bad.add(error)
            continue
        n_valid += 1
        yield checked
    if bad.count and not options.skip_bad:
        raise bad.combined()
    if not n_valid:
        raise InputError("\n".join([*bad.lines(), f"{source_name(answers)}: has no item that can be scored"]))


def _selected(
    items: Iterable[tuple[str, Item]], options: InputOptions, bad: BadItems
) -> Iterable[tuple[str, Item]]:
    if options.limit is None:
        return items
    if not options.random:
        return islice(items, options.limit)
    bad.n_drawn_from, drawn = _random_sample(items, options.limit, options.seed)
    return drawn


def _random_sample(
    items: Iterable[tuple[str, Item]], size: int, seed: int
) -> tuple[int, list[tuple[str, Item]]]:
    """Draw a simple random sample in one pass, in the order of the input; also return the number of items.

    Each id gets a pseudo-random rank, a hash of the seed and the id, and the lowest ranks are taken. So the
    sample does not depend on the order of the rows, a larger one contains a smaller one, and files with the
    same ids (several systems) get the same sample.
    """

    def rank(numbered: tuple[tuple[str, Item], int]) -> bytes:
        return hashlib.sha256(f"{seed}:{numbered[0][1].id}".encode("utf-8", "surrogatepass")).digest()

    position = count()
    drawn = heapq.nsmallest(size, zip(items, position, strict=False), key=rank)
    return next(position), [item for item, _ in sorted(drawn, key=itemgetter(1))]


def source_name(answers: Answers) -> str:
    """Return the name of the input for messages and for the manifest of the run."""
    return str(answers) if isinstance(answers, str | Path) else "items"
