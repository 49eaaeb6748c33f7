"""The rating form of an answer: its questions, derived from the rubric, and the replies that they allow."""

import contextlib
import re
import threading
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from human_study.questions import (
    YES_NO,
    FormQuestion,
    Option,
    criterion_question,
    label,
    questions_of,
)
from judge.errors import InputError
from judge.records import OVERALL, Item, Score, Status
from judge.rubric import CANNOT_TELL, CRITERIA, ItemRubric, ItemRubrics, Rubric, asks_criteria

__all__ = ["MAX_TEXT", "YES_NO", "Form", "FormQuestion", "Forms", "Option", "Reply", "label", "parts"]

MAX_TEXT = 4000
"""Maximum length of a note, a reason or a text reply, in characters."""
_FENCED = re.compile(r"^ {0,3}```[\w+#.-]*[ \t]*\n(.*?)\n? {0,3}```[ \t]*$", re.MULTILINE | re.DOTALL)
_WORDS = {"true": 1, "yes": 1, "met": 1, "false": 0, "no": 0, "not met": 0}
"""Other words for the values of criteria and flags in files."""
_MOST_KEPT = 1_024

Outcome = tuple[float | str | None, Status, str | None]
"""Value, status, and the reason why there is no value."""


class Reply(BaseModel):
    """The complete reply of a rater to one answer. Every change replaces it as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    values: dict[str, StrictInt | StrictStr] = Field(default_factory=dict)
    """Question -> number, label of a category, ``cannot_tell``, or text; ``criteria/ID`` is a criterion."""
    note: str = Field(default="", max_length=MAX_TEXT)
    skip: str = Field(default="", max_length=MAX_TEXT)
    """Why the answer was skipped; empty if it was not."""


class Form:
    """The questions about one answer, or about all answers of a study.

    Parameters
    ----------
    rubric : Rubric
        The rubric of the study.
    own : ItemRubric or None
        The rubric of one item. None gives the form of the study: every dimension, whether it applies or not,
        and criteria of any id.
    """

    def __init__(self, rubric: Rubric, own: ItemRubric | None = None) -> None:
        self.rubric = rubric
        self._has_any_criterion = own is None and rubric.criteria is not None
        self._own = own or ItemRubric(rubric)

    @cached_property
    def questions(self) -> tuple[FormQuestion, ...]:
        """Dimensions that apply, the overall score if it is judged, criteria of the item, then flags."""
        return tuple(questions_of(self._own, self.rubric))

    @property
    def described(self) -> tuple[FormQuestion, ...]:
        """Questions whose scores the instructions describe."""
        return self.questions

    @property
    def pooled_criteria(self) -> FormQuestion:
        """All criteria of all items as one question, of which the progress of a study is computed."""
        question = criterion_question(self.rubric, "")
        return question.model_copy(update={"name": CRITERIA, "label": label(CRITERIA)})

    @cached_property
    def _by_name(self) -> dict[str, FormQuestion]:
        return {question.name: question for question in self.questions}

    @cached_property
    def scored(self) -> tuple[str, ...]:
        """Names of the questions that must be answered."""
        return tuple(q.name for q in self.questions if not q.is_text)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all questions."""
        return tuple(self._by_name)

    def question(self, name: str) -> FormQuestion | None:
        """Return the question with this name; None if there is none."""
        if self._has_any_criterion and asks_criteria(name):
            return criterion_question(self.rubric, name.partition("/")[2])
        return self._by_name.get(name)

    def in_words(self, text: str) -> str:
        """Replace names of questions in backticks by the labels that raters see."""
        return re.sub(r"`(\w+)`", lambda found: self._label_of(found[1]) or found[0], text)

    def _label_of(self, name: str) -> str | None:
        is_asked = name in self.rubric.asked
        return f"“{label(name)}”" if is_asked else None

    def name_of(self, name: str) -> str | None:
        """Return the name of the question that `name` refers to, also by an alias; None if there is none."""
        return name if self.question(name) else self.rubric.canonical_name(name)

    def value_of(self, name: str, found: object, where: str) -> int | str:
        """Convert a value from a file, where a number may be a text or 4.0, and a criterion true or yes.

        Raises
        ------
        InputError
            The value is not an option of the question.
        """
        question = self._asked(name, f"{where}: ")
        value = str(found)
        converted = value if question.is_text else _option_value(question, value)
        try:
            _check_value(question, converted)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        return converted

    def check(self, reply: Reply) -> Reply:
        """Return `reply` after checking its values.

        Raises
        ------
        InputError
            A question does not exist, or a value is not one of its options.
        """
        for name, value in reply.values.items():
            _check_value(self._asked(name), value)
        return reply

    def _asked(self, name: str, where: str = "") -> FormQuestion:
        if question := self.question(name):
            return question
        if why := self._own.not_applicable.get(name):
            raise InputError(f"{where}{name!r} does not apply to this item: {why}")
        allowed = ", ".join(self.names)
        raise InputError(f"{where}{name!r} is not a question of this study; allowed: {allowed}")

    def state(self, reply: Reply) -> str:
        """One of 'done', 'skipped', 'open'."""
        if reply.skip:
            return "skipped"
        return "done" if all(name in reply.values for name in self.scored) else "open"

    def scores(self, item_id: str, rater: str, reply: Reply, sample: int = 0) -> list[Score]:
        """Return the `Score` rows of a complete reply, with the overall score of the rubric; else none.

        A skipped answer gives one row per question, with the reason and without a value. A question that the
        rater cannot answer has the status ``abstained``, and a dimension that does not apply to the item
        ``not_applicable``.
        """
        state = self.state(reply)
        if state == "open":
            return []
        outcomes = self._outcomes(reply) if state == "done" else self._skipped()
        return [
            Score(
                item_id=item_id,
                rater=rater,
                rater_kind="human",
                dimension=CRITERIA if asks_criteria(name) else name,
                criterion=name.partition("/")[2] if asks_criteria(name) else None,
                sample=sample,
                value=value,
                status=status,
                reason=why or reply.skip or reply.note or None,
            )
            for name, (value, status, why) in outcomes.items()
        ]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """Names of all rows, in the order of those of a judge."""
        criteria = (f"{CRITERIA}/{key}" for key in self._own.criteria)
        return (*self.rubric.scored, *self.rubric.flags, *criteria)

    @cached_property
    def _excluded(self) -> dict[str, Outcome]:
        return {name: (None, "not_applicable", why) for name, why in self._own.not_applicable.items()}

    def _skipped(self) -> dict[str, Outcome]:
        skipped: Outcome = (None, "skipped", None)
        return {name: self._excluded.get(name, skipped) for name in self._names}

    def _outcomes(self, reply: Reply) -> dict[str, Outcome]:
        """Outcomes of a complete reply; an empty text is none."""
        found: dict[str, Outcome] = {**self._excluded}
        for name, value in reply.values.items():
            question = self._asked(name)
            if value == CANNOT_TELL and not question.is_text:
                found[name] = (None, "abstained", None)
            elif value != "":
                found[name] = (float(value) if isinstance(value, int) else value, "ok", None)
        if OVERALL in self.rubric.scored and OVERALL not in self._excluded:
            found[OVERALL] = self._overall(found)
        return {name: found[name] for name in self._names if name in found}

    def _overall(self, found: dict[str, Outcome]) -> Outcome:
        """The overall score; None if the rater cannot tell something that it is computed of."""
        numbers = {name: value for name, (value, _, _) in found.items() if isinstance(value, float)}
        met = {name.partition("/")[2]: value for name, value in numbers.items() if asks_criteria(name)}
        value = self._own.overall_score(numbers, met, numbers.get(OVERALL))
        return (None, "abstained", None) if value is None else (value, "ok", None)


