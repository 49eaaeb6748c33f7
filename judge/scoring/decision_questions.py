"""What a rubric asks a decision model: one typed question for each score and each flag. Pure.

What concerns all questions (task, guidelines, the item) stands in the input; a question holds what concerns
it alone: its description and its anchors.
"""

import re
from collections.abc import Iterable
from typing import Any

from judge.records import DecisionQuestion
from judge.rubric import CANNOT_TELL, CRITERIA, Dimension, Example, Rubric
from judge.scoring.reply_form import NO_VERDICT, spoken

MOST_LEVELS = 10
"""Most levels of a score question; a longer scale is asked as a choice, which has up to 255 options."""

_CANNOT_TELL_TEXT = "What is given does not allow a judgment. Not for answers that are merely hard to judge."
_TRUE_WHEN = re.compile(r"(?:whether|(?:true|yes) (?:when|if|where))\s+", re.IGNORECASE)
_ELSE_FALSE = re.compile(r"[;,.]?\s*(?:else|otherwise),? (?:false|no)\.?$", re.IGNORECASE)


def questions_of(rubric: Rubric, *, is_criteria: bool = False) -> tuple[DecisionQuestion, ...]:
    """Return the questions for all dimensions, the overall score if it is judged, and the flags.

    Parameters
    ----------
    rubric : Rubric
        A rubric in the form of `Rubric.as_questions`; of the criteria of an item, or of dimensions.
    is_criteria : bool
        Whether the dimensions are criteria that the item brings along.
    """
    asked = [_question(rubric, name, is_criteria=is_criteria) for name in rubric.judged]
    flags = [
        DecisionQuestion(name, "predicate", f"{spoken(name)}: {as_statement(flag.description)}")
        for name, flag in rubric.flags.items()
    ]
    return (*asked, *flags)


def as_statement(description: str) -> str:
    """Return a description as a statement that is true or not.

    >>> as_statement("true when the answer names the part; else false.")
    'the answer names the part'
    >>> as_statement("Whether it names the part.")
    'it names the part.'
    """
    return _ELSE_FALSE.sub("", _TRUE_WHEN.sub("", description.strip(), count=1))


def _question(rubric: Rubric, name: str, *, is_criteria: bool) -> DecisionQuestion:
    dimension = rubric.dimensions.get(name)
    if dimension is None:
        about = "the answer as a whole, on the same scale as its dimensions"
        return _scored(rubric, name, f"{spoken(name)}: {about}", {})
    if dimension.type == "binary":
        return _met_or_not(rubric, name, dimension, is_criteria=is_criteria)
    about = f"{spoken(name)}: {dimension.description.strip()}"
    if dimension.type == "category":
        order = " The labels run from the lowest to the highest." if dimension.ordered else ""
        options = tuple((label, text.strip()) for label, text in dimension.labels.items())
        return DecisionQuestion(name, "choice", about + order, (*options, *_cannot_tell(rubric)))
    return _scored(rubric, name, about, dimension.anchors)


def _met_or_not(rubric: Rubric, name: str, dimension: Dimension, *, is_criteria: bool) -> DecisionQuestion:
    before = "The answer meets this criterion" if is_criteria else spoken(name)
    about = f"{before}: {as_statement(dimension.description)}"
    if not rubric.abstain:
        return DecisionQuestion(name, "predicate", about)
    options = (("yes", "This is met."), ("no", "This is not met."))
    return DecisionQuestion(name, "choice", about, (*options, *_cannot_tell(rubric)))


def _scored(rubric: Rubric, name: str, about: str, anchors: dict[int, str]) -> DecisionQuestion:
    scale = rubric.scale_of(name)
    levels = tuple((str(score), anchors.get(score, "").strip()) for score in scale.labels)
    if len(levels) <= MOST_LEVELS and scale.level != "nominal" and not rubric.abstain:
        return DecisionQuestion(name, "score", about, levels)
    if scale.level != "nominal":
        about += f" A whole number from {scale.min}, the lowest, to {scale.max}, the highest."
    return DecisionQuestion(name, "choice", about, (*levels, *_cannot_tell(rubric)))


def _cannot_tell(rubric: Rubric) -> tuple[tuple[str, str], ...]:
    return ((CANNOT_TELL, _CANNOT_TELL_TEXT),) if rubric.abstain else ()


def decided_example(example: Example, rubric: Rubric) -> str:
    """Return the verdict of a worked example in words."""
    scores, binary = example.verdict.scores, {n for n, d in rubric.dimensions.items() if d.type == "binary"}
    said = {name: _yes_or_no(score) if name in binary else score for name, score in scores.items()}
    said |= {name: _yes_or_no(value) for name, value in example.verdict.flags.items()}
    return ", ".join(f"{spoken(name)} {value}" for name, value in said.items())


def _yes_or_no(value: Any) -> str:
    return "yes" if value else "no"


def asked_questions(rubric: Rubric) -> dict[str, dict[str, Any]]:
    """Return what a run stores of its questions: their type, and the label that each option stands for.

    ``criteria`` is the question for each criterion that an item brings along.

    >>> from judge.rubric import load_rubric
    >>> asked_questions(load_rubric("open_qa").as_questions())["clarity"]["type"]
    'score'
    """
    found = {q.name: _asked(q, rubric.dimensions.get(q.name)) for q in questions_of(rubric)}
    if rubric.criteria:
        any_criterion = Dimension(description="", type="binary")
        asked = _met_or_not(rubric, CRITERIA, any_criterion, is_criteria=True)
        found[CRITERIA] = _asked(asked, any_criterion)
    return found


def _asked(question: DecisionQuestion, dimension: Dimension | None) -> dict[str, Any]:
    labels = {value: value for value, _ in question.options}
    if dimension and dimension.type == "category":
        labels = {label: str(place) for place, label in enumerate(dimension.labels, start=1)}
    elif dimension and dimension.type == "binary" and labels:
        labels = {"yes": "1", "no": "0"}
    if any(value == CANNOT_TELL for value, _ in question.options):
        labels[CANNOT_TELL] = NO_VERDICT
    return {"type": question.type, "labels": labels}


def questions_text(questions: Iterable[DecisionQuestion]) -> str:
    """Return questions as text, as they are shown to people and counted for estimates."""
    return "\n\n".join(
        "\n".join(
            [
                f"{q.name} ({q.type})\n{q.instructions}",
                *(f"- {value}: {text}" if text else f"- {value}" for value, text in q.options),
            ]
        )
        for q in questions
    )
