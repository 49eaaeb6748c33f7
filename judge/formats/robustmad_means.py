"""RobustMAD's ``score_NAME.csv``: published means of groups of answers beside those of imported scores.

A row is one question about one kind of defect: ``robustness_category``, ``difficulty``,
``object_specie_pair`` (``gear-broken_tooth``), ``question``, ``num_questions`` and ``average_…`` of every
dimension.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from judge.errors import InputError
from judge.formats.cells import number_or_none
from judge.formats.document import Document, Object, text_of
from judge.records import OVERALL, Item, Score

_AVERAGE = "average_"
TOLERANCE = 0.005
"""Largest difference of means that are called equal: published ones may be rounded."""
_NAMES = {"style_and_clarity": "clarity", "overall_score": OVERALL}
_CATEGORIES = {"general": "general", "pair": "pairwise", "stand": "standalone", "": "unanswerable"}
"""Part of the name of a category -> the short name; the first that fits counts."""
_FILE_NAME = re.compile(r"(?:score_)?(?P<system>.+?)(?P<low>_low)?")

Group = tuple[str, str, str, str]
"""Category, difficulty, object and defect, question."""


@dataclass
class MeansCheck:
    """How published means compare with those of the scores.

    Attributes
    ----------
    n_equal : int
        Means that agree to 0.005.
    problems : dict
        What is the matter -> the means or groups that it concerns.
    """

    n_equal: int = 0
    problems: dict[str, list[str]] = field(default_factory=dict)

    def note(self, problem: str, place: str) -> None:
        """Keep one thing that does not fit."""
        self.problems.setdefault(problem, []).append(place)


def is_means(document: Document) -> bool:
    """Whether a document is a table of means."""
    return document.is_list_with("robustness_category", "object_specie_pair", f"{_AVERAGE}overall_score")


def check_means(documents: Sequence[Document], items: Sequence[Item], scores: Sequence[Score]) -> MeansCheck:
    """Compare the published means with the means of the scores of the same groups.

    Parameters
    ----------
    documents : sequence of Document
        Tables of means; the name of the file says the system, and whether its pictures are degraded.
    items, scores : sequence
        What was imported.

    Raises
    ------
    InputError
        A row lacks a field, or a mean is no number.
    """
    found = MeansCheck()
    values = _values(items, scores)
    systems = {item.system for item in items} - {None}
    for document in documents:
        name = _FILE_NAME.fullmatch(document.path.name.split(".")[0])
        system = name["system"] if name and name["system"] in systems else None
        condition = "degraded" if name and name["low"] else "clean"
        for number, row in enumerate(document.content, 2):
            where = f"{document.path}:{number}"
            ours = values.get((system, condition, _group_of(row, where)), {})
            for dimension, mean in _means(row, where):
                _compare(found, f"{where} {dimension}", mean, ours.get(dimension))
    return found


def _compare(found: MeansCheck, place: str, mean: float, values: Sequence[float] | None) -> None:
    if not values:
        found.note("published mean without scores here", place)
    elif abs(fmean(values) - mean) <= TOLERANCE:
        found.n_equal += 1
    else:
        both = f"{place}: {mean:g}, here {fmean(values):g}"
        found.note("published mean differs from that of the scores", both)


def _values(
    items: Sequence[Item], scores: Sequence[Score]
) -> Mapping[tuple[str | None, object, Group], Mapping[str, list[float]]]:
    """(System, condition, group) -> dimension -> scores; without a system, those of all systems."""
    place = {item.id: (item.system, item.field("condition"), _group(item)) for item in items}
    values: dict[tuple[str | None, object, Group], dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for score in scores:
        if isinstance(score.value, float) and score.item_id in place:
            system, condition, group = place[score.item_id]
            for of in {system, None}:
                values[of, condition, group][score.dimension].append(score.value)
    return values


def _group(item: Item) -> Group:
    pair = f"{item.field('category')}-{item.field('specie_name')}"
    category, difficulty = str(item.field("robustness_category")), str(item.field("difficulty"))
    return _short(category), difficulty, pair, item.question


def _group_of(row: Object, where: str) -> Group:
    category, *others = (
        text_of(row, name, where)
        for name in ("robustness_category", "difficulty", "object_specie_pair", "question")
    )
    difficulty, pair, question = others
    return _short(category), difficulty, pair, question


def _short(category: str) -> str:
    return next(short for part, short in _CATEGORIES.items() if part in category.casefold())


def _means(row: Object, where: str) -> Iterator[tuple[str, float]]:
    for column, cell in row.items():
        if column.startswith(_AVERAGE):
            mean = number_or_none(cell)
            if mean is None:
                raise InputError(f"{where}: field {column!r}: found {cell!r:.60}; it must be a number")
            name = column.removeprefix(_AVERAGE)
            yield _NAMES.get(name, name), mean
