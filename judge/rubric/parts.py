"""The parts of a rubric: scales, dimensions, rules, examples, and how the overall score is computed."""

from collections.abc import Mapping
from math import ceil
from operator import not_
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from judge.pass_mark import reaches
from judge.records import Item, Record

Level = Literal["nominal", "ordinal", "interval", "ratio"]
DimensionType = Literal["score", "binary", "category"]
Reasons = Literal["before", "after", "none"]
NoVerdict = Literal["fail", "drop", "bounds"]
"""Answers without a verdict: they count as fails; they are left out; or they are left out, and the pass rates
that would result if all of them failed and if all of them passed are given, too."""
When = dict[str, Any]
"""Condition on an item: field -> the value, or the list of values, of which it must have one."""

REFERENCE, REASONS = "reference", "reasons"
"""Parts of every rubric that can be left out: the reference images, and the reasons of the judge."""
_OBJECT = ("object", "category", "specie_name")
"""Names of one field: what is seen in the picture of an item."""
MOST_LABELS = 1_001  # largest number of scores of a scale


def _is_none(value: Any) -> bool:
    return value is None


def matches(when: Mapping[str, Any], item: Item) -> bool:
    """Whether every field named in `when` has (one of) the given values in `item`.

    `object` and what RobustMAD calls it, `category` and `specie_name`, are one field: an item that lacks the
    named one is asked for the others.

    >>> matches({"object": "gear"}, Item(id="1", question="?", answer="!", metadata={"category": "gear"}))
    True
    """
    return all(
        any(_has_value(found, wanted) for found in values_of(item, name)) for name, wanted in when.items()
    )


def values_of(item: Item, name: str) -> list[Any]:
    """Values of an item that a condition on a field looks at."""
    found = item.field(name)
    if found is not None or name not in _OBJECT:
        return [found]
    return [item.field(other) for other in _OBJECT]


def _has_value(found: Any, wanted: Any) -> bool:
    allowed = wanted if isinstance(wanted, list) else [wanted]
    return found is not None and _as_text(found) in {_as_text(value) for value in allowed}


def _as_text(value: Any) -> str:
    """Normalize values that a CSV cannot distinguish: 3, 3.0 and "3"; true and "True"."""
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value).strip().casefold()


class RubricScale(Record):
    """A scale of whole numbers from `min` to `max`, with its level of measurement."""

    min: int = 1
    max: int = 5
    level: Level = "ordinal"

    @model_validator(mode="after")
    def _runs_upwards(self) -> Self:
        if self.min >= self.max:
            raise ValueError(f"scale runs from {self.min} to {self.max}; max must be above min")
        if self.max - self.min >= MOST_LABELS:
            raise ValueError(
                f"scale runs from {self.min} to {self.max}; allowed are at most {MOST_LABELS:,} scores"
            )
        return self

    @property
    def labels(self) -> range:
        """Every score that a judge may give."""
        return range(self.min, self.max + 1)

    def holds(self, value: float) -> bool:
        """Whether `value` lies on the scale; an overall score may lie between two labels."""
        return self.min <= value <= self.max


BINARY = RubricScale(min=0, max=1, level="nominal")
"""1: the criterion is met; 0: it is not."""
POINTS = RubricScale(min=0, max=1, level="interval")
"""Share of the points that an answer earned."""


class Dimension(Record):
    """One aspect of an answer that is judged."""

    description: str
    type: DimensionType = Field(default="score", exclude_if="score".__eq__)
    """A score on a scale, a criterion that is met or not, or one of several named labels."""
    scale: RubricScale | None = Field(default=None, exclude_if=not_)
    """The scale of a score, where it is not that of the rubric."""
    anchors: dict[int, str] = Field(default_factory=dict)
    """Score -> what an answer with this score is like."""
    labels: dict[str, str] = Field(default_factory=dict, exclude_if=not_)
    """Labels of a category -> what an answer with this label is like; from low to high where ordered."""
    ordered: bool = Field(default=False, exclude_if=not_)
    """Whether the labels of a category have an order."""
    points: float | None = Field(default=None, exclude_if=_is_none)
    """Points that a met criterion earns; negative ones are a penalty."""
    tags: tuple[str, ...] = Field(default=(), exclude_if=not_)
    """Groups of criteria by which a report counts."""
    aliases: tuple[str, ...] = ()
    """Other names of this dimension in replies and files."""
    when: When = Field(default_factory=dict, exclude_if=not_)
    """Fields that an item must have for the dimension to apply to it; empty for all items."""

    @field_validator("labels", mode="before")
    @classmethod
    def _listed_labels(cls, found: Any) -> Any:
        """Accept a list of labels without descriptions."""
        if isinstance(found, list):
            names = [str(label) for label in found]
            if len(set(names)) < len(names):
                raise ValueError("a label stands twice")
            return dict.fromkeys(names, "")
        return found

    def scale_within(self, scale: RubricScale) -> RubricScale:
        """Scale of the stored values; `scale` is the rubric's. Labels are stored by their position from 0."""
        if self.type == "binary":
            return BINARY
        if self.type == "category":
            level: Level = "ordinal" if self.ordered else "nominal"
            return RubricScale(min=0, max=max(1, len(self.labels) - 1), level=level)
        return self.scale or scale

    def label_of(self, value: float) -> str:
        """Name of a stored value: the label of a category, yes or no of a criterion, else the number."""
        if self.type == "category" and value == int(value):
            return list(self.labels)[int(value)]
        if self.type == "binary" and value in (0, 1):
            return "yes" if value else "no"
        return f"{value:g}"


