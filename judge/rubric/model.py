"""The Rubric: what is judged and how, and when an answer passes."""

from collections.abc import Collection, Mapping
from typing import Self

from pydantic import model_validator

from judge.errors import RubricError
from judge.pass_mark import integer_weights, reaches
from judge.records import OVERALL, Item
from judge.rubric.checks import no_such_part, problems_of
from judge.rubric.content import RubricContent
from judge.rubric.parts import REASONS, REFERENCE, Example, Reasons, Rule, matches

MOST_QUESTIONS = 64
"""Most criteria in one request to a decision model: some servers take no more questions."""


class Rubric(RubricContent):
    """What is judged and how; load one with `judge.load_rubric`. See the shipped files for examples."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if problems := list(dict.fromkeys(problems_of(self))):
            raise ValueError("\n".join(problems))
        return self

    def as_numbers(self) -> "Rubric":
        """Convert to the form in which each score is requested alone; it has no flags."""
        if self.reply == "number":
            return self
        examples = [
            example.model_copy(update={"verdict": example.verdict.model_copy(update={"flags": {}})})
            for example in self.examples
        ]
        return self.model_copy(update={"reply": "number", "flags": {}, "examples": tuple(examples)})

    def as_questions(self) -> "Rubric":
        """Convert to the form that a decision model is asked in: no reasons and no flags that are texts."""
        flags = {name: flag for name, flag in self.flags.items() if flag.type == "boolean"}
        criteria = self.criteria
        if criteria:
            most = min(criteria.per_request or MOST_QUESTIONS, MOST_QUESTIONS)
            criteria = criteria.model_copy(update={"per_request": most})
        examples = tuple(_without_reasons(example, flags) for example in self.examples)
        update = {"reply": "json", "reasons": "none", "flags": flags, "criteria": criteria}
        return self.model_copy(update={**update, "examples": examples})

    def leaving_out(self, part: str) -> "Rubric":
        """Return the rubric without one of its parts, to measure what the part contributes.

        Parameters
        ----------
        part : str
            ``reference`` (reference images are not shown), ``reasons`` (none are asked for), or the `part`
            of rules. Rules with ``part: reference`` are left out together with the images.

        Raises
        ------
        RubricError
            The rubric has no part of this name.

        Examples
        --------
        >>> from judge import load_rubric
        >>> load_rubric("inspection").leaving_out("reference").name
        'inspection-without-reference'
        """
        if part not in self.separable:
            raise RubricError(f"rubric {self.name}: {no_such_part(self, part)}")
        return self.model_copy(
            update={"name": f"{self.name}-without-{part}", "without": (*self.without, part)}
        )

    def rules_for(self, item: Item) -> list[Rule]:
        """List the rules that match `item`; its prompt contains only these."""
        return [rule for rule in self.rules if rule.part not in self.without and rule.matches(item)]

    def examples_for(self, item: Item) -> list[Example]:
        """List the worked examples that match `item`."""
        return [example for example in self.examples if example.matches(item)]

    def reasons_for(self, item: Item) -> Reasons:
        """Whether the judge gives reasons for `item`: the first rule that matches decides."""
        if REASONS in self.without:
            return "none"
        if isinstance(self.reasons, str):
            return self.reasons
        return next((rule.give for rule in self.reasons if matches(rule.when, item)), "before")

    def images_for(self, item: Item) -> tuple[int, ...]:
        """Positions of the images of `item` that the judge is shown."""
        hidden = {rule.role for rule in self.images} - {r.role for r in self.images if matches(r.when, item)}
        if REFERENCE in self.without:
            hidden.add("reference")
        return tuple(place for place, image in enumerate(item.images) if image.role not in hidden)

    def overall_score(self, scores: Mapping[str, float], judged: float | None = None) -> float | None:
        """Compute the overall score, limited by the caps; None if a score that it needs is missing."""
        value = judged if OVERALL in self.judged else self._combined(scores)
        if value is None:
            return None
        for cap in self.overall.caps:
            below = {name: least for name, least in cap.below.items() if name in self.dimensions}
            if any(name not in scores for name in below):
                return None
            if not all(reaches(scores[name], least) for name, least in below.items()):
                value = cap.limited(value)
        return value

    def passes(self, scores: Mapping[str, float], not_applicable: Collection[str] = ()) -> bool | None:
        """Whether an answer with these scores passes; None if that depends on a missing score.

        None as well where a score of the pass rule does not apply to the item.
        """
        if any(name in not_applicable for name in self.pass_rule):
            return None
        held = [reaches(scores[name], least) for name, least in self.pass_rule.items() if name in scores]
        if not all(held):
            return False
        return True if len(held) == len(self.pass_rule) else None

    def counted_verdict(
        self, scores: Mapping[str, float], not_applicable: Collection[str] = ()
    ) -> bool | None:
        """Whether a judged answer passes, where a missing verdict may count as a fail (`no_verdict`)."""
        found = self.passes(scores, not_applicable)
        is_open = found is None and not any(name in not_applicable for name in self.pass_rule)
        return False if is_open and self.no_verdict == "fail" else found

    def _combined(self, scores: Mapping[str, float]) -> float | None:
        names = self.combined
        if not names or any(name not in scores for name in names):
            return None
        if self.overall.how == "points":
            points = {name: self.dimensions[name].points or 0.0 for name in names}
            most = sum(value for value in points.values() if value > 0)
            earned = sum(points[name] * scores[name] for name in names)
            return min(max(earned / most, 0.0), 1.0) if most else None
        if self.overall.how == "min":
            return min(scores[name] for name in names)
        weights = (
            [self.overall.weights[name] for name in names] if self.overall.weights else [1.0] * len(names)
        )
        whole = integer_weights(tuple(weights))
        total = sum(whole)
        return sum(scores[name] * w for name, w in zip(names, whole, strict=True)) / total if total else None


def _without_reasons(example: Example, flags: Collection[str]) -> Example:
    """Return a worked example whose verdict is only what a decision model is asked for."""
    verdict = example.verdict
    kept = {name: value for name, value in verdict.flags.items() if name in flags}
    return example.model_copy(update={"verdict": verdict.model_copy(update={"reasons": {}, "flags": kept})})