class Forms:
    """Gives the form of each item; items with the same fields share one. Threads may share it.

    Parameters
    ----------
    rubric : Rubric
        The rubric of the study.
    """

    def __init__(self, rubric: Rubric) -> None:
        self.rubric = rubric
        self._rubrics = ItemRubrics(rubric)
        self._known: dict[str, Form] = {}
        self._lock = threading.Lock()

    def of(self, item: Item) -> Form:
        """Return the form of one item.

        Raises
        ------
        InputError
            The criteria of the item cannot be read.
        """
        return self._cached("" if self._rubrics.uniform else repr((item.system, item.metadata)), item)

    def _cached(self, fields: str, item: Item) -> Form:
        with self._lock:
            if fields not in self._known:
                if len(self._known) >= _MOST_KEPT:
                    self._known.clear()
                self._known[fields] = self._made(item)
            return self._known[fields]

    def _made(self, item: Item) -> Form:
        return Form(self.rubric, self._rubrics.of(item))


def parts(text: str) -> list[tuple[bool, str]]:
    r"""Split a text at its fenced code blocks; return (is code, text) for each part.

    >>> parts("Use this:\n```python\nx = 1\n```\nDone.")
    [(False, 'Use this:'), (True, 'x = 1'), (False, 'Done.')]
    """
    found = [(n % 2 == 1, part.strip("\n")) for n, part in enumerate(_FENCED.split(text))]
    return [(is_code, part) for is_code, part in found if part]


def _option_value(question: FormQuestion, text: str) -> int | str:
    """The option that a text means, or else the text itself."""
    folded = text.strip().casefold()
    words: dict[str, int | str] = {
        o.value.casefold(): o.value for o in question.options if isinstance(o.value, str)
    }
    words |= {CANNOT_TELL.replace("_", " "): CANNOT_TELL} if CANNOT_TELL in words else {}
    words |= _WORDS if question.type in ("binary", "flag") else {}
    if folded in words:
        return words[folded]
    if question.type != "category":
        with contextlib.suppress(ValueError):
            number = float(text)
            return int(number) if number.is_integer() else text
    return text


def _check_value(question: FormQuestion, value: int | str) -> None:
    if question.is_text:
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise InputError(f"{question.name}: must be a text of at most {MAX_TEXT} characters")
        return
    allowed = [option.value for option in question.options]
    if value not in allowed:
        listed = ", ".join(map(str, allowed))
        raise InputError(f"{question.name}: found {value!r:.80}; allowed: {listed}")
