"""The form of an anchored study: raters approve or contest each score of the judge.

The reply to a question is ``approve`` or ``contest`` (or ``cannot_tell``). A rater who contests a score can
give one of their own, ``NAME:own``, and a comment, ``NAME:comment``.
"""

from collections.abc import Iterator
from functools import cached_property

from human_study.form import MAX_TEXT, Form, Forms, Outcome, Reply
from human_study.questions import FormQuestion, Option, abstention, criterion_question, questions_of
from human_study.shown_verdict import VERDICT, ShownScore, ShownVerdict, verdict_of
from judge.errors import InputError
from judge.records import Item
from judge.rubric import CANNOT_TELL, ItemRubric, Rubric, asks_criteria

APPROVE, CONTEST = "approve", "contest"
OWN, COMMENT = ":own", ":comment"
_OPTIONS = (
    Option(value=APPROVE, anchor="Approve", key="a"),
    Option(value=CONTEST, anchor="Contest", key="c"),
)
_PASS_OR_FAIL = (Option(value=1, anchor="Pass"), Option(value=0, anchor="Fail"))


class ApprovalForm(Form):
    """The questions about the scores of a judge: of one answer, or of all answers of a study.

    Parameters
    ----------
    rubric : Rubric
        The rubric of the study.
    own : ItemRubric or None
        The rubric of one item.
    verdict : ShownVerdict or None
        The scores of the judge for the item; None gives the form of the study, with every question.
    """

    def __init__(
        self, rubric: Rubric, own: ItemRubric | None = None, verdict: ShownVerdict | None = None
    ) -> None:
        super().__init__(rubric, own)
        self.verdict = verdict

    @cached_property
    def described(self) -> tuple[FormQuestion, ...]:
        """Questions that the judge answered, for the instructions."""
        return tuple(q for q in questions_of(self._own, self.rubric) if not q.is_text and q.type != "flag")

    @cached_property
    def questions(self) -> tuple[FormQuestion, ...]:
        """Questions about each score of the judge, and about its verdict."""
        return tuple(self._asked_of((*self.described, _verdict_question())))

    def _asked_of(self, questions: tuple[FormQuestion, ...]) -> Iterator[FormQuestion]:
        for question in questions:
            judged = None if self.verdict is None else self.verdict.scores.get(question.name)
            if self.verdict is None or judged is not None:
                yield _approval(question, judged, self.rubric)

    @property
    def pooled_criteria(self) -> FormQuestion:
        """All criteria of all items as one question, of which the progress of a study is computed."""
        return _approval(super().pooled_criteria, None, self.rubric)

    def question(self, name: str) -> FormQuestion | None:
        """Return the question with this name; None if there is none."""
        if split_name(name)[1]:
            return None
        if self._has_any_criterion and asks_criteria(name):
            return _approval(criterion_question(self.rubric, name.partition("/")[2]), None, self.rubric)
        return super().question(name)

    def check(self, reply: Reply) -> Reply:
        """Return `reply` after checking its values.

        Raises
        ------
        InputError
            A question does not exist, a value is not one of its options, or an own score or a comment belongs
            to a score that is not contested.
        """
        for name, value in reply.values.items():
            whole, part = split_name(name)
            if not part:
                super().check(Reply(values={name: value}))
                continue
            question = self._asked(whole)
            if reply.values.get(whole) != CONTEST:
                raise InputError(f"{name}: the judge's score is not contested; found {value!r:.80}")
            if part == OWN:
                _check_own(question, value)
            elif not isinstance(value, str) or len(value) > MAX_TEXT:
                raise InputError(f"{name}: must be a text of at most {MAX_TEXT} characters")
        return reply

    def own_score(self, name: str, reply: Reply) -> int | str | None:
        """Score that the rater gave in place of the judge's; where there are two values, the other one."""
        question = self._asked(name)
        if reply.values.get(name) != CONTEST:
            return None
        given = reply.values.get(name + OWN)
        is_decided = given is None and question.judged is not None and len(question.own) == 1
        return question.own[0].value if is_decided else given

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return self.names

    @cached_property
    def _excluded(self) -> dict[str, Outcome]:
        return {}

    def _outcomes(self, reply: Reply) -> dict[str, Outcome]:
        return {
            name: (None, "abstained", None) if value == CANNOT_TELL else (value, "ok", None)
            for name, value in reply.values.items()
            if not split_name(name)[1]
        }


class ApprovalForms(Forms):
    """Gives the form of each item of an anchored study."""

    def of(self, item: Item) -> Form:
        """Return the form of one item; items whose fields and verdicts are equal share one."""
        return self._cached(repr((item.system, item.metadata)), item)

    def _made(self, item: Item) -> Form:
        return ApprovalForm(self.rubric, self._rubrics.of(item), verdict_of(item) or _nothing())


def forms_of(rubric: Rubric, *, show_verdict: bool) -> Forms:
    """Forms of the items of a study."""
    return ApprovalForms(rubric) if show_verdict else Forms(rubric)


def split_name(name: str) -> tuple[str, str]:
    """Split the name of a reply into that of its question and its part.

    >>> split_name("clarity:own"), split_name("clarity")
    (('clarity', ':own'), ('clarity', ''))
    """
    part = next((part for part in (OWN, COMMENT) if name.endswith(part)), "")
    return name.removesuffix(part), part


def _nothing() -> ShownVerdict:
    return ShownVerdict(judge="", scores={})


def _verdict_question() -> FormQuestion:
    return FormQuestion(
        name=VERDICT,
        label="Verdict",
        description="",
        options=_PASS_OR_FAIL,
        type="binary",
        level="nominal",
    )


def _approval(question: FormQuestion, judged: ShownScore | None, rubric: Rubric) -> FormQuestion:
    own = (o for o in question.options if not o.is_abstention)
    return question.model_copy(
        update={
            "options": (*_OPTIONS, *abstention(rubric)),
            "own": tuple(o for o in own if judged is None or o.value != judged.value),
            "judged": judged,
            "judged_as": _judged_as(question, judged),
            "type": "approval",
            "level": "nominal",
        }
    )


def _judged_as(question: FormQuestion, judged: ShownScore | None) -> str:
    """Score of the judge as a rater reads it, with its description."""
    if judged is None:
        return ""
    option = next((o for o in question.options if o.value == judged.value), None)
    if question.type == "binary":
        return option.anchor if option else str(judged.value)
    described = f" – {option.anchor}" if option and option.anchor else ""
    return f"{judged.value}{described}"


def _check_own(question: FormQuestion, value: int | str) -> None:
    allowed = [option.value for option in question.own]
    if value not in allowed:
        raise InputError(
            f"{question.name}{OWN}: found {value!r:.80}; allowed: {', '.join(map(str, allowed))}"
        )
