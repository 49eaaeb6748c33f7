"""Read answers to multiple-choice questions for the judge `letters`: right, wrong, or no letter. Pure."""

from typing import Literal

from judge.errors import RubricError
from judge.records import Completion, Item
from judge.rubric import Rubric
from judge.scoring.parsing.chosen_letter import LETTERS, UNREADABLE, Reading, read_letter
from judge.scoring.parsing.decision_answers import DecisionForm, RunFacts, form_of
from judge.scoring.parsing.values import Outcome

BACKEND = "letters"
CORRECT = "correct"
"""The only dimension of such a judge's rubric."""
ReplyForm = DecisionForm | Literal["letters"] | None
"""How a run's replies are read: as those of a decision model, as chosen letters, or as judgments in text."""


def reply_form(run: RunFacts) -> ReplyForm:
    """Return how the replies of a run are read; the stored judge decides, never the text of a reply."""
    return "letters" if run.fact("judge")["model"] == BACKEND else form_of(run)


def check_choice_rubric(rubric: Rubric) -> None:
    """Check that a rubric asks only whether the right option was chosen.

    Raises
    ------
    RubricError
        It asks for something else.
    """
    dimension = rubric.dimensions.get(CORRECT)
    if rubric.asked == (CORRECT,) and dimension and dimension.type == "binary" and not rubric.criteria:
        return
    raise RubricError(
        f"rubric {rubric.name!r}: the judge letters says only whether the right option was chosen, and this "
        f"rubric asks for {', '.join(rubric.asked) or 'criteria'}; use the rubric multiple_choice (--rubric "
        f"multiple_choice), or one whose only dimension is {CORRECT}, of type binary"
    )


def no_choice_question(item: Item) -> str | None:
    """Why an item is no multiple-choice question with a right answer; None if it is one."""
    if not item.choices:
        return "no choices"
    if item.gold is None:
        return "no right answer"
    if len(item.choices) > len(LETTERS):
        return f"more than {len(LETTERS)} choices"
    return None if item.gold in LETTERS[: len(item.choices)] else "the right answer is no offered letter"


def choice_outcome(reading: Reading, gold: str | None) -> Outcome:
    """Return 1 for the right option and 0 for another one; a reply without one option has a status."""
    if reading.letter is None:
        status: Literal["refused", "unparsed"] = "refused" if reading.reason == "refused" else "unparsed"
        return Outcome(None, status, reading.reason and UNREADABLE[reading.reason])
    is_right = reading.letter == gold
    chosen = f"{reading.letter} ({reading.how})"
    return Outcome(float(is_right), "ok", chosen if is_right else f"{chosen}; {gold} is right")


def read_choice(completion: Completion, item: Item) -> dict[str, Outcome]:
    """Parse a reply, which is the answer itself; an item that is no such question is in no denominator."""
    if problem := no_choice_question(item):
        return {CORRECT: Outcome(None, "not_applicable", f"no multiple-choice question: {problem}")}
    return {CORRECT: choice_outcome(read_letter(completion.reply or "", item.choices), item.gold)}