class Flag(Record):
    """An additional output of the judge: true or false, or a text."""

    type: Literal["boolean", "text"] = "boolean"
    description: str
    optional: bool = Field(default=False, exclude_if=not_)
    """Whether the judge may leave a text out of its reply where there is nothing to report."""


class Rule(Record):
    """A guideline for the items that match a condition."""

    when: When
    text: str
    part: str = Field(default="", pattern=r"^[A-Za-z0-9_-]*$", exclude_if=not_)
    """Name under which it can be left out together with others, such as ``knowledge``."""

    def matches(self, item: Item) -> bool:
        """Whether every field named in `when` has (one of) the given values."""
        return matches(self.when, item)


class ReasonsRule(Record):
    """Where the judge gives reasons, for the items that match `when`."""

    when: When = Field(default_factory=dict)
    give: Reasons


class ImageRule(Record):
    """Images of a role are shown to the judge only for the items that match `when`."""

    role: Literal["query", "reference"]
    when: When = Field(min_length=1)


class CriteriaField(Record):
    """Where the criteria of each item are, and how many are asked in one request."""

    field: str = "criteria"
    """Field of the item: a list of ``{id, text, points, tags}``, of which only the text is required."""
    per_request: int | None = Field(default=None, ge=1)
    """Most criteria in one request; None asks all criteria of an item together."""


class Verdict(Record):
    """The judgment shown in a worked example."""

    scores: dict[str, Annotated[int | str, Field(union_mode="left_to_right")]]
    """Dimension -> score; 1 or 0 (true or false) of a criterion; label of a category."""
    reasons: dict[str, str] = Field(default_factory=dict)
    flags: dict[str, bool | str] = Field(default_factory=dict)


class Example(Record):
    """A worked example: an item and its correct judgment."""

    when: When = Field(default_factory=dict)
    question: str
    answer: str
    reference: str | None = None
    verdict: Verdict

    def matches(self, item: Item) -> bool:
        """Whether the prompt of `item` contains this example."""
        return matches(self.when, item)


class Cap(Record):
    """A limit on the overall score, which holds if every dimension in `below` is below its value."""

    below: dict[str, float] = Field(min_length=1)
    at_most: float | None = Field(default=None, exclude_if=_is_none)
    """Highest overall score; a higher one is lowered to it."""
    less_than: float | None = Field(default=None, exclude_if=_is_none)
    """The overall score is below this; one that is not becomes the highest whole score that is."""

    def limited(self, value: float) -> float:
        """Return the overall score under this limit.

        >>> cap = Cap(below={"truth": 4}, less_than=4)
        >>> cap.limited(5.0), cap.limited(3.5)
        (3.0, 3.5)
        """
        if self.at_most is not None:
            return min(value, self.at_most)
        if self.less_than is None or not reaches(value, self.less_than):
            return value
        return float(ceil(self.less_than) - 1)


Aspect = Literal["accuracy", "coverage", "relevance", "clarity", "quality"]
"""What a dimension measures, by which `judge stress` knows how a change of the answer must move its score."""


class StressDeclaration(Record):
    """What `judge stress` must know about a rubric. It is not part of the prompt and decides no score."""

    aspects: dict[str, Aspect] = Field(default_factory=dict)
    """Dimension -> what it measures; a dimension that is not named measures quality in general."""
    task: str = ""
    """The task in other words, with the same meaning."""


class Overall(Record):
    """How the overall score of an item is computed."""

    how: Literal["judged", "mean", "weighted", "min", "points", "none"] = "mean"
    """``points``: points earned over positive points, between 0 and 1."""
    weights: dict[str, float] = Field(default_factory=dict)
    caps: tuple[Cap, ...] = ()
