"""Rubrics: what a judge scores, and when an answer passes. One YAML file each.

A rubric defines the dimensions and the meaning of each score, the rules and worked examples and the items
that they apply to, the overall score, and the pass rule. The overall score and the pass rule are computed in
code and not by the model (except for an overall score that is declared as `judged`).
"""

from collections.abc import Iterable, Mapping
from io import TextIOWrapper
from itertools import filterfalse
from math import isfinite
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from judge.errors import RubricError
from judge.files.strict_yaml import LARGEST_FILE, load_yaml
from judge.files.unpacking import open_file
from judge.pass_mark import integer_weights, reaches
from judge.records import OVERALL, Item, Record, content_hash

Level = Literal["nominal", "ordinal", "interval", "ratio"]
_RESERVED = frozenset(
    {
        *("dimension_scores", "dimensions", "scores", "score", "value"),
        *("explanation", "reason", "reasoning", "rationale"),
    }
)
MOST_LABELS = 1_001  # largest number of scores of a scale
_MOST_LINES = 20
When = dict[str, Any]
"""Condition on an item: field -> the value, or the list of values, of which it must have one."""


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


class Dimension(Record):
    """One aspect of an answer that gets a score."""

    description: str
    anchors: dict[int, str]
    """Score -> description of an answer with this score; one for every score of the scale."""
    aliases: tuple[str, ...] = ()
    """Other names of this dimension in replies and files."""


class Flag(Record):
    """An additional output of the judge: true or false, or a text."""

    type: Literal["boolean", "text"] = "boolean"
    description: str


class Rule(Record):
    """A guideline for the items that match a condition."""

    when: When
    text: str

    def matches(self, item: Item) -> bool:
        """Whether every field named in `when` has (one of) the given values."""
        return _matches(self.when, item)


class Verdict(Record):
    """The judgment shown in a worked example."""

    scores: dict[str, int]
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
        return _matches(self.when, item)


class Cap(Record):
    """A limit: the overall score is at most `at_most` if a dimension in `below` is below its value."""

    below: dict[str, float] = Field(min_length=1)
    at_most: float


class Overall(Record):
    """How the overall score of an item is computed: judged by the model, or combined from the dimensions."""

    how: Literal["judged", "mean", "weighted", "min", "none"] = "mean"
    weights: dict[str, float] = Field(default_factory=dict)
    caps: tuple[Cap, ...] = ()


