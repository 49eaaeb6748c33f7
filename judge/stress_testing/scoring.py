"""Score originals and twins with one judge: a run for the items, and one for each change of the request.

Every run is an ordinary run folder, so that a stress test is resumed, viewed and analysed like any other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from judge.errors import InputError
from judge.records import Item
from judge.scoring.backends.connection import Connection
from judge.scoring.backends.vllm.engine import EngineOptions
from judge.scoring.callbacks import ProgressBar, ScoringCallback
from judge.scoring.judge import Judge
from judge.scoring.preview import Preview, preview
from judge.scoring.run import Run
from judge.scoring.score import score
from judge.stress_testing.twins import Twins, as_twin

ITEMS, PICTURES = "items", "pictures"
"""Folders within a stress test: the run of all items, and the pictures."""


@dataclass(frozen=True)
class StressPart:
    """One run of a stress test.

    Attributes
    ----------
    name : str
        Folder: ``items``, or the probe that changes the request.
    judge : Judge
        The judge, with the changed rubric where that is what the probe changes.
    items : tuple of Item
        What it scores.
    """

    name: str
    judge: Judge
    items: tuple[Item, ...]


def parts_of(twins: Twins, judge: Judge) -> list[StressPart]:
    """List the runs of a stress test: that of the items first, because the others are compared with it."""
    changed = (
        StressPart(
            name,
            replace(judge, rubric=rubric),
            tuple(as_twin(item, item, name) for item in twins.originals),
        )
        for name, rubric in twins.rubrics.items()
    )
    return [StressPart(ITEMS, judge, twins.items), *changed]


def score_parts(
    parts: Sequence[StressPart],
    out: Path,
    *,
    connection: Connection,
    engine: EngineOptions,
    callback_for: Callable[[StressPart], ScoringCallback] = lambda _: ProgressBar(),
    source: Path | None = None,
    retry_errors: bool = False,
    reask: bool = False,
) -> Iterator[Run]:
    """Score one part after the other; `max_cost` limits the cost of all of them together.

    Replies in the run `source` to the same requests are used again, except for the repeated request.

    Yields
    ------
    Run
        The run of each part, open for reading.
    """
    for part in parts:
        callback = callback_for(part)
        try:
            yield score(
                part.items,
                judge=part.judge,
                out=out / part.name,
                image_root=out / PICTURES,
                connection=connection,
                engine=engine,
                callback=callback,
                reuse=(source,) if source and part.name == ITEMS else (),
                retry_errors=retry_errors,
                reask=reask,
            )
        finally:
            if connection.max_cost is not None:
                connection = replace(connection, max_cost=max(0.0, connection.max_cost - callback.charged))


def preview_parts(
    parts: Sequence[StressPart], out: Path, pictures: Path, source: Path | None = None
) -> list[Preview]:
    """Count the requests of every part, without sending or writing anything.

    Replies in the run `source` will be taken, unless the stress test has begun and has taken them.
    """
    is_begun = (out / ITEMS / "run.db").is_file()
    places = {ITEMS: source} if source and not is_begun else {}
    return [
        preview(part.items, part.judge, out=places.get(part.name, out / part.name), image_root=pictures)
        for part in parts
    ]


def check_judge_of(source: Path, judge: Judge) -> None:
    """Check that the run whose items and replies are used was scored by the judge that is tested.

    Raises
    ------
    InputError
        It was scored by another judge.
    """
    with Run.open(source) as earlier:
        if earlier.fact("fingerprint") != judge.fingerprint:
            raise InputError(
                f"{source}: was scored by another judge ({earlier.fact('judge')['model']}, rubric "
                f"{earlier.rubric.name}); test that one with judge= and rubric= (--judge, --rubric), or name "
                "the file of the answers to draw them without its scores"
            )
