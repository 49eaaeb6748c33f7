"""The answers to score: read from a file or a table in memory, and checked before any request is sent."""

import hashlib
import heapq
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from judge.errors import InputError
from judge.items import InputSummary, placed_items
from judge.items.summary import reference_warning
from judge.records import Item
from judge.rows import RowSource, read_rows
from judge.rubric import ItemRubrics, Rubric
from judge.scoring.images import check
from judge.scoring.judge import Judge
from judge.scoring.shards import Shard
from judge.scoring.whole_input import WholeInput

Answers = str | Path | Iterable[Any]
"""A file (``-`` is standard input), or answers in memory: a DataFrame, dicts, or Items."""
_MOST_SHOWN = 20
_REFERENCE = re.compile(r"\breferences?\b(?! (?:image|picture|photo)s?\b)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """How answers are read and which of them are scored; see `judge.score`."""

    limit: int | None = None
    random: bool = False
    seed: int = 0
    mapping: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    encoding: str | None = None
    id_from: str | Sequence[str] = ()
    answers_in: str | Sequence[str] = ()
    questions: RowSource | None = None
    image_root: str | Path | None = None
    skip_bad: bool = False
    shard: str | None = None

    @property
    def part(self) -> Shard | None:
        """The shard that is scored; None where it is the whole input."""
        return None if self.shard is None else Shard.parse(self.shard)


class BadItems:
    """Counts rows and images with errors, and keeps the first errors for display.

    Attributes
    ----------
    count : int
        Number of rows and images with errors.
    place : str
        Place (file and line) of the item that was read last.
    summary : InputSummary
        What was read: which column became which field.
    n_drawn_from : int or None
        Number of items in the input; None unless a random sample of them was drawn.
    whole : WholeInput or None
        The whole input, where only a shard of it is scored.
    """

    def __init__(self) -> None:
        self.count = 0
        self.place = ""
        self.summary = InputSummary()
        self.n_drawn_from: int | None = None
        self.whole: WholeInput | None = None
        self._times: dict[InputError, int] = {}

    @property
    def position(self) -> int:
        """Position, in the whole input of a shard, of the item that was read last."""
        return self.whole.position if self.whole else 0

    def add(self, error: InputError) -> None:
        """Count an error; keep it if it is among those that are shown.

        Rows with the same columns share one error if they lack a field: it is shown once.
        """
        self.count += 1
        if error in self._times:
            self._times[error] += 1
        elif len(self._times) < _MOST_SHOWN:
            self._times[error] = 1

    def lines(self) -> list[str]:
        """Return one line for each of the first errors, and one with the number of the others."""
        lines = [_repeated(error, times) for error, times in self._times.items()]
        others = self.count - sum(self._times.values())
        return [*lines, f"… and {others:,} more"] if others else lines

    def combined(self) -> InputError:
        """Combine all errors into one exception, for an input of which some items are valid."""
        head = [f"{self.count:,} bad items; nothing was sent:"] if self.count > 1 else []
        return InputError(
            "\n".join([*head, *self.lines(), "Correct them, or score the other items with --skip-bad."])
        )


def _repeated(error: InputError, times: int) -> str:
    more = times - 1
    return f"{error} (and {more:,} more {'row' if more == 1 else 'rows'})" if more else str(error)


def input_notes(summary: InputSummary, rubric: Rubric) -> list[str]:
    """Return lines that say which columns were read, and what a rubric needs that is missing."""
    warning = reference_warning(summary, rubric.name, refers=_refers_to_reference(rubric))
    hidden = [role for role, n in summary.images_shown.items() if not n and role not in rubric.without]
    return [
        *summary.lines(),
        *([f"warning: {warning}"] if warning else []),
        *(
            f"warning: the judge is shown none of the {role} images, because of the conditions of rubric "
            f"{rubric.name} (images): judge rubric check {rubric.name} ANSWERS"
            for role in hidden
        ),
    ]


def _refers_to_reference(rubric: Rubric) -> bool:
    """Whether the text of a rubric, without its examples, mentions a reference that is no picture."""
    dimensions = rubric.dimensions.values()
    texts = [rubric.task, *rubric.guidelines, *(rule.text for rule in rubric.rules)]
    texts += [text for d in dimensions for text in (d.description, *d.anchors.values())]
    return any(_REFERENCE.search(text) for text in texts)


def image_root(answers: Answers, options: InputOptions) -> Path:
    """Return the folder that relative image paths start from."""
    if options.image_root:
        return Path(options.image_root).resolve()
    is_file = isinstance(answers, str | Path) and str(answers) != "-"
    return (Path(str(answers)).parent if is_file else Path()).resolve()


def checked_items(
    answers: Answers, options: InputOptions, root: Path, bad: BadItems, judge: Judge
) -> Iterator[Item]:
    """Yield the items whose rows, images and criteria are valid, and collect the errors of others in `bad`.

    Images are not looked for where the judge reads letters, which needs the answer alone.

    Raises
    ------
    InputError
        At the end, if a row, an image or a criterion is invalid and ``skip_bad`` is not set, or if no item
        is valid.
    """
    items = placed_items(
        read_rows(answers, format=options.format, encoding=options.encoding, on_bad=bad.add),
        source_name(answers),
        mapping=options.mapping,
        id_from=options.id_from,
        answers_in=options.answers_in,
        questions=options.questions,
        encoding=options.encoding,
        on_bad=bad.add,
        summary=bad.summary,
    )
    selected, n_valid = _selected(items, options, bad), 0
    if options.part:
        bad.whole = WholeInput(options.part, root)
        selected = bad.whole.items_of_shard(selected)
    rubrics, needs_images = ItemRubrics(judge.rubric), judge.backend != "letters"
    for bad.place, item in selected:
        try:
            checked = check(item, root) if needs_images and item.images else item
        except InputError as error:
            bad.add(error)
            continue
        try:
            rubrics.checked(item)
        except InputError as error:  # criteria that cannot be read, found before anything is paid
            bad.add(InputError(f"{bad.place}: {error}"))
            continue
        n_valid += 1
        if judge.rubric.images:
            shown = judge.rubric.images_for(item)
            for place, image in enumerate(item.images):
                bad.summary.images_shown[image.role] += place in shown
        yield checked
    if not n_valid and not (bad.whole and bad.whole.n_items):  # a shard of a small input may be empty
        raise InputError("\n".join([f"{source_name(answers)}: has no item that can be scored", *bad.lines()]))
    if bad.count and not options.skip_bad:
        raise bad.combined()


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