class Rubric(Record):
    """What is judged and how; load one with `judge.load_rubric`. See the shipped files for examples."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    version: int | str = 1
    description: str = ""
    source: str = ""
    task: str
    """Opening of the prompt: the role of the judge and its task."""
    scale: RubricScale = RubricScale()
    dimensions: dict[str, Dimension] = Field(min_length=1)
    guidelines: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    examples: tuple[Example, ...] = ()
    flags: dict[str, Flag] = Field(default_factory=dict)
    reasons: Literal["before", "after", "none"] = "before"
    """Whether the judge gives its reason before the score, after it, or not at all."""
    overall: Overall = Overall()
    pass_rule: dict[str, float] = Field(alias="pass", min_length=1)
    """Dimension (or `overall`) -> pass mark; an answer passes if it reaches all of them."""
    reply: Literal["json", "number"] = "json"
    """One JSON reply for all dimensions, or one request per dimension whose reply is a bare number."""
    max_words: int | None = Field(default=None, ge=1)
    """Word limit that the systems were given; it is reported and does not change scores."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if problems := list(dict.fromkeys(_problems(self))):
            raise ValueError("\n".join(problems))
        return self

    @property
    def scored(self) -> tuple[str, ...]:
        """Names of everything that gets a number: the dimensions, then `overall` if there is one."""
        overall = () if self.overall.how == "none" else (OVERALL,)
        return (*self.dimensions, *overall)

    @property
    def judged(self) -> tuple[str, ...]:
        """Names of everything that the model scores: the dimensions, then `overall` if it is judged."""
        overall = (OVERALL,) if self.overall.how == "judged" else ()
        return (*self.dimensions, *overall)

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of everything that a reply contains: the scores of the model, then the flags."""
        return (*self.judged, *self.flags)

    @property
    def digest(self) -> str:
        """Hash of the whole content."""
        return content_hash(self.model_dump(by_alias=True))

    def canonical_name(self, name: str) -> str | None:
        """Return the dimension with this name or alias; None if there is none."""
        if name in self.dimensions:
            return name
        return next((known for known, d in self.dimensions.items() if name in d.aliases), None)

    def as_numbers(self) -> "Rubric":
        """Convert to the form in which each score is requested alone; it has no flags."""
        if self.reply == "number":
            return self
        examples = [
            example.model_copy(update={"verdict": example.verdict.model_copy(update={"flags": {}})})
            for example in self.examples
        ]
        return self.model_copy(update={"reply": "number", "flags": {}, "examples": tuple(examples)})

    def rules_for(self, item: Item) -> list[Rule]:
        """List the rules that match `item`; its prompt contains only these."""
        return [rule for rule in self.rules if rule.matches(item)]

    def examples_for(self, item: Item) -> list[Example]:
        """List the worked examples that match `item`."""
        return [example for example in self.examples if example.matches(item)]

    def overall_score(self, scores: Mapping[str, float], judged: float | None = None) -> float | None:
        """Compute the overall score, limited by the caps; None if a score that it needs is missing."""
        value = judged if OVERALL in self.judged else self._combined(scores)
        if value is None:
            return None
        for cap in self.overall.caps:
            if any(name not in scores for name in cap.below):
                return None
            if not all(reaches(scores[name], least) for name, least in cap.below.items()):
                value = min(value, cap.at_most)
        return value

    def passes(self, scores: Mapping[str, float]) -> bool | None:
        """Whether an answer with these scores passes; None if that depends on a missing score."""
        held = [reaches(scores[name], least) for name, least in self.pass_rule.items() if name in scores]
        if not all(held):
            return False
        return True if len(held) == len(self.pass_rule) else None

    def _combined(self, scores: Mapping[str, float]) -> float | None:
        if self.overall.how == "none" or any(name not in scores for name in self.dimensions):
            return None
        values = {name: scores[name] for name in self.dimensions}
        if self.overall.how == "min":
            return min(values.values())
        weights = self.overall.weights or dict.fromkeys(values, 1.0)
        whole = integer_weights(tuple(weights.values()))
        return sum(values[name] * w for name, w in zip(weights, whole, strict=True)) / sum(whole)


def load_rubric(name_or_path: str | Path) -> Rubric:
    """Load a shipped rubric by its name, or any rubric by the path of its YAML file.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped rubric (``judge rubric list``), or path of a YAML file, which may be compressed.

    Raises
    ------
    RubricError
        The file is missing, is not YAML, or is not a valid rubric. The message names the file, the key, what
        was found, and what is allowed.

    Examples
    --------
    >>> load_rubric("open_qa").scored
    ('technical_accuracy', 'comprehensiveness', 'relevance', 'clarity', 'overall')
    """
    path = rubric_file(name_or_path)
    try:
        with TextIOWrapper(open_file(path), "utf-8-sig") as file:
            text = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        known = ", ".join(shipped_rubrics())
        raise RubricError(
            f"rubric {str(name_or_path)!r} is neither shipped nor a file. Shipped: {known}. "
            "Create your own: judge rubric new FILE"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or error
        raise RubricError(f"{path}: cannot be read: {problem}") from None
    return parse_rubric(text, where=str(path))


def parse_rubric(text: str, where: str = "rubric") -> Rubric:
    """Build a rubric from the text of a YAML file; `where` names the file in errors."""
    try:
        data = load_yaml(text)
    except ValueError as error:
        raise RubricError(f"{where}: {error}") from None
    if not isinstance(data, dict):
        raise RubricError(
            f"{where}: found {type(data).__name__}; a rubric is a mapping with name, task, dimensions, pass"
        )
    try:
        return Rubric.model_validate(data)
    except ValidationError as error:
        lines = list(_readable(error))
        more = [f"… and {len(lines) - _MOST_LINES:,} more"] if len(lines) > _MOST_LINES else []
        raise RubricError("\n".join(f"{where}: {line}" for line in lines[:_MOST_LINES] + more)) from None


def rubric_file(name_or_path: str | Path) -> Path:
    """Return the file of a shipped rubric, or the path itself."""
    return shipped_rubrics().get(str(name_or_path), Path(name_or_path))


def shipped_rubrics() -> dict[str, Path]:
    """List the rubrics that are shipped with the package: name -> file."""
    here = Path(__file__).parent
    folder = next(f for f in (here / "rubrics", here.parent / "rubrics") if f.is_dir())
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _matches(when: When, item: Item) -> bool:
    return all(_meets(item.field(name), wanted) for name, wanted in when.items())


def _meets(found: Any, wanted: Any) -> bool:
    allowed = wanted if isinstance(wanted, list) else [wanted]
    return found is not None and _as_text(found) in {_as_text(value) for value in allowed}


def _as_text(value: Any) -> str:
    """Normalize values that a CSV cannot distinguish: 3, 3.0 and "3"; true and "True"."""
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value).strip().casefold()


def _problems(rubric: Rubric) -> Iterable[str]:
    """Yield the contradictions between values that are valid by themselves."""
    labels, names = rubric.scale.labels, list(rubric.dimensions)
    for name, dimension in rubric.dimensions.items():
        if extra := sorted(set(dimension.anchors) - set(labels)):
            yield (
                f"dimensions.{name}.anchors: has an anchor for {extra[0]}, but the scale runs "
                f"{rubric.scale.min}-{rubric.scale.max}; anchors must lie on the scale"
            )
        if missing := sorted(set(labels) - set(dimension.anchors)):
            yield f"dimensions.{name}.anchors: no anchor for {missing[0]}; every score of the scale needs one"
    for name in filterfalse(_is_valid_name, (*names, *rubric.flags)):
        yield f"dimensions and flags: {name!r} is not a valid name; use visible characters, no outer spaces"
    for name in sorted({*names, *rubric.flags} & _RESERVED):
        yield f"dimensions and flags: {name!r} has a fixed meaning in replies; choose another name"
    taken = [*names, *(alias for d in rubric.dimensions.values() for alias in d.aliases), *rubric.flags]
    for name in taken:
        if name == OVERALL or taken.count(name) > 1:
            yield f"dimensions and flags: the name {name!r} is used twice, or reserved for the overall score"
    scored = ", ".join(rubric.scored)
    for place, used in _names_used(rubric):
        if used not in rubric.scored:
            yield f"{place}: {used!r} is not scored; allowed: {scored}"
    for place, value in _values_used(rubric):
        if not rubric.scale.holds(value):
            yield f"{place}: {value:g} is off the scale {rubric.scale.min}-{rubric.scale.max}"
    if not all(map(isfinite, rubric.overall.weights.values())):
        yield "overall.weights: weights must be finite numbers"
    if rubric.overall.how == "weighted" and set(rubric.overall.weights) != set(names):
        yield f"overall.weights: needs one weight for each of {', '.join(names)}"
    elif rubric.overall.how == "weighted" and not (
        min(rubric.overall.weights.values()) >= 0 < sum(rubric.overall.weights.values())
    ):
        yield "overall.weights: weights must be 0 or more, and not all 0"
    if rubric.reply == "number" and rubric.flags:
        yield "flags: a reply of one number cannot contain flags; use reply: json"
    for index, example in enumerate(rubric.examples):
        yield from _example_problems(rubric, index, example)


def _is_valid_name(name: str) -> bool:
    return bool(name) and name.isprintable() and name == name.strip()


def _names_used(rubric: Rubric) -> Iterable[tuple[str, str]]:
    yield from (("pass", name) for name in rubric.pass_rule)
    yield from (("overall.caps", name) for cap in rubric.overall.caps for name in cap.below)
    yield from (("overall.weights", name) for name in rubric.overall.weights)


def _values_used(rubric: Rubric) -> Iterable[tuple[str, float]]:
    yield from ((f"pass.{name}", least) for name, least in rubric.pass_rule.items())
    for cap in rubric.overall.caps:
        yield from (("overall.caps.below", value) for value in cap.below.values())
        yield "overall.caps.at_most", cap.at_most


def _example_problems(rubric: Rubric, index: int, example: Example) -> Iterable[str]:
    where = f"examples.{index}.verdict"
    judged = set(rubric.judged)
    if set(example.verdict.scores) != judged:
        yield f"{where}.scores: has {sorted(example.verdict.scores)}; must have exactly {sorted(judged)}"
    for name, score in example.verdict.scores.items():
        if not rubric.scale.holds(score):
            yield f"{where}.scores.{name}: {score} is off the scale {rubric.scale.min}-{rubric.scale.max}"
    if unknown := sorted(set(example.verdict.reasons) - judged):
        yield f"{where}.reasons: {unknown[0]!r} gets no score; allowed: {sorted(judged)}"
    if set(example.verdict.flags) != set(rubric.flags):
        yield f"{where}.flags: has {sorted(example.verdict.flags)}; must have exactly {sorted(rubric.flags)}"


def _readable(error: ValidationError) -> Iterable[str]:
    """Yield one line for each problem: the key, what was found, and what is allowed."""
    for detail in error.errors(include_url=False):
        key = ".".join(str(part) for part in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        if not key:
            yield from message.splitlines()
        elif detail["type"] == "missing":
            yield f"{key}: missing; it is required"
        elif detail["type"] == "extra_forbidden":
            yield f"{key}: unknown key; for an example of all keys see: judge rubric show open_qa"
        else:
            yield f"{key}: found {detail['input']!r:.80}; {message}"
