"""Match ratings with known items and dimensions, and note what was left out or may be misspelt."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

from judge.analysis.agreement.criteria_matrix import brings_criteria
from judge.counting import counted
from judge.errors import InputError
from judge.formats.rating_summary import spelling
from judge.formats.repeated_ratings import rating_key, second_score
from judge.records import OVERALL, Item, Score
from judge.rubric import CRITERIA, ItemRubrics, Rubric
from judge.rubric.dimension_names import plain_name, rubric_dimension
from judge.rubric.near_names import near_name

_SUMMARIES = frozenset(
    {"mean", "average", "avg", "avg.", "median", "total", "sum", "sd", "std", "std.", "stdev", "min", "max"}
)
"""Names of rows and columns of sums and means in spreadsheets, in lower case."""
_CONTENT = re.compile(r"[0-9a-f]{12}")
_SECOND = re.compile(r"[0-9a-f]{12}-2")
"""Ids that are made from the content: of an item, and of a second one with the same content."""


class NoRatingMatches(InputError):
    """No rating is of a known item and a known dimension."""


def matching(
    rated: Iterable[Score],
    known: Mapping[str, Item],
    rubric: Rubric | None,
    where: str,
    place: Callable[[int], str] | None = None,
    elsewhere: Container[str] = (),
) -> tuple[list[Score], list[str]]:
    """Ratings of known items on known dimensions, and notes about what was left out.

    Parameters
    ----------
    rated : iterable of Score
        Ratings of any items and dimensions.
    known : mapping of str to Item
        The known items.
    rubric : Rubric or None
        Names the known dimensions; None: all are known.
    where : str
        Name of the file of the ratings, for errors.
    place : callable or None
        Gives the place in the file of the rating with a number, counted from 0.
    elsewhere : container of str
        Items of other runs, which are not counted as unknown.

    Raises
    ------
    NoRatingMatches
        No rating is on a known item and a known dimension.
    InputError
        A rater rated an item twice.
    """
    ids, criteria = _Ids(known), _KnownCriteria(rubric)
    named: dict[str, str | None] = {}
    firsts: dict[int, int] = {}
    kept: list[Score] = []
    items: dict[str, None] = {}
    unknown_items: dict[str, None] = {}
    unknown_dimensions: dict[str, None] = {}
    found = 0
    for score in rated:
        found += 1
        if score.dimension not in named:
            named[score.dimension] = rubric_dimension(score.dimension, rubric)
        name = named[score.dimension]
        item_id = ids.known(score.item_id)
        if name == CRITERIA and item_id is not None and not criteria.has(known[item_id], score.criterion):
            continue
        if name is None:
            unknown_dimensions[score.dimension] = None
        elif item_id is None:
            if score.item_id not in elsewhere:
                unknown_items[score.item_id] = None
        else:
            if (first := firsts.setdefault(rating_key(score, item_id, name), found)) != found:
                places = [f"{where}, rating {number:,}" for number in (found, first)]
                raise second_score(score, *([place(n - 1) for n in (found, first)] if place else places))
            items[item_id] = None
            is_same = name == score.dimension and item_id == score.item_id
            kept.append(
                score if is_same else score.model_copy(update={"dimension": name, "item_id": item_id})
            )
    if not kept:
        criteria.check_any(where)
        raise NoRatingMatches(
            _nothing_matches(where, found, known, rubric, unknown_items, unknown_dimensions)
        )
    notes = (
        *_unrated(kept, len(items), len(known)),
        *_left_out(unknown_items, unknown_dimensions, rubric.scored if rubric else ()),
        *ids.notes(),
        *_same_content(items, known),
        *criteria.notes(),
        *_words_for_none(kept),
        *_spelling(kept),
        *_summaries(kept),
        *_repeats(kept),
    )
    return kept, list(notes)


def _same_content(rated: Container[str], known: Mapping[str, Item]) -> Iterator[str]:
    """Name the rated items of whose content there is a second item, which is not rated."""
    firsts = [name.removesuffix("-2") for name in known if _SECOND.fullmatch(name) and name not in rated]
    if twice := [name for name in firsts if name in rated]:
        yield (
            f"Items {_some(twice)} have the content of {_some(f'{name}-2' for name in twice)}, and the "
            "ratings count for the first ones. If they are of different items, make ids of the columns that "
            "tell these apart, for judge score as well: --id-from NAMES."
        )


def known_ids(known: Iterable[str]) -> Callable[[str], str | None]:
    """Return a function that gives the id of the known item that a name refers to; None if there is none."""
    return _Ids(known).known


class _Ids:
    """Ids of the known items, which spreadsheet programs may have changed (1 to 1.0, added spaces)."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = dict.fromkeys(known)
        self._stripped: dict[str, str] = {}
        for name in self._known:
            self._stripped.setdefault(name.strip(), name)
        self._as_whole: dict[str, None] = {}

    def known(self, name: str) -> str | None:
        """Id of the known item that `name` refers to; None if there is none."""
        if name in self._known:
            return name
        if name in self._stripped:
            return self._stripped[name]
        whole = name.removesuffix(".0")
        if whole == name or whole not in self._stripped:
            return None
        self._as_whole[name] = None
        return self._stripped[whole]

    def notes(self) -> Iterator[str]:
        """Note which ids were changed to match."""
        if self._as_whole:
            whole = [name.removesuffix(".0") for name in self._as_whole]
            yield f"Rated items {_some(self._as_whole)} were matched with {_some(whole)}, without the “.0”."


