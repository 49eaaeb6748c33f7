"""The questions of the rating form, derived from the rubric, and the replies that they allow."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from judge.errors import InputError
from judge.records import OVERALL, Record, Score, Status
from judge.rubric import Rubric

YES_NO = ((1, "Yes"), (0, "No"))
MAX_TEXT = 4000
"""Maximum length of a note, a reason or a text reply, in characters."""
_FENCED = re.compile(r"^ {0,3}```[\w+#.-]*[ \t]*\n(.*?)\n? {0,3}```[ \t]*$", re.MULTILINE | re.DOTALL)


class Option(Record):
    """One option of a question."""

    value: int
    anchor: str
    """Description of an answer with this score."""
    key: str | None = None
    """Keyboard key that selects the option."""


class FormQuestion(Record):
    """A question about an answer: a dimension, the overall score, or a flag."""

    name: str
    label: str
    description: str
    options: tuple[Option, ...] = ()
    """Empty for a text question, which is optional."""

    @property
    def is_text(self) -> bool:
        """Whether the reply is free text."""
        return not self.options


class Reply(BaseModel):
    """The complete reply of a rater to one answer. Every change replaces it as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    values: dict[str, StrictInt | StrictStr] = Field(default_factory=dict)
    note: str = Field(default="", max_length=MAX_TEXT)
    skip: str = Field(default="", max_length=MAX_TEXT)
    """Why the answer was skipped; empty if it was not."""


class Form:
    """The questions of a study."""

    def __init__(self, rubric: Rubric) -> None:
        self.rubric = rubric

    @cached_property
    def questions(self) -> tuple[FormQuestion, ...]:
        """Dimensions, then the overall score if it is judged, then flags."""
        return tuple(_questions(self.rubric))

    @property
    def scored(self) -> tuple[str, ...]:
        """Names of the questions that must be answered."""
        return tuple(q.name for q in self.questions if not q.is_text)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all questions."""
        return tuple(question.name for question in self.questions)

    def in_words(self, text: str) -> str:
        """Replace names of questions in backticks by the labels that raters see."""
        return re.sub(r"`(\w+)`", lambda found: self._label_of(found[1]) or found[0], text)

    def _label_of(self, name: str) -> str | None:
        return f"“{label(name)}”" if name in self.names else None

    def name_of(self, name: str) -> str | None:
        """Return the name of the question that `name` refers to, also by an alias; None if there is none."""
        return name if name in self.names else self.rubric.canonical_name(name)

    def value_of(self, name: str, found: object, where: str) -> int | str:
        """Convert a value from a file, where a number may be a text or 4.0.

        Raises
        ------
        InputError
            The value is not an option of the question.
        """
        question = next(question for question in self.questions if question.name == name)
        value: int | str = str(found)
        if not question.is_text:
            with contextlib.suppress(ValueError):
                number = float(value)
                value = int(number) if number.is_integer() else value
        try:
            _check_value(question, value)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        return value

    def check(self, reply: Reply) -> Reply:
        """Return `reply` after checking its values.

        Raises
        ------
        InputError
            A question does not exist, or a value is not one of its options.
        """
        known = {question.name: question for question in self.questions}
        for name, value in reply.values.items():
            if name not in known:
                raise InputError(f"{name!r} is not a question of this study; allowed: {', '.join(known)}")
            _check_value(known[name], value)
        return reply

    def state(self, reply: Reply) -> str:
        """One of 'done', 'skipped', 'open'."""
        if reply.skip:
            return "skipped"
        return "done" if all(name in reply.values for name in self.scored) else "open"

    def scores(self, item_id: str, rater: str, reply: Reply, sample: int = 0) -> list[Score]:
        """Return the `Score` rows of a complete reply, with the overall score of the rubric; else none.

        A skipped answer gives one row per question, with the reason and without a value.
        """
        state = self.state(reply)
        if state == "open":
            return []
        status: Status = "ok" if state == "done" else "skipped"
        values = self._values(reply) if status == "ok" else dict.fromkeys(self._names)
        return [
            Score(
                item_id=item_id,
                rater=rater,
                rater_kind="human",
                dimension=name,
                sample=sample,
                value=value,
                status=status,
                reason=reply.skip or reply.note or None,
            )
            for name, value in values.items()
        ]

    @property
    def _names(self) -> tuple[str, ...]:
        return (*self.rubric.scored, *self.rubric.flags)

    def _values(self, reply: Reply) -> dict[str, float | str]:
        """All values of a complete reply; an empty text is not a value."""
        numbers = {n: float(v) for n, v in reply.values.items() if isinstance(v, int)}
        overall = self.rubric.overall_score(numbers, judged=numbers.get(OVERALL))
        found = {**reply.values, **numbers, **({} if overall is None else {OVERALL: overall})}
        return {name: found[name] for name in self._names if found.get(name) not in (None, "")}


def parts(text: str) -> list[tuple[bool, str]]:
    r"""Split a text at its fenced code blocks; return (is code, text) for each part.

    >>> parts("Use this:\n```python\nx = 1\n```\nDone.")
    [(False, 'Use this:'), (True, 'x = 1'), (False, 'Done.')]
    """
    found = [(n % 2 == 1, part.strip("\n")) for n, part in enumerate(_FENCED.split(text))]
    return [(is_code, part) for is_code, part in found if part]


def label(name: str) -> str:
    """Return the name of a dimension as shown to raters.

    >>> label("technical_accuracy")
    'Technical accuracy'
    """
    return name.replace("_", " ").capitalize()


def _questions(rubric: Rubric) -> Iterator[FormQuestion]:
    for name, dimension in rubric.dimensions.items():
        yield _scale_question(rubric, name, dimension.description, dimension.anchors)
    if rubric.overall.how == "judged":
        ends = {rubric.scale.min: "Worst", rubric.scale.max: "Best"}
        yield _scale_question(rubric, OVERALL, "The answer as a whole, all things considered.", ends)
    for name, flag in rubric.flags.items():
        options = (
            tuple(Option(value=value, anchor=text, key=str(value)) for value, text in YES_NO)
            if flag.type == "boolean"
            else ()
        )
        yield FormQuestion(
            name=name, label=label(name), description=_for_raters(flag.description), options=options
        )


def _for_raters(description: str) -> str:
    """Rewrite the description of a flag, which addresses a model, for a form with the options Yes and No.

    >>> _for_raters("true when nothing is made up; else false.")
    'Yes when nothing is made up; else no.'
    """
    text = re.sub(r"^true\b", "Yes", re.sub(r"\bfalse\b(?=\.?$)", "no", description))
    return text[:1].upper() + text[1:]


def _scale_question(rubric: Rubric, name: str, description: str, anchors: Mapping[int, str]) -> FormQuestion:
    labels = rubric.scale.labels
    keys = {value: str(value) for value in labels if 0 <= value <= 9}
    if 10 in labels and 0 not in labels:
        keys[10] = "0"
    options = tuple(
        Option(value=value, anchor=anchors.get(value, ""), key=keys.get(value)) for value in labels
    )
    return FormQuestion(name=name, label=label(name), description=description, options=options)


def _check_value(question: FormQuestion, value: int | str) -> None:
    if question.is_text:
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise InputError(f"{question.name}: must be a text of at most {MAX_TEXT} characters")
        return
    allowed = [option.value for option in question.options]
    if isinstance(value, str) or value not in allowed:
        listed = ", ".join(map(str, allowed))
        raise InputError(f"{question.name}: found {value!r:.80}; allowed: {listed}")
