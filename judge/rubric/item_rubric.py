"""The rubric of one item: the dimensions that apply to it, its own criteria, and the requests they take.

Everything that asks, reads or combines scores works on plain rubrics: what depends on the item is settled
here, once.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from judge.records import OVERALL, Item, canonical_json
from judge.rubric.checks import CRITERIA
from judge.rubric.item_criteria import criteria_of, refuse_misspelt_fields
from judge.rubric.model import Rubric
from judge.rubric.parts import Dimension, Overall, When, matches

_MOST_KEPT = 256


def asks_criteria(name: str | None) -> bool:
    """Whether a name, as of a request, means criteria of the item: ``criteria/1``."""
    return name is not None and name.startswith(f"{CRITERIA}/")


@dataclass(frozen=True)
class ItemRubric:
    """The rubric as it applies to one item.

    Attributes
    ----------
    rubric : Rubric
        The dimensions that apply, with the reasons that the item gets; nothing in it depends on an item.
    criteria : mapping
        Id -> criterion of the item, as a dimension of type binary.
    not_applicable : mapping
        Dimension (or overall) that does not apply -> why.
    parts : mapping
        What each request of the item asks for: None (all dimensions), a dimension, or a group of criteria ->
        the rubric that says how to ask and how to read the reply.
    """

    rubric: Rubric
    criteria: Mapping[str, Dimension] = field(default_factory=dict)
    not_applicable: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str | None, Rubric] = field(default_factory=dict)

    def overall_score(
        self, scores: Mapping[str, float], met: Mapping[str, float], judged: float | None = None
    ) -> float | None:
        """Overall score of the item; None where a score that it needs is missing.

        Parameters
        ----------
        scores : mapping
            Dimension -> score.
        met : mapping
            Id of a criterion -> 1 where it is met, else 0.
        judged : float or None
            The overall score that the judge itself gave, where the rubric asks for it.
        """
        if self.rubric.overall.how != "points" or not self.criteria:
            return self.rubric.overall_score(scores, judged)
        everything = {**self.rubric.dimensions, **{_name(key): d for key, d in self.criteria.items()}}
        whole = self.rubric.model_copy(update={"dimensions": everything})
        return whole.overall_score({**scores, **{_name(key): value for key, value in met.items()}})


class ItemRubrics:
    """Gives the rubric of each item; items with the same dimensions and criteria share one.

    Parameters
    ----------
    rubric : Rubric
        The rubric of the run.
    """

    def __init__(self, rubric: Rubric) -> None:
        self._rubric = rubric
        self.uniform = _made(rubric, {}, {}) if rubric.is_uniform else None
        """The rubric of all items, where it is the same."""
        self._known: OrderedDict[str, ItemRubric] = OrderedDict()

    def checked(self, item: Item) -> ItemRubric:
        """Return the rubric of an item of the input, whose criteria must have no misspelt fields.

        Raises
        ------
        InputError
            The criteria of the item cannot be read, or a field of them is misspelt.
        """
        found = self.of(item)
        if self._rubric.criteria:
            refuse_misspelt_fields(item, self._rubric.criteria)
        return found

    def of(self, item: Item) -> ItemRubric:
        """Return the rubric of one item.

        Raises
        ------
        InputError
            The criteria of the item cannot be read.
        """
        if self.uniform is not None:
            return self.uniform
        rubric = self._rubric
        listed = criteria_of(item, rubric.criteria) if rubric.criteria else {}
        missing = {n: _why(d.when, item) for n, d in rubric.dimensions.items() if not matches(d.when, item)}
        key = canonical_json(
            [rubric.reasons_for(item), missing, {k: c.model_dump() for k, c in listed.items()}]
        )
        if key not in self._known:
            if len(self._known) >= _MOST_KEPT:
                self._known.popitem(last=False)
            resolved = rubric.model_copy(update={"reasons": rubric.reasons_for(item)})
            self._known[key] = _made(resolved, missing, listed)
        self._known.move_to_end(key)
        return self._known[key]


def _made(rubric: Rubric, missing: Mapping[str, str], listed: Mapping[str, Dimension]) -> ItemRubric:
    applying = {n: d for n, d in rubric.dimensions.items() if n not in missing}
    per_request = (rubric.criteria.per_request if rubric.criteria else None) or max(1, len(listed))
    if not rubric.is_uniform:
        rubric = rubric.model_copy(
            update={
                "dimensions": {n: d.model_copy(update={"when": {}}) for n, d in applying.items()},
                "criteria": None,
                "images": (),
                "examples": tuple(_shortened(rubric, missing)),
            }
        )
    why = dict(missing)
    if reason := _without_overall(rubric, listed, bool(missing)):
        why[OVERALL] = reason
    return ItemRubric(rubric, listed, why, _parts(rubric, listed, per_request))


def _shortened(rubric: Rubric, missing: Mapping[str, str]) -> Sequence[Any]:
    """Worked examples without the scores of dimensions that do not apply."""
    kept = []
    for example in rubric.examples:
        said = example.verdict
        if not set(rubric.judged) - set(missing) <= set(said.scores):
            continue  # it shows other dimensions than those that are asked for
        update = {
            "scores": {n: score for n, score in said.scores.items() if n not in missing},
            "reasons": {n: text for n, text in said.reasons.items() if n not in missing},
        }
        kept.append(example.model_copy(update={"verdict": said.model_copy(update=update)}))
    return kept


def _without_overall(rubric: Rubric, listed: Mapping[str, Dimension], is_shortened: bool) -> str | None:
    """Why an item has no overall score, where that is known before it is asked."""
    how = rubric.overall.how
    if how == "points":
        earning = [d.points or 0.0 for d in (*listed.values(), *rubric.dimensions.values())]
        return None if any(points > 0 for points in earning) else "no criterion earns positive points"
    if how in ("mean", "min", "weighted") and is_shortened and not _has_weight(rubric):
        return "no dimension of the overall score applies"
    if how == "judged" and not rubric.dimensions:
        return "no dimension applies"
    return None


def _has_weight(rubric: Rubric) -> bool:
    weights = rubric.overall.weights
    return any(weights.get(name, 1.0) > 0 for name in rubric.combined)


def _parts(rubric: Rubric, listed: Mapping[str, Dimension], per_request: int) -> dict[str | None, Rubric]:
    parts: dict[str | None, Rubric] = {}
    if rubric.reply == "number":
        parts |= dict.fromkeys(rubric.judged if rubric.dimensions else (), rubric)
        return parts | {_name(key): _of_criteria(rubric, {key: d}) for key, d in listed.items()}
    if rubric.dimensions:
        parts[None] = rubric
    elif rubric.flags:
        parts[None] = rubric.model_copy(update={"overall": Overall(how="none")})
    source = list(listed.items())
    for number, start in enumerate(range(0, len(source), per_request), start=1):
        parts[f"{CRITERIA}/{number}"] = _of_criteria(rubric, dict(source[start : start + per_request]))
    return parts


def _of_criteria(rubric: Rubric, listed: Mapping[str, Dimension]) -> Rubric:
    update: dict[str, Any] = {"dimensions": dict(listed), "flags": {}, "examples": (), "criteria": None}
    return rubric.model_copy(update={**update, "overall": Overall(how="none")})


def _name(key: str) -> str:
    return f"{CRITERIA}/{key}"


def _why(when: When, item: Item) -> str:
    """Say which field keeps a dimension from an item."""
    name = next(name for name, wanted in when.items() if not matches({name: wanted}, item))
    found, wanted = item.field(name), when[name]
    allowed = ", ".join(map(str, wanted)) if isinstance(wanted, list) else str(wanted)
    return (
        f"{name} is {'missing' if found is None else found!s:.60}; it applies where {name} is {allowed:.120}"
    )
