"""Probes that make an answer worse: its score must fall."""

import random
import re
from collections.abc import Collection

from judge.records import Item
from judge.stress_testing.probe import AnswerProbe, NotApplicable, ProbeContext, everywhere, expect, same_text

_FEWEST_WORDS = 12
"""Words of an answer that can be truncated: less has no part to leave out."""
_KEPT_SHARE = 0.35
_WORD = re.compile(r"\S+")
# The numbers of list entries and citations ("[3]") state nothing.
_NUMBER = re.compile(
    r"^[ \t]*\d+[.)]\s|(?<![\w.,\[])(?P<number>\d{1,9}(?:\.\d{1,6})?)(?![\w\]]|[.,]\d)", re.MULTILINE
)
_OPENING = re.compile(r"^\s*(yes|no)\b", re.IGNORECASE)
_NOT = re.compile(
    r"\b(is|are|was|were|has|have|had|can|will|does|do|did|should|must)(?: not\b(?! only\b)|not\b|n?['’]t\b)",
    re.IGNORECASE,
)
_VERB = re.compile(r"\b(is|are|was|were|can|will|should|must)\b(?! not\b)", re.IGNORECASE)


class BlankAnswer(AnswerProbe):
    """No answer at all."""

    name = "blank_answer"
    family = "must_lower"
    change = "replaces the answer by nothing"
    expected = everywhere("lower")

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Return an empty text."""
        return ""


class OtherAnswer(AnswerProbe):
    """The answer to another question."""

    name = "other_answer"
    family = "must_lower"
    change = "replaces the answer by that to another question"
    expected = expect(accuracy="lower", coverage="lower", relevance="lower", quality="lower")

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Choose the answer of an item with another question."""
        own = [item.answer, *item.references]
        others = sorted({o.answer for o in context.pool if o.question != item.question and o.answer.strip()})
        others = [other for other in others if not any(same_text(other, text) for text in own)]
        if not others:
            raise NotApplicable("no item has another question and another answer")
        return context.random(self.name, item).choice(others)


class TruncatedAnswer(AnswerProbe):
    """The beginning of the answer only."""

    name = "truncated_answer"
    family = "must_lower"
    change = f"keeps the first {_KEPT_SHARE:.0%} of the words of the answer"
    expected = expect(coverage="lower", quality="lower")

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Cut the answer within a sentence."""
        words = list(_WORD.finditer(item.answer))
        if len(words) < _FEWEST_WORDS:
            raise NotApplicable(f"the answer has fewer than {_FEWEST_WORDS} words")
        return item.answer[: words[int(len(words) * _KEPT_SHARE) - 1].end()].rstrip(".,;:!?")


class WrongNumber(AnswerProbe):
    """A number that is false."""

    name = "wrong_number"
    family = "must_lower"
    change = "puts a wrong number into the answer"
    expected = expect(accuracy="lower", quality="lower")

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Change a number, if possible one that the reference has too: others may be wrong already."""
        found = _numbers(item.answer)
        if not found:
            raise NotApplicable("the answer holds no number")
        right = {number[0] for text in item.references for number in _numbers(text)}
        chance = context.random(self.name, item)
        number = chance.choice([number for number in found if number[0] in right] or found)
        return item.answer[: number.start()] + _wrong(number[0], right, chance) + item.answer[number.end() :]


def _wrong(number: str, right: Collection[str], chance: random.Random) -> str:
    """Return a number of the same form that is at least half as large again, and none of the right ones."""
    decimals = len(number.partition(".")[2])
    value = float(number) * chance.uniform(1.5, 3) + chance.randint(2, 7)
    while (wrong := f"{value:.{decimals}f}") in right:
        value += 1
    return wrong


def _numbers(text: str) -> list[re.Match[str]]:
    return [found for found in _NUMBER.finditer(text) if found["number"]]


class NegatedStatement(AnswerProbe):
    """The opposite of one statement."""

    name = "negated_statement"
    family = "must_lower"
    change = "negates a statement of the answer (English)"
    expected = expect(accuracy="lower", quality="lower")

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Swap an opening yes or no, else remove the first negation, else put one in."""
        answer = item.answer
        if opening := _OPENING.search(answer):
            other = "No" if opening[1].casefold() == "yes" else "Yes"
            return f"{answer[: opening.start(1)]}{other}{answer[opening.end(1) :]}"
        if negation := _NOT.search(answer):
            return answer[: negation.end(1)] + answer[negation.end() :]
        if verb := _VERB.search(answer):
            return f"{answer[: verb.end()]} not{answer[verb.end() :]}"
        raise NotApplicable("the answer holds no English statement that can be negated by rule")


PROBES = (BlankAnswer(), OtherAnswer(), TruncatedAnswer(), WrongNumber(), NegatedStatement())