class _KnownCriteria:
    """Criteria that the items bring along; all are known where the items bring none."""

    def __init__(self, rubric: Rubric | None) -> None:
        self._rubric = rubric
        self._rubrics = None if rubric is None else ItemRubrics(rubric)
        self._of_item: dict[str, Container[str | None] | None] = {}
        self._unknown: dict[str, None] = {}
        self._n_unknown = 0

    def has(self, item: Item, criterion: str | None) -> bool:
        """Whether an item has a criterion; one that it does not have is counted."""
        if item.id not in self._of_item:
            brings = self._rubrics is not None and brings_criteria(item, self._rubric)
            self._of_item[item.id] = self._rubrics.of(item).criteria if brings and self._rubrics else None
        known = self._of_item[item.id]
        if known is None or criterion in known:
            return True
        self._n_unknown += 1
        self._unknown[f"{criterion} of {item.id}"] = None
        return False

    def notes(self) -> Iterator[str]:
        """Count the ratings of criteria that the items do not have."""
        if self._unknown:
            ratings = counted(self._n_unknown, "rating was", "ratings were")
            yield f"{ratings} left out: the item has no such criterion ({_some(self._unknown)})."

    def check_any(self, where: str) -> None:
        """Refuse a file without any rating of a known criterion."""
        if self._unknown:
            raise InputError(
                f"{where}: none of its {self._n_unknown:,} ratings of criteria is of a criterion of its "
                f"item; found: {_some(self._unknown)}. Ids of criteria must be equal to those of the items "
                "(c1, c2, … where these have none)"
            )


def _words_for_none(scores: Sequence[Score]) -> Iterator[str]:
    """Count the human ratings that are missing because their cell holds a missing code."""
    reasons = [s.reason for s in scores if s.rater_kind == "human" and s.status == "skipped" and s.reason]
    words = [reason.removeprefix("found ") for reason in reasons if reason.startswith("found ")]
    if words:
        shown = ", ".join(list(dict.fromkeys(words))[:4])
        yield f"Ratings of people that are missing because the file says {shown}: {len(words):,}."


def _spelling(scores: Sequence[Score]) -> Iterator[str]:
    """Note raters, dimensions and ids that may be the same but are spelt differently."""
    raters: dict[str, dict[str, None]] = {}
    for name in dict.fromkeys(score.rater for score in scores):
        raters.setdefault(spelling(name), {})[name] = None
    for names in raters.values():
        if len(names) > 1:
            yield (
                f"Raters {_some(names)} differ in spelling only, and count as {len(names)} raters. If they "
                "are the same, use one spelling."
            )
    dimensions: dict[str, dict[str, None]] = {}
    for name in dict.fromkeys(score.dimension for score in scores):
        dimensions.setdefault(plain_name(name), {})[name] = None
    for names in dimensions.values():
        if len(names) > 1:
            yield (
                f"Dimensions {_some(names)} differ in spelling only, and count as {len(names)} dimensions. "
                "If they are the same, use one spelling."
            )
    ids = {score.item_id for score in scores}
    if twice := sorted(name for name in ids if f"{name}.0" in ids):
        yield (
            f"Items {_some(f'{name}.0' for name in twice)} count as others than {_some(twice)}. If they are "
            "the same, use one spelling."
        )


