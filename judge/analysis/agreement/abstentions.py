"""Who could not tell: pairs of a judge and a person of whom one or both abstained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from judge.analysis.agreement.criteria_matrix import unit_name
from judge.analysis.agreement.derived import parts_of_overall
from judge.analysis.agreement.load import LoadedRatings
from judge.analysis.ratings import Ratings
from judge.counting import counted
from judge.formats.rating_cell import NO_RATING
from judge.records import OVERALL, Score
from judge.rubric import Rubric
from judge.stats.engine.scale import Bools, Ints


@dataclass(frozen=True)
class Abstentions:
    """Pairs of a judge and a person on one item (or criterion) that the person rated, or could not tell.

    Attributes
    ----------
    both_rated : int
        Pairs of which neither abstained; coefficients of agreement are computed on these.
    only_judge, only_person : int
        Pairs of which one abstained and the other rated. A person who skipped an item abstained, too; an
        empty cell is no abstention.
    both : int
        Pairs of which both abstained.
    no_score : int
        Pairs in which the judge neither rated nor abstained: unparsed, refused, failed, or not scored.
    """

    both_rated: int
    only_judge: int
    only_person: int
    both: int
    no_score: int

    @property
    def n(self) -> int:
        """Number of pairs."""
        return self.both_rated + self.only_judge + self.only_person + self.both + self.no_score


def abstentions(
    ratings: Mapping[str, Ratings], scores: Mapping[str, Sequence[Score]], rubric: Rubric | None = None
) -> dict[tuple[str, str], Abstentions]:
    """Count the abstentions of every judge and the people on every dimension where anybody abstained.

    A person abstained on the overall score, like the judge, where the person abstained on a part of it.

    Parameters
    ----------
    ratings : mapping
        Dimension -> ratings.
    scores : mapping
        Dimension -> scores with their statuses, named like the rows of the ratings.
    rubric : Rubric, optional
        Says which dimensions are parts of the overall score.
    """
    found: dict[tuple[str, str], Abstentions] = {}
    abstaining = {name for name in ratings if any(one.status == "abstained" for one in scores.get(name, ()))}
    if not abstaining:
        return {}
    masks = {name: _masks(one, scores.get(name, ())) for name, one in ratings.items()}
    if OVERALL in ratings and rubric is not None:
        parts = [name for name in parts_of_overall(rubric) if name in abstaining]
        for person in ratings[OVERALL].humans:
            for name in parts:
                items = _items_of(ratings[name], masks[name][person])
                masks[OVERALL][person][items] = True
        abstaining |= {OVERALL} if parts else set()
    for name, one in ratings.items():
        if name in abstaining:
            found |= {(judge, name): _counted(one, judge, masks[name]) for judge in one.judges}
    return found


def _items_of(ratings: Ratings, mask: Bools) -> Ints:
    """Positions of the items of some rows."""
    rows = np.flatnonzero(mask)
    return rows if ratings.item_rows is None else ratings.item_rows[rows]


def _masks(ratings: Ratings, scores: Iterable[Score]) -> dict[str, Bools]:
    """Rater -> rows on which the rater abstained."""
    names = ratings.items if ratings.criteria is None else map(unit_name, ratings.items, ratings.criteria)
    row_of = {name: row for row, name in enumerate(names)}
    masks = {rater: np.zeros(len(ratings.items), dtype=bool) for rater in ratings.raters}
    for score in scores:
        if score.sample == 0 and score.item_id in row_of and _abstains(score):
            masks[score.rater][row_of[score.item_id]] = True
    return masks


def _abstains(score: Score) -> bool:
    is_skip = score.rater_kind == "human" and score.status == "skipped" and score.reason != NO_RATING
    return score.status == "abstained" or is_skip


def _counted(ratings: Ratings, judge: str, masks: Mapping[str, Bools]) -> Abstentions:
    scores = ~np.isnan(ratings.column(judge))
    judge_abstained = masks[judge] & ~scores
    counts = np.zeros(5, dtype=int)
    for place, person in enumerate(ratings.humans):
        rated = ~np.isnan(ratings.human_values[:, place])
        abstained = masks[person] & ~rated
        counts += [
            int(cells.sum())
            for cells in (
                rated & scores,
                rated & judge_abstained,
                abstained & scores,
                abstained & judge_abstained,
                (rated | abstained) & ~scores & ~judge_abstained,
            )
        ]
    return Abstentions(*counts.tolist())


def without_inapplicable(loaded: LoadedRatings) -> tuple[LoadedRatings, list[str]]:
    """Leave out what does not concern an item: neither a rating nor a missing one.

    A dimension does not apply to an item where a judge has it as not applicable; ratings by people of such a
    dimension are left out with a note.
    """
    not_of: dict[str, set[str]] = {}
    for score in loaded.scores:
        if score.status == "not_applicable" and score.rater_kind == "judge" and score.criterion is None:
            not_of.setdefault(score.dimension, set()).add(score.item_id)
    applying = [s for s in loaded.scores if s.status != "not_applicable"]
    if not not_of:
        return replace(loaded, scores=tuple(applying)), []
    kept = [s for s in applying if s.item_id not in not_of.get(s.dimension, ())]
    left_out = [s for s in applying if s.value is not None and s.item_id in not_of.get(s.dimension, ())]
    notes = []
    if left_out:
        names = ", ".join(dict.fromkeys(s.dimension for s in left_out))
        ratings = counted(len(left_out), "rating was", "ratings were")
        notes.append(f"{ratings} left out: on dimensions ({names}) that do not apply to the item.")
    inapplicable = {name: frozenset(items) for name, items in not_of.items()}
    return replace(loaded, scores=tuple(kept), not_applicable=inapplicable), notes
