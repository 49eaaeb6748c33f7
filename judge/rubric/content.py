"""What a rubric file holds, and the names and scales of what it asks for."""

from operator import not_
from typing import Literal

from pydantic import ConfigDict, Field

from judge.records import OVERALL, Record, content_hash
from judge.rubric.parts import (
    POINTS,
    REASONS,
    REFERENCE,
    CriteriaField,
    Dimension,
    Example,
    Flag,
    ImageRule,
    NoVerdict,
    Overall,
    Reasons,
    ReasonsRule,
    RubricScale,
    Rule,
    StressDeclaration,
)


class RubricContent(Record):
    """The fields of a rubric file, each valid by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    version: int | str = 1
    description: str = ""
    source: str = ""
    task: str
    """Opening of the prompt: the role of the judge and its task."""
    scale: RubricScale = RubricScale()
    dimensions: dict[str, Dimension] = Field(default_factory=dict)
    criteria: CriteriaField | None = Field(default=None, exclude_if=not_)
    """Criteria that each item brings along; each is judged as met or not."""
    guidelines: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    examples: tuple[Example, ...] = ()
    flags: dict[str, Flag] = Field(default_factory=dict)
    reasons: Reasons | tuple[ReasonsRule, ...] = "before"
    """Whether the judge gives its reason before the score, after it, or not at all; rules choose by item."""
    images: tuple[ImageRule, ...] = Field(default=(), exclude_if=not_)
    """Which images are shown for which items; those of a role without a rule are always shown."""
    without: tuple[str, ...] = Field(default=(), exclude_if=not_)
    """Parts that are left out: ``reference`` (images), ``reasons``, and parts that rules name."""
    abstain: bool = Field(default=False, exclude_if=not_)
    """Whether the judge may reply that it cannot tell."""
    overall: Overall = Overall()
    pass_rule: dict[str, float] = Field(alias="pass", min_length=1)
    """Dimension (or `overall`) -> pass mark; an answer passes if it reaches all of them."""
    no_verdict: NoVerdict = Field(default="bounds", exclude_if="bounds".__eq__)
    """How an answer without a verdict counts where `--no-verdict` is not given."""
    reply: Literal["json", "number"] = "json"
    """One JSON reply for all dimensions, or one request per dimension whose reply is a bare number."""
    max_words: int | None = Field(default=None, ge=1)
    """Word limit that the systems were given; it is reported and does not change scores."""
    stress: StressDeclaration = Field(default=StressDeclaration(), exclude=True)
    """What `judge stress` must know; it is not stored, and changes neither fingerprints nor digests."""

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
    def combined(self) -> tuple[str, ...]:
        """Names of the dimensions of which the overall score is computed."""
        if self.overall.weights and self.overall.how in ("weighted", "mean"):
            return tuple(name for name in self.overall.weights if name in self.dimensions)
        if self.overall.how == "points":
            return tuple(name for name, d in self.dimensions.items() if d.points is not None)
        return tuple(self.dimensions) if self.overall.how in ("mean", "min") else ()

    @property
    def is_uniform(self) -> bool:
        """Whether every item is judged on the same dimensions, all of them scores on the rubric's scale."""
        plain = all(d.type == "score" and not d.scale and not d.when for d in self.dimensions.values())
        varies = self.criteria or self.images or self.abstain or REASONS in self.without
        return plain and not varies and isinstance(self.reasons, str)

    @property
    def separable(self) -> tuple[str, ...]:
        """Names of the parts that can be left out, see `without`."""
        return tuple(dict.fromkeys((REFERENCE, REASONS, *(rule.part for rule in self.rules if rule.part))))

    @property
    def digest(self) -> str:
        """Hash of the whole content."""
        return content_hash(self.model_dump(by_alias=True))

    def scale_of(self, name: str) -> RubricScale:
        """Scale of the values of a dimension, of a criterion, or of the overall score."""
        if name in self.dimensions:
            return self.dimensions[name].scale_within(self.scale)
        if self.overall.how == "points":
            return POINTS
        combined = self.combined
        return self.dimensions[combined[0]].scale_within(self.scale) if combined else self.scale

    def canonical_name(self, name: str) -> str | None:
        """Return the dimension with this name or alias; None if there is none."""
        if name in self.dimensions:
            return name
        return next((known for known, d in self.dimensions.items() if name in d.aliases), None)