def _summaries(scores: Sequence[Score]) -> Iterator[str]:
    """Name the rated items and raters that may be rows or columns of means and totals."""
    found = dict.fromkeys(name for s in scores if s.rater_kind == "human" for name in (s.item_id, s.rater))
    if names := [name for name in found if name.casefold() in _SUMMARIES]:
        yield (
            f"Items or raters called {_some(names)} count like any others. If they are means or totals, "
            "remove them."
        )


def _repeats(scores: Sequence[Score]) -> Iterator[str]:
    """Count the repeated ratings of people, which `align_ratings` combines or ignores."""
    later = sum(s.rater_kind == "human" and s.sample > 0 and s.value is not None for s in scores)
    if later:
        yield (
            f"People rated some items repeatedly: {later:,} of their ratings are of a sample other than 0. "
            "--reduce chooses how they are combined; by default (first) only sample 0 counts."
        )


def _nothing_matches(
    where: str,
    found: int,
    known: Mapping[str, Item],
    rubric: Rubric | None,
    items: Mapping[str, None],
    dimensions: Mapping[str, None],
) -> str:
    if items or rubric is None:
        advice = "Ids must be equal; another column may hold them: --column item_id=NAME"
        if all(map(_CONTENT.fullmatch, items)):
            advice = (
                "Such ids are made from question, answer and system, which must be the same in both files; "
                "for columns with other names: --column question=NAME; for ids of other columns, in both: "
                "--id-from"
            )
        return (
            f"{where}: none of the {len(items):,} rated items is known. Rated, e.g.: {_some(items)}; known, "
            f"e.g.: {_some(known)}. {advice}"
        )
    unnamed = " The file names no dimension: name it with --dimension" if set(dimensions) == {OVERALL} else ""
    return (
        f"{where}: none of its {found:,} ratings is on a dimension of rubric {rubric.name}. Found: "
        f"{_some(dimensions)}; allowed: {', '.join(rubric.scored)} and their aliases.{unnamed}"
    )


def _unrated(kept: Sequence[Score], n_rated: int, n_known: int) -> Iterator[str]:
    by_people = len({score.item_id for score in kept if score.rater_kind == "human"})
    if 0 < by_people < n_known:
        yield f"{by_people:,} of {n_known:,} items were rated by people."
    elif n_rated < n_known:
        yield f"{n_rated:,} of {n_known:,} items are in the file of ratings."


def _left_out(
    items: Mapping[str, None], dimensions: Mapping[str, None], scored: Iterable[str]
) -> Iterator[str]:
    if items:
        n = len(items)
        rated = f"{counted(n, 'rated item is', 'rated items are')} not among the items"
        yield f"{rated} and {'was' if n == 1 else 'were'} left out, e.g. {_some(items)}."
    if dimensions:
        yield unknown_dimensions(dimensions, scored)


def unknown_dimensions(dimensions: Iterable[str], scored: Iterable[str]) -> str:
    """Say which dimensions were left out, and which of the rubric the first misspelt one may be."""
    return (
        f"Ratings on {_some(dimensions)} were left out: no such dimension in the rubric."
        f"{_misspelt(dimensions, scored)}"
    )


def _misspelt(dimensions: Iterable[str], scored: Iterable[str]) -> str:
    """Advice on the first dimension whose name resembles one of the rubric."""
    known = {plain_name(name): name for name in scored}
    for name in dimensions:
        if near := near_name(plain_name(name), known):
            return f" If {name!r} is {known[near]}, correct its name in the file."
    return ""


def _some(names: Iterable[str], most: int = 3) -> str:
    listed = list(names)
    return ", ".join(map(repr, listed[:most])) + (" …" if len(listed) > most else "")
