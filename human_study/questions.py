"""The questions of the rating form, and their options: what a rubric asks about one answer."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from human_study.shown_verdict import ShownScore
from judge.records import OVERALL, Record
from judge.rubric import CANNOT_TELL, CRITERIA, Dimension, ItemRubric, Level, Rubric, asks_criteria

YES_NO = ((1, "Yes"), (0, "No"))
_MOST_LISTED = 7
"""Options without a description of their own are listed below each other up to this number."""

QuestionType = Literal["score", "binary", "category", "flag", "text", "approval"]


class Option(Record):
    """One option of a question."""

    value: int | str
    """The label of a category, ``cannot_tell``, else a number."""
    anchor: str
    """Description of an answer with this score."""
    key: str | None = None
    """Keyboard key that selects the option."""

    @property
    def is_abstention(self) -> bool:
        """Whether the option says that the rater cannot tell."""
        return self.value == CANNOT_TELL

    @property
    def chip(self) -> str:
        """What the button of the option shows: the score, or the key where the value is a word."""
        return str(self.value) if isinstance(self.value, int) else self.key or "·"

    @property
    def title(self) -> str:
        """Label of a category; empty where the button shows the value itself."""
        return self.value if isinstance(self.value, str) and not self.is_abstention else ""


_MET: tuple[Option, ...] = (
    Option(value=1, anchor="Met", key="1"),
    Option(value=0, anchor="Not met", key="0"),
)
_ABSTENTION = Option(value=CANNOT_TELL, anchor="Cannot tell", key="x")


class FormQuestion(Record):
    """A question about an answer: a dimension, a criterion, the overall score, or a flag."""

    name: str
    """``criteria/ID`` is a criterion of the item."""
    label: str
    description: str
    options: tuple[Option, ...] = ()
    """Empty for a text question, which is optional."""
    type: QuestionType = "score"
    level: Level = "ordinal"
    """Level of measurement of the values."""
    judged: ShownScore | None = None
    """The judge's score, where raters approve or contest it."""
    judged_as: str = ""
    """The judge's score with its description."""
    own: tuple[Option, ...] = ()
    """Scores that a rater who contests the judge's may give instead."""

    @property
    def is_text(self) -> bool:
        """Whether the reply is free text."""
        return not self.options

    @property
    def is_criterion(self) -> bool:
        """Whether it is a criterion of the item."""
        return asks_criteria(self.name)

    @property
    def values(self) -> list[int | str]:
        """Values of the options, without "Cannot tell"."""
        return [option.value for option in self.options if not option.is_abstention]

    @property
    def is_row(self) -> bool:
        """Whether the options are shown side by side: met or not, or a long scale with few descriptions."""
        undescribed = [option for option in self.options if not option.anchor]
        return self.type in ("binary", "approval") or (len(self.values) > _MOST_LISTED and bool(undescribed))

    def number(self, value: int | str) -> float:
        """Position of a label among those of the category; other values are numbers already."""
        return float(self.values.index(value) if isinstance(value, str) else value)

    def shown(self, value: int | str) -> int | str:
        """Value as a rater reads it: the score, Met or Not met, or the label."""
        if value == CANNOT_TELL or self.type in ("binary", "approval"):
            return next((option.anchor for option in self.options if option.value == value), value)
        return value


def questions_of(own: ItemRubric, flags_of: Rubric) -> Iterator[FormQuestion]:
    """Dimensions that apply, the overall score if it is judged, criteria of the item, then flags."""
    rubric = own.rubric
    for name, dimension in rubric.dimensions.items():
        yield _of_dimension(rubric, name, dimension)
    if OVERALL in rubric.judged and OVERALL not in own.not_applicable:
        scale = rubric.scale_of(OVERALL)
        ends = {scale.min: "Worst", scale.max: "Best"}
        description = "The answer as a whole, all things considered."
        options = _scale_options(rubric, OVERALL, ends)
        yield _question(rubric, OVERALL, description, options, "score")
    for key, criterion in own.criteria.items():
        yield criterion_question(rubric, key, criterion)
    for name, flag in flags_of.flags.items():
        answers = YES_NO if flag.type == "boolean" else ()
        yield FormQuestion(
            name=name,
            label=label(name),
            description=_for_raters(flag.description),
            options=tuple(Option(value=value, anchor=text, key=str(value)) for value, text in answers),
            type="flag" if answers else "text",
            level="nominal",
        )


def criterion_question(rubric: Rubric, key: str, criterion: Dimension | None = None) -> FormQuestion:
    """The question about one criterion; its text is the label."""
    name = f"{CRITERIA}/{key}"
    return FormQuestion(
        name=name,
        label=criterion.description if criterion else label(name),
        description="",
        options=(*_MET, *abstention(rubric)),
        type="binary",
        level="nominal",
    )


def label(name: str) -> str:
    """Return the name of a dimension as shown to raters.

    >>> label("technical_accuracy"), label("criteria/year")
    ('Technical accuracy', 'Criterion year')
    """
    if asks_criteria(name):
        return f"Criterion {name.partition('/')[2]}"
    return name.replace("_", " ").capitalize()


def _of_dimension(rubric: Rubric, name: str, dimension: Dimension) -> FormQuestion:
    if dimension.type == "binary":
        options = _MET
    elif dimension.type == "category":
        options = tuple(
            Option(value=text, anchor=meaning.strip(), key=str(place) if place <= 9 else None)
            for place, (text, meaning) in enumerate(dimension.labels.items(), start=1)
        )
    else:
        options = _scale_options(rubric, name, dimension.anchors)
    return _question(rubric, name, dimension.description, options, dimension.type)


def _question(
    rubric: Rubric, name: str, description: str, options: tuple[Option, ...], kind: QuestionType
) -> FormQuestion:
    return FormQuestion(
        name=name,
        label=label(name),
        description=description,
        options=(*options, *abstention(rubric)),
        type=kind,
        level=rubric.scale_of(name).level,
    )


def _scale_options(rubric: Rubric, name: str, anchors: Mapping[int, str]) -> tuple[Option, ...]:
    scores = rubric.scale_of(name).labels
    keys = {value: str(value) for value in scores if 0 <= value <= 9}
    if 10 in scores and 0 not in scores:
        keys[10] = "0"
    return tuple(Option(value=value, anchor=anchors.get(value, ""), key=keys.get(value)) for value in scores)


def abstention(rubric: Rubric) -> tuple[Option, ...]:
    """The option "Cannot tell", where the rubric has it."""
    return (_ABSTENTION,) if rubric.abstain else ()


def _for_raters(description: str) -> str:
    """Rewrite the description of a flag, which addresses a model, for a form with the options Yes and No.

    >>> _for_raters("true when nothing is made up; else false.")
    'Yes when nothing is made up; else no.'
    """
    text = re.sub(r"^true\b", "Yes", re.sub(r"\bfalse\b(?=\.?$)", "no", description))
    return text[:1].upper() + text[1:]
