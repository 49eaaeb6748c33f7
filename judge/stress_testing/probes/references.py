"""Probes that put the reference answer in place of the answer: it must come out at the top."""

from judge.records import Item
from judge.stress_testing.probe import AnswerProbe, NotApplicable, ProbeContext, expect

REFERENCE_ANSWER = "reference_answer"


class ReferenceAnswer(AnswerProbe):
    """The reference as the answer."""

    name = REFERENCE_ANSWER
    family = "reference"
    change = "replaces the answer by the reference answer"
    expected = expect(accuracy="top", coverage="top", relevance="top", quality="top")

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Return the reference answer."""
        return _reference(item)


class ReferenceParaphrased(AnswerProbe):
    """The reference in other words as the answer: it must not lose much against the reference itself."""

    name = "reference_paraphrased"
    family = "reference"
    change = "replaces the answer by the reference answer in the words of another model"
    expected = expect(accuracy="not_lower", coverage="not_lower", relevance="not_lower", quality="not_lower")
    compared_with = REFERENCE_ANSWER

    def change_answer(self, item: Item, context: ProbeContext) -> str:
        """Return the paraphrase by the other model."""
        reference = _reference(item)
        if not context.paraphrases:
            raise NotApplicable("there is no --with-model to write it")
        if reference not in context.paraphrases:
            raise NotApplicable("the other model gave no paraphrase")
        return context.paraphrases[reference]


def _reference(item: Item) -> str:
    if not (item.reference or "").strip():
        raise NotApplicable("the item has no reference answer")
    return item.reference or ""


PROBES = (ReferenceAnswer(), ReferenceParaphrased())
